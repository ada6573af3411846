"""Device nodes, swap, interpreters and debugging file systems of made-up hosts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from host_trees import Locked, built_with, collect, records, tree, value

from isoaudit.model import FactSet, Missing, Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.swaps import note_swaps
from isoaudit.transports.base import FileStat
from isoaudit.transports.local import LocalFiles

FS = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def gap(facts: FactSet, part: str) -> Missing | None:
    return facts.parts[part][0].incomplete


class Devices(LocalFiles):
    """Files some of which are taken for device nodes."""

    def __init__(self, root: Path, numbers: dict[str, tuple[int, int]], mode: int = 0o660) -> None:
        super().__init__(str(root))
        self._numbers = numbers
        self._mode = mode

    def stat(self, path: str) -> FileStat:
        seen = super().stat(path)
        if path in self._numbers:
            seen = FileStat(**{**seen, "type": "block", "mode": self._mode,
                               "device": os.makedev(*self._numbers[path])})  # fmt: skip
        return seen

    def read_link(self, path: str) -> str:
        return f"../../block/{(Path(self._root) / path.lstrip('/')).read_text()}"


@pytest.mark.parametrize(("expected", "mode"), [(False, 0o660), (True, 0o666), (True, 0o662)])
def test_device_nodes(expected: bool, mode: int, tmp_path: Path) -> None:
    """Nodes of virtualization are told with their rights; others, and folders, are not."""
    nodes = dict.fromkeys(("/dev/kvm", "/dev/vhost-net", "/dev/vfio/12", "/dev/sda"), (10, 232))
    tree(tmp_path, dict.fromkeys(nodes, ""))
    found = records(collect(Devices(tmp_path, nodes, mode)), "device_node")
    assert ["/dev/kvm", "/dev/vhost-net", "/dev/vfio/12"] == [one["path"] for one in found]
    assert {(expected, f"{mode:04o}")} == {(o["world_accessible"], o["mode"]) for o in found}


def test_a_closed_folder_of_vfio_leaves_nodes_incomplete(tmp_path: Path) -> None:
    """Groups that do not show may be open."""
    facts = collect(Locked(tree(tmp_path), "/dev/vfio"))
    assert gap(facts, "device_node") is not None


SWAP = "Filename\t\tType\t\tSize\tUsed\tPriority\n"
BLOCK = "/sys/class/block"


def swap(root: Path, files: dict[str, str], *devices: str) -> list[dict[str, object]]:
    numbers: dict[str, tuple[int, int]] = {}
    written = {**files, "/proc/swaps": SWAP}
    for minor, path in enumerate(devices):
        name = path.rpartition("/")[2].replace("swapfile", "sda1")
        numbers[path] = (8, minor)
        written |= {path: "", f"/sys/dev/block/8:{minor}": name}
        kind = "file" if "swapfile" in path else "partition"
        written["/proc/swaps"] += f"{path.replace(' ', chr(92) + '040')} {kind} 1 0 -2\n"
    tree(root, dict(written))
    return records(collect(Devices(root, numbers)), "swap")


@pytest.mark.parametrize(
    ("expected", "device", "files"),
    [
        ("plain", "/dev/sda2", {}),
        ("plain", "/var/swapfile", {}),
        ("plain", "/var/my swapfile", {}),
        ("zram", "/dev/zram0", {}),
        ("zram", "/dev/zram0", {f"{BLOCK}/zram0/backing_dev": "none\n"}),
        ("plain", "/dev/zram0", {f"{BLOCK}/zram0/backing_dev": "/dev/sda3\n"}),
        ("crypt", "/dev/dm-1", {f"{BLOCK}/dm-1/dm/uuid": "CRYPT-PLAIN-swap\n"}),
        (
            "crypt",
            "/dev/dm-1",
            {
                f"{BLOCK}/dm-1/dm/uuid": "LVM-abc\n",
                f"{BLOCK}/dm-1/slaves/dm-0": "",
                f"{BLOCK}/dm-0/dm/uuid": "CRYPT-LUKS2-x\n",
            },
        ),
        (
            "plain",
            "/dev/md0",
            {
                f"{BLOCK}/md0/slaves/dm-0": "",
                f"{BLOCK}/md0/slaves/sdb1": "",
                f"{BLOCK}/dm-0/dm/uuid": "CRYPT-LUKS2-x\n",
            },
        ),
    ],
)
def test_swap(expected: str, device: str, files: dict[str, str], tmp_path: Path) -> None:
    """Every way from an area to a disk must be encrypted for it to be so."""
    assert [(device, expected)] == [
        (one["path"], one["backing"]) for one in swap(tmp_path, files, device)
    ]


def test_swap_in_a_file_system_of_many_devices(tmp_path: Path) -> None:
    """A file system like Btrfs does not show which disk a file lies on."""
    root = tree(tmp_path, {"/swap": "", "/proc/swaps": f"{SWAP}/swap file 1 0 -2\n"})
    sheet = Sheet(Devices(tmp_path, {"/swap": (0, 42)}))
    assert root
    note_swaps(sheet)
    record = sheet.kernel.factset().parts["swap"][0].records[0]
    assert Reason.NOT_SUPPORTED is record.missing["swap.backing"].reason


def test_a_kernel_without_swap(tmp_path: Path) -> None:
    """No list is an empty one where the kernel is built without swap."""
    facts = collect(tree(tmp_path))
    assert ([], None) == (records(facts, "swap"), gap(facts, "swap"))


def test_a_refused_list_of_swaps(tmp_path: Path) -> None:
    """A list that may not be read is not an empty one."""
    assert gap(collect(Locked(tree(tmp_path), "/proc/swaps")), "swap") is not None


BINFMT = "/proc/sys/fs/binfmt_misc"
MOUNTED = f"{FS}40 22 0:30 / {BINFMT} rw - binfmt_misc binfmt_misc rw\n"
WAITING = f"{FS}40 22 0:30 / {BINFMT} rw - autofs systemd-1 rw\n"


def entry(interpreter: str, flags: str = "", state: str = "enabled") -> str:
    return f"{state}\ninterpreter {interpreter}\nflags: {flags}\noffset 0\nmagic 7f454c46\n"


def test_interpreters(tmp_path: Path) -> None:
    """Entries are told with flags and with who may change the program."""
    files = {
        "/proc/self/mountinfo": MOUNTED,
        f"{BINFMT}/register": "",
        f"{BINFMT}/status": "enabled\n",
        f"{BINFMT}/qemu-arm": entry("/usr/bin/qemu-arm", "POCF"),
        f"{BINFMT}/old": entry("/opt/old", state="disabled"),
        "/usr/bin/qemu-arm": "",
        "/opt/old": "",
    }
    host = tree(tmp_path, dict(files))
    (tmp_path / "opt/old").chmod(0o777)
    mine = os.geteuid() != 0
    assert [
        {"name": "old", "enabled": False, "interpreter": "/opt/old", "flags": "",
         "credentials": False, "others_may_write": True},
        {"name": "qemu-arm", "enabled": True, "interpreter": "/usr/bin/qemu-arm", "flags": "POCF",
         "credentials": True, "others_may_write": mine},
    ] == records(collect(host), "binfmt")  # fmt: skip


def test_an_interpreter_that_is_not_on_the_host(tmp_path: Path) -> None:
    """With flag F the program may be gone: then nobody knows who could change it."""
    files = {"/proc/self/mountinfo": MOUNTED, f"{BINFMT}/x": entry("/usr/bin/x", "F")}
    record = collect(tree(tmp_path, dict(files))).parts["binfmt"][0].records[0]
    assert "binfmt.others_may_write" in record.missing


@pytest.mark.parametrize(
    ("complete", "options"),
    [(True, "BINFMT_MISC=n"), (True, "BINFMT_MISC=m"), (False, "BINFMT_MISC=y")],
)
@pytest.mark.parametrize("mounts", [FS, WAITING])
def test_interpreters_that_do_not_show(
    complete: bool, options: str, mounts: str, tmp_path: Path
) -> None:
    """Not mounted, nothing shows; there is nothing only if the code cannot be running."""
    built_with(tmp_path, options)
    facts = collect(tree(tmp_path, {"/proc/self/mountinfo": mounts, "/proc/modules": ""}))
    assert complete == (gap(facts, "binfmt") is None)


def test_looking_for_interpreters_mounts_nothing(tmp_path: Path) -> None:
    """A folder that systemd would mount as soon as it is read is not read."""

    class Trap(LocalFiles):
        def list_names(self, path: str) -> list[str]:
            assert path != BINFMT
            return super().list_names(path)

    tree(tmp_path, {"/proc/self/mountinfo": WAITING, f"{BINFMT}/x": entry("/x")})
    assert gap(collect(Trap(str(tmp_path))), "binfmt") is not None


@pytest.mark.parametrize(("expected", "mode"), [(False, 0o700), (False, 0o744), (True, 0o755)])
@pytest.mark.parametrize("kind", ["debugfs", "tracefs"])
def test_debugging_file_systems(expected: bool, mode: int, kind: str, tmp_path: Path) -> None:
    """A mounted one is open if others may pass its root."""
    mounts = f"{FS}41 23 0:7 / /sys/kernel/debug rw - {kind} {kind} rw\n"
    host = tree(tmp_path, {"/proc/self/mountinfo": mounts, "/sys/kernel/debug/x": ""})
    (tmp_path / "sys/kernel/debug").chmod(mode)
    assert (expected or os.geteuid() != 0) == value(collect(host), f"host.{kind}.open")


def test_debugging_file_systems_that_are_not_mounted(tmp_path: Path) -> None:
    """Nobody enters what is not there."""
    assert False is value(collect(tree(tmp_path)), "host.debugfs.open")
