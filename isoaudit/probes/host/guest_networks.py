"""The networks that VMs of this host are on, and what of the host can be reached from them.

Sources: libvirt's formatnetwork document (forward mode, a network without <forward> is isolated,
<port isolated>), sysfs for bridges that are up. Rules of the packet filter are not read: that takes
netlink or a program; only a kernel without any packet filter is known to filter nothing.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from isoaudit.documents.xml import Element, load
from isoaudit.errors import DocumentError
from isoaudit.model import Missing, Reason, Record, Value
from isoaudit.probes.base import Notes
from isoaudit.probes.host.interfaces import Bridge, bridges
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.kernel_config import KernelConfig
from isoaudit.transports.base import Unreadable

_FOLDER = "/etc/libvirt/qemu/networks"
_MOST = 200
_MOST_SHOWN = 32
_DNS = 53
_FILTERS = (
    ("NF_TABLES", "nf_tables"),
    ("IP_NF_IPTABLES", "ip_tables"),
    ("IP6_NF_IPTABLES", "ip6_tables"),
)
_REMEDY = "nft list ruleset: the input hook, for packets from the bridge."


class _Network(NamedTuple):
    """A network: its name and bridge, what its file says if it has one, and its bridge if up."""

    name: str
    bridge: str
    root: Element | None
    file: str
    live: Bridge | None


def note_guest_networks(sheet: Sheet) -> None:
    """Note the part guest_network: libvirt's networks, and other bridges that guests are on."""
    gaps: list[Missing] = []
    live: dict[str, Bridge] = {}
    try:
        live = bridges(sheet)
    except Unreadable as error:
        gaps.append(error.missing("guest_network", sheet.kernel.vantage))
    networks = _stored(sheet, live, gaps)
    known = {network.bridge for network in networks}
    for name, bridge in live.items():
        if bridge.guests and name not in known:
            networks.append(_Network(name, name, None, "", bridge))
    records = [_record(sheet, network, seen=not gaps or bool(live)) for network in networks]
    sheet.kernel.part("guest_network", records, gaps[0] if gaps else None)


def _stored(sheet: Sheet, live: dict[str, Bridge], gaps: list[Missing]) -> list[_Network]:
    names = sheet.names(_FOLDER)
    if isinstance(names, Unreadable):
        gaps.append(names.missing("guest_network", sheet.kernel.vantage))
        return []
    files = [f"{_FOLDER}/{name}" for name in names if name.endswith(".xml")]
    if len(files) > _MOST:
        detail = f"only the first {_MOST} files of {_FOLDER} were read"
        gaps.append(Missing("guest_network", Reason.LIMIT, detail, "", sheet.kernel.vantage))
    found: list[_Network] = []
    for file in files[:_MOST]:
        try:
            root = load(sheet.whole(file), file)
        except Unreadable as error:
            gaps.append(error.missing("guest_network", sheet.kernel.vantage))
            continue
        except DocumentError as error:
            vantage = sheet.kernel.vantage
            gaps.append(Missing("guest_network", Reason.PARSE_ERROR, error.cause, "", vantage))
            continue
        name, bridge = root.find("name"), root.find("bridge")
        device = bridge.get("name") if bridge is not None else ""
        title = name.text.strip() if name is not None else file
        found.append(_Network(title, device, root, file, live.get(device)))
    return found


def _record(sheet: Sheet, network: _Network, *, seen: bool) -> Record:
    notes = Notes(sheet.kernel.vantage)
    declared = Notes(sheet.declared.vantage)
    source = network.file or f"/sys/class/net/{network.bridge}"
    declared.fact("guest_network.name", network.name, source)
    declared.fact("guest_network.bridge", network.bridge, source)
    addresses = list(network.live.addresses) if network.live else []
    if network.root is not None:
        _note_declared(sheet, declared, network, network.root)
        addresses += [ip.get("address") for ip in network.root.find_all("ip")]
    addresses = [one for one in dict.fromkeys(addresses) if one]
    if seen or addresses:
        notes.fact("guest_network.addresses", addresses, f"{source}, /proc/net/fib_trie")
        _note_exposed(sheet, notes, addresses)
    _note_uplinks(notes, network, declared.value("guest_network.forward"), seen=seen)
    _note_filter(sheet, notes)
    declared.extend(notes)
    return declared.record()


def _note_declared(sheet: Sheet, notes: Notes, network: _Network, root: Element) -> None:
    forward = root.find("forward")
    # NOTE: <forward/> without a mode is nat; without <forward> guests reach the host alone.
    mode = "none" if forward is None else forward.get("mode", "nat")
    notes.fact("guest_network.forward", mode, network.file)
    link = f"{_FOLDER}/autostart/{network.file.rpartition('/')[2]}"
    starts = sheet.exists(link)
    if starts is not None:
        notes.fact("guest_network.autostart", starts, link if starts else f"{link} absent")
    port = root.find("port")
    apart = port is not None and port.get("isolated") == "yes"
    notes.fact("guest_network.isolated_ports", apart, f"{network.file} port")


def _note_uplinks(notes: Notes, network: _Network, mode: Value | None, *, seen: bool) -> None:
    """Note the interfaces that join the bridge to a network outside; libvirt's own have none."""
    fact, place = "guest_network.uplinks", f"/sys/class/net/{network.bridge}"
    if network.live is not None:
        notes.fact(fact, network.live.uplinks, f"{place}/brif")
    elif mode in {"none", "nat", "route", "open"} and seen:
        notes.fact(fact, [], f"{network.file} forward: a bridge that libvirt makes without any")
    else:
        detail = f"{place} is not up, or cannot be seen"
        notes.missing(fact, Reason.NOT_SUPPORTED, detail, "Scan while the network is up.")


def _note_exposed(sheet: Sheet, notes: Notes, addresses: list[str]) -> None:
    """Note the services that listen where guests of a network reach the host."""
    fact, by_ssh = "guest_network.exposed", "guest_network.sshd_reachable"
    if not addresses:
        source = "the host has no address there"
        notes.fact(fact, [], source)
        notes.fact(by_ssh, False, source)
        return
    several = sheet.kernel.factset().parts.get("listener")
    if not several or several[0].incomplete is not None:
        detail = "what listens on this host is not all known"
        for one in (fact, by_ssh):
            notes.missing(one, Reason.PERMISSION_DENIED, detail, "Run isoaudit as root.")
        return
    reached = [_endpoint(record) for record in several[0].records]
    reached = [(host, port) for host, port in reached if _meets(host, port)]
    names = [f"{'[' + host + ']' if ':' in host else host}:{port}" for host, port in reached]
    source = "/proc/1/net/tcp, tcp6: listeners on any address but loopback"
    notes.fact(fact, names[:_MOST_SHOWN], source)
    ports = sheet.known("host.sshd.ports")
    known = ports if isinstance(ports, tuple) else ("22",)
    # NOTE: on port 22 somebody answers for SSH, whether it is OpenSSH or not.
    met = any(str(port) in known for _, port in reached)
    notes.fact(by_ssh, met, f"{source}; port {', '.join(known)}")


def _endpoint(record: Record) -> tuple[str, int]:
    address, port = (record.facts[f"listener.{name}"].value for name in ("address", "port"))
    return str(address), int(str(port))


def _meets(host: str, port: int) -> bool:
    """Say whether a guest reaches a listener; name servers made for networks are theirs.

    Linux answers for each of its addresses on every interface, the weak host model of RFC 1122
    3.3.4.2: an address on another network keeps nobody out.
    """
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_loopback and (address.is_unspecified or port != _DNS)


def _note_filter(sheet: Sheet, notes: Notes) -> None:
    """Note that nothing is filtered, where the kernel has no packet filter at all."""
    fact, config = "guest_network.filtered", sheet.config()
    if not isinstance(config, Unreadable):
        there = [name for option, name in _FILTERS if _loaded(sheet, config, option, name)]
        if not there:
            source = f"{config.source}: no packet filter is built in or loaded"
            notes.fact(fact, False, source)
            return
    notes.missing(fact, Reason.NOT_SUPPORTED, "rules of the packet filter are not read", _REMEDY)


def _loaded(sheet: Sheet, config: KernelConfig, option: str, module: str) -> bool:
    built = config.get(option, "n")
    return built == "y" or (built == "m" and sheet.exists(f"/sys/module/{module}") is not False)
