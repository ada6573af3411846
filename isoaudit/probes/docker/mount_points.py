"""The mounts of a container as an engine was asked for them, and what they are shared with.

Sources: Docker Engine API (MountPoint, Mount, HostConfig.Tmpfs), docs.docker.com (bind
propagation), moby daemon/oci_linux.go (a tmpfs is noexec, nosuid and nodev unless told otherwise).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import tmpfs_options, tmpfs_size_limited
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.neighbours import Neighbours
from isoaudit.probes.writers import EVERYONE, THIS_CONTAINER, source_writers
from isoaudit.transports import Files, Unreadable

_KINDS = {"bind": "bind", "volume": "volume", "cluster": "volume", "image": "volume"}
_PROPAGATION = ("private", "slave", "shared", "unbindable")
_OF_THE_HOST = "a bind takes them over from the mount of the host that it lies in"
_ELSEWHERE = "the folders on the way to it are those of another machine, or were not looked at"

Devices = dict[str, str] | Unreadable
"""The host path behind every volume by its name, "" for an ordinary one; or why nobody knows."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a container's mounts are read beside.

    `volumes` is asked only where a volume is mounted. `files` are those of the container's host,
    where that is proven and no stronger vantage will look at its mounts.
    """

    volumes: Callable[[], Devices]
    neighbours: Neighbours = field(default_factory=Neighbours)
    files: Files | None = None


def mount_records(inspect: Answer, beside: Beside) -> list[Record] | None:
    """Return a record for every mount that was asked for, None if the answer has no list."""
    host, mounts = inspect.below("HostConfig"), inspect.objects("Mounts")
    if mounts is None:
        return None
    records = [_record(inspect, mount, beside) for mount in mounts]
    for destination, options in (host.table("Tmpfs") or {}).items():
        notes = Notes(Vantage.ENGINE)
        source = host.source("Tmpfs")
        words = options.split(",") if isinstance(options, str) else []
        notes.fact("mount.kind", "tmpfs", source)
        notes.fact("mount.destination", str(destination), source)
        notes.fact("mount.read_only", "ro" in words, source)
        notes.fact("mount.managed", False, source)
        notes.fact("mount.propagation", "private", "engine default")
        _note_tmpfs(notes, words, inspect.engine, source)
        records.append(notes.record())
    return records


def _record(inspect: Answer, mount: Answer, beside: Beside) -> Record:
    notes = Notes(Vantage.ENGINE)
    source = _note_source(notes, mount, beside)
    notes.fact("mount.destination", mount.text("Destination") or "", mount.source("Destination"))
    writable = mount.flag("RW")
    if writable is None:
        detail = f"{mount.source('RW')} is not in the answer"
        notes.missing("mount.read_only", Reason.NOT_SUPPORTED, detail)
    else:
        notes.fact("mount.read_only", not writable, mount.source("RW"))
    _note_propagation(notes, mount)
    if mount.text("Type") == "tmpfs":
        words, where = _mount_options(inspect, mount.text("Destination") or "")
        _note_tmpfs(notes, words, inspect.engine, where)
        return notes.record()
    notes.missing("mount.options", Reason.NOT_SUPPORTED, _OF_THE_HOST)
    _note_shared(notes, inspect, mount, beside.neighbours)
    if source:
        _note_writers(notes, inspect, source, beside.files)
    return notes.record()


def _note_source(notes: Notes, mount: Answer, beside: Beside) -> str:
    """Note what is mounted; return the host path if it is a bind, "" otherwise."""
    word, source = mount.text("Type") or "", mount.text("Source") or ""
    kind = _KINDS.get(word, "tmpfs" if word == "tmpfs" else "bind")
    behind = _behind(mount, beside.volumes)
    if isinstance(behind, Missing):
        for path in ("mount.kind", "mount.source", "mount.managed"):
            notes.lacks(behind._replace(path=path))
        return ""
    if behind:
        kind, source = "bind", behind
    notes.fact("mount.kind", kind, mount.source("Type"))
    notes.fact("mount.managed", kind == "volume", mount.source("Type"))
    if source and kind != "tmpfs":
        notes.fact("mount.source", _trimmed(source), mount.source("Source"))
    elif kind == "bind":
        detail = f"{mount.source('Source')} is empty"
        notes.missing("mount.source", Reason.NOT_SUPPORTED, detail)
    return _trimmed(source) if source and kind == "bind" else ""


def _behind(mount: Answer, volumes: Callable[[], Devices]) -> str | Missing:
    """Return the host path behind a volume that is a bind in disguise, "" for any other mount."""
    if mount.text("Type") != "volume" or mount.text("Driver") not in {"local", ""}:
        return ""
    name, path = mount.text("Name") or "", "mount.kind"
    known = volumes()
    if isinstance(known, Unreadable):
        return known.missing(path, Vantage.ENGINE)
    if name not in known:
        detail = f"{mount.source('Name')}: the engine lists no volume {name}"
        return Missing(path, Reason.VANISHED, detail, "Scan again.", Vantage.ENGINE)
    return known[name]


def volume_devices(volumes: list[dict[str, Any]]) -> dict[str, str]:
    """Return `{name: host path}` of an engine's volumes, "" for one that is no bind in disguise.

    The local driver mounts whatever `device` and `o=bind` say (`docker volume create --opt`).
    """
    devices: dict[str, str] = {}
    for number, listed in enumerate(volumes):
        volume = Answer(listed, f"Volumes[{number}]", "")
        options = volume.table("Options") or {}
        device, words = options.get("device"), str(options.get("o", ""))
        bound = isinstance(device, str) and not {"bind", "rbind"}.isdisjoint(words.split(","))
        devices[volume.text("Name") or ""] = str(device) if bound else ""
    return devices


def _note_propagation(notes: Notes, mount: Answer) -> None:
    propagation = mount.text("Propagation")
    if propagation is not None:
        word = propagation.removeprefix("r") or "private"
        words = mount.source("Propagation") if propagation else "engine default"
        notes.fact("mount.propagation", word if word in _PROPAGATION else "private", words)


def _mount_options(inspect: Answer, destination: str) -> tuple[list[str], str]:
    """Return what `--mount type=tmpfs` gave as options, and where that is said."""
    host = inspect.below("HostConfig")
    for mount in host.objects("Mounts") or []:
        if mount.text("Target") == destination:
            options = mount.below("TmpfsOptions")
            given = options.raw("Options")
            words = ["=".join(map(str, one)) for one in given or [] if isinstance(one, list)]
            size = options.number("SizeBytes")
            return [*words, *([f"size={size}"] if size else [])], options.source("SizeBytes")
    return [], host.source("Mounts")


def _note_tmpfs(notes: Notes, words: list[str], engine: str, source: str) -> None:
    """Note what a tmpfs refuses and whether its size is bounded; podman names all it gives."""
    held = tmpfs_options(words, restricted=engine != "podman")
    remark = source if engine == "podman" else f"{source} on the engine's default"
    notes.fact("mount.options", held, remark)
    notes.fact("mount.size_limited", tmpfs_size_limited(words), source)


def _note_shared(notes: Notes, inspect: Answer, mount: Answer, neighbours: Neighbours) -> None:
    """Note the other containers that mount the same, as the engine lists them."""
    path, source = "mount.shared_with", mount.text("Source") or ""
    writable = mount.flag("RW") is not False
    names = neighbours.sharing(inspect.text("Id") or "", source, writable=writable)
    if names is None or not source:
        not_told(notes, path, mount, "Source")
    elif names and neighbours.in_pod(inspect.below("HostConfig")):
        unreliable(notes, path, "whose pod the others are in, podman's compatible API does not say")
    else:
        notes.fact(path, names, "the engine's list of containers, Mounts")


def _note_writers(notes: Notes, inspect: Answer, source: str, files: Files | None) -> None:
    """Note who can replace the host path: by the folders on the way, and by other mounts here."""
    path, writers = "mount.source_writers", [THIS_CONTAINER] * _lies_in_another(inspect, source)
    where = "the other mounts of the container"
    if files is not None:
        try:
            writers += source_writers(files, source)
            where = f"stat of each folder above {source}"
        except Unreadable as error:
            if not writers:
                notes.lacks(error.missing(path, Vantage.ENGINE))
                return
    elif not writers:
        notes.missing(path, Reason.OTHER_HOST, _ELSEWHERE, "Scan the running container as root.")
        return
    notes.fact(path, [EVERYONE] if EVERYONE in writers else sorted(writers), where)


def _lies_in_another(inspect: Answer, source: str) -> bool:
    """Say whether a host path lies below another one that the container binds and can write to."""
    for other in inspect.objects("Mounts") or []:
        folder = (other.text("Source") or "").rstrip("/")
        bound = other.text("Type") == "bind" and other.flag("RW") is not False
        if bound and source.startswith(f"{folder}/"):
            return True
    return False


def _trimmed(path: str) -> str:
    return path.rstrip("/") or "/"
