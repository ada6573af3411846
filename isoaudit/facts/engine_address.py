"""Where a variable says that an engine answers, as it may be kept: scheme, host and port alone.

Sources: docs.docker.com (DOCKER_HOST), podman-remote(1) (CONTAINER_HOST), buildctl (BUILDKIT_HOST).
"""

from __future__ import annotations

from isoaudit.facts.redaction import redact_text
from isoaudit.regex import regex

VARIABLES = ("DOCKER_HOST", "CONTAINER_HOST", "BUILDKIT_HOST")
"""Variables that name an engine to its clients; the first that is set counts."""

_LOCAL = frozenset({"unix", "npipe", "fd"})
_BY_NAME = frozenset({"docker-container", "podman-container", "nerdctl-container", "kube-pod"})
_REMOTE = frozenset({"tcp", "http", "https", "ssh"})
_ADDRESS = regex(r"(?:([a-z][a-z-]{1,20})://)?([^\s?#]{1,300})([?#].*)?")
_PATH = regex(r"/[\w./@:+~-]{1,250}")
_HOST = regex(r"(\[[0-9A-Fa-f:.]{2,60}\]|[\w.-]{1,253})(?::([0-9]{1,5}))?")


def engine_address(value: str) -> str:
    """Return the address as it may be shown, "" for what is none.

    User names, passwords, paths of URLs and queries are left out; what looks like a token in the
    place of a host is none.
    """
    match = _ADDRESS.fullmatch(value.strip())
    if match is None:
        return ""
    scheme, rest = match[1] or "tcp", match[2]
    if scheme in _LOCAL:
        shown = f"{scheme}://{rest}" if _PATH.fullmatch(rest) else ""
    elif scheme in _REMOTE or scheme in _BY_NAME:
        authority, _, path = rest.partition("/")
        # A password with one of /?# in it would make its user pass for the host.
        hidden = "@" in path or "@" in (match[3] or "")
        host = None if hidden else _HOST.fullmatch(authority.rpartition("@")[2])
        shown = f"{scheme}://{host[0]}" if host is not None else ""
    else:
        shown = ""
    return shown if redact_text(shown) == shown else ""


def host_of(address: str) -> str:
    """Return the host of an address, in lower case and without brackets; "" for a socket."""
    scheme, _, rest = address.partition("://")
    match = _HOST.fullmatch(rest) if scheme in _REMOTE or scheme in _BY_NAME else None
    return match[1].strip("[]").lower() if match is not None else ""


def path_of(address: str) -> str:
    """Return the path of a local socket, "" for any other address."""
    scheme, _, rest = address.partition("://")
    return rest if scheme in _LOCAL else ""
