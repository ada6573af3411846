"""What an engine says it puts into a container: mounts, devices, ports, environment.

Sources: Docker Engine API (MountPoint, HostConfig), docs.docker.com (bind propagation, `--device`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from isoaudit.facts.redaction import SECRET
from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer
from isoaudit.transports import Unreadable

_KINDS = {"bind": "bind", "volume": "volume", "cluster": "volume", "image": "volume"}
_PROPAGATION = ("private", "slave", "shared", "unbindable")


Devices = dict[str, str] | Unreadable
"""The host path behind every volume by its name, "" for an ordinary one; or why nobody knows."""


def note_parts(notes: Notes, inspect: Answer, volumes: Callable[[], Devices]) -> None:
    """Note the parts mount, device, device_rule, port and environment.

    `volumes` is asked only where a volume is mounted.
    """
    host, config = inspect.below("HostConfig"), inspect.below("Config")
    _note_part(notes, "mount", mount_records(inspect, volumes), inspect.bare("Mounts"))
    _note_part(notes, "device", _devices(host), host.source("Devices"))
    _note_part(notes, "device_rule", _rules(host), host.source("DeviceCgroupRules"))
    _note_part(notes, "port", _ports(inspect), host.source("PortBindings"))
    _note_part(notes, "environment", _environment(config), config.source("Env"))


def _note_part(notes: Notes, name: str, records: list[Record] | None, source: str) -> None:
    """Note one part, or that the answer lacks the list it is made from."""
    if records is None:
        notes.missing(name, Reason.NOT_SUPPORTED, f"{source} is not in the engine's answer")
    else:
        notes.part(name, records)


def mount_records(inspect: Answer, volumes: Callable[[], Devices]) -> list[Record] | None:
    """Return a record for every mount that was asked for, None if the answer has no list."""
    host = inspect.below("HostConfig")
    mounts = inspect.objects("Mounts")
    tmpfs = host.table("Tmpfs")
    if mounts is None:
        return None
    records = [_mount(mount, _behind(mount, volumes)) for mount in mounts]
    for destination, options in (tmpfs or {}).items():
        notes = Notes(Vantage.ENGINE)
        source = host.source("Tmpfs")
        words = options.split(",") if isinstance(options, str) else []
        notes.fact("mount.kind", "tmpfs", source)
        notes.fact("mount.destination", str(destination), source)
        notes.fact("mount.read_only", "ro" in words, source)
        notes.fact("mount.managed", False, source)
        notes.fact("mount.propagation", "private", "engine default")
        records.append(notes.record())
    return records


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


def _mount(mount: Answer, behind: str | Missing) -> Record:
    notes = Notes(Vantage.ENGINE)
    word, source = mount.text("Type") or "", mount.text("Source") or ""
    destination = mount.text("Destination") or ""
    kind = _KINDS.get(word, "tmpfs" if word == "tmpfs" else "bind")
    if isinstance(behind, Missing):
        for path in ("mount.kind", "mount.source", "mount.managed"):
            notes.lacks(behind._replace(path=path))
    elif behind:
        kind, source = "bind", behind
    told = not isinstance(behind, Missing)
    if told:
        notes.fact("mount.kind", kind, mount.source("Type"))
        notes.fact("mount.managed", kind == "volume", mount.source("Type"))
    if told and source and kind != "tmpfs":
        notes.fact("mount.source", _trimmed(source), mount.source("Source"))
    elif kind == "bind":
        detail = f"{mount.source('Source')} is empty"
        notes.missing("mount.source", Reason.NOT_SUPPORTED, detail)
    notes.fact("mount.destination", destination, mount.source("Destination"))
    writable = mount.flag("RW")
    if writable is None:
        detail = f"{mount.source('RW')} is not in the answer"
        notes.missing("mount.read_only", Reason.NOT_SUPPORTED, detail)
    else:
        notes.fact("mount.read_only", not writable, mount.source("RW"))
    _note_mode(notes, mount)
    return notes.record()


def _note_mode(notes: Notes, mount: Answer) -> None:
    propagation = mount.text("Propagation")
    if propagation is not None:
        word = propagation.removeprefix("r") or "private"
        words = mount.source("Propagation") if propagation else "engine default"
        notes.fact("mount.propagation", word if word in _PROPAGATION else "private", words)
    mode = mount.text("Mode")
    if mode is not None:
        relabel = not {"z", "Z"}.isdisjoint(mode.split(","))
        notes.fact("mount.relabel", relabel, mount.source("Mode"))


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


def _devices(host: Answer) -> list[Record] | None:
    devices, requests = host.objects("Devices"), host.objects("DeviceRequests") or []
    if devices is None:
        return None
    records = []
    if host.flag("Privileged"):
        # Every node of the host appears in the container, though none is named.
        records.append(_device("/dev", "/dev", "rwm", host.source("Privileged")))
    for device in devices:
        path = device.text("PathOnHost") or ""
        inside = device.text("PathInContainer") or path
        allowed = device.text("CgroupPermissions") or "rwm"
        records.append(_device(path, inside, allowed, host.source("Devices")))
    for request in requests:
        source = host.source("DeviceRequests")
        records += [_device(name, name, "rw", source) for name in _requested(request)]
    return records


def _requested(request: Answer) -> list[str]:
    """Return names for a device request: CDI names as they are, others as `driver=id`."""
    driver = request.text("Driver") or "gpu"
    names = request.names("DeviceIDs") or []
    if driver == "cdi":
        return names
    return [f"{driver}={name}" for name in names or ["all"]]


def _device(path: str, inside: str, allowed: str, source: str) -> Record:
    notes = Notes(Vantage.ENGINE)
    if path.startswith("/"):
        path = "/" + posixpath.normpath(path).lstrip("/")
    notes.fact("device.path", path, source)
    notes.fact("device.destination", inside, source)
    notes.fact("device.permissions", allowed, source)
    return notes.record()


def _rules(host: Answer) -> list[Record] | None:
    rules = host.names("DeviceCgroupRules")
    if rules is None:
        return None
    records = [_rule(rule, host.source("DeviceCgroupRules")) for rule in rules]
    return [_rule("a", host.source("Privileged")), *records] if host.flag("Privileged") else records


def _rule(rule: str, source: str) -> Record:
    """Return the record of a rule such as `c 10:* rwm`; `a` alone means everything."""
    notes = Notes(Vantage.ENGINE)
    words = [*rule.split(), "", "", ""]
    major, _, minor = words[1].partition(":")
    notes.fact("device_rule.type", words[0], source)
    notes.fact("device_rule.major", major or "*", source)
    notes.fact("device_rule.minor", minor or "*", source)
    notes.fact("device_rule.access", words[2] or "rwm", source)
    return notes.record()


def _ports(inspect: Answer) -> list[Record] | None:
    """Return the published ports: as they are while it runs, as asked for otherwise.

    With the network mode host or none an engine publishes nothing of what was asked for.
    """
    host, network = inspect.below("HostConfig"), inspect.below("NetworkSettings")
    asked, actual = host.table("PortBindings"), network.table("Ports")
    if asked is None:
        return None
    runs = inspect.below("State").flag("Running") is True and network.has("Ports")
    shown = actual is not None and (runs or bool(actual))
    answer, key, table = (
        (network, "Ports", actual or {}) if shown else (host, "PortBindings", asked)
    )
    records = []
    for port, bindings in table.items():
        several = bindings if isinstance(bindings, list) else []
        source = answer.source(key)
        records += [_port(str(port), one, source) for one in several if isinstance(one, dict)]
    if not records and not runs and host.flag("PublishAllPorts"):
        exposed = inspect.below("Config").table("ExposedPorts") or {}
        records = [_port(str(port), {}, host.source("PublishAllPorts")) for port in exposed]
    return records


def _port(port: str, binding: dict[str, Any], source: str) -> Record:
    notes = Notes(Vantage.ENGINE)
    number, _, protocol = port.partition("/")
    notes.fact("port.host_address", str(binding.get("HostIp") or ""), source)
    notes.fact("port.host_port", _int(binding.get("HostPort")), source)
    notes.fact("port.container_port", _int(number), source)
    notes.fact("port.protocol", protocol or "tcp", source)
    return notes.record()


def _int(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() else 0


def _environment(config: Answer) -> list[Record] | None:
    """Return names only; the transport has put what the value looks like in its place."""
    entries = config.names("Env")
    if entries is None:
        return None
    records = []
    for entry in entries:
        name, _, value = entry.partition("=")
        notes = Notes(Vantage.ENGINE)
        notes.fact("environment.name", name, config.source("Env"))
        notes.fact("environment.secret", value == SECRET, config.source("Env"))
        records.append(notes.record())
    return records


def _trimmed(path: str) -> str:
    return path.rstrip("/") or "/"
