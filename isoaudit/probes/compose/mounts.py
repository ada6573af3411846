"""The mounts of a compose service: volumes, tmpfs, configs and secrets.

Source: the Compose specification, chapters on services, volumes, configs and secrets.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record, Value
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import UNSET, Word, is_path, resolve, truth, word
from isoaudit.probes.declared import record

_PROPAGATION = {
    "shared": "shared",
    "rshared": "shared",
    "slave": "slave",
    "rslave": "slave",
    "private": "private",
    "rprivate": "private",
    "unbindable": "unbindable",
    "runbindable": "unbindable",
}
_WINDOWS_SOURCE = re.compile(r"[A-Za-z]:[\\/][^:]*|\\\\[^:]*")
_CLIMBS = "climbs out of the folder that the file's path starts in: where it leads depends on that"


def note_mounts(service: Service) -> None:
    """Note the part `mount`."""
    open_end = ""
    if service.get("volumes_from") is not None:
        open_end = "volumes_from: what another container mounts is not followed"
    elif service.document.get("include") is not None:
        open_end = "include: volumes that another file declares are not followed yet"
    elif any(said.text.strip(UNSET) == "" for said in _short_volumes(service)):
        open_end = "a volume depends on a variable"
    service.part("mount", _records(service), open_end)


def _records(service: Service) -> Iterator[Record]:
    volumes = service.get("volumes")
    for entry in volumes.elements() if volumes is not None else []:
        found = _long(service, entry) if entry.is_map else _short(service, word(entry))
        if found is not None:
            yield found
    for said in service.words("tmpfs"):
        yield _tmpfs(said)
    yield from _files(service, "configs", "/")
    yield from _files(service, "secrets", "/run/secrets")


def _short_volumes(service: Service) -> list[Word]:
    volumes = service.get("volumes")
    entries = volumes.elements() if volumes is not None else []
    return [word(entry) for entry in entries if entry.is_scalar]


def _short(service: Service, said: Word) -> Record | None:
    """Return the record of `SOURCE:DESTINATION:OPTIONS`; None for a pipe of Windows or a blank."""
    source, destination, options = _split(said.text)
    if source.startswith("\\\\.\\pipe") or not (source or destination.strip(UNSET)):
        return None
    words = options.split(",") if options else []
    asked = [_PROPAGATION[each] for each in words if each in _PROPAGATION]
    mount = _Mount(said.node)
    mount.put("mount.destination", said.part(destination))
    mount.put("mount.read_only", said.part(options), "ro" in words)
    mount.put("mount.propagation", said.part(options), asked[-1] if asked else "private")
    mount.put("mount.relabel", said.part(options), "z" in words or "Z" in words)
    _put_source(service, mount, said.part(source))
    return mount.record()


def _split(text: str) -> tuple[str, str, str]:
    """Return source, destination and options; a lone word is the destination."""
    drive = _WINDOWS_SOURCE.match(text)
    if drive:
        rest = text[drive.end() :].removeprefix(":").split(":", 1)
        return drive[0], rest[0], rest[1] if len(rest) > 1 else ""
    pieces = text.split(":", 2)
    if len(pieces) == 1:
        return "", pieces[0], ""
    return pieces[0], pieces[1], pieces[2] if len(pieces) > 2 else ""


class _Mount:
    """The fields of one mount, as they are found."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._fields: dict[str, Value] = {}
        self._unread: dict[str, str] = {}

    def put(self, path: str, said: Word | None, value: Value | None = None) -> None:
        """Set a field to `value`, or to the text of `said` itself, if that is known."""
        if said is not None and said.depends:
            self._unread[path] = said.open
        elif value is not None:
            self._fields[path] = value
        elif said is not None:
            self._fields[path] = said.text

    def lacks(self, path: str, why: str) -> None:
        """Say why a field is not known."""
        self._unread[path] = why

    def record(self) -> Record:
        """Return the mount as a record."""
        return record(self._node, self._fields, self._unread)


def _put_source(service: Service, mount: _Mount, source: Word) -> None:
    """Set kind, source and whether the engine manages it, from the source as it was written."""
    if is_path(source.text) or "/" in source.text:
        _put_bind(service, mount, source)
    elif source.depends:
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", source.open)
    else:
        _put_volume(service, mount, source.text)


def _put_bind(service: Service, mount: _Mount, source: Word) -> None:
    mount.put("mount.kind", None, "bind")
    mount.put("mount.managed", None, False)
    path = resolve(source.text, service.folder)
    if source.known and not path:
        mount.lacks("mount.source", _CLIMBS)
    else:
        mount.put("mount.source", source, path)


def _put_volume(service: Service, mount: _Mount, name: str) -> None:
    """Set what a volume is: kept by the engine, unless its options make it a host path."""
    declared = service.top_level("volumes", name) if name else None
    if declared is not None and declared.is_map and _is_external(declared):
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", "made outside this file: it may be any host path")
        return
    options = None
    if declared is not None and declared.is_map:
        options = declared.get("driver_opts")
    device = options.get("device") if options is not None else None
    if options is None or device is None:
        mount.put("mount.kind", None, "volume")
        mount.put("mount.managed", None, True)
        return
    source = word(device)
    if not source.depends and not source.text.startswith("/"):
        mount.put("mount.kind", None, "volume")
        mount.put("mount.managed", None, True)
        return
    mount.put("mount.kind", None, "bind")
    mount.put("mount.managed", None, False)
    mount.put("mount.source", source, posixpath.normpath(source.text))


def _is_external(declared: Node) -> bool:
    external = declared.get("external")
    if external is None:
        return False
    return external.is_map or not (said := word(external)).known or truth(said)


def _long(service: Service, entry: Node) -> Record | None:
    """Return the record of a volume in long form; None for a pipe of Windows."""
    kind = _word(entry, "type")
    if kind is not None and kind.text == "npipe":
        return None
    mount = _Mount(entry)
    target = _word(entry, "target")
    if target is None:
        raise entry.error("a volume needs a target")
    mount.put("mount.destination", target)
    read_only = _word(entry, "read_only")
    mount.put("mount.read_only", read_only, truth(read_only) if read_only else False)
    asked = _word(entry, "bind", "propagation")
    mount.put(
        "mount.propagation", asked, _PROPAGATION.get(asked.text, asked.text) if asked else "private"
    )
    mount.put("mount.relabel", None, entry.get("bind", "selinux") is not None)
    source = _word(entry, "source") or Word("", entry)
    _put_kind(service, mount, kind, source)
    return mount.record()


def _put_kind(service: Service, mount: _Mount, kind: Word | None, source: Word) -> None:
    if kind is None:
        _put_source(service, mount, source)
    elif kind.depends:
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", kind.open)
    elif kind.text == "bind":
        _put_bind(service, mount, source)
    elif kind.text == "tmpfs":
        mount.put("mount.kind", None, "tmpfs")
        mount.put("mount.managed", None, False)
    elif source.depends:
        mount.put("mount.kind", None, "volume")
        mount.lacks("mount.source", source.open)
    else:
        _put_volume(service, mount, source.text)


def _tmpfs(said: Word) -> Record:
    destination, _, options = said.text.partition(":")
    mount = _Mount(said.node)
    mount.put("mount.kind", None, "tmpfs")
    mount.put("mount.destination", said.part(destination))
    mount.put("mount.read_only", said.part(options), "ro" in options.split(","))
    mount.put("mount.propagation", None, "private")
    mount.put("mount.managed", None, False)
    mount.put("mount.relabel", None, False)
    return mount.record()


def _files(service: Service, section: str, folder: str) -> Iterator[Record]:
    """Yield the configs or secrets of a service: one with a `file` is a bind like any other."""
    entries = service.get(section)
    for entry in entries.elements() if entries is not None else []:
        name = _word(entry, "source") if entry.is_map else word(entry)
        if name is None:
            raise entry.error(f"an entry of {section} needs a source")
        target = _word(entry, "target") if entry.is_map else None
        said = target or name
        mount = _Mount(entry)
        mount.put("mount.destination", said, posixpath.join(folder, said.text))
        mount.put("mount.read_only", None, True)
        mount.put("mount.propagation", None, "private")
        mount.put("mount.relabel", None, False)
        declared = service.top_level(section, name.text)
        file = _word(declared, "file") if declared is not None and declared.is_map else None
        if file is not None:
            _put_bind(service, mount, file)
        else:
            mount.put("mount.kind", None, "volume")
            mount.put("mount.managed", None, True)
        yield mount.record()


def _word(node: Node, *keys: str) -> Word | None:
    found = node.get(*keys)
    return word(found) if found is not None else None
