"""Mount tables, the host paths behind them, and what they hide."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import fields, only, value, write_process

from isoaudit.model import FactSet, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import Asked, Machine
from isoaudit.probes.kernel.mountinfo import Table, unescape
from isoaudit.probes.kernel.mounts import Tables, mount_records, note_paths
from isoaudit.transports.local import LocalFiles

HOST = (
    "1 0 254:0 / / rw shared:4 - ext4 /dev/vda rw\n"
    "2 1 0:5 / /proc rw - proc proc rw\n"
    "3 1 0:6 / /sys rw - sysfs sysfs rw\n"
    "4 1 0:7 / /dev rw - devtmpfs udev rw\n"
    "5 1 0:8 / /run rw - tmpfs tmpfs rw\n"
    "6 1 254:0 /etc /mnt/innocent rw - ext4 /dev/vda rw\n"
    "7 1 0:30 /@ /tree rw - btrfs /dev/vdb rw\n"
    "8 1 0:30 /@home /home rw - btrfs /dev/vdb rw\n"
    "9 1 0:30 / /mnt/whole/of/it rw - btrfs /dev/vdb rw\n"
    "10 1 0:40 / /mnt/far rw - nfs4 far:/ rw\n"
)
USUAL = (
    "20 0 0:100 / / rw - overlay overlay rw\n"
    "21 20 0:101 / /proc rw - proc proc rw\n"
    "22 20 0:102 / /dev rw - tmpfs tmpfs rw\n"
    "23 20 0:103 / /sys ro - sysfs sysfs rw\n"
)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with HOST as its mount table and /etc as a folder."""
    write_process(tmp_path, 1, mounts=HOST)
    (tmp_path / "etc").mkdir()
    return Machine(LocalFiles(str(tmp_path)))


def mounted(machine: Machine, line: str, asked: Asked | None = None) -> Record:
    """Return the record of one mount beside the usual ones."""
    tables = Tables(Table(USUAL + line + "\n"), machine, "table")
    return mount_records(tables, asked or Asked())[-1]


def paths(machine: Machine, lines: str) -> FactSet:
    """Return the facts about hidden and read-only paths."""
    notes = Notes(Vantage.KERNEL)
    note_paths(notes, Tables(Table(USUAL + lines), machine, "table"), Asked())
    return notes.factset()


@pytest.mark.parametrize(
    ("root", "device", "source"),
    [
        ("/etc", "254:0", "/etc"),
        ("/", "254:0", "/"),
        ("/docker.sock", "0:8", "/run/docker.sock"),
        ("/@home/ann", "0:30", "/home/ann"),
        ("/srv/a\\040b", "254:0", "/srv/a b"),
        ("/run/gone.sock//deleted", "254:0", "/run/gone.sock"),
    ],
)
def test_host_path_behind_a_bind(machine: Machine, root: str, device: str, source: str) -> None:
    """The path is the one that says most: never a bind mount of the host over its real place."""
    record = mounted(machine, f"30 20 {device} {root} /data rw - ext4 /dev/vda rw")
    assert ("bind", source) == fields(record, "mount.kind", "mount.source")


def test_fields_of_a_bind(machine: Machine) -> None:
    """Write access, propagation, type and file system are the kernel's."""
    record = mounted(
        machine, "30 20 254:0 /etc /data ro,nosuid shared:4 master:5 - ext4 /dev/vda rw"
    )
    assert {
        "kind": "bind",
        "destination": "/data",
        "source": "/etc",
        "source_type": "directory",
        "file_system": "ext4",
        "read_only": True,
        "propagation": "shared",
        "managed": False,
        "options": ("nosuid",),
        "source_writers": (),
    } == only(record, "mount")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("30 20 0:200 / /scratch rw - tmpfs tmpfs rw", "tmpfs"),
        ("30 20 0:200 / /dev/shm rw - tmpfs shm rw", "system"),
        ("30 21 0:102 /null /proc/keys rw - tmpfs tmpfs rw", "system"),
        ("30 22 0:200 / /dev/pts rw - devpts devpts rw", "system"),
        ("30 20 0:5 / /hostproc rw - proc proc rw", "bind"),
        ("30 20 0:7 / /dev rw - devtmpfs udev rw", "bind"),
        ("30 20 0:6 / /sys rw - sysfs sysfs rw", "system"),
        ("30 20 8:1 / /disk rw - ext4 /dev/sda1 rw", "bind"),
        ("30 20 254:0 /var/lib/docker/volumes/v/_data /v rw - ext4 /dev/vda rw", "volume"),
        ("30 20 254:0 /var/lib/docker/volumes /v rw - ext4 /dev/vda rw", "bind"),
    ],
)
def test_kinds_of_mounts(machine: Machine, line: str, kind: str) -> None:
    """What the runtime adds, what is in memory only, and what is the host's are told apart."""
    record = mounted(machine, line, Asked(volumes="/var/lib/docker/volumes"))
    assert (kind,) == fields(record, "mount.kind")


def test_bind_of_the_hosts_sys_that_was_asked_for(machine: Machine) -> None:
    """At the usual place of /sys, the engine's word tells the host's from the runtime's own."""
    line = "30 20 0:6 / /sys rw - sysfs sysfs rw"
    record = mounted(machine, line, Asked(binds=frozenset({"/sys"})))
    assert ("bind", "/sys") == fields(record, "mount.kind", "mount.source")


def test_file_system_that_the_host_does_not_show(machine: Machine) -> None:
    """A disk mounted where only the sandbox sees it has no host path, and says so."""
    record = mounted(machine, "30 20 8:1 / /disk rw - ext4 /dev/sda1 rw")
    paths = {"mount.source", "mount.source_type", "mount.shared_with"}
    assert paths == set(record.missing)


def test_network_file_system_is_not_touched(machine: Machine) -> None:
    """A file system that may never answer is not looked into."""
    record = mounted(machine, "30 20 0:40 /share /far rw - nfs4 far:/ rw")
    assert ("/mnt/far/share", None) == fields(record, "mount.source", "mount.source_type")
    assert "mount.source_type" in record.missing


@pytest.mark.parametrize(
    ("fields_", "expected"),
    [("", "private"), ("master:3", "slave"), ("shared:1", "shared"), ("unbindable", "unbindable")],
)
def test_propagation_by_optional_fields(fields_: str, expected: str) -> None:
    """The optional fields of a line give its propagation."""
    words = " ".join(word for word in ("1 0 0:1 / / rw", fields_, "- ext4 x rw") if word)
    (mount,) = Table(words + "\n").mounts
    assert expected == mount.propagation


def test_octal_escapes_are_decoded() -> None:
    """Blank, tab, line feed and backslash come as octal escapes."""
    assert "a b\tc\nd\\e" == unescape("a\\040b\\011c\\012d\\134e")


@pytest.mark.parametrize("text", ["1 0 0:1 / / rw - ext4 x rw", "1 0 0:1 / / rw\n", "nonsense\n"])
def test_table_that_is_cut_off_is_incomplete(text: str) -> None:
    """A table that ends within a line, or has a line of another shape, is not complete."""
    assert False is Table(text).complete


def test_paths_are_hidden_by_an_empty_tmpfs_or_the_null_device(
    machine: Machine, tmp_path: Path
) -> None:
    """What the kernel has is hidden only by a mount that hides it."""
    for name in ("proc/kcore", "proc/keys", "proc/acpi", "proc/scsi"):
        (tmp_path / name).write_text("")
    seen = paths(
        machine,
        "30 21 0:102 /null /proc/kcore rw - tmpfs tmpfs rw\n"
        "31 21 0:201 / /proc/acpi ro - tmpfs tmpfs ro\n"
        "32 21 0:202 / /proc/scsi rw - tmpfs tmpfs rw\n",
    )
    hidden = value(seen, "container.masked_paths", Vantage.KERNEL)
    assert {"/proc/kcore", "/proc/acpi", "/proc/timer_list"} <= set(hidden)
    assert {"/proc/keys", "/proc/scsi"}.isdisjoint(hidden)


def test_what_a_later_mount_buries_protects_nothing(machine: Machine, tmp_path: Path) -> None:
    """A second /proc over the first one lays bare what was hidden inside that."""
    for name in ("proc/kcore", "proc/sys", "proc/irq"):
        (tmp_path / name).write_text("")
    lines = (
        "30 21 0:102 /null /proc/kcore rw - tmpfs tmpfs rw\n"
        "31 21 0:101 /sys /proc/sys ro - proc proc rw\n"
        "32 21 0:101 /irq /proc/irq ro - proc proc rw\n"
        "29 21 0:110 / /proc rw - proc proc rw\n"
        "33 29 0:110 /irq /proc/irq ro - proc proc rw\n"
    )
    seen = paths(machine, lines)
    assert "/proc/kcore" not in value(seen, "container.masked_paths", Vantage.KERNEL)
    kept = value(seen, "container.readonly_paths", Vantage.KERNEL)
    assert ("/proc/sys" in kept, "/proc/irq" in kept) == (False, True)


def test_mount_table_without_end_of_parents_is_read() -> None:
    """Mounts that name each other as parents bury nothing."""
    table = Table("1 2 0:1 / /a rw - proc p rw\n2 1 0:1 / /a/b rw - proc p rw\n")
    assert table.mounts[1] is table.at("/a/b")


def test_paths_are_read_only_by_their_mount(machine: Machine, tmp_path: Path) -> None:
    """A path is read-only if what it lies in is, the whole of /proc included."""
    for name in ("proc/sys", "proc/irq"):
        (tmp_path / name).write_text("")
    seen = paths(machine, "30 21 0:101 /sys /proc/sys ro - proc proc rw\n")
    kept = value(seen, "container.readonly_paths", Vantage.KERNEL)
    assert ("/proc/sys" in kept, "/proc/irq" in kept) == (True, False)
    seen = paths(machine, "30 20 0:101 / /proc ro - proc proc rw\n")
    assert "/proc/irq" in value(seen, "container.readonly_paths", Vantage.KERNEL)


def test_root_without_an_entry_is_missing(machine: Machine) -> None:
    """A table that does not show `/` says nothing about its write protection."""
    notes = Notes(Vantage.KERNEL)
    note_paths(notes, Tables(Table("1 0 0:1 / /proc rw - proc proc rw\n"), machine, "t"), Asked())
    assert "container.rootfs.read_only" in notes.factset().missing


@pytest.mark.parametrize(
    ("point", "managed"),
    [("/dev/null", True), ("/proc/keys", True), ("/dev/zero", False), ("/data", False)],
)
def test_device_nodes_that_runtimes_bind(machine: Machine, point: str, managed: bool) -> None:
    """In a user namespace no node can be made: the host's null is bound there, and over files."""
    record = mounted(machine, f"30 20 0:7 /null {point} rw - devtmpfs udev rw")
    assert ("/dev/null", managed) == fields(record, "mount.source", "mount.managed")


def test_device_node_that_was_asked_for(machine: Machine) -> None:
    """A bind that somebody named is not the runtime's own, also where it stands at its place."""
    line = "30 20 0:7 /null /dev/null rw - devtmpfs udev rw"
    record = mounted(machine, line, Asked(binds=frozenset({"/dev/null"})))
    assert ("/dev/null", False) == fields(record, "mount.source", "mount.managed")
