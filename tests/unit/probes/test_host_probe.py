"""The host probe as a whole: a real machine, its recording, a host that is hard to read."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from host_trees import BASE, Locked, collect, reason, tree, value

from isoaudit.errors import TargetError
from isoaudit.facts.spec import FactType
from isoaudit.facts.vocabulary import facts as vocabulary
from isoaudit.facts.vocabulary import parts
from isoaudit.model import FactSet, Kind, Reason, Vantage
from isoaudit.probes.host import HostProbe
from isoaudit.transports.base import Files
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import replay

RECORDING = Path(__file__).parents[2] / "recordings" / "host" / "debian12-guest.json"
PARTS = {"cpu_vulnerability", "device_node", "swap", "binfmt", "seccomp_profile", "cdi_spec",
         "socket", "listener", "group", "config_file", "program"}  # fmt: skip
TYPES = {FactType.BOOL: bool, FactType.INT: int, FactType.STRING: str, FactType.LIST: tuple}


@pytest.fixture(scope="module")
def here() -> FactSet:
    return collect(LocalFiles())


@pytest.fixture(scope="module")
def recorded() -> FactSet:
    return collect(replay(json.loads(RECORDING.read_text(encoding="utf-8")), Files))


def unsaid(facts: FactSet) -> set[str]:
    paths = {path for path in vocabulary() if path.startswith("host.")}
    for topic in ("libvirt", "kubelet", "podman", "nvidia_toolkit", "bridge_helper", "sshd"):
        present = facts.facts.get(f"host.{topic}.present")
        if not (present and present[0].value):
            keep = f"host.{topic}.present"
            paths -= {p for p in paths if p.startswith(f"host.{topic}.") and p != keep}
    return paths - set(facts.facts) - set(facts.missing)


def test_this_host_is_found() -> None:
    """The probe finds one running host, named as the kernel names it."""
    name = Path("/proc/sys/kernel/hostname").read_text(encoding="utf-8").strip()
    (target,) = HostProbe(LocalFiles()).find()
    assert (f"host:{name}", Kind.HOST, name, "running", "local") == (
        target.id,
        target.kind,
        target.name,
        target.state,
        target.host,
    )


def test_a_host_without_proc_is_an_error(tmp_path: Path) -> None:
    """Without /proc there is nothing to audit, and that is said."""
    with pytest.raises(TargetError, match="cannot be read"):
        HostProbe(LocalFiles(str(tmp_path))).find()


def test_every_path_is_a_fact_or_missing_here(here: FactSet) -> None:
    """No path of the vocabulary is passed over in silence on this machine."""
    assert set() == unsaid(here)


def test_every_path_is_a_fact_or_missing_on_the_recording(recorded: FactSet) -> None:
    """No path is passed over in silence on the recorded machine."""
    assert set() == unsaid(recorded)


def test_every_path_is_a_fact_or_missing_on_an_unreadable_host(tmp_path: Path) -> None:
    """A host that refuses nearly everything yields reasons, no gap and no exception."""
    files = Locked(
        tree(tmp_path), "/sys", "/etc", "/boot", "/dev", "/run", "/usr", "/proc/self", "/proc/1"
    )
    facts = collect(files)
    assert set() == unsaid(facts)
    assert PARTS <= set(facts.parts) | set(facts.missing)


@pytest.mark.parametrize("source", ["here", "recorded"])
def test_facts_have_the_vocabulary_types(source: str, request: pytest.FixtureRequest) -> None:
    """Every fact and record field is in the vocabulary and of the type it gives."""
    facts: FactSet = request.getfixturevalue(source)
    noted = [fact for several in facts.facts.values() for fact in several]
    for several in facts.parts.values():
        noted += [f for part in several for record in part.records for f in record.facts.values()]
    wrong = [f for f in noted if type(f.value) is not TYPES[vocabulary()[f.path].type]]
    assert [] == wrong


def test_all_parts_are_told(here: FactSet) -> None:
    """The probe tells every part of a host, of engines those that it knows by their files."""
    names = {name for name, part in parts().items() if Kind.HOST in part.kinds}
    assert names == set(here.parts)


def test_the_recorded_host(recorded: FactSet) -> None:
    """The recorded machine is a Debian guest without a security module, on cgroup version 1."""
    expected = {
        "host.os.id": "debian",
        "host.virtualized": True,
        "host.mac.module": "none",
        "host.mac.enforcing": False,
        "host.cgroup.version": 1,
        "host.kernel.upstream": False,
        "host.kernel.known_vulnerable": (),
        "host.kernel.disabled_mitigations": ("mitigations=auto,no_guest_host,no_guest_guest",),
        "host.sysctl.modules_disabled": 1,
        "host.sysctl.sysrq": 0,
        "host.sysctl.io_uring_disabled": 0,
        "host.kernel.lockdown": "integrity",
        "host.kernel.lsm_built": ("bpf", "landlock", "lockdown", "selinux"),
        "host.kernel.rare_protocols": (),
        "host.feature.devmem": False,
        "host.feature.tls": False,
        "host.feature.nf_tables": True,
        "host.firmware.efi": False,
        "host.libvirt.auth_unix_rw": "polkit",
        "host.kubelet.present": False,
        "host.vfio.unsafe_noiommu": False,
    }
    assert expected == {path: value(recorded, path) for path in expected}


def test_a_recording_holds_no_secret_of_the_machine() -> None:
    """Command line and processes of the recorded machine are reduced to what is judged."""
    text = RECORDING.read_text(encoding="utf-8")
    assert (False, False) == ("rdinit" in text, "--listen" in text)


def test_a_full_read_is_quick(here: FactSet) -> None:
    """Reading the whole host costs tens of milliseconds; the bound leaves room for slow CI."""
    start = time.perf_counter()
    collect(LocalFiles())
    assert time.perf_counter() - start < 0.5
    assert here.facts


def test_what_is_refused_is_never_absence(tmp_path: Path) -> None:
    """A folder that may not be read is no proof that what would be in it is not there."""
    facts = collect(Locked(tree(tmp_path), "/sys/module/vfio", "/sys/class/vfio"))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.vfio.unsafe_noiommu")
    assert "Run isoaudit as root." == facts.missing["host.vfio.unsafe_noiommu"][0].how_to_get


def test_an_unmounted_sysfs_is_no_absence(tmp_path: Path) -> None:
    """Without /sys nothing is known of VFIO, KSM or IOMMU groups."""
    gone: dict[str, str | None] = dict.fromkeys(path for path in BASE if path.startswith("/sys"))
    facts = collect(tree(tmp_path, gone))
    for path in ("host.vfio.unsafe_noiommu", "host.ksm.running", "host.iommu.groups"):
        assert Reason.NOT_SUPPORTED == reason(facts, path)


def test_vantages(tmp_path: Path) -> None:
    """What /proc says is the kernel's word, what a configuration file says is declared."""
    facts = collect(tree(tmp_path, {"/usr/sbin/libvirtd": ""}))
    assert Vantage.KERNEL is facts.facts["host.cgroup.version"][0].vantage
    assert Vantage.DECLARED is facts.facts["host.libvirt.seccomp_sandbox"][0].vantage
    assert "host.libvirt.seccomp_sandbox" not in facts.missing
