"""Which containers an engine has, and when the kernel's word on one may be believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from docker_tapes import ID, audit, engine, fields, inspected, records, write_process

from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.transports import EngineApi, Files, Unreadable
from isoaudit.transports.base import ProcessFiles
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import replay

PID = 4242
GROUP = f"0::/docker/{ID}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a machine with a first process, and no security module."""
    write_process(tmp_path, 1)
    (tmp_path / "proc" / "self").mkdir()
    (tmp_path / "proc" / "self" / "mountinfo").write_text(
        "1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    )
    return tmp_path


def listing(entries: list[object]) -> EngineApi:
    """Return an engine that only lists."""
    attributes = {"endpoint": "tcp://far:2375", "engine": "docker", "local": False}
    calls = {'["containers"]': {"answer": entries}}
    return replay({"attributes": attributes, "calls": calls}, EngineApi)


def kernel_reasons(seen: FactSet) -> dict[str, Reason]:
    """Return what is missing from the kernel's vantage, and why."""
    return {m.path: m.reason for m in seen.all_missing() if m.vantage is Vantage.KERNEL}


def test_targets_of_another_endpoint_carry_its_address() -> None:
    """An engine that is not at its usual place shows in the id, and is no host of ours."""
    (target,) = DockerProbe(listing([{"Id": ID, "Names": ["/web"], "State": "exited"}])).find()
    assert ("docker+tcp://far:2375#web", "exited", None) == (target.id, target.state, target.host)


def test_names_are_kept_raw_and_links_are_no_names() -> None:
    """Control characters stay for the report to escape; a link's name is not the container's."""
    entries = [{"Id": ID, "Names": ["/other/web", "/w\x1b[31m\u202eeb"], "State": "running"}]
    (target,) = DockerProbe(listing(entries)).find()
    assert "w\x1b[31m\u202eeb" == target.name


def test_container_without_a_name_goes_by_its_id() -> None:
    """An entry with null names is called by the start of its id, one without id is left out."""
    entries = [{"Id": ID, "Names": None, "State": None}, {"Id": None}, {}]
    (target,) = DockerProbe(listing(entries)).find()
    assert (ID[:12], "unknown") == (target.name, target.state)


def test_container_that_vanished_is_a_target_error() -> None:
    """A container gone between list and inspection ends that target only."""
    probe = DockerProbe(engine(None))
    (target,) = probe.find()
    with pytest.raises(TargetError, match="no such container"):
        probe.collect(target)


def test_engine_that_does_not_answer_is_a_target_error() -> None:
    """Listing an engine that fails raises with what to do about it."""
    error = ["permission_denied", "permission denied", "Run as root.", False]
    tape = {
        "attributes": {"endpoint": "unix:///x", "engine": "docker", "local": True},
        "calls": {'["containers"]': {"error": error}},
    }
    with pytest.raises(TargetError) as raised:
        DockerProbe(replay(tape, EngineApi)).find()
    assert "Run as root." == raised.value.remedy


def test_process_of_the_container_is_read(root: Path) -> None:
    """A pid whose control group carries the id is read, and makes this machine the host."""
    write_process(root, PID, cgroup=GROUP, namespaces={"net": "net:[9]"})
    target, seen = audit(engine(inspected(PID)), LocalFiles(str(root)))
    (process,) = records(seen, "process", Vantage.KERNEL)
    assert "local" == target.host
    assert (PID, "private", "host") == fields(
        process, "process.pid", "process.namespaces.net", "process.namespaces.pid"
    )


def test_pid_of_another_machine_is_not_believed(root: Path) -> None:
    """A pid that is another process here proves nothing: the engine's word stands alone."""
    write_process(root, PID, cgroup="0::/user.slice\n")
    target, seen = audit(engine(inspected(PID)), LocalFiles(str(root)))
    assert None is target.host
    assert [Vantage.ENGINE] == [part.vantage for part in seen.parts["process"]]
    assert {} == kernel_reasons(seen)


def test_host_process_that_sees_the_containers_mounts_is_not_it(root: Path) -> None:
    """The id among the host's mount points does not make a host process the container's."""
    point = f"/var/lib/docker/containers/{ID}/mounts/shm"
    write_process(root, PID, mounts=f"1 0 0:1 / {point} rw - tmpfs shm rw\n")
    target, seen = audit(engine(inspected(PID)), LocalFiles(str(root)))
    assert None is target.host
    assert [Vantage.ENGINE] == [part.vantage for part in seen.parts["process"]]


def test_mounted_files_of_the_engine_prove_a_pid_without_a_group(root: Path) -> None:
    """Without a control group of its own the container's id in what is mounted is proof."""
    mounts = f"1 0 0:1 /run/containers/{ID}/userdata/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
    write_process(root, PID, mounts=mounts)
    _, seen = audit(engine(inspected(PID)), LocalFiles(str(root)))
    assert 1 == len(records(seen, "process", Vantage.KERNEL))
    (part,) = (p for p in seen.parts["process"] if p.vantage is Vantage.KERNEL)
    assert part.incomplete is not None


def test_remote_engine_is_never_looked_up_in_proc(root: Path) -> None:
    """Behind TCP even a matching pid is not read."""
    write_process(root, PID, cgroup=GROUP)
    api = engine(inspected(PID), endpoint="tcp://far:2375")
    target, seen = audit(api, LocalFiles(str(root)))
    assert None is target.host
    assert [Vantage.ENGINE] == [part.vantage for part in seen.parts["process"]]


def test_container_that_stops_while_it_is_read_has_vanished(root: Path) -> None:
    """A container proven to run here whose pid is gone leaves the kernel's vantage dark."""
    folder = write_process(root, PID, cgroup=GROUP)
    probe = DockerProbe(engine(inspected(PID)), LocalFiles(str(root)))
    (target,) = probe.find()
    shutil.rmtree(folder)
    seen = probe.collect(target)
    assert Reason.VANISHED is kernel_reasons(seen)["process"]
    assert Reason.VANISHED is kernel_reasons(seen)["mount"]


def test_hidden_processes_are_no_proof_of_another_machine(root: Path) -> None:
    """Where /proc hides others' processes, the kernel's vantage exists and is dark."""
    table = root / "proc" / "self" / "mountinfo"
    table.write_text(table.read_text() + "3 1 0:3 / /proc rw - proc proc rw,hidepid=invisible\n")
    _, seen = audit(engine(inspected(PID)), LocalFiles(str(root)))
    assert Reason.PERMISSION_DENIED is kernel_reasons(seen)["process"]


class Closed(LocalFiles):
    """Files of which some may not be read."""

    def __init__(self, root: Path, closed: str) -> None:
        super().__init__(str(root))
        self._closed = closed

    def _check(self, path: str) -> None:
        if path.endswith(self._closed):
            raise Unreadable(Reason.PERMISSION_DENIED, f"{path}: permission denied", "Be root.")

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        self._check(path)
        return super().read_text(path, limit)

    def read_link(self, path: str) -> str:
        self._check(path)
        return super().read_link(path)

    def read_process(
        self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
    ) -> ProcessFiles:
        read = super().read_process(pid, texts, links, limit)
        closed = [n for n in read["values"] if f"/proc/{pid}/{n}".endswith(self._closed)]
        for name in closed:
            del read["values"][name]
            read["errors"][name] = ["permission_denied", f"{name}: permission denied", "", False]
        return read


@pytest.mark.parametrize(
    ("closed", "path"),
    [
        ("/status", "process"),
        (f"{PID}/mountinfo", "container.masked_paths"),
        (f"{PID}/ns/net", "process.namespaces.net"),
        ("1/ns/user", "process.user_namespace"),
        (f"{PID}/uid_map", "process.uid"),
        (f"{PID}/root", "process.root_is_host"),
        ("memory.max", "container.limits.memory.set"),
    ],
)
def test_lack_of_rights_shows_as_such(root: Path, closed: str, path: str) -> None:
    """What the kernel could tell and does not let us read is missing at the kernel's vantage."""
    write_process(root, PID, cgroup=GROUP)
    folder = root / "sys" / "fs" / "cgroup" / "docker" / ID
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(f"{PID}\n")
    files: Files = Closed(root, closed)
    _, seen = audit(engine(inspected(PID)), files)
    assert Reason.PERMISSION_DENIED is kernel_reasons(seen)[path]


def test_collected_facts_hold_no_environment_value() -> None:
    """What the transport redacted stays redacted: only names and whether they look secret."""
    inspect = inspected()
    inspect["Config"]["Env"] = ["A=[redacted]", "TOKEN=[redacted:secret]", "BARE"]
    _, seen = audit(engine(inspect))
    shown = records(seen, "environment", Vantage.ENGINE)
    assert [("A", False), ("TOKEN", True), ("BARE", False)] == [
        fields(record, "environment.name", "environment.secret") for record in shown
    ]
    assert "redacted" not in json.dumps(seen.to_json())
