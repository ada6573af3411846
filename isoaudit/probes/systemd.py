"""The addresses that systemd opens on behalf of a service: a socket unit and its drop-ins.

Sources: systemd.unit(5) (folders and their order, drop-ins), systemd.socket(5) (ListenStream, where
an empty value forgets the ones before), systemd.syntax(7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.unit import load
from isoaudit.errors import DocumentError
from isoaudit.model import Reason
from isoaudit.transports import Files, Unreadable

FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Where units of the system lie; the first one that has a file of a name decides."""

_LIMIT = 262_144


class Manager(NamedTuple):
    """A service manager: where its units lie, best first, and its runtime folder (%t)."""

    folders: tuple[str, ...]
    runtime: str


SYSTEM = Manager(FOLDERS, "/run")


def of_account(uid: int, home: str) -> Manager:
    """Return the service manager of an ordinary account."""
    runtime = f"/run/user/{uid}"
    folders = (
        f"{home}/.config/systemd/user.control",
        f"{home}/.config/systemd/user",
        "/etc/systemd/user",
        f"{runtime}/systemd/user",
        "/run/systemd/user",
        f"{home}/.local/share/systemd/user",
        "/usr/local/lib/systemd/user",
        "/usr/lib/systemd/user",
    )
    return Manager(folders, runtime)


class SocketUnit(NamedTuple):
    """What a socket unit opens: addresses as unix:// and tcp://, mode, group, and its files."""

    addresses: list[str]
    mode: int
    group: str
    source: str


def socket_unit(files: Files, unit: str, manager: Manager = SYSTEM) -> SocketUnit:
    """Return what a socket unit and its drop-ins say, with systemd's defaults.

    Raises Unreadable if there is no such unit, it is masked, or one of its files cannot be read.
    """
    path, text = _unit(files, unit, manager.folders)
    streams: list[str] = []
    others = {"SocketMode": "", "SocketGroup": ""}
    sources = [path]
    for source, lines in [(path, text), *_drop_ins(files, unit, manager.folders)]:
        for key, value in _settings(lines, source, "Socket"):
            if key not in {"ListenStream", *others}:
                continue
            if source not in sources:
                sources.append(source)
            if key != "ListenStream":
                others[key] = value
            else:
                streams = [*streams, value] if value else []
    addresses = [_address(stream, manager.runtime) for stream in streams]
    mode = _mode(others["SocketMode"])
    return SocketUnit(addresses, mode, others["SocketGroup"] or "root", ", ".join(sources))


def listen_addresses(files: Files, unit: str, manager: Manager = SYSTEM) -> tuple[list[str], str]:
    """Return what a socket unit listens on, as unix:// and tcp:// addresses, and its source.

    Raises Unreadable if there is no such unit, it is masked, or one of its files cannot be read.
    """
    found = socket_unit(files, unit, manager)
    return found.addresses, found.source


def _mode(text: str) -> int:
    """Return a SocketMode; what is no octal number is ignored, as systemd does."""
    try:
        return int(text, 8)
    except ValueError:
        return 0o666


def _unit(files: Files, unit: str, folders: tuple[str, ...]) -> tuple[str, str]:
    for folder in folders:
        path = f"{folder}/{unit}"
        try:
            return path, files.read_text(path, _LIMIT)
        except Unreadable as error:
            if not error.absent:
                raise
    raise Unreadable(
        Reason.NOT_SUPPORTED, f"no unit {unit} in systemd's folders", f"See systemctl cat {unit}."
    )


def _drop_ins(files: Files, unit: str, folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield path and text of a unit's drop-ins, by name; an earlier folder hides the same name."""
    for kind in (f"{unit.rpartition('.')[2]}.d", f"{unit}.d"):  # those of the type come first
        found: dict[str, str] = {}
        for folder in folders:
            try:
                names = files.list_names(f"{folder}/{kind}")
            except Unreadable as error:
                if not error.absent:
                    raise
                continue
            for name in names:
                if name.endswith(".conf"):
                    found.setdefault(name, f"{folder}/{kind}/{name}")
        for name in sorted(found):
            yield found[name], files.read_text(found[name], _LIMIT)


def _settings(text: str, path: str, section: str) -> Iterator[tuple[str, str]]:
    """Yield the assignments of one section; raises Unreadable for too many of them."""
    try:
        unit = load(text, path)
    except DocumentError as error:
        raise Unreadable(Reason.LIMIT, error.cause, error.remedy) from error
    for entry in unit.entries:
        if entry.section == section:
            yield entry.key, entry.value


def _address(stream: str, runtime: str) -> str:
    """Return a ListenStream as an address: a path, a port, or an address and port."""
    stream = stream.replace("%t", runtime).replace("%%", "%")
    if stream.startswith(("/", "@")):
        return f"unix://{stream}"
    if stream.startswith("vsock:"):
        return f"vsock://{stream.removeprefix('vsock:')}"
    return f"tcp://[::]:{stream}" if stream.isdecimal() else f"tcp://{stream}"
