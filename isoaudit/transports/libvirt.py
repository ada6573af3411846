"""libvirt over libvirt-python, opened read-only; secrets are taken out of every answer.

libvirt-python compiles against libvirt's headers, so it is optional and imported on use.
Sources: libvirt's API reference (virConnectOpenReadOnly, virDomainGetXMLDesc), "Connection URIs".
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from isoaudit.facts.redaction import redact_text
from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.libvirt_listing import describe, describe_all, network, snapshot, uses
from isoaudit.transports.libvirt_redaction import redact_xml
from isoaudit.transports.local import is_socket

_Answer = TypeVar("_Answer")

_PATIENCE = 2.0
"""Seconds that hanging up may take: a daemon that hangs is asked, too."""

_DENIED_WORDS = ("ermission denied", "system bus", "polkit")
_SYSTEM_SOCKETS = ("/run/libvirt/libvirt-sock-ro", "/run/libvirt/virtqemud-sock-ro")
_SESSION_SOCKETS = ("libvirt/libvirt-sock", "libvirt/virtqemud-sock")

HINT_WHEN_ABSENT = (
    "Start libvirtd (or virtqemud) and name the VM as libvirt:NAME,"
    " or another place as libvirt+URI#NAME."
)
"""What to tell somebody who expected VMs where no socket of libvirt is."""

HINT_INSTALL = "pip install 'isoaudit[vm]' (needs libvirt headers)"


class LibvirtConnection:
    """One open connection. `local` says that the URI names no other machine; no proof by itself.

    A daemon that hangs makes a call hang: callers run this under a deadline of their own.
    """

    def __init__(self, uri: str, connection: Any) -> None:
        self.uri = redact_text(uri)
        self.local = is_local(uri)
        self._connection = connection
        self._listed: dict[str, Any] = {}
        self._read: dict[str, str] = {}

    def domains(self) -> list[dict[str, Any]]:
        """Return `{name, uuid, id, state, persistent, autostart}` of every domain, by name.

        `id` is None unless it runs; `saved` and `snapshots`, where libvirt lists them, say whether
        there is a saved state and a snapshot. A domain that goes away meanwhile is left out.
        """
        import libvirt

        listed = self._ask(lambda: self._connection.listAllDomains(0))
        self._listed = {str(domain.UUIDString()): domain for domain in listed}
        try:
            found = self._ask(lambda: describe_all(libvirt, self._connection, listed))
        except Unreadable:
            found = self._one_by_one(listed)
        return sorted(found, key=lambda one: (one["name"], one["uuid"]))

    def _one_by_one(self, listed: list[Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for domain in listed:
            try:
                found.append(self._ask(partial(describe, domain)))
            except Unreadable as error:
                if error.reason is not Reason.VANISHED:
                    raise
        return found

    def xml(self, uuid: str, *, inactive: bool) -> str:
        """Return a domain's XML without secrets, live or as stored."""
        text = None if inactive else self._read.pop(uuid, None)
        return redact_xml(self._raw(uuid, inactive) if text is None else text)

    def _raw(self, uuid: str, inactive: bool) -> str:
        import libvirt

        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        domain = self._listed.get(uuid)
        if domain is None:
            domain = self._ask(lambda: self._connection.lookupByUUIDString(uuid))
        return str(self._ask(lambda: domain.XMLDesc(flags)))

    def uses(self) -> dict[str, dict[str, list[str]]]:
        """Return the `disks` and `networks` of every domain of the list, by UUID.

        The XML that this reads is kept until `xml` is asked for it. Raises Unreadable if that of
        one domain cannot be read, unless it went away.
        """
        found: dict[str, dict[str, list[str]]] = {}
        for uuid in self._listed:
            try:
                text = self._raw(uuid, inactive=False)
            except Unreadable as error:
                if error.reason is not Reason.VANISHED:
                    raise
                continue
            self._read[uuid] = text
            found[uuid] = uses(text)
        return found

    def networks(self) -> dict[str, dict[str, Any]]:
        """Return `{forward, bridge, isolated}` of every network by its name."""
        listed = self._ask(lambda: self._connection.listAllNetworks(0))
        return {str(one.name()): network(str(self._ask(one.XMLDesc))) for one in listed}

    def snapshots(self, uuid: str) -> list[dict[str, Any]]:
        """Return `{name, memory, age}` of a domain's snapshots; `age` is in days."""
        domain = self._ask(lambda: self._connection.lookupByUUIDString(uuid))
        return [
            snapshot(str(one.getName()), str(self._ask(one.getXMLDesc)))
            for one in self._ask(domain.listAllSnapshots)
        ]

    def version(self) -> dict[str, Any]:
        """Return `{libvirt, hypervisor, hypervisor_type, hostname}`, versions as 9.0.0."""
        connection = self._connection
        return self._ask(
            lambda: {
                "libvirt": _dotted(connection.getLibVersion()),
                "hypervisor": _dotted(connection.getVersion()),
                "hypervisor_type": str(connection.getType()),
                "hostname": str(connection.getHostname()),
            }
        )

    def close(self) -> None:
        """Close the connection; one that does not answer to that within a while is left behind."""
        # NOTE: libvirt ends a connection only once no domain of it is held any more.
        self._listed, self._read = {}, {}
        closing = threading.Thread(target=self._hang_up, daemon=True)
        closing.start()
        closing.join(_PATIENCE)

    def _hang_up(self) -> None:
        with contextlib.suppress(Unreadable):
            self._ask(self._connection.close)

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        return _ask(call, self.uri)


def connect(uri: str) -> LibvirtConnection:
    """Open a connection read-only; raises Unreadable.

    Nothing is asked on a terminal and no daemon is started for it.
    """
    try:
        import libvirt
    except ImportError as error:
        raise Unreadable(
            Reason.TOOL_ABSENT, f"libvirt-python cannot be loaded: {error}", HINT_INSTALL
        ) from error
    # NOTE: libvirt's client would start a session daemon where none runs; looking must not.
    os.environ.setdefault("LIBVIRT_AUTOSTART", "0")
    libvirt.registerErrorHandler(_silent, None)
    shown = redact_text(uri)
    connection = _ask(lambda: libvirt.openReadOnly(_without_prompts(uri)), shown)
    return LibvirtConnection(uri, connection)


def is_local(uri: str) -> bool:
    """Say whether a URI names this machine: no host, and no transport but the local socket."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    transport = parts.scheme.partition("+")[2]
    return bool(parts.scheme) and not parts.netloc and transport in {"", "unix"}


def available_uris() -> tuple[str, ...]:
    """Return the local URIs worth trying unasked: those whose socket is there."""
    found = []
    if any(is_socket(path) for path in _SYSTEM_SOCKETS):
        found.append("qemu:///system")
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    if any(is_socket(os.path.join(runtime, path)) for path in _SESSION_SOCKETS):
        found.append("qemu:///session")
    return tuple(found)


def _silent(_context: object, _error: object) -> None:
    """Take the place of libvirt's error handler, which writes to stderr."""


def _without_prompts(uri: str) -> str:
    """Return the URI so that ssh fails where it would ask for a password."""
    scheme = uri.partition(":")[0]
    if not scheme.endswith(("+ssh", "+libssh", "+libssh2")) or "no_tty=" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}no_tty=1"


def _dotted(version: int) -> str:
    """Return libvirt's number for a version, 9000000, as 9.0.0."""
    return f"{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}"


def _ask(call: Callable[[], _Answer], uri: str) -> _Answer:
    import libvirt

    try:
        return call()
    except libvirt.libvirtError as error:
        raise _unreadable(libvirt, error, uri) from None


def _unreadable(libvirt: Any, error: Any, uri: str) -> Unreadable:
    """Return the Unreadable that stands for a libvirt error."""
    code = error.get_error_code()
    words = redact_text(str(error.get_error_message() or error))
    detail = f"{uri}: {words}"
    if code == libvirt.VIR_ERR_NO_DOMAIN:
        return Unreadable(Reason.VANISHED, detail, "Scan again: the domain went away meanwhile.")
    denied = {
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_CANCELLED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
        libvirt.VIR_ERR_ACCESS_DENIED,
        libvirt.VIR_ERR_OPERATION_DENIED,
    }
    # NOTE: a daemon that cannot ask polkit, for want of a system bus, lets only root in.
    if code in denied or any(text in words for text in _DENIED_WORDS):
        return Unreadable(Reason.PERMISSION_DENIED, detail, "Run isoaudit as root.")
    unsupported = {libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED}
    if code in unsupported:
        return Unreadable(Reason.NOT_SUPPORTED, detail)
    return Unreadable(Reason.UNREACHABLE, detail, HINT_WHEN_ABSENT)
