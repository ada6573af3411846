"""What running VMs may use of a made-up host."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, collect, reason, tree, value

from isoaudit.model import Reason
from isoaudit.probes.host.guest_load import count

STATE = (
    "<domstatus state='running'><domain type='kvm'><memory unit='{}'>{}</memory>"
    "<vcpu placement='static' current='2'>8</vcpu></domain></domstatus>"
)
HOST = {
    "/usr/sbin/libvirtd": "",
    "/proc/meminfo": "MemTotal:        4096 kB\nMemFree:  1 kB\n",
    "/sys/devices/system/cpu/online": "0-3,8\n",
}
RUNNING = "/run/libvirt/qemu"


def test_sums_over_running_domains(tmp_path: Path) -> None:
    """Memory is summed in bytes whatever its unit, CPUs as many as are plugged in."""
    files = {
        **HOST,
        f"{RUNNING}/a.xml": STATE.format("KiB", 1024),
        f"{RUNNING}/b.xml": STATE.format("MB", 3),
        f"{RUNNING}/b.pid": "12",
    }
    facts = collect(tree(tmp_path, files))
    names = ("host.memory.bytes", "host.cpus", "host.guests.memory_bytes", "host.guests.vcpus")
    assert [4_194_304, 5, 4_048_576, 4] == [value(facts, name) for name in names]


def test_no_domain_runs(tmp_path: Path) -> None:
    """Without the folder of running VMs none runs."""
    assert 0 == value(collect(tree(tmp_path, HOST)), "host.guests.memory_bytes")


def test_state_that_may_not_be_read(tmp_path: Path) -> None:
    """The state of running VMs is root's."""
    files = tree(tmp_path, {**HOST, f"{RUNNING}/a.xml": STATE.format("KiB", 1)})
    assert Reason.PERMISSION_DENIED == reason(
        collect(Locked(files, RUNNING)), "host.guests.memory_bytes"
    )


@pytest.mark.parametrize(
    "text", ["<domain", "<domstatus/>", STATE.format("acre", 3), STATE.format("EiB", 9**20)]
)
def test_state_that_is_none(tmp_path: Path, text: str) -> None:
    """A file that is no domain's state leaves the sum open instead of too small."""
    facts = collect(tree(tmp_path, {**HOST, f"{RUNNING}/a.xml": text}))
    assert Reason.PARSE_ERROR == reason(facts, "host.guests.vcpus")


@pytest.mark.parametrize(("text", "cpus"), [("0", 1), ("0-3", 4), ("0,2-3", 3)])
def test_lists_of_cpus(text: str, cpus: int) -> None:
    """A list of CPUs names single ones and ranges."""
    assert cpus == count(text)
