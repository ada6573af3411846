"""Says by content what kind of file a text is, without parsing it.

In a folder every YAML, JSON and XML file is asked, so this must be cheap, and must not take other
tools' files for deployments: GitLab CI, Travis and Symfony have a `services` of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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
_FLOW_SERVICES = re.compile(r"""[{,\s]["']?(?:services|include)["']?\s*:""")
_JSON_COMPOSE = re.compile(
    r'\{\s*(?:"(?:name|version)"\s*:\s*"[^"\\]*"\s*,\s*){0,2}"services"\s*:\s*\{'
)
_DOCKERFILE_NAME = re.compile(
    r"(?!.*\.(?:dockerignore|md|rst|adoc|html)\Z)(?:(?:Dockerfile|Containerfile)(?:[._-].*)?|.*\.[Dd]ockerfile)",
    re.DOTALL,
)
_DEVCONTAINER_NAMES = ("devcontainer.json", ".devcontainer.json")
_DEVCONTAINER_KEY = re.compile(r'"(?:image|build|dockerFile|dockerComposeFile)"\s*:')
_FROM = re.compile(r"^[ \t]*FROM[ \t]+[^\s]", re.MULTILINE | re.IGNORECASE)
_API_VERSION = re.compile(
    r"""(?:^|[{,-])[ \t]*(?:[!&][^\s]{0,80}+[ \t]+)?["']?apiVersion["']?[ \t]*:
      | ^[ \t]*\?[ \t]+["']?apiVersion["']?[ \t]*\r?$
    """,
    re.MULTILINE | re.VERBOSE,
)
_KIND = re.compile(
    r"""(?:^|[{,-])[ \t]*(?:[!&][^\s]{0,80}+[ \t]+)?["']?kind["']?[ \t]*:
      | ^[ \t]*\?[ \t]+["']?kind["']?[ \t]*\r?$
    """,
    re.MULTILINE | re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(?:u00|x)([2-7][0-9a-fA-F])")
_OCI_VERSION = re.compile(r"""[{,]\s{0,200}"ociVersion"\s{0,200}:\s{0,200}\"""")
_OCI_PART = re.compile(r"""[{,]\s{0,200}"(?:process|root|linux|mounts)"\s{0,200}:""")
_KATA = re.compile(r"^[ \t]*\[hypervisor\.[a-z_-]+\][ \t]*(?:#|\r?$)", re.MULTILINE)
_KATA_RUNTIME = re.compile(r"^[ \t]*\[(?:runtime|agent\.[a-z]+)\][ \t]*(?:#|\r?$)", re.MULTILINE)
_COMMAND_FIRST = re.compile(
    r"""(?:\S*/)?(?:qemu-(?:system-[a-z0-9_]+|kvm)|cloud-hypervisor(?:-static)?)\s
      | (?:sudo[ \t]+)?(?:\S*/)?(?:docker|podman|nerdctl)[ \t]+(?:container[ \t]+)?(?:run|create)\s
    """,
    re.VERBOSE,
)
"""A single command, in a file without the name of a script or on standard input."""

_QEMU = re.compile(
    r"""^[^#\n]{0,200}?\bqemu-(?:system-[a-z0-9_]+|kvm)["']?[ \t]+(?:\\\r?\n[ \t]*)?["']?[-$]""",
    re.MULTILINE,
)
"""A command with an option, on a line that is no comment."""

_CLOUD = re.compile(
    r"""^[^#\n]{0,200}?\bcloud-hypervisor(?:-static)?["']?[ \t]+(?:\\\r?\n[ \t]*)?["']?[-$]""",
    re.MULTILINE,
)
_QEMU_GROUP = re.compile(
    r"""(?:[ \t]*(?:\#[^\n]*)?\r?\n)*+  # blank lines and comments
        [ \t]*\[(?:device|drive|netdev|chardev|machine|memory|accel|mon|smp-opts|object|fsdev|name)
        (?:[ \t]+"[^"\n]*")?\][ \t]*\r?\n[ \t]*[A-Za-z0-9_.-]+[ \t]*=[ \t]*"
    """,
    re.VERBOSE,
)
_VMX = re.compile(r"^[ \t]*(?:virtualHW|config)\.version[ \t]*=", re.MULTILINE | re.IGNORECASE)
_SERVICE_SECTION = re.compile(r"^[ \t]*\[Service\][ \t]*\r?$", re.MULTILINE)
_XL_NAME = re.compile(r"""^name[ \t]*=[ \t]*["']""", re.MULTILINE)
_XL_MEMORY = re.compile(r"""^memory[ \t]*=[ \t]*["']?[0-9]""", re.MULTILINE)
_XL_OWN = re.compile(r"^(?:disk|vif|vfb|kernel|bootloader|builder|type)[ \t]*=", re.MULTILINE)
_ENVELOPE = re.compile(r"<(?:[A-Za-z0-9_]{1,40}:)?Envelope\s[^>]{0,4000}/ovf/envelope/")
_DOMAIN = re.compile(
    r"""(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+  # what precedes the root
        <(?:domain|domstatus|domainsnapshot)[\s>]
    """,
    re.DOTALL | re.VERBOSE,
)
"""The root alone tells: networks of libvirt, and others' files, have elements of these names."""

_QUADLET = re.compile(r"^[ \t]*\[(?:Container|Pod|Kube)\][ \t]*\r?$", re.MULTILINE)
_RUN_LINE = re.compile(
    r"""^[^#\n]{0,400}?
        (?:\b(?:docker|podman(?:-remote)?|nerdctl)
          |\$[({]?[A-Za-z_]{0,40}?(?i:docker|podman|nerdctl)[A-Za-z_]{0,40}+[)}]?)["']?
        (?:[ \t]++(?!run\b|create\b)[^\s\#]++){0,8}
        [ \t]++(?:\\\r?\n[ \t]*)?(?:run|create)(?=[ \t\r\n\\])
    """,
    re.MULTILINE | re.VERBOSE,
)
"""An engine's name and its command, maybe with options between them, in a line that is no comment.

A makefile or a script may name the engine by a variable.
"""


_ENGINE = re.compile(r"\b(?:docker|podman|nerdctl)\b")
_RUN_BY_VARIABLE = re.compile(
    r"""(?:^|[;&|(`]|\b(?:sudo|exec))[ \t]{0,200}+
        "?\$[({]?[A-Za-z_][A-Za-z0-9_]{0,40}+[)}]?"?[ \t]""",
    re.MULTILINE | re.VERBOSE,
)
"""A command named by a variable, which may hold the engine, or all of the line up to its image."""


def recognise(text: str, name: str) -> str | None:
    """Return the dialect, `bundle`, `result`, or None for anything else.

    `name` is the file's name: one that compose itself looks for needs less proof.
    """
    head = text[:_HEAD].lstrip()
    known = _known_by_name(name)
    if known is not None:
        return known(text)
    if head.startswith("<"):
        return _xml(text)
    if head.startswith("#!") or _COMMAND_FIRST.match(head):
        return _script(text)
    if head.startswith("{") and (own := _json(text, head)):
        return own
    if "\\u00" in text or "\\x" in text:
        # A key may be written in escapes, which those who apply the file undo.
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if _API_VERSION.search(text) and _KIND.search(text):
        return "kubernetes"
    return "compose" if _is_compose(text, head, name) else None


def _known_by_name(name: str) -> Callable[[str], str | None] | None:
    if _DOCKERFILE_NAME.fullmatch(name):
        return _dockerfile
    if name in _DEVCONTAINER_NAMES:
        return _devcontainer
    return next((known for suffixes, known in _BY_SUFFIX if name.endswith(suffixes)), None)


def _dockerfile(text: str) -> str | None:
    return "dockerfile" if _FROM.search(text) else None


def _devcontainer(text: str) -> str | None:
    return "devcontainer" if _DEVCONTAINER_KEY.search(text) else None


def _json(text: str, head: str) -> str | None:
    """Return which JSON of isoaudit's own it is, or what a runtime or VMM could start from it."""
    if '"isoaudit_bundle"' in head:
        return "bundle"
    if '"schema_version"' in head:
        return "result"
    keys = text[:_KEYS]
    # Its keys may well be sorted, with a whole seccomp profile before this one.
    if '"ociVersion"' in text and _OCI_VERSION.search(text) and _OCI_PART.search(text):
        return "oci"
    is_microvm = '"boot-source"' in keys and '"kernel_image_path"' in keys
    return "firecracker" if is_microvm else None


def _xml(text: str) -> str | None:
    if _ENVELOPE.search(text[:_KEYS]):
        return "ovf"
    return "libvirt_xml" if _DOMAIN.match(text) else None


def _toml(text: str) -> str | None:
    return "kata" if _KATA.search(text) and _KATA_RUNTIME.search(text) else None


def _runs_container(text: str) -> bool:
    """Say whether a line of a script or makefile may start a container, by name or variable."""
    if _RUN_LINE.search(text):
        return True
    return _ENGINE.search(text) is not None and _RUN_BY_VARIABLE.search(text) is not None


def _script(text: str) -> str | None:
    if _QEMU.search(text):
        return "qemu"
    if _CLOUD.search(text):
        return "cloud_hypervisor"
    return "docker_run" if _runs_container(text) else None


def _makefile(text: str) -> str | None:
    return "docker_run" if _runs_container(text) else None


def _quadlet(text: str) -> str | None:
    return "quadlet" if _QUADLET.search(text[:_KEYS]) else None


def _settings(text: str) -> str | None:
    if _QEMU_GROUP.match(text[:_KEYS]):
        return "qemu"
    head = text[:_KEYS]
    is_guest = _XL_NAME.search(head) and _XL_MEMORY.search(head) and _XL_OWN.search(head)
    return "xl" if is_guest else None


def _vmx(text: str) -> str | None:
    return "vmx" if _VMX.search(text[:_KEYS]) else None


def _unit(text: str) -> str | None:
    return "systemd" if _SERVICE_SECTION.search(text) else None


def _is_compose(text: str, head: str, name: str) -> bool:
    if _COMPOSE_NAME.fullmatch(name):
        known = _FLOW_SERVICES if head.startswith("{") else _COMPOSE_KEY
        return known.search(text) is not None
    declares = _JSON_COMPOSE.match(head) or _SERVICES.search(text)
    return declares is not None and _SERVICE_KEY.search(text) is not None


_BY_SUFFIX: tuple[tuple[tuple[str, ...], Callable[[str], str | None]], ...] = (
    ((".toml",), _toml),
    ((".sh", ".bash", ".ksh", ".zsh"), _script),
    ((".mk", "Makefile", "makefile"), _makefile),
    ((".container", ".pod", ".kube"), _quadlet),
    ((".cfg",), _settings),
    ((".vmx",), _vmx),
    ((".service",), _unit),
)
"""What a file of such a name may be, and nothing else: what is in it may quote other kinds."""
