"""What the container of an OCI bundle may use up: its control group's limits and its process's.

Sources: the OCI runtime specification (config-linux, resources; config, rlimits), cgroups(7), the
kernel's documentation of cgroup v2 for `unified`.
"""

from __future__ import annotations

import posixpath

from isoaudit.documents.yaml import Node
from isoaudit.probes.declared import Sheet
from isoaudit.probes.oci.bundle import RUNTIME_DEFAULT, Bundle, flag, number, text, word

_LIMITS = "container.limits"
_INFINITY = 2**64 - 1
_WIDEST = 2**63
_PERIOD = 100_000
_RLIMITS = {
    "RLIMIT_NOFILE": ("process.limits.open_files", "count"),
    "RLIMIT_MEMLOCK": ("process.limits.locked_memory", "bytes"),
    "RLIMIT_CORE": ("process.limits.core", "bytes"),
}
_THROTTLES = ("throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice",
              "throttleWriteIOPSDevice")  # fmt: skip
_ENGINES = frozenset({"/docker", "docker", "/libpod_parent", "system.slice", "machine.slice"})
"""Parents that engines choose by themselves."""


def note_limits(bundle: Bundle) -> None:
    """Note what bounds the container, and each of its processes."""
    _note_memory(bundle)
    pids = _own(bundle, ("pids", "limit"), "pids.max")
    _note_bound(bundle, "pids", "count", pids)
    _note_cpu(bundle)
    _note_block_io(bundle)
    _note_group(bundle)
    if bundle.get("process") is not None:
        _note_process(bundle)


Found = tuple[int, Node] | None


def _own(bundle: Bundle, keys: tuple[str, ...], unified: str) -> Found:
    """Return a limit with where it stands, 0 and less for none; None if nothing is said.

    A file of cgroup v2 that is named in `unified` is written last.
    """
    raw = bundle.get("linux", "resources", "unified", unified)
    if raw is not None:
        amount = text(raw).split(" ", 1)[0].strip()
        return (int(amount) if amount.isascii() and amount.isdecimal() else 0) % _WIDEST, raw
    node = bundle.get("linux", "resources", *keys)
    if node is None:
        return None
    limit = number(node)
    return (limit if limit < _WIDEST else 0), node


def _note_bound(bundle: Bundle, name: str, unit: str, found: Found) -> None:
    path = f"{_LIMITS}.{name}"
    if found is None:
        bundle.facts.default(f"{path}.set", False, f"no limit: {RUNTIME_DEFAULT}")
        return
    limit, where = found
    bundle.facts.say(f"{path}.set", limit > 0, where)
    if limit > 0:
        bundle.facts.say(f"{path}.{unit}", limit, where)


def _note_memory(bundle: Bundle) -> None:
    memory = _own(bundle, ("memory", "limit"), "memory.max")
    _note_bound(bundle, "memory", "bytes", memory)
    _note_swap(bundle, memory)
    said, path = bundle.get("linux", "resources", "memory", "disableOOMKiller"), f"{_LIMITS}.memory"
    if said is None:
        bundle.facts.default(f"{path}.oom_kill_disabled", False, RUNTIME_DEFAULT)
    else:
        bundle.facts.say(f"{path}.oom_kill_disabled", flag(said), said)


def _note_swap(bundle: Bundle, memory: Found) -> None:
    """Note the swap beyond the memory limit; the file counts both together, `unified` does not."""
    path, facts = f"{_LIMITS}.swap", bundle.facts
    alone = bundle.get("linux", "resources", "unified", "memory.swap.max")
    both = bundle.get("linux", "resources", "memory", "swap")
    if alone is not None:
        amount = text(alone).strip()
        limited = amount.isascii() and amount.isdecimal() and len(amount) < 19
        facts.say(f"{path}.set", limited, alone)
        if limited:
            facts.say(f"{path}.bytes", int(amount), alone)
    elif both is None or memory is None or memory[0] <= 0:
        facts.default(f"{path}.set", False, f"no limit of swap: {RUNTIME_DEFAULT}")
    else:
        limit = number(both)
        limited = 0 < limit < _WIDEST
        facts.say(f"{path}.set", limited, both)
        if limited:
            facts.say(f"{path}.bytes", max(limit - memory[0], 0), both)


def _note_cpu(bundle: Bundle) -> None:
    path, facts = f"{_LIMITS}.cpu", bundle.facts
    quota = _own(bundle, ("cpu", "quota"), "cpu.max")
    if quota is None:
        facts.default(f"{path}.set", False, f"no quota: {RUNTIME_DEFAULT}")
    else:
        facts.say(f"{path}.set", quota[0] > 0, quota[1])
        if quota[0] > 0:
            facts.say(f"{path}.millicores", quota[0] * 1000 // _period(bundle), quota[1])
    cpus = bundle.get("linux", "resources", "cpu", "cpus")
    if cpus is None or not text(cpus):
        facts.default(f"{path}.pinned", False, f"no cpus: {RUNTIME_DEFAULT}")
    else:
        facts.beyond(f"{path}.pinned", "how many CPUs there are, the host tells")
    _note_realtime(bundle, f"{path}.realtime")


def _period(bundle: Bundle) -> int:
    raw = bundle.get("linux", "resources", "unified", "cpu.max")
    if raw is not None:
        period = text(raw).partition(" ")[2].strip()
        return (int(period) if period.isdecimal() and len(period) < 10 else 0) or _PERIOD
    node = bundle.get("linux", "resources", "cpu", "period")
    return (number(node) if node is not None else 0) or _PERIOD


def _note_realtime(bundle: Bundle, path: str) -> None:
    budget = bundle.get("linux", "resources", "cpu", "realtimeRuntime")
    priority = _rlimits(bundle).get("RLIMIT_RTPRIO")
    granting = budget if budget is not None and number(budget) > 0 else None
    if granting is None and priority is not None and priority[0] > 0:
        granting = priority[1]
    if granting is not None:
        bundle.facts.say(path, True, granting)
    elif priority is not None:
        bundle.facts.say(path, False, priority[1])
    else:
        remark = "no realtimeRuntime, no RLIMIT_RTPRIO beyond the runtime's own"
        bundle.facts.default(path, False, remark)


def _note_block_io(bundle: Bundle) -> None:
    path = f"{_LIMITS}.block_io.set"
    for key in _THROTTLES:
        for entry in bundle.listed("linux", "resources", "blockIO", key):
            rate = entry.get("rate")
            if rate is not None and number(rate) > 0:
                bundle.facts.say(path, True, entry)
                return
    raw = bundle.get("linux", "resources", "unified", "io.max")
    if raw is not None and any(not w.endswith("=max") for w in text(raw).split()[1:]):
        bundle.facts.say(path, True, raw)
    else:
        bundle.facts.default(path, False, f"no rate in blockIO: {RUNTIME_DEFAULT}")


def _note_group(bundle: Bundle) -> None:
    """Note the control group it is put below; `SLICE:PREFIX:NAME` is systemd's form of a path."""
    path, own, node = "container.cgroup.parent", "container.cgroup.own", None
    node = bundle.get("linux", "cgroupsPath")
    group = text(node) if node is not None else ""
    if node is None or not group:
        bundle.facts.default(path, "", f"no cgroupsPath: {RUNTIME_DEFAULT}")
        bundle.facts.default(own, True, f"no cgroupsPath: {RUNTIME_DEFAULT}, one for each")
        return
    parent = group.partition(":")[0] if group.count(":") == 2 else posixpath.dirname(group)
    bundle.facts.say(path, "" if parent in _ENGINES else parent, node)
    bundle.facts.say(own, posixpath.normpath(group).strip("/") not in {"", "."}, node)


def _note_process(bundle: Bundle) -> None:
    process, limits = bundle.process, _rlimits(bundle)
    for name, (path, unit) in _RLIMITS.items():
        if name not in limits:
            process.unknown(path, f"no {name}: the runtime's own holds", "Name it in the file.")
            continue
        _say_limit(process, path, unit, *limits[name])
    score = bundle.get("process", "oomScoreAdj")
    if score is None:
        detail = "no oomScoreAdj: the runtime's own holds"
        process.unknown("process.oom_score_adj", detail, "Set process.oomScoreAdj.")
    else:
        process.say("process.oom_score_adj", number(score), score)


def _say_limit(sheet: Sheet, path: str, unit: str, limit: int, node: Node) -> None:
    limited = limit < _WIDEST  # RLIM_INFINITY, and what no process can come to
    sheet.say(f"{path}.set", limited, node)
    if limited:
        sheet.say(f"{path}.{unit}", limit, node)


def _rlimits(bundle: Bundle) -> dict[str, tuple[int, Node]]:
    """Return the hard limits by name with where they stand; -1 is what 2^64-1 is."""
    found: dict[str, tuple[int, Node]] = {}
    for entry in bundle.listed("process", "rlimits"):
        hard = entry.get("hard")
        limit = number(hard) if hard is not None else 0
        found[word(entry, "type")] = (limit if limit >= 0 else _INFINITY, entry)
    return found
