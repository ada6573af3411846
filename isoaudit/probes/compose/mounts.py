"""The mounts of a compose service: volumes, tmpfs, configs and secrets.

Source: the Compose specification, chapters on services, volumes, configs and secrets.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.driver_opts import FILE_SYSTEM, shown_path
from isoaudit.probes.compose.layer import folder_of
from isoaudit.probes.compose.mount_fields import (
    Mount,
    optional_word,
    put_long_tmpfs,
    short_tmpfs,
)
from isoaudit.probes.compose.mount_sets import note_cgroups, note_company, note_relabelled
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import (
    UNSET,
    Word,
    is_path,
    resolve,
    split_volume,
    truth,
    word,
)
from isoaudit.probes.declared import MAX_RECORDS
from isoaudit.probes.writers import normal

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
_CLIMBS = "climbs out of the folder that the file's path starts in: where it leads depends on that"


def note_mounts(service: Service, known: list[Mount] | None = None) -> None:
    """Note the part `mount`; `known` are the mounts, if they have been read already."""
    open_end = ""
    if service.get("volumes_from") is not None:
        open_end = "volumes_from: what another container mounts is not followed"
    elif service.document.open_end:
        open_end = f"volumes may be declared elsewhere: {service.document.open_end}"
    elif any(said.text.strip(UNSET) == "" for said in _short_volumes(service)):
        open_end = "a volume depends on a variable"
    mounts = mounts_of(service) if known is None else known
    note_company(mounts)
    service.part("mount", (mount.record() for mount in mounts), open_end)
    note_relabelled(service, mounts, open_end)
    note_cgroups(service, mounts, open_end)


def mounts_of(service: Service) -> list[Mount]:
    """Return the mounts of a service; raises DocumentError where one is malformed."""
    # One more than a part keeps, so that it is seen to be unfinished.
    return list(islice(_mounts(service), MAX_RECORDS + 1))


def _mounts(service: Service) -> Iterator[Mount]:
    volumes = service.get("volumes")
    for entry in volumes.elements() if volumes is not None else []:
        found = _long(service, entry) if entry.is_map else _short(service, word(entry))
        if found is not None:
            yield found
    for said in service.words("tmpfs"):
        yield short_tmpfs(said)
    yield from _files(service, "configs", "/")
    yield from _files(service, "secrets", "/run/secrets")


def _short_volumes(service: Service) -> list[Word]:
    volumes = service.get("volumes")
    entries = volumes.elements() if volumes is not None else []
    return [word(entry) for entry in entries if entry.is_scalar]


def _short(service: Service, said: Word) -> Mount | None:
    """Return the record of `SOURCE:DESTINATION:OPTIONS`; None for a pipe of Windows or a blank."""
    source, destination, options = split_volume(said.text)
    if source.startswith("\\\\.\\pipe") or not (source or destination.strip(UNSET)):
        return None
    words = options.split(",") if options else []
    asked = [_PROPAGATION[each] for each in words if each in _PROPAGATION]
    mount = Mount(said.node)
    mount.put("mount.destination", said.part(destination))
    mount.put("mount.read_only", said.part(options), "ro" in words)
    mount.put("mount.propagation", said.part(options), asked[-1] if asked else "private")
    mount.relabel(said.part(options), bool({"z", "Z"} & set(words)))
    _put_source(service, mount, said.part(source))
    return mount


def _put_source(service: Service, mount: Mount, source: Word) -> None:
    """Set kind, source and whether the engine manages it, from the source as it was written."""
    if is_path(source.text) or "/" in source.text:
        _put_bind(service, mount, source)
    elif source.depends:
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", source.open)
    else:
        _put_volume(service, mount, source.text)


def _put_bind(service: Service, mount: Mount, source: Word) -> None:
    mount.put("mount.kind", None, "bind")
    mount.put("mount.managed", None, False)
    path = resolve(source.text, folder_of(source.node))
    if source.known and not path:
        mount.lacks("mount.source", _CLIMBS)
    else:
        mount.put("mount.source", source, path)


def _put_volume(service: Service, mount: Mount, name: str) -> None:
    """Set what a volume is: kept by the engine, unless its options make it a host path."""
    mount.volume = name
    declared = service.top_level("volumes", name) if name else None
    if declared is not None and declared.is_map and _is_external(declared):
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", "made outside this file: it may be any host path")
        return
    options = None
    if declared is not None and declared.is_map:
        options = declared.get("driver_opts")
    source = optional_word(options, "device") if options is not None else None
    if options is None or source is None:
        mount.put("mount.kind", None, "volume")
        mount.put("mount.managed", None, True)
        # A name of its own, or a driver's options, may well make it another project's, too.
        mount.own_volume = _is_own(service, name) and options is None and not _has_name(declared)
        return
    words = [optional_word(options, "type"), optional_word(options, "o")]
    _put_device(mount, source, [said for said in words if said is not None], options)


def _put_device(mount: Mount, source: Word, said: list[Word], options: Node) -> None:
    """Set what a volume is whose options name a device: a host path, or a file system."""
    unknown = next((one for one in (*said, source) if one.depends), None)
    kind = optional_word(options, "type")
    told = [word.text for word in said if word is not kind]
    shown: str | None = source.text
    if unknown is None:
        shown = shown_path(kind.text if kind else "", "".join(told), source.text)
    if shown == "":
        mount.put("mount.kind", None, "volume")
        mount.put("mount.managed", None, True)
    elif shown is None:
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", FILE_SYSTEM)
    else:
        mount.put("mount.kind", None, "bind")
        mount.put("mount.managed", None, False)
        mount.put_from("mount.source", unknown or source, normal(shown))


def _is_own(service: Service, name: str) -> bool:
    """Say whether a volume is this service's project's: outside of one anybody may use a name."""
    return service.origin.project or not name


def _has_name(declared: Node | None) -> bool:
    return declared is not None and declared.is_map and declared.get("name") is not None


def _is_external(declared: Node) -> bool:
    external = declared.get("external")
    if external is None:
        return False
    return external.is_map or not (said := word(external)).known or truth(said)


def _long(service: Service, entry: Node) -> Mount | None:
    """Return the record of a volume in long form; None for a pipe of Windows."""
    kind = optional_word(entry, "type")
    if kind is not None and kind.text == "npipe":
        return None
    mount = Mount(entry)
    target = optional_word(entry, "target")
    if target is None:
        raise entry.error("a volume needs a target")
    mount.put("mount.destination", target)
    read_only = optional_word(entry, "read_only")
    mount.put("mount.read_only", read_only, truth(read_only) if read_only else False)
    asked = optional_word(entry, "bind", "propagation")
    mount.put(
        "mount.propagation", asked, _PROPAGATION.get(asked.text, asked.text) if asked else "private"
    )
    mount.relabelled = entry.get("bind", "selinux") is not None
    source = optional_word(entry, "source") or Word("", entry)
    _put_kind(service, mount, kind, source)
    return mount


def _put_kind(service: Service, mount: Mount, kind: Word | None, source: Word) -> None:
    if kind is None:
        _put_source(service, mount, source)
    elif kind.depends:
        for field in ("kind", "source", "managed"):
            mount.lacks(f"mount.{field}", kind.open)
    elif kind.text == "bind":
        _put_bind(service, mount, source)
    elif kind.text == "tmpfs":
        put_long_tmpfs(mount, mount.node)
    elif source.depends:
        mount.put("mount.kind", None, "volume")
        mount.lacks("mount.source", source.open)
    else:
        _put_volume(service, mount, source.text)


def _files(service: Service, section: str, folder: str) -> Iterator[Mount]:
    """Yield the configs or secrets of a service: one with a `file` is a bind like any other."""
    entries = service.get(section)
    for entry in entries.elements() if entries is not None else []:
        name = optional_word(entry, "source") if entry.is_map else word(entry)
        if name is None:
            raise entry.error(f"an entry of {section} needs a source")
        target = optional_word(entry, "target") if entry.is_map else None
        said = target or name
        mount = Mount(entry)
        mount.put("mount.destination", said, posixpath.join(folder, said.text))
        mount.put("mount.read_only", None, True)
        mount.put("mount.propagation", None, "private")
        declared = service.top_level(section, name.text)
        file = optional_word(declared, "file") if declared is not None and declared.is_map else None
        if file is not None:
            _put_bind(service, mount, file)
        else:
            mount.put("mount.kind", None, "volume")
            mount.put("mount.managed", None, True)
            mount.own_volume = True
        yield mount
