"""What an engine says it puts into a container: mounts, devices, ports, environment.

Sources: Docker Engine API (HostConfig), docs.docker.com (`--device`).
"""

from __future__ import annotations

import posixpath
from typing import Any

from isoaudit.facts.redaction import SECRET
from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer
from isoaudit.probes.docker.mount_points import Beside, mount_records


def note_parts(notes: Notes, inspect: Answer, beside: Beside) -> None:
    """Note the parts mount, device, device_rule, port and environment."""
    host, config = inspect.below("HostConfig"), inspect.below("Config")
    _note_part(notes, "mount", mount_records(inspect, beside), inspect.bare("Mounts"))
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
