"""What of the host a sandbox can reach: descriptors, devices, control sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import ID, fields, records, write_process

from isoaudit.model import FactSet, Vantage
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.kernel.devices import is_default, permitted
from isoaudit.probes.kernel.engine_sockets import listening
from isoaudit.transports.base import Descriptors, DeviceNode, DeviceNodes
from isoaudit.transports.local import LocalFiles

KERNEL = Vantage.KERNEL
PID = 50
HOST = "1 0 254:0 / / rw - ext4 /dev/vda rw\n2 1 0:5 / /run rw - tmpfs tmpfs rw\n"
OWN = "20 0 0:100 / / rw - overlay overlay rw\n21 20 0:101 / /dev rw - tmpfs tmpfs rw\n"


class Made(LocalFiles):
    """The files of a made-up machine, with descriptors and nodes that no test may make."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.open: dict[int, Descriptors] = {}
        self.nodes: list[DeviceNode] = []

    def descriptors(self, pid: int, most: int) -> Descriptors:
        return self.open.get(pid, Descriptors(links={}, mounts={}, complete=True))

    def device_nodes(self, pid: int, folder: str, most: int) -> DeviceNodes:
        return DeviceNodes(nodes=self.nodes, complete=True)


@pytest.fixture
def machine(tmp_path: Path) -> Made:
    """Return a host whose dockerd listens at /run/engine/api.sock."""
    write_process(tmp_path, 1, mounts=HOST)
    daemon = write_process(tmp_path, 9, mounts=HOST)
    (daemon / "stat").write_text((daemon / "stat").read_text().replace("we b) ", "dockerd"))
    (daemon / "net").mkdir()
    (daemon / "net" / "unix").write_text(
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000: 00000002 00000000 00010000 0001 01 77 /run/engine/api.sock\n"
        "0000: 00000003 00000000 00000000 0001 03 78 /run/engine/api.sock\n"
        "0000: 00000002 00000000 00010000 0001 01 79 /run/another.sock\n"
        "0000: 00000002 00000000 00010000 0001 01 77 @abstract\n"
    )
    (tmp_path / "proc" / "self").mkdir()
    (tmp_path / "proc" / "self" / "mountinfo").write_text(HOST)
    (tmp_path / "run" / "engine").mkdir(parents=True)
    (tmp_path / "run" / "engine" / "api.sock").write_text("")
    made = Made(tmp_path)
    made.open[9] = Descriptors(links={"3": "socket:[77]", "4": "/x"}, mounts={}, complete=True)
    return made


def seen(machine: Made, root: Path, mounts: str = OWN, uid: int = 0, caps: str = "") -> FactSet:
    """Return what the kernel shows of a container with these mounts."""
    status = f"{caps}NoNewPrivs:\t1\nSeccomp:\t2\n"
    write_process(root, PID, cgroup=f"0::/docker/{ID}\n", mounts=mounts, uid=uid, status=status)
    return read_sandbox(Machine(machine), Sandbox(PID, ID), Asked(container=ID))


def sockets(found: FactSet) -> list[tuple[object, ...]]:
    """Return service and path inside of the control sockets in reach."""
    return [
        fields(record, "control_socket.service", "control_socket.path", "control_socket.permitted")
        for record in records(found, "control_socket", KERNEL)
    ]


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("0:5 /engine/api.sock /tmp/innocent ro", "/tmp/innocent"),
        ("0:5 /engine /srv/data rw", "/srv/data/api.sock"),
        ("0:5 / /host rw", "/host/engine/api.sock"),
    ],
)
def test_socket_under_another_name_or_in_a_folder(
    machine: Made, tmp_path: Path, mount: str, path: str
) -> None:
    """It is known by who listens on it; read-only does not keep anyone from talking."""
    (tmp_path / "run" / "engine" / "api.sock").chmod(0o666)
    device, root, point, mode = mount.split()
    line = f"30 20 {device} {root} {point} {mode} - tmpfs tmpfs rw\n"
    assert [("docker", path, True)] == sockets(seen(machine, tmp_path, OWN + line))


def test_covered_socket_is_not_in_reach(machine: Made, tmp_path: Path) -> None:
    """What is mounted over the folder hides it."""
    lines = "30 20 0:5 /engine /srv rw - tmpfs tmpfs rw\n31 30 0:9 / /srv rw - tmpfs tmpfs rw\n"
    assert [] == sockets(seen(machine, tmp_path, OWN + lines))


def test_no_socket_in_reach(machine: Made, tmp_path: Path) -> None:
    """The part is there, and empty."""
    assert [] == sockets(seen(machine, tmp_path))


def test_socket_that_nobody_inside_may_connect_to(machine: Made, tmp_path: Path) -> None:
    """Owner, group and mode count, and no-new-privileges keeps it that way."""
    socket = tmp_path / "run" / "engine" / "api.sock"
    socket.chmod(0o600)
    if socket.stat().st_uid != 0:
        pytest.skip("the socket must be root's")
    line = "30 20 0:5 /engine/api.sock /x rw - tmpfs tmpfs rw\n"
    found = seen(machine, tmp_path, OWN + line, uid=1000, caps="CapEff:\t0\nCapPrm:\t0\n")
    assert [("docker", "/x", False)] == sockets(found)


@pytest.mark.parametrize("caps", ["CapEff:\t0\nCapPrm:\t2\n", "CapEff:\t80\nCapPrm:\t80\n"])
def test_who_may_raise_a_capability_may_connect(machine: Made, tmp_path: Path, caps: str) -> None:
    """What is permitted can be made effective; CAP_SETUID makes its holder the socket's owner."""
    (tmp_path / "run" / "engine" / "api.sock").chmod(0o600)
    line = "30 20 0:5 /engine/api.sock /x rw - tmpfs tmpfs rw\n"
    found = seen(machine, tmp_path, OWN + line, uid=1000, caps=caps)
    assert [("docker", "/x", True)] == sockets(found)


def test_table_of_sockets_that_is_cut_off_is_no_answer(machine: Made, tmp_path: Path) -> None:
    """Who fills it would hide the engine's own line."""
    table = tmp_path / "proc" / "9" / "net" / "unix"
    table.write_text(table.read_text()[:100])
    found = seen(machine, tmp_path)
    assert "control_socket" in found.missing
    assert "control_socket" not in found.parts


def test_descriptor_on_a_mount_of_nobody_is_open(machine: Made, tmp_path: Path) -> None:
    """A bind of the host's that was taken away lives on in a descriptor, on no table."""
    machine.open[PID] = Descriptors(links={"5": "/"}, mounts={"5": "999"}, complete=True)
    (record,) = records(seen(machine, tmp_path), "descriptor", KERNEL)
    assert "descriptor.of_host" in record.missing


def test_only_listening_sockets_with_a_path_count() -> None:
    """Column 4 has the flag, column 7 the inode."""
    text = (
        "head\n0: 2 0 00010000 1 01 5 /a b\n0: 2 0 00000000 1 03 5 /c\n"
        "0: 2 0 00010000 1 01 6 /d\n0: 2 0 00010000 1 01 5 @e\nbroken\n"
    )
    assert ["/a b"] == listening(text, {"5"})


def test_descriptor_on_no_mount_of_its_own_leads_outside(machine: Made, tmp_path: Path) -> None:
    """A folder of the host's stands out; files on its own mounts, pipes and sockets do not."""
    machine.open[PID] = Descriptors(
        links={"0": "pipe:[1]", "3": "/run/engine", "4": "/etc/hosts", "5": "/gone"},
        mounts={"3": "2", "4": "20", "5": "777"},
        complete=True,
    )
    found = records(seen(machine, tmp_path), "descriptor", KERNEL)
    assert [("/run/engine", True, "directory"), ("/gone", None, None)] == [
        fields(one, "descriptor.path", "descriptor.of_host", "descriptor.kind") for one in found
    ]


def test_more_descriptors_than_are_read_leave_the_part_open(machine: Made, tmp_path: Path) -> None:
    """What was not looked at may lead anywhere."""
    machine.open[PID] = Descriptors(links={}, mounts={}, complete=False)
    (part,) = seen(machine, tmp_path).parts["descriptor"]
    assert part.incomplete is not None


def node(path: str, kind: str, major: int, minor: int) -> DeviceNode:
    """Return a device node."""
    return DeviceNode(path=path, type=kind, major=major, minor=minor, mode=0o600, uid=0, gid=0)


def test_device_is_named_by_its_number(machine: Made, tmp_path: Path) -> None:
    """Its name inside is whoever made the node's choice."""
    (tmp_path / "sys/dev/block/8:0").mkdir(parents=True)
    (tmp_path / "sys/dev/block/8:0/uevent").write_text("MAJOR=8\nDEVNAME=sda\n")
    machine.nodes = [
        node("/dev/harmless", "block", 8, 0),
        node("/dev/null", "character", 1, 3),
        node("/dev/odd", "character", 250, 1),
    ]
    found = records(seen(machine, tmp_path), "device", KERNEL)
    assert [("/dev/harmless", "/dev/sda"), ("/dev/odd", "character 250:1")] == [
        fields(one, "device.destination", "device.path") for one in found
    ]


def test_node_that_was_given_and_is_gone_leaves_the_part_open(
    machine: Made, tmp_path: Path
) -> None:
    """Root inside moves it out of /dev, where nobody looks, and goes on to use it."""
    write_process(tmp_path, PID, cgroup=f"0::/docker/{ID}\n", mounts=OWN)
    asked = Asked(container=ID, devices=frozenset({"/dev/sdx", "/dev/shm"}))
    (part,) = read_sandbox(Machine(machine), Sandbox(PID, ID), asked).parts["device"]
    assert part.incomplete is not None


def test_hosts_own_dev_is_one_record(machine: Made, tmp_path: Path) -> None:
    """Hundreds of nodes that come with one mount are one thing to mend."""
    table = HOST + "3 1 0:6 / /dev rw - devtmpfs udev rw\n"
    (tmp_path / "proc" / "1" / "mountinfo").write_text(table)
    found = records(seen(machine, tmp_path, table), "device", KERNEL)
    assert [("/dev",)] == [fields(one, "device.path") for one in found]


@pytest.mark.parametrize(
    ("one", "default"),
    [
        (node("/dev/null", "character", 1, 3), True),
        (node("/dev/x", "character", 1, 3), True),
        (node("/dev/pts/0", "character", 136, 0), True),
        (node("/dev/console", "character", 136, 2), True),
        (node("/dev/tty9", "character", 136, 2), False),
        (node("/dev/null", "block", 1, 3), False),
        (node("/dev/kvm", "character", 10, 232), False),
    ],
)
def test_devices_that_every_container_has(one: DeviceNode, default: bool) -> None:
    """They are known by number; a terminal only where terminals are."""
    assert default is is_default(one)


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([("b", "8", "*", "r")], "r"),
        ([("b", "8", "0", "r"), ("b", "*", "*", "m")], "rm"),
        ([("a", "*", "*", "rwm")], "rwm"),
        ([("c", "8", "0", "rwm")], ""),
        ([], ""),
    ],
)
def test_rules_of_the_device_cgroup(rules: list[tuple[str, str, str, str]], allowed: str) -> None:
    """What no rule allows is refused; several rules add up."""
    assert allowed == permitted(rules, node("/dev/sda", "block", 8, 0))
