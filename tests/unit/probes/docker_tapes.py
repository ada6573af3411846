"""Engines from recordings, and engines and processes made up for one test."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from isoaudit.model import FactSet, Record, Target, Vantage
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.transports import EngineApi, Files
from isoaudit.transports.tape import Tape, replay

RECORDINGS = Path(__file__).parents[2] / "recordings"
ID = "ab" * 32
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max core file size        0                    unlimited            bytes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
Max realtime priority     0                    0
"""
NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time")


@cache
def _tapes(recording: str) -> dict[str, Tape]:
    loaded: dict[str, Tape] = json.loads((RECORDINGS / f"{recording}.json").read_text())
    return loaded


def recorded(recording: str) -> tuple[EngineApi, Files]:
    """Return the engine and the files of a recording such as `docker/plain`."""
    tapes = copy.deepcopy(_tapes(recording))
    return replay(tapes["api"], EngineApi), replay(tapes["files"], Files)


def audit(api: EngineApi, files: Files | None = None) -> tuple[Target, FactSet]:
    """Return the engine's only container, or the one called web, and what is seen of it."""
    probe = DockerProbe(api, files)
    targets = probe.find()
    target = next((one for one in targets if one.name == "web"), targets[0])
    return target, probe.collect(target)


def audit_recorded(recording: str) -> FactSet:
    """Return what is seen of the container of a recording."""
    return audit(*recorded(recording))[1]


def engine(
    inspect: dict[str, Any] | None,
    *,
    endpoint: str = "unix:///var/run/docker.sock",
    name: str = "docker",
    info: dict[str, Any] | None = None,
    volumes: list[dict[str, Any]] | None = None,
    networks: list[dict[str, Any]] | None = None,
    own: dict[str, Any] | None = None,
    others: Sequence[dict[str, Any]] = (),
    sessions: dict[str, dict[str, Any]] | None = None,
) -> EngineApi:
    """Return an engine with one container; without `inspect` it is gone when it is asked for.

    `own` adds to its entry in the list, `others` are more entries; `sessions` are the calls that
    answer for exec sessions, by their ids.
    """
    listed = [{"Id": ID, "Names": ["/web"], "State": "running", **(own or {})}, *others]
    gone = {"error": ["vanished", "no such container", "Scan again.", False]}
    calls: dict[str, Any] = {
        '["containers"]': {"answer": listed},
        '["info"]': {"answer": info if info is not None else {"SecurityOptions": []}},
        json.dumps(["inspect", ID]): gone if inspect is None else {"answer": inspect},
    }
    for session, call in (sessions or {}).items():
        calls[json.dumps(["execution", session])] = call
    if volumes is not None:
        calls['["volumes"]'] = {"answer": volumes}
    if networks is not None:
        calls['["networks"]'] = {"answer": networks}
    attributes = {"endpoint": endpoint, "engine": name, "local": endpoint.startswith("unix://")}
    return replay({"attributes": attributes, "calls": calls}, EngineApi)


def inspected(pid: int = 0, **host: Any) -> dict[str, Any]:
    """Return the inspection of a plain container, with some of its HostConfig replaced."""
    usual: dict[str, Any] = {
        "Privileged": False,
        "CapAdd": None,
        "CapDrop": None,
        "SecurityOpt": None,
        "PidMode": "",
        "IpcMode": "private",
        "UTSMode": "",
        "UsernsMode": "",
        "NetworkMode": "default",
        "CgroupnsMode": "private",
        "Devices": None,
        "DeviceCgroupRules": None,
        "PortBindings": None,
        "Memory": 0,
        "PidsLimit": None,
        "CpuQuota": 0,
        "NanoCpus": 0,
        "ReadonlyRootfs": False,
        "RestartPolicy": {"Name": ""},
        "Runtime": "runc",
        "MaskedPaths": ["/proc/kcore"],
        "ReadonlyPaths": ["/proc/sys"],
    }
    return {
        "Id": ID,
        "Path": "/bin/web",
        "AppArmorProfile": "",
        "State": {"Pid": pid, "Running": pid > 0},
        "Config": {"User": "", "Image": "web", "Env": None},
        "Mounts": None,
        "ExecIDs": None,
        "HostConfig": {**usual, **host},
    }


def value(seen: FactSet, path: str, vantage: Vantage) -> Any:
    """Return the value of a path from one vantage, None if that vantage has none."""
    return next((f.value for f in seen.facts.get(path, ()) if f.vantage is vantage), None)


def records(seen: FactSet, part: str, vantage: Vantage) -> tuple[Record, ...]:
    """Return the records of a part from one vantage."""
    (found,) = (p for p in seen.parts[part] if p.vantage is vantage)
    return found.records


def fields(record: Record, *paths: str) -> tuple[Any, ...]:
    """Return the values of some fields of a record, None for one it lacks."""
    facts = (record.facts.get(path) for path in paths)
    return tuple(fact.value if fact else None for fact in facts)


def only(record: Record, part: str) -> dict[str, Any]:
    """Return the fields of a record by their names within the part."""
    return {path.removeprefix(f"{part}."): fact.value for path, fact in record.facts.items()}


def write_process(
    root: Path,
    pid: int,
    *,
    namespaces: dict[str, str] | None = None,
    cgroup: str = "0::/\n",
    uid: int = 0,
    uid_map: str = "0 0 4294967295\n",
    status: str = "",
    start: int = 100,
    parent: int = 0,
    mounts: str = "1 0 0:1 / / rw - ext4 /dev/vda rw\n",
) -> Path:
    """Write /proc/PID as the kernel would show it and return the folder."""
    folder = root / "proc" / str(pid)
    (folder / "ns").mkdir(parents=True)
    for kind in NAMESPACES:
        link = (namespaces or {}).get(kind, f"{kind}:[1]")
        (folder / "ns" / kind).symlink_to(link)
    ids = "\t".join([str(uid)] * 4)
    sets = "".join(
        f"Cap{name}:\t0000000000000001\n" for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")
    )
    rest = status or "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n"
    (folder / "status").write_text(f"Name:\tweb\nUid:\t{ids}\nGid:\t{ids}\n{sets}{rest}")
    (folder / "stat").write_text(f"{pid} (we b) ) S {parent} {'0 ' * 17}{start} 0\n")
    (folder / "cgroup").write_text(cgroup)
    (folder / "uid_map").write_text(uid_map)
    (folder / "gid_map").write_text(uid_map)
    (folder / "limits").write_text(LIMITS)
    (folder / "oom_score_adj").write_text("0\n")
    (folder / "fd").mkdir()
    (folder / "mountinfo").write_text(mounts)
    os.symlink("/", folder / "root")
    return folder
