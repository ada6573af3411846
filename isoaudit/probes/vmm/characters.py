"""The character devices of a QEMU command line: serial ports, channels, and where they lead.

Source: qemu(1), character device options. Ports of a kind are numbered as QEMU numbers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.model import Record
from isoaudit.probes.vmm.argv import properties
from isoaudit.probes.vmm.defaults import added
from isoaudit.probes.vmm.line import Line, Origin

_NETWORK = frozenset({"tcp", "telnet", "tn3270", "websocket", "wss"})
_BACKENDS = {"serial": "dev", "tty": "dev", "parallel": "dev", "parport": "dev",
             "memory": "ringbuf"}  # fmt: skip
_ROLES = {"isa-serial": "serial", "pci-serial": "serial", "usb-serial": "serial",
          "isa-parallel": "parallel", "virtconsole": "console", "virtserialport": "channel",
          "usb-redir": "redirdev"}  # fmt: skip


class Backend(NamedTuple):
    """Where a character device leads, in the words that domains have; `kind` "" is elsewhere."""

    kind: str
    address: str = ""
    tls: bool = False


class _Port(NamedTuple):
    option: str
    role: str
    name: str
    backend: Backend


def character_devices(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `character_device` per port, channel and source of entropy."""
    return [_record(one, origin) for one in (*_devices(line), *_short(line), *_entropy(line))]


def _devices(line: Line) -> Iterator[_Port]:
    chardevs = line.by_id("chardev", "backend")
    counts: dict[str, int] = {}
    for device in line.devices():
        role = _ROLES.get(device.get("driver", ""))
        if role is None:
            continue
        number = counts.get(role, 0)
        counts[role] = number + 1
        name = device.get("name") or device.get("index") or str(number)
        name = "usb" if role == "redirdev" else name
        yield _Port("-device", role, name, backend(chardevs.get(device.get("chardev", ""))))


def _short(line: Line) -> Iterator[_Port]:
    """Yield the ports of -serial, -parallel and -debugcon, and those that QEMU adds."""
    chardevs = line.by_id("chardev", "backend")
    for option in ("serial", "parallel"):
        for number, (_, value) in enumerate(line.all(option)):
            if value not in {"none", "null"}:
                yield _Port(f"-{option}", option, str(number), short(value, chardevs))
        if added(line, option):
            stdio = option == "serial" and line.has("nographic")
            yield _Port("", option, "0", Backend("stdio" if stdio else "vc"))


def _entropy(line: Line) -> Iterator[_Port]:
    chardevs = line.by_id("chardev", "backend")
    number = 0
    for _, value in line.all("object"):
        asked = properties(value, "qom-type")
        kind = asked.get("qom-type", "")
        if not kind.startswith("rng-"):
            continue
        found = Backend(kind.removeprefix("rng-"), asked.get("filename", ""))
        if kind == "rng-random":
            found = found._replace(address=found.address or "/dev/urandom")
        if kind == "rng-egd":
            found = backend(chardevs.get(asked.get("chardev", "")))
        yield _Port("-object", "rng", f"rng{number}", found)
        number += 1


def backend(device: dict[str, str] | None) -> Backend:
    """Return where a -chardev leads."""
    if device is None:
        return Backend("")
    kind = device.get("backend", "")
    if kind == "socket" and "path" in device:
        return Backend("unix", device["path"])
    if kind == "socket":
        return Backend("" if "fd" in device else "tcp", device.get("host", ""),
                       "tls-creds" in device)  # fmt: skip
    if kind == "udp":
        return Backend("udp", device.get("host", ""))
    path = device.get("path", "")
    return Backend(_BACKENDS.get(kind, kind), "" if path.startswith("/dev/fdset/") else path)


def short(text: str, chardevs: dict[str, dict[str, str]]) -> Backend:
    """Return where QEMU's short form of a character device leads, as `tcp:HOST:PORT,server`."""
    scheme, colon, rest = text.removeprefix("mon:").partition(":")
    if scheme == "chardev" and colon:
        return backend(chardevs.get(rest))
    address = properties(rest, "address").get("address", "")
    if scheme in _NETWORK and colon:
        return Backend("tcp", address.rpartition(":")[0], "tls-creds" in rest)
    if scheme == "udp" and colon:
        return Backend("udp", address.partition("@")[0].rpartition(":")[0])
    if scheme in {"unix", "file", "pipe"} and colon:
        return Backend(scheme, address)
    if scheme.startswith("/dev/"):
        return Backend("dev", scheme)
    return Backend(scheme.partition(",")[0])


def _record(port: _Port, origin: Origin) -> Record:
    jotter = origin.record(port.option)
    why = "" if port.option else "QEMU's default: -nodefaults is not there"
    jotter.fact("character_device.role", port.role, why)
    jotter.fact("character_device.name", port.name, why)
    if not port.backend.kind:
        for field in ("backend", "address"):
            jotter.missing(f"character_device.{field}", "its end was opened by somebody else")
        return jotter.record()
    jotter.fact("character_device.backend", port.backend.kind, why)
    jotter.fact("character_device.address", port.backend.address, why)
    if port.backend.kind == "tcp":
        jotter.fact("character_device.tls", port.backend.tls)
    return jotter.record()
