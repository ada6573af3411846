"""Says by content what kind of file a text is, without parsing it.

In a folder every YAML, JSON and XML file is asked, so this must be cheap, and must not take other
tools' files for deployments: GitLab CI, Travis and Symfony have a `services` of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from isoaudit.regex import regex
from isoaudit.targets.roots import kind_by_roots, veiled

_HEAD = 4096
_KEYS = 65_536
_COMPOSE_NAME = regex(r"(?:docker-|podman-)?(?:compose|stack)\b.*\.(?:ya?ml|json)", re.IGNORECASE)
_COMPOSE_KEY = regex(r"""^["']?(?:services|include)["']?[ \t]*:""", re.MULTILINE)
_SERVICES = regex(
    r"""^["']?services["']?[ \t]*:[ \t]*
        (?:[{&!*]  # a mapping on the same line
        |(?:\#[^\n]*)?\r?\n(?:[ \t\r]*(?:\#[^\n]*)?\n)*[ \t]+(?!-[ \t])[^\s\#])  # or below it
    """,
    re.MULTILINE | re.VERBOSE,
)
_SERVICES_WITHIN = regex(r"""(?:^[ \t]+|[{,]\s{0,200})["']?services["']?\s{0,200}:""", re.MULTILINE)
"""In a flow mapping, or in a document that is indented as a whole."""

_SERVICE_KEY = regex(r"""[\s{,]["']?(?:image|build|extends)["']?[ \t]*:""")
_JSON_SERVICES = regex(r'"services"\s*:\s*\{')
_JSON_COMPOSE = regex(r'\{\s*(?:"(?:name|version)"\s*:\s*"[^"\\]*"\s*,\s*){0,2}"services"\s*:\s*\{')
_DOCKERFILE_NAME = regex(
    r"(?!.*\.(?:dockerignore|md|rst|adoc|html)\Z)(?:(?:Dockerfile|Containerfile)(?:[._-].*)?|.*\.[Dd]ockerfile)",
    re.DOTALL,
)
_DEVCONTAINER_NAMES = ("devcontainer.json", ".devcontainer.json")
_DEVCONTAINER_KEY = regex(r'"(?:image|build|dockerFile|dockerComposeFile)"\s*:')
_FROM = regex(r"^[ \t]*FROM[ \t]+[^\s]", re.MULTILINE | re.IGNORECASE)
_API_VERSION = regex(r"""(?:^|[{,-])[ \t]*["']?apiVersion["']?[ \t]*:""", re.MULTILINE)
_KIND = regex(r"""(?:^|[{,-])[ \t]*["']?kind["']?[ \t]*:""", re.MULTILINE)
_AT_ROOT = regex(r"""^(?:-[ \t]+)?["']?(?:apiVersion|kind)["']?[ \t]*:""", re.MULTILINE)
_OURS = regex(r"""\{\s*"(?:isoaudit_bundle|schema_version)"\s*:""")
_DATA = (".yaml", ".yml", ".json")
_OCI_VERSION = regex(r"""[{,]\s{0,200}"ociVersion"\s{0,200}:\s{0,200}\"""")
_OCI_PART = regex(r"""[{,]\s{0,200}"(?:process|root|linux|mounts)"\s{0,200}:""")
_KATA = regex(r"^[ \t]*\[hypervisor\.[a-z_-]+\][ \t]*(?:#|\r?$)", re.MULTILINE)
_KATA_RUNTIME = regex(r"^[ \t]*\[(?:runtime|agent\.[a-z]+)\][ \t]*(?:#|\r?$)", re.MULTILINE)
_COMMAND_FIRST = regex(
    r"""(?:\S*/)?(?:qemu-(?:system-[a-z0-9_]+|kvm)|cloud-hypervisor(?:-static)?)\s
      | (?:sudo[ \t]+)?(?:\S*/)?(?:docker|podman|nerdctl)[ \t]+(?:container[ \t]+)?(?:run|create)\s
    """,
    re.VERBOSE,
)
"""A single command, in a file without the name of a script or on standard input."""

_QEMU = regex(
    r"""^[^#\n]{0,200}?\bqemu-(?:system-[a-z0-9_]+|kvm)["']?[ \t]+(?:\\\r?\n[ \t]*)?["']?[-$]""",
    re.MULTILINE,
)
"""A command with an option, on a line that is no comment."""

_CLOUD = regex(
    r"""^[^#\n]{0,200}?\bcloud-hypervisor(?:-static)?["']?[ \t]+(?:\\\r?\n[ \t]*)?["']?[-$]""",
    re.MULTILINE,
)
_QEMU_GROUP = regex(
    r"""(?:[ \t]*(?:\#[^\n]*)?\r?\n)*+  # blank lines and comments
        [ \t]*\[(?:device|drive|netdev|chardev|machine|memory|accel|mon|smp-opts|object|fsdev|name)
        (?:[ \t]+"[^"\n]*")?\][ \t]*\r?\n[ \t]*[A-Za-z0-9_.-]+[ \t]*=[ \t]*"
    """,
    re.VERBOSE,
)
_VMX = regex(r"^[ \t]*(?:virtualHW|config)\.version[ \t]*=", re.MULTILINE | re.IGNORECASE)
_SERVICE_SECTION = regex(r"^[ \t]*\[Service\][ \t]*\r?$", re.MULTILINE)
_XL_NAME = regex(r"""^name[ \t]*=[ \t]*["']""", re.MULTILINE)
_XL_MEMORY = regex(r"""^memory[ \t]*=[ \t]*["']?[0-9]""", re.MULTILINE)
_XL_OWN = regex(r"^(?:disk|vif|vfb|kernel|bootloader|builder|type)[ \t]*=", re.MULTILINE)
_ENVELOPE = regex(r"<(?:[A-Za-z0-9_]{1,40}:)?Envelope\s[^>]{0,4000}/ovf/envelope/")
_DOMAIN = regex(
    r"""(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+  # what precedes the root
        <(?:domain|domstatus|domainsnapshot)[\s>]
    """,
    re.DOTALL | re.VERBOSE,
)
"""The root alone tells: networks of libvirt, and others' files, have elements of these names."""

_QUADLET = regex(r"^[ \t]*\[(?:Container|Pod|Kube)\][ \t]*\r?$", re.MULTILINE)
_RUN_LINE = regex(
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


def recognise(text: str, name: str) -> str | None:
    """Return the dialect, `bundle`, `result`, or None for anything else.

    `name` is the file's name: one that compose itself looks for needs less proof.
    """
    found = recognised(text, name)
    return found[0] if found else None


_ENGINE = regex(r"\b(?:docker|podman|nerdctl)\b")
_RUN_BY_VARIABLE = regex(
    r"""(?:^|[;&|(`]|\b(?:sudo|exec))[ \t]{0,200}+
        "?\$[({]?[A-Za-z_][A-Za-z0-9_]{0,40}+[)}]?"?[ \t]""",
    re.MULTILINE | re.VERBOSE,
)
"""A command named by a variable, which may hold the engine, or all of the line up to its image."""


def _runs_container(text: str) -> bool:
    """Say whether a line of a script or makefile may start a container, by name or variable."""
    if _RUN_LINE.search(text):
        return True
    return _ENGINE.search(text) is not None and _RUN_BY_VARIABLE.search(text) is not None


def recognised(text: str, name: str) -> list[str]:
    """Return all that a file is: a script may start containers and machines."""
    head = text[:_HEAD].lstrip()
    known = _known_by_name(name)
    if known is not None:
        return _listed(known(text))
    if name.endswith((".sh", ".bash", ".ksh", ".zsh")):
        return _scripts(text)
    if name.endswith(_DATA):
        return _listed(_data(text, head, name))
    if head.startswith("<") and not head.startswith("<<"):
        return _listed(_xml(text))
    if head.startswith("#!") or _COMMAND_FIRST.match(head):
        return _scripts(text)
    return _listed(_data(text, head, name))


def _listed(kind: str | None) -> list[str]:
    return [] if kind is None else [kind]


def _data(text: str, head: str, name: str) -> str | None:
    """Return which YAML or JSON it is: by what it looks like, and by its own keys in doubt."""
    looks = [kind for kind in (*_json(text, head), _manifest(text), _services(text, head, name))
             if kind]  # fmt: skip
    is_sure = len(looks) == 1 and (looks[0] != "kubernetes" or _at_root(text, head))
    if is_sure and (_OURS.match(head) or not veiled(text)):
        return looks[0]
    of_compose = _COMPOSE_NAME.fullmatch(name) is not None
    if not looks and not of_compose and not _services_within(text) and not veiled(text):
        return None
    known = kind_by_roots(text, name, of_compose=of_compose)
    return known or (looks[0] if looks else None)


def _services_within(text: str) -> bool:
    return "services" in text and _SERVICES_WITHIN.search(text) is not None


def _at_root(text: str, head: str) -> bool:
    """Say whether the keys of a manifest stand where those of a document do."""
    return head.startswith("{") or _AT_ROOT.search(text) is not None


def _manifest(text: str) -> str | None:
    if "apiVersion" not in text:
        return None
    return "kubernetes" if _API_VERSION.search(text) and _KIND.search(text) else None


def _services(text: str, head: str, name: str) -> str | None:
    named = "services" in text or "include" in text  # what most manifests never say
    return "compose" if named and _is_compose(text, head, name) else None


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


def _json(text: str, head: str) -> list[str]:
    """Return which JSON of isoaudit's own it is, or what a runtime or VMM could start from it."""
    if not head.startswith("{"):
        return []
    kinds = []
    if '"isoaudit_bundle"' in head:
        kinds.append("bundle")
    elif '"schema_version"' in head:
        kinds.append("result")
    keys = text[:_KEYS]
    # Its keys may well be sorted, with a whole seccomp profile before this one.
    if '"ociVersion"' in text and _OCI_VERSION.search(text) and _OCI_PART.search(text):
        kinds.append("oci")
    if '"boot-source"' in keys and '"kernel_image_path"' in keys:
        kinds.append("firecracker")
    return kinds


def _xml(text: str) -> str | None:
    if _DOMAIN.match(text):
        return "libvirt_xml"
    return "ovf" if _ENVELOPE.search(text[:_KEYS]) else None


def _toml(text: str) -> str | None:
    return "kata" if _KATA.search(text) and _KATA_RUNTIME.search(text) else None


def _scripts(text: str) -> list[str]:
    """Return what a script starts: one that starts a machine may start containers as well."""
    known = (("qemu", _QEMU.search), ("cloud_hypervisor", _CLOUD.search),
             ("docker_run", _runs_container))  # fmt: skip
    return [kind for kind, is_of in known if is_of(text)]


def _makefile(text: str) -> str | None:
    return "docker_run" if _runs_container(text) else None


def _quadlet(text: str) -> str | None:
    return "quadlet" if _QUADLET.search(text) else None


def _settings(text: str) -> str | None:
    if _QEMU_GROUP.match(text):
        return "qemu"
    is_guest = _XL_NAME.search(text) and _XL_MEMORY.search(text) and _XL_OWN.search(text)
    return "xl" if is_guest else None


def _vmx(text: str) -> str | None:
    return "vmx" if _VMX.search(text) else None


def _unit(text: str) -> str | None:
    return "systemd" if _SERVICE_SECTION.search(text) else None


def _is_compose(text: str, head: str, name: str) -> bool:
    if _COMPOSE_NAME.fullmatch(name):
        known = _JSON_SERVICES if head.startswith("{") else _COMPOSE_KEY
        return known.search(text) is not None
    declares = _JSON_COMPOSE.match(head) or _SERVICES.search(text)
    return declares is not None and _SERVICE_KEY.search(text) is not None


_BY_SUFFIX: tuple[tuple[tuple[str, ...], Callable[[str], str | None]], ...] = (
    ((".toml",), _toml),
    ((".mk", "Makefile", "makefile"), _makefile),
    ((".container", ".pod", ".kube"), _quadlet),
    ((".cfg",), _settings),
    ((".vmx",), _vmx),
    ((".service",), _unit),
)
"""What a file of such a name may be, and nothing else: what is in it may quote other kinds."""
