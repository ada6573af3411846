"""Says by content what kind of file a text is, without parsing it.

In a folder every YAML, JSON and XML file is asked, so this must be cheap, and must not take other
tools' files for deployments: GitLab CI, Travis and Symfony have a `services` of their own.
"""

from __future__ import annotations

import re

_HEAD = 4096
_KEYS = 65_536
_COMPOSE_NAME = re.compile(
    r"(?:docker-|podman-)?(?:compose|stack)\b.*\.(?:ya?ml|json)", re.IGNORECASE
)
_COMPOSE_KEY = re.compile(r"""^["']?(?:services|include)["']?[ \t]*:""", re.MULTILINE)
_SERVICES = re.compile(
    r"""^["']?services["']?[ \t]*:[ \t]*
        (?:[{&!*]  # a mapping on the same line
        |(?:\#[^\n]*)?\r?\n(?:[ \t\r]*(?:\#[^\n]*)?\n)*[ \t]+(?!-[ \t])[^\s\#])  # or below it
    """,
    re.MULTILINE | re.VERBOSE,
)
_SERVICE_KEY = re.compile(r"""[\s{,]["']?(?:image|build|extends)["']?[ \t]*:""")
_JSON_SERVICES = re.compile(r'"services"\s*:\s*\{')
_JSON_COMPOSE = re.compile(
    r'\{\s*(?:"(?:name|version)"\s*:\s*"[^"\\]*"\s*,\s*){0,2}"services"\s*:\s*\{'
)
_API_VERSION = re.compile(r"""(?:^|[{,-])[ \t]*["']?apiVersion["']?[ \t]*:""", re.MULTILINE)
_KIND = re.compile(r"""(?:^|[{,-])[ \t]*["']?kind["']?[ \t]*:""", re.MULTILINE)
_DOMAIN = re.compile(r"<(?:domain|domstatus|domainsnapshot)[\s>]")


def recognise(text: str, name: str) -> str | None:
    """Return the dialect, `bundle`, `result`, or None for anything else.

    `name` is the file's name: one that compose itself looks for needs less proof.
    """
    head = text[:_HEAD].lstrip()
    if head.startswith("<"):
        return "libvirt_xml" if _DOMAIN.search(text) else None
    if '"isoaudit_bundle"' in head:
        return "bundle"
    if head.startswith("{") and '"schema_version"' in head:
        return "result"
    if head.startswith("{") and _is_firecracker(text[:_KEYS]):
        return "firecracker"
    if _API_VERSION.search(text) and _KIND.search(text):
        return "kubernetes"
    return "compose" if _is_compose(text, head, name) else None


def _is_firecracker(text: str) -> bool:
    """Say whether a JSON text has the keys without which Firecracker starts no machine."""
    return all(key in text for key in ('"boot-source"', '"kernel_image_path"'))


def _is_compose(text: str, head: str, name: str) -> bool:
    if _COMPOSE_NAME.fullmatch(name):
        known = _JSON_SERVICES if head.startswith("{") else _COMPOSE_KEY
        return known.search(text) is not None
    declares = _JSON_COMPOSE.match(head) or _SERVICES.search(text)
    return declares is not None and _SERVICE_KEY.search(text) is not None
