"""Which ways lead out of a VM, what closes them, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isoaudit.assess import load_assessor
from isoaudit.assess.definitions import definitions
from isoaudit.model import Assessment, Axis, EscapePath, Goal, Openness
from isoaudit.probes.table import open_file
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import LEAN, LEGACY, machine

EXAMPLES = Path("examples")
CLOSED_HOST: dict[str, Any] = {
    "host.libvirt.listen_tcp": False,
    "host.libvirt.listen_tls": False,
    "host.libvirt.allow_disk_format_probing": False,
    "host.libvirt.stdio_handler": "logd",
    "host.vfio.unsafe_noiommu": False,
    "host.vfio.unsafe_interrupts": False,
    "host.iommu.units": ["dmar0"],
}
OWN_STACK = {"interface.type": "user", "interface.isolated": False, "interface.filter": "",
             "interface.shared_with": []}  # fmt: skip
BRIDGE = {"interface.type": "network", "interface.isolated": False, "interface.filter": "",
          "interface.shared_with": ["db"]}  # fmt: skip
MONITOR = {"monitor.kind": "qmp", "monitor.backend": "tcp", "monitor.address": "0.0.0.0:4444"}
DISK = {"disk.target": "vda", "disk.device": "disk", "disk.source_type": "file",
        "disk.source": "/srv/a.img", "disk.format": "raw", "disk.read_only": False,
        "disk.whole_host_disk": False, "disk.shareable": False, "disk.shared_with": []}  # fmt: skip
SHARE = {"share.source": "/srv/erp", "share.target": "erp", "share.driver": "virtiofs",
         "share.read_only": False, "share.id_mapped": False}  # fmt: skip
PORT = {"character_device.role": "serial", "character_device.name": "0",
        "character_device.backend": "pty", "character_device.address": ""}  # fmt: skip


def _assessed(context: Context) -> Assessment:
    found = load_assessor().assess(context)
    assert found is not None
    return found


def _ways(**changes: Any) -> dict[str, EscapePath]:
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    context = machine(LEAN, **{**CLOSED_HOST, **changed})
    return {path.id: path for path in _assessed(context).escape_paths}


def _open(**changes: Any) -> dict[str, Goal]:
    found = _ways(**changes)
    return {name: path.goal for name, path in found.items() if path.certainty is Openness.OPEN}


def _of_file(dialect: str, file: str) -> list[tuple[str, str, str]]:
    path = EXAMPLES / file
    probe = open_file(dialect, path.read_text(), str(path))
    target = next(iter(probe.find()))
    found = _assessed(Context(target, probe.collect(target)))
    return [(one.id, one.goal.value, one.certainty.value) for one in found.escape_paths]


def test_a_vm_of_virtio_devices_has_no_way_out() -> None:
    """On a bridge with others, behind a filter, with an image and a pseudo terminal of its own."""
    card = {**BRIDGE, "interface.filter": "clean-traffic"}

    assert _ways(interface=[card], disk=[DISK], character_device=[PORT]) == {}


def test_old_devices_are_no_way_out() -> None:
    """A history of flaws lowers the score; it opens nothing by itself."""
    found = _assessed(machine(LEGACY, **CLOSED_HOST, **{"vmm.root_permitted": True}))

    assert found.escape_paths == ()


def test_one_account_for_all_vms_is_no_way_out() -> None:
    """It is what comes after a break-out, and a break-out takes a bug."""
    assert _ways(**{"vmm.uid_shared_with": ["db"], "vmm.lsm.label": ""}) == {}


@pytest.mark.parametrize(
    ("change", "root"),
    [
        pytest.param({}, False, id="a folder made for it"),
        pytest.param({"share.source": "/etc"}, True, id="/etc by virtiofsd"),
        pytest.param({"share.source": "/"}, True, id="/ by virtiofsd"),
        pytest.param({"share.source": "/etc", "share.id_mapped": True}, False,
                     id="/etc, its ids mapped"),
        pytest.param({"share.source": "/etc", "share.driver": "9p"}, False,
                     id="/etc by an unprivileged VMM"),
        pytest.param({"share.driver": "hgfs"}, False, id="a desktop's shared folder"),
    ],
)  # fmt: skip
def test_what_a_writable_share_leads_to(change: dict[str, Any], root: bool) -> None:
    """Who serves it, and what lies there, decide whether it is root."""
    found = _open(share=[{**SHARE, **change}])

    assert found["ESC-124"] is Goal.HOST_WRITE
    assert (found.get("ESC-148") is Goal.HOST_ROOT) is root


def test_a_share_to_be_read_alone_is_a_way_only_to_the_systems_own_files() -> None:
    """Reading a folder made for the guest is what it is for."""
    own = {**SHARE, "share.read_only": True}

    assert _ways(share=[own]) == {}
    assert _open(share=[{**own, "share.source": "/etc"}]) == {"ESC-125": Goal.HOST_READ}


def test_a_monitor_on_the_network_is_a_way_for_whoever_has_a_card() -> None:
    """Without a network card the guest reaches no port of its host."""
    assert _open(monitor=[MONITOR], interface=[BRIDGE])["ESC-131"] is Goal.HOST_WRITE
    assert "ESC-131" not in _ways(monitor=[MONITOR], interface=[])


@pytest.mark.parametrize("address", ["127.0.0.1:4444", "localhost:4444", "[::1]:4444"])
def test_loopback_guards_a_monitor_only_from_a_bridge(address: str) -> None:
    """QEMU's own network stack leads to the loopback of its host."""
    monitor = {**MONITOR, "monitor.address": address}

    assert "ESC-131" not in _ways(monitor=[monitor], interface=[BRIDGE])
    assert "ESC-131" in _open(monitor=[monitor], interface=[OWN_STACK])
    alone = {**OWN_STACK, "interface.isolated": True}
    assert "ESC-131" not in _ways(monitor=[monitor], interface=[alone])


def test_one_card_of_several_is_enough() -> None:
    """The guest takes the card that leads there."""
    monitor = {**MONITOR, "monitor.address": "127.0.0.1:4444"}

    assert "ESC-131" in _open(monitor=[monitor], interface=[BRIDGE, OWN_STACK])


def test_a_monitor_of_a_vmm_that_is_root_is_a_way_to_root() -> None:
    """It writes with the rights of the VMM."""
    root = _open(monitor=[MONITOR], interface=[BRIDGE], **{"vmm.root_permitted": True})

    assert root["ESC-149"] is Goal.HOST_ROOT
    assert "ESC-149" not in _ways(monitor=[MONITOR], interface=[BRIDGE])


def test_a_label_makes_a_monitor_no_way_to_the_host() -> None:
    """sVirt holds QEMU to the files of its own guest, whoever commands it."""
    label = {"vmm.lsm.label": "system_u:system_r:svirt_t:s0:c1,c2"}

    assert "ESC-131" not in _ways(monitor=[MONITOR], interface=[BRIDGE], **label)


def test_a_monitor_leads_to_those_with_the_same_account() -> None:
    """Unless a label of its own keeps them apart."""
    both = {"vmm.uid_shared_with": ["db"], "vmm.lsm.label_shared_with": []}

    assert "ESC-132" in _open(monitor=[MONITOR], interface=[BRIDGE], **both)
    assert "ESC-132" not in _ways(monitor=[MONITOR], interface=[BRIDGE], **both,
                                  **{"vmm.lsm.label": "svirt_t:c1,c2"})  # fmt: skip


def test_qemus_own_network_leads_to_the_hosts_loopback() -> None:
    """As a container on the host's network does, and a bridge does not."""
    assert _open(interface=[OWN_STACK]) == {"ESC-110": Goal.NEIGHBOUR}
    assert "ESC-110" not in _ways(interface=[BRIDGE])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"interface.filter": "clean-traffic"}, id="filtered"),
        pytest.param({"interface.isolated": True}, id="isolated"),
        pytest.param({"interface.shared_with": []}, id="alone"),
    ],
)
def test_what_keeps_guests_of_a_bridge_apart(change: dict[str, Any]) -> None:
    """A filter, an isolated port, or nobody else there."""
    assert _open(interface=[BRIDGE]) == {"ESC-167": Goal.NEIGHBOUR}
    assert _ways(interface=[{**BRIDGE, **change}]) == {}


def test_libvirt_without_authentication_is_open_to_its_guests() -> None:
    """The port is the host's, and a guest with a card is on the host's network."""
    listens = {"host.libvirt.listen_tcp": True, "host.libvirt.auth_tcp": "none"}
    card = {**BRIDGE, "interface.filter": "clean-traffic"}

    assert _open(interface=[card], **listens) == {"ESC-168": Goal.HOST_ROOT}
    assert _ways(interface=[], **listens) == {}
    assert _ways(interface=[card], **{**listens, "host.libvirt.auth_tcp": "sasl"}) == {}


@pytest.mark.parametrize(
    ("change", "way"),
    [
        pytest.param({"disk.source": "/dev/sda"}, {"ESC-143": Goal.HOST_WRITE}, id="a disk"),
        pytest.param({"disk.source": "/dev/sda", "disk.read_only": True},
                     {"ESC-147": Goal.HOST_READ}, id="a disk to be read alone"),
        pytest.param({"disk.source": "/dev/sr0", "disk.device": "cdrom"}, {}, id="a drive"),
        pytest.param({"disk.source": "/dev/vg0/web"}, {}, id="a logical volume"),
    ],
)  # fmt: skip
def test_a_whole_disk_of_the_host(change: dict[str, Any], way: dict[str, Goal]) -> None:
    """What lies on a disk is not guarded by file systems that are not asked."""
    disk = {**DISK, "disk.whole_host_disk": True, "disk.source_type": "block", **change}

    assert _open(disk=[disk]) == way


def test_a_disk_of_two_vms_is_a_way_only_without_the_lock() -> None:
    """`shareable` takes libvirt's lock away."""
    both = {**DISK, "disk.shared_with": ["db"]}

    assert _ways(disk=[both]) == {}
    assert _open(disk=[{**both, "disk.shareable": True}]) == {"ESC-134": Goal.NEIGHBOUR}


def test_a_format_that_is_guessed_is_a_way_only_where_libvirt_guesses() -> None:
    """Since 4.5.0 it takes what is not stated for raw."""
    disk = {**DISK, "disk.format": ""}
    guesses = {"host.libvirt.allow_disk_format_probing": True}

    assert _ways(disk=[disk]) == {}
    assert _open(disk=[disk], **guesses) == {"ESC-141": Goal.HOST_READ}
    assert _ways(disk=[DISK], **guesses) == {}


PCI = {"host_device.type": "pci", "host_device.address": "0000:01:00.0"}


def test_a_pci_device_is_bounded_by_the_iommu() -> None:
    """Only where vfio is told to do without what bounds it."""
    assert _ways(host_device=[PCI]) == {}
    unsafe = {"host.vfio.unsafe_interrupts": True}
    assert _open(host_device=[PCI], **unsafe) == {"ESC-127": Goal.HOST_KERNEL}


def test_without_an_iommu_vfio_hands_out_nothing() -> None:
    """Unsafe interrupts are no way where nothing is handed out; the mode without an IOMMU is."""
    none = {"host.iommu.units": [], "host.vfio.unsafe_interrupts": True}
    found = _assessed(machine(LEAN, **{**CLOSED_HOST, **none, "host_device": [PCI]}))

    state = next(one.state for one in found.ways if one.id == "ESC-127")
    assert state is Openness.INERT
    assert found.escape_paths == ()
    assert "ESC-127" in _open(host_device=[PCI], **none, **{"host.vfio.unsafe_noiommu": True})


def test_a_mediated_device_reaches_only_what_its_driver_lets_it() -> None:
    """Its accesses go through the host's driver, with or without an IOMMU."""
    unsafe = {"host.vfio.unsafe_noiommu": True, "host.iommu.units": []}

    assert _ways(host_device=[{**PCI, "host_device.type": "mdev"}], **unsafe) == {}


def test_a_scsi_drive_is_handed_in_with_all_its_blocks() -> None:
    """As a whole disk is; a USB device is not."""
    assert _open(host_device=[{**PCI, "host_device.type": "scsi"}]) == {"ESC-144": Goal.HOST_WRITE}
    assert _ways(host_device=[{**PCI, "host_device.type": "usb"}]) == {}


@pytest.mark.parametrize(
    ("address", "goal"),
    [
        ("/var/run/docker.sock", Goal.HOST_ROOT),
        ("/run/libvirt/libvirt-sock", Goal.HOST_ROOT),
        ("/run/containerd/containerd.sock", Goal.HOST_ROOT),
        ("/run/user/1000/docker.sock", Goal.HOST_USER),
        ("/run/qga.sock", None),
        ("/run/libvirt/libvirt-sock-ro", None),
    ],
)
def test_a_port_that_ends_in_a_socket(address: str, goal: Goal | None) -> None:
    """Only that of an engine is a way, and of an account's own only to the account."""
    port = {**PORT, "character_device.backend": "unix", "character_device.address": address}

    assert _open(character_device=[port]).get("ESC-145") is goal


def test_what_a_guest_prints_is_bounded_by_virtlogd() -> None:
    """A file that QEMU writes itself grows as the guest likes."""
    port = {**PORT, "character_device.backend": "file", "character_device.address": "/var/a.log"}

    assert _ways(character_device=[port]) == {}
    itself = {"host.libvirt.stdio_handler": "file"}
    assert _open(character_device=[port], **itself) == {"ESC-146": Goal.HOST_DOS}


@pytest.mark.parametrize(
    ("change", "way"),
    [
        pytest.param({"vm.tpm": "passthrough"}, "ESC-140", id="the host's TPM"),
        pytest.param({"vm.watchdog_action": "dump"}, "ESC-163", id="a dump at each bark"),
        pytest.param({"vm.crash_action": "coredump-restart", "vm.devices": ["pvpanic"]},
                     "ESC-163", id="a dump at each crash"),
    ],
)  # fmt: skip
def test_what_the_guest_can_use_up_of_its_host(change: dict[str, Any], way: str) -> None:
    """The class caps what is said of resources, and not the boundary."""
    found = _assessed(machine(LEAN, **{**CLOSED_HOST, **change}))

    assert [(one.id, one.goal) for one in found.escape_paths] == [(way, Goal.HOST_DOS)]
    assert found.score.axes[Axis.RESOURCES].high <= 40
    assert found.score.axes[Axis.ESCAPE].low > 40


def test_a_domain_that_is_a_container_is_root_of_the_host() -> None:
    """Unless its users are mapped to others."""
    assert "ESC-133" in _open(**{"vm.kernel": "host", "vmm.user_namespace": "host"})
    assert "ESC-133" not in _ways(**{"vm.kernel": "host", "vmm.user_namespace": "private"})


@pytest.mark.parametrize(
    ("dialect", "file"),
    [
        ("libvirt_xml", "libvirt/lean.xml"),
        ("qemu", "qemu/lean.sh"),
        ("firecracker", "firecracker/lean.json"),
        ("cloud_hypervisor", "cloud-hypervisor/lean.sh"),
        ("kata", "kata/lean.toml"),
        ("vmx", "vmware/lean.vmx"),
        ("ovf", "ovf/lean.ovf"),
        ("xl", "xen/lean.cfg"),
    ],
)
def test_a_lean_file_has_no_way_out_and_none_is_undecided(dialect: str, file: str) -> None:
    """What a file cannot say of the host and of others makes no way of a plain VM."""
    assert _of_file(dialect, file) == []


@pytest.mark.parametrize(
    ("dialect", "file", "ways"),
    [
        ("libvirt_xml", "libvirt/legacy.xml", {"ESC-124", "ESC-143"}),
        ("qemu", "qemu/legacy.sh", {"ESC-124", "ESC-125", "ESC-131"}),
        ("firecracker", "firecracker/exposed.json", {"ESC-143"}),
        ("cloud_hypervisor", "cloud-hypervisor/open.sh", {"ESC-143"}),
        ("kata", "kata/open.toml", {"ESC-125"}),
        ("vmx", "vmware/desktop.vmx", {"ESC-124", "ESC-125", "ESC-143"}),
        ("ovf", "ovf/desktop.ovf", {"ESC-124", "ESC-125"}),
        ("xl", "xen/legacy.cfg", {"ESC-124", "ESC-125", "ESC-143"}),
    ],
)
def test_the_ways_out_of_an_open_file(dialect: str, file: str, ways: set[str]) -> None:
    """Each kind of file is read for what it opens."""
    found = _of_file(dialect, file)

    assert {name for name, goal, state in found if state == "open" and Goal(goal).is_out} == ways


def test_every_way_of_a_vm_says_what_breaks_it_or_comes_from_one_that_does() -> None:
    """No way is told without what to do."""
    ours = [one for one in definitions().primitives if "vm" in one.kinds]

    assert len(ours) >= 18
    assert [one.id for one in ours if not any(need.breaks for need in one.needs)] == []
