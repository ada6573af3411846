"""The limits of a sandbox's control groups (cgroups(7); Documentation/admin-guide/cgroup-v1, -v2).

A limit holds for all groups below it, so that every group above the sandbox's is looked at too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.hierarchy import Group, groups, imposed, limit_of, text_of
from isoaudit.transports import Files, Unreadable

__all__ = ["Group", "groups", "imposed", "note_limits", "realtime_budget"]

_ONLINE = "/sys/devices/system/cpu/online"
_PERIOD = 100_000  # microseconds; the kernel's default, cpu.cfs_period_us
_THROTTLES_V1 = ("read_bps", "write_bps", "read_iops", "write_iops")
_SWAP = "container.limits.swap"
_CPU = "container.limits.cpu"


@dataclass(frozen=True, slots=True)
class _Place:
    """The group that a controller puts the sandbox in; `name` is what its own folder is called."""

    files: Files
    group: Group
    name: str

    @property
    def is_v2(self) -> bool:
        return self.group.version == 2

    @property
    def own(self) -> str:
        return self.group.own(self.name)

    def upwards(self) -> Iterator[str]:
        return self.group.upwards(self.name)

    def least(self, file: str) -> tuple[int, str] | None:
        """Return the lowest limit of the sandbox's group and those above it, with its file."""
        found = ((limit_of(self.files, f"{f}/{file}"), f"{f}/{file}") for f in self.upwards())
        return min(((limit, path) for limit, path in found if limit is not None), default=None)


def note_limits(notes: Notes, files: Files, found: dict[str, Group], name: str) -> None:
    """Note the limits that hold for a sandbox: its group's and those of every group above it.

    `name` is what the sandbox's own folder is called by: the container's id, or "" for the group
    itself. What a container sets on groups of its own making is no limit.
    """
    for path, controller, note in _TOPICS:
        group = found.get(controller) or found.get("")
        if group is None:
            detail = f"no cgroup hierarchy with {controller} is mounted here"
            notes.missing(path, Reason.NOT_SUPPORTED, detail)
            continue
        try:
            note(notes, _Place(files, group, name))
        except Unreadable as error:
            notes.lacks(error.missing(path, notes.vantage))
    _note_own_group(notes, found)


def realtime_budget(files: Files, found: dict[str, Group], name: str) -> tuple[int, str] | None:
    """Return the microseconds of real-time scheduling that a sandbox's group may use, and the file.

    None where the kernel keeps no such account (version 2, or built without RT_GROUP_SCHED):
    priorities then decide alone. Raises Unreadable.
    """
    group = found.get("cpu")
    if group is None:
        return None
    path = f"{group.own(name)}/cpu.rt_runtime_us"
    if text_of(files, path) is None:
        return None
    return limit_of(files, path) or 0, path


def _note_memory(notes: Notes, place: _Place) -> None:
    file = "memory.max" if place.is_v2 else "memory.limit_in_bytes"
    _note_least(notes, place, file, "container.limits.memory", "bytes")


def _note_pids(notes: Notes, place: _Place) -> None:
    _note_least(notes, place, "pids.max", "container.limits.pids", "count")


def _note_least(notes: Notes, place: _Place, file: str, path: str, unit: str) -> None:
    least = place.least(file)
    if least is None:
        notes.fact(f"{path}.set", False, f"{place.own}/{file} and the groups above it")
        return
    notes.fact(f"{path}.set", True, least[1])
    notes.fact(f"{path}.{unit}", least[0], least[1])


def _note_swap(notes: Notes, place: _Place) -> None:
    """Note the limit of swap; version 1 limits memory and swap together."""
    if place.is_v2:
        _note_least(notes, place, "memory.swap.max", _SWAP, "bytes")
        return
    both = place.least("memory.memsw.limit_in_bytes")
    memory = place.least("memory.limit_in_bytes")
    if both is None:
        source = f"{place.own}/memory.memsw.limit_in_bytes and the groups above it"
        notes.fact(f"{_SWAP}.set", False, source)
        return
    notes.fact(f"{_SWAP}.set", True, both[1])
    notes.fact(f"{_SWAP}.bytes", max(both[0] - (memory[0] if memory else 0), 0), both[1])


def _note_oom_killer(notes: Notes, place: _Place) -> None:
    path = "container.limits.memory.oom_kill_disabled"
    file = f"{place.own}/memory.oom_control"
    text = None if place.is_v2 else text_of(place.files, file)
    if text is None:
        notes.fact(path, False, f"{place.own} has no memory.oom_control: always on")
    else:
        notes.fact(path, "oom_kill_disable 1" in text.splitlines(), file)


def _note_cpu(notes: Notes, place: _Place) -> None:
    quotas = ((_millicores(place, folder), folder) for folder in place.upwards())
    least = min(((quota, f) for quota, f in quotas if quota is not None), default=None)
    file = "cpu.max" if place.is_v2 else "cpu.cfs_quota_us"
    if least is None:
        notes.fact(f"{_CPU}.set", False, f"{place.own}/{file} and the groups above it")
        return
    source = f"{least[1]}/{file}"
    notes.fact(f"{_CPU}.set", True, source)
    notes.fact(f"{_CPU}.millicores", least[0], source)


def _millicores(place: _Place, folder: str) -> int | None:
    """Return a group's share of CPU time in thousandths of a CPU, None if it is not limited."""
    file = f"{folder}/{'cpu.max' if place.is_v2 else 'cpu.cfs_quota_us'}"
    quota = limit_of(place.files, file)
    if quota is None:
        return None
    if place.is_v2:
        words = (text_of(place.files, file) or "").split()
        period = int(words[1]) if len(words) > 1 and words[1].isdecimal() else _PERIOD
    else:
        period = limit_of(place.files, f"{folder}/cpu.cfs_period_us") or _PERIOD
    return quota * 1000 // max(period, 1)


def _note_cpuset(notes: Notes, place: _Place) -> None:
    """Note whether its CPUs are fewer than the host has; without a cpuset they are all."""
    names = ("cpuset.cpus.effective",) if place.is_v2 else ("cpuset.effective_cpus", "cpuset.cpus")
    for file in (f"{folder}/{name}" for folder in place.upwards() for name in names):
        text = text_of(place.files, file)
        if text and text.strip():
            online = place.files.read_text(_ONLINE)
            fewer = _count(text, file) < _count(online, _ONLINE)
            notes.fact(f"{_CPU}.pinned", fewer, f"{file}, {_ONLINE}")
            return
    notes.fact(f"{_CPU}.pinned", False, f"{place.own} and the groups above it have no cpuset")


def _count(text: str, file: str) -> int:
    """Return how many CPUs a list such as `0-3,8` names; raises Unreadable."""
    total = 0
    for entry in text.strip().split(","):
        first, _, last = entry.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise Unreadable(Reason.PARSE_ERROR, f"{file}: a list of CPUs is expected")
        total += int(last or first) - int(first) + 1
    return total


def _note_realtime(notes: Notes, place: _Place) -> None:
    """Note the budget for real-time scheduling where there is one (see `realtime_budget`)."""
    budget = realtime_budget(place.files, {"cpu": place.group}, place.name)
    if budget is not None:
        notes.fact(f"{_CPU}.realtime", budget[0] > 0, budget[1])


def _note_block_io(notes: Notes, place: _Place) -> None:
    path = "container.limits.block_io.set"
    names = [f"blkio.throttle.{each}_device" for each in _THROTTLES_V1]
    for file in (
        f"{f}/{n}" for f in place.upwards() for n in (["io.max"] if place.is_v2 else names)
    ):
        if _throttles(text_of(place.files, file) or ""):
            notes.fact(path, True, file)
            return
    shown = "io.max" if place.is_v2 else "blkio.throttle.*"
    notes.fact(path, False, f"{place.own}/{shown} and the groups above it")


def _throttles(text: str) -> bool:
    """Say whether a line gives a device a rate: `8:0 1048576`, or `8:0 rbps=1048576 wbps=max`."""
    words = (word.rpartition("=")[2] for line in text.splitlines() for word in line.split()[1:])
    return any(word.isdecimal() and word != "0" for word in words)


def _note_own_group(notes: Notes, found: dict[str, Group]) -> None:
    """Note whether it sits below the root group of every hierarchy that can limit it."""
    path = "container.cgroup.own"
    limiting = [found.get(name) or found.get("") for name in ("memory", "pids", "cpu")]
    known = [group for group in limiting if group is not None]
    if not known:
        detail = "no cgroup hierarchy that limits anything is mounted here"
        notes.missing(path, Reason.NOT_SUPPORTED, detail)
        return
    at_root = next((group for group in known if group.path in {"", "/"}), None)
    notes.fact(path, at_root is None, (at_root or known[0]).folder)


_TOPICS: tuple[tuple[str, str, Callable[[Notes, _Place], None]], ...] = (
    ("container.limits.memory.set", "memory", _note_memory),
    ("container.limits.memory.oom_kill_disabled", "memory", _note_oom_killer),
    ("container.limits.swap", "memory", _note_swap),
    ("container.limits.pids.set", "pids", _note_pids),
    ("container.limits.cpu.set", "cpu", _note_cpu),
    ("container.limits.cpu.realtime", "cpu", _note_realtime),
    ("container.limits.cpu.pinned", "cpuset", _note_cpuset),
    ("container.limits.block_io.set", "blkio", _note_block_io),
)
"""What stays dark if the files cannot be read, the controller that has them, and their reader."""
