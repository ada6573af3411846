"""Networks of VMs and the host's SSH server on made-up hosts: what guests reach of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_trees import Locked, built_with, collect, reason, records, tree, value

from isoaudit.model import FactSet, Reason

NETWORKS = "/etc/libvirt/qemu/networks"
DEFAULT = (
    "<network><name>default</name><bridge name='virbr0'/><forward/>"
    "<ip address='192.168.122.1' netmask='255.255.255.0'/></network>"
)
LISTEN = "  sl  local_address rem_address   st\n"
ROW = "   0: {}:{:04X} 00000000:0000 0A 0 0 0 0 0 1\n"
ANY, VIRBR0, LOOPBACK = "00000000", "017AA8C0", "0100007F"
FIB = (
    "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.5\n        /32 host LOCAL\n"
    "     |-- 10.0.0.255\n        /32 link BROADCAST\n"
    "     |-- 192.168.122.1\n        /32 host LOCAL\n"
)
ROUTES = (
    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    "br0 00000000 0100000A 0003 0 0 0 00000000 0 0 0\n"
    "br0 0000000A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
    "virbr0 007AA8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
)
NET = {
    "/sys/kernel/mm/ksm/run": "0\n",
    "/proc/net/fib_trie": FIB,
    "/proc/net/route": ROUTES,
    "/proc/net/if_inet6": "fd000000000000000000000000000002 04 40 00 82 br0\n",
    "/sys/class/net/lo/mtu": "",
}


def listening(*rows: tuple[str, int]) -> dict[str, str]:
    text = LISTEN + "".join(ROW.format(address, port) for address, port in rows)
    return {"/proc/1/net/tcp": text, "/proc/1/net/tcp6": LISTEN}


def bridge(name: str, *members: str) -> dict[str, str]:
    """Return a bridge that is up; vnet0 is a guest's, eth0 hardware, bond0 stands on hardware."""
    files = {f"/sys/class/net/{name}/bridge/ageing_time": "", f"/sys/class/net/{name}/brif/.": ""}
    files.pop(f"/sys/class/net/{name}/brif/.")
    for member in members:
        files[f"/sys/class/net/{name}/brif/{member}/port_no"] = ""
        sign = {"v": "tun_flags", "e": "device/vendor", "b": "bonding/mode"}.get(member[0], "mtu")
        files[f"/sys/class/net/{member}/{sign}"] = ""
    return files


def networks(facts: FactSet) -> dict[Any, dict[str, Any]]:
    return {one["name"]: one for one in records(facts, "guest_network")}


def test_libvirts_default_network(tmp_path: Path) -> None:
    """A network is told by its file, whether it is up or not; its name server is its own."""
    files = {
        f"{NETWORKS}/default.xml": DEFAULT,
        f"{NETWORKS}/autostart/default.xml": DEFAULT,
        **NET,
        **listening((ANY, 22), (VIRBR0, 53), (VIRBR0, 9100), (LOOPBACK, 631)),
        "/usr/sbin/sshd": "",
    }
    expected = {
        "name": "default",
        "bridge": "virbr0",
        "forward": "nat",
        "autostart": True,
        "isolated_ports": False,
        "addresses": ("192.168.122.1",),
        "uplinks": (),
        "exposed": ("0.0.0.0:22", "192.168.122.1:9100"),
        "sshd_reachable": True,
    }
    assert {"default": expected} == networks(collect(tree(tmp_path, files)))


def test_a_service_on_another_address_of_the_host_is_within_reach(tmp_path: Path) -> None:
    """Linux takes packets for any of its addresses on any interface: only loopback is apart."""
    files = {
        f"{NETWORKS}/default.xml": DEFAULT,
        **NET,
        **listening(("0500000A", 22), (LOOPBACK, 631), ("0200007F", 25)),
    }
    seen = networks(collect(tree(tmp_path, files)))["default"]
    assert (("10.0.0.5:22",), True) == (seen["exposed"], seen["sshd_reachable"])


@pytest.mark.parametrize(
    ("files", "port", "reachable"),
    [
        ({}, 22, True),
        ({"/usr/sbin/sshd": ""}, 22, True),
        ({"/usr/sbin/sshd": "", "/etc/ssh/sshd_config": "Port 2222\n"}, 2222, True),
        ({"/usr/sbin/sshd": ""}, 2222, False),
    ],
)
def test_an_ssh_server_within_reach(
    tmp_path: Path, files: dict[str, str], port: int, *, reachable: bool
) -> None:
    """The port that OpenSSH was given counts, and the usual one whoever listens on it."""
    made = {f"{NETWORKS}/default.xml": DEFAULT, **NET, **listening((ANY, port)), **files}
    seen = networks(collect(tree(tmp_path, made)))
    assert reachable is seen["default"]["sshd_reachable"]


@pytest.mark.parametrize(
    ("inside", "forward", "isolated"),
    [
        ("", "none", False),
        ("<forward mode='route'/>", "route", False),
        ("<forward mode='bridge'/><bridge name='br0'/><port isolated='yes'/>", "bridge", True),
    ],
)
def test_kinds_of_networks(tmp_path: Path, inside: str, forward: str, *, isolated: bool) -> None:
    """A network without <forward> has no way out; ports may be kept apart."""
    text = f"<network><name>n</name>{inside}</network>"
    seen = networks(collect(tree(tmp_path, {f"{NETWORKS}/n.xml": text, **NET, **listening()})))
    assert (forward, isolated) == (seen["n"]["forward"], seen["n"]["isolated_ports"])


def test_a_bridge_that_joins_guests_and_the_hosts_own_network(tmp_path: Path) -> None:
    """A bridge with a guest's interface counts without libvirt; the host's addresses are found."""
    files = {**NET, **bridge("br0", "vnet0", "eth0", "bond0", "dummy0"), **listening((ANY, 22))}
    seen = networks(collect(tree(tmp_path, files)))["br0"]
    assert ("bond0", "eth0") == seen["uplinks"]
    assert ("10.0.0.5", "fd00::2") == seen["addresses"]
    assert "forward" not in seen


def test_a_bridge_without_guests_is_none_of_theirs(tmp_path: Path) -> None:
    """A bridge for containers is no network of VMs."""
    files = {**NET, **bridge("cni0", "dummy0"), **listening()}
    assert {} == networks(collect(tree(tmp_path, files)))


def test_guests_on_a_bridge_without_an_address_reach_nothing(tmp_path: Path) -> None:
    """Where the host has no address nothing of it can be reached, whatever listens."""
    files = {**NET, **bridge("br7", "vnet0"), **listening((ANY, 22))}
    seen = networks(collect(tree(tmp_path, files)))["br7"]
    assert ((), (), False) == (seen["addresses"], seen["exposed"], seen["sshd_reachable"])


def test_a_bridge_that_is_not_up(tmp_path: Path) -> None:
    """What an admin's bridge is plugged into shows only while it is up."""
    text = "<network><name>n</name><forward mode='bridge'/><bridge name='br0'/></network>"
    facts = collect(tree(tmp_path, {f"{NETWORKS}/n.xml": text, **NET, **listening()}))
    assert "guest_network.uplinks" in facts.parts["guest_network"][0].records[0].missing


@pytest.mark.parametrize(
    ("options", "filtered"),
    [
        ("NF_TABLES=n IP_NF_IPTABLES=n", False),
        ("NF_TABLES=m IP_NF_IPTABLES=m", False),
        ("NF_TABLES=y", None),
    ],
)
def test_only_a_kernel_without_packet_filter_is_known_to_filter_nothing(
    tmp_path: Path, options: str, *, filtered: bool | None
) -> None:
    """Rules are not read: where a filter may be, whether it holds guests back is not known."""
    files = tree(tmp_path, {f"{NETWORKS}/default.xml": DEFAULT, **NET, **listening()})
    built_with(tmp_path, options)
    assert filtered is networks(collect(files))["default"].get("filtered")


def test_listeners_that_were_not_read(tmp_path: Path) -> None:
    """What listens is not known without /proc/net/tcp, and so not what guests reach."""
    files = tree(tmp_path, {f"{NETWORKS}/default.xml": DEFAULT, **NET})
    assert "exposed" not in networks(collect(files))["default"]


@pytest.mark.parametrize("closed", [NETWORKS, f"{NETWORKS}/default.xml", "/sys/class/net"])
def test_what_may_not_be_read_leaves_the_part_incomplete(tmp_path: Path, closed: str) -> None:
    """libvirt's files are root's; without them there may be more networks."""
    files = tree(tmp_path, {f"{NETWORKS}/default.xml": DEFAULT, **NET, **listening()})
    assert collect(Locked(files, closed)).parts["guest_network"][0].incomplete is not None


def test_a_broken_network_leaves_the_others(tmp_path: Path) -> None:
    """One file that is no XML is a gap, and the other network is told."""
    files = {f"{NETWORKS}/a.xml": "<network>", f"{NETWORKS}/default.xml": DEFAULT, **NET}
    facts = collect(tree(tmp_path, {**files, **listening()}))
    gap = facts.parts["guest_network"][0].incomplete
    assert gap is not None
    assert (Reason.PARSE_ERROR, ["default"]) == (gap.reason, list(networks(facts)))


SSHD = {"/usr/sbin/sshd": ""}
CONF = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/10-own.conf"


def sshd(facts: FactSet) -> tuple[Any, ...]:
    names = ("listen_addresses", "ports", "permit_root_login", "password_authentication")
    return tuple(value(facts, f"host.sshd.{name}") for name in names)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ((), ("22",), "prohibit-password", True)),
        (
            {CONF: "Port 2222\nListenAddress 10.0.0.5\nPermitRootLogin yes\nPermitRootLogin no\n"},
            (("10.0.0.5",), ("2222",), "yes", True),
        ),
        (
            {
                CONF: "Include sshd_config.d/*.conf\nPasswordAuthentication yes\n",
                DROP_IN: "PasswordAuthentication=no\nMatch User eve\nPermitRootLogin yes\n",
            },
            ((), ("22",), "prohibit-password", False),
        ),
        ({CONF: f"Include {CONF}\nPermitRootLogin No # none\n"}, ((), ("22",), "no", True)),
    ],
)
def test_sshd(tmp_path: Path, files: dict[str, str], expected: tuple[Any, ...]) -> None:
    """The first value stands, drop-ins count in place, Match holds for some connections only."""
    assert expected == sshd(collect(tree(tmp_path, {**SSHD, **files})))


def test_sshd_is_not_here(tmp_path: Path) -> None:
    """Without its program nothing more is said of it."""
    facts = collect(tree(tmp_path))
    assert False is value(facts, "host.sshd.present")
    assert "host.sshd.ports" not in facts.facts


def test_a_drop_in_of_sshd_that_may_not_be_read(tmp_path: Path) -> None:
    """What it sets may be the first value of any keyword: none of them is known."""
    files = {**SSHD, CONF: "Include sshd_config.d/*.conf\n", DROP_IN: "Port 1\n"}
    facts = collect(Locked(tree(tmp_path, files), DROP_IN))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.sshd.permit_root_login")
