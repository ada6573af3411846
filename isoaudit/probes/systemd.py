"""The addresses that systemd opens on behalf of a service: a socket unit and its drop-ins.

Sources: systemd.unit(5) (folders and their order, drop-ins), systemd.socket(5) (ListenStream, where
an empty value forgets the ones before), systemd.syntax(7).
"""

from __future__ import annotations

from collections.abc import Iterator

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
_SPECIFIERS = (("%t", "/run"), ("%%", "%"))


def listen_addresses(files: Files, unit: str) -> tuple[list[str], str]:
    """Return what a socket unit listens on, as unix:// and tcp:// addresses, and its source.

    Raises Unreadable if there is no such unit, it is masked, or one of its files cannot be read.
    """
    path, text = _unit(files, unit)
    streams: list[str] = []
    sources = [path]
    for source, lines in [(path, text), *_drop_ins(files, unit)]:
        for key, value in _settings(lines, "Socket"):
            if key != "ListenStream":
                continue
            if source not in sources:
                sources.append(source)
            streams = [*streams, value] if value else []
    return [_address(stream) for stream in streams], ", ".join(sources)


def _unit(files: Files, unit: str) -> tuple[str, str]:
    for folder in FOLDERS:
        path = f"{folder}/{unit}"
        try:
            return path, files.read_text(path, _LIMIT)
        except Unreadable as error:
            if not error.absent:
                raise
    raise Unreadable(
        Reason.NOT_SUPPORTED, f"no unit {unit} in systemd's folders", f"See systemctl cat {unit}."
    )


def _drop_ins(files: Files, unit: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of a unit's drop-ins, by name; an earlier folder hides the same name."""
    for kind in (f"{unit.rpartition('.')[2]}.d", f"{unit}.d"):  # those of the type come first
        found: dict[str, str] = {}
        for folder in FOLDERS:
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


def _settings(text: str, section: str) -> Iterator[tuple[str, str]]:
    """Yield the assignments of one section, continued lines joined."""
    current = ""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            current = stripped[1:-1]
        elif current == section and "=" in stripped and stripped[0] not in "#;":
            key, _, value = stripped.partition("=")
            yield key.strip(), value.strip()


def _address(stream: str) -> str:
    """Return a ListenStream as an address: a path, a port, or an address and port."""
    for specifier, value in _SPECIFIERS:
        stream = stream.replace(specifier, value)
    if stream.startswith(("/", "@")):
        return f"unix://{stream}"
    if stream.startswith("vsock:"):
        return f"vsock://{stream.removeprefix('vsock:')}"
    return f"tcp://[::]:{stream}" if stream.isdecimal() else f"tcp://{stream}"
