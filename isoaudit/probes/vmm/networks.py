"""The network cards of a QEMU command line, and what each is tied to on the host.

Source: qemu(1), network options. Types are those that domains have for the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.model import Record
from isoaudit.probes.vmm.argv import is_on, properties
from isoaudit.probes.vmm.defaults import added
from isoaudit.probes.vmm.line import Line, Origin
from isoaudit.probes.vmm.models import card, model

_TYPES = {
    "tap": "ethernet", "vhost-user": "vhostuser", "vhost-vdpa": "vdpa", "stream": "client",
    "dgram": "udp", "passt": "user",
}  # fmt: skip
_SOURCES = ("br", "ifname", "path", "vhostdev", "mcast", "listen", "connect", "localaddr", "sock",
            "addr.path", "addr.host", "remote.host", "chardev")  # fmt: skip
_CARD = re.compile(r"^(?:e1000|igb|rtl8139|ne2k|pcnet|tulip|i82|vmxnet|rocker|virtio-net|usb-net"
                   r"|pvrdma|lan9118|smc91c111|spapr-vlan|sungem|xgmac|cadence_gem)")  # fmt: skip


def interfaces(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `interface` per card, and per back end that no card names."""
    backends = line.by_id("netdev", "type")
    records, used = [], set()
    for device in line.devices():
        name = device.get("netdev", "")
        if not name and not _CARD.match(device.get("driver", "")):
            continue
        used.add(name)
        # Its back end may be defined elsewhere: then that is not known, and it is no user network.
        backend = backends.get(name)
        records.append(_record(origin, "-device", backend, model(device, line)))
    for name, backend in backends.items():
        if name not in used and backend.get("type") != "hubport":
            records.append(_record(origin, "-netdev", backend, ""))
    records += [_record(origin, f"-{name}", asked, kind) for name, asked, kind in _short(line)]
    if kind := added(line, "card"):
        why = "QEMU's default: nothing was said of a network"
        records.append(_record(origin, "", {"type": "user"}, kind, why))
    return records


def _short(line: Line) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the cards of -nic, and of -net, which puts all of its kind on one hub."""
    for _, value in line.all("nic"):
        asked = properties(value, "type")
        if asked.get("type") != "none":
            yield "nic", asked, card(asked.get("model", ""), line)
    hub = [properties(value, "type") for _, value in line.all("net")]
    cards = [one for one in hub if one.get("type") == "nic"]
    models = [card(one.get("model", ""), line) for one in cards] or [""]
    for asked in hub:
        if asked.get("type") not in {"nic", "none", ""}:
            yield "net", asked, models[0]


def _record(
    origin: Origin, option: str, backend: dict[str, str] | None, kind: str, why: str = ""
) -> Record:
    jotter = origin.record(option)
    if backend is None:
        jotter.missing("interface.type", "its back end is not on this command line")
        jotter.missing("interface.source", "its back end is not on this command line")
    else:
        jotter.fact("interface.type", _type(backend), why)
        jotter.fact("interface.source", _source(backend), why)
    word = "virtio" if kind == "virtio-net" else kind
    jotter.fact("interface.model", word, why)
    jotter.fact("interface.filter", "", "QEMU filters nothing")
    # restrict=on keeps QEMU's own network stack from the host and from what lies beyond.
    alone = backend is not None and backend.get("type") == "user" and is_on(backend.get("restrict"))
    jotter.fact("interface.isolated", alone, "" if alone else "QEMU keeps no guests apart")
    return jotter.record()


def _type(backend: dict[str, str]) -> str:
    kind = backend.get("type", "")
    if kind == "socket":
        words = {"mcast": "mcast", "listen": "server", "connect": "client", "udp": "udp"}
        return next((word for key, word in words.items() if key in backend), "client")
    if kind == "stream" and is_on(backend.get("server")):
        return "server"
    return _TYPES.get(kind, kind)


def _source(backend: dict[str, str]) -> str:
    return next((backend[key] for key in _SOURCES if backend.get(key)), "")
