"""What a compose service may use up beside memory, tasks and CPU time: swap, I/O, open files.

Sources: the Compose specification, chapters services and deploy; docker-run(1).
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.limits import memory_limit
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import Word, number, size, truth, word
from isoaudit.regex import regex

_SWAP = "container.limits.swap"
_CPU = "container.limits.cpu"
_ULIMITS = (
    ("nofile", "process.limits.open_files", "count"),
    ("memlock", "process.limits.locked_memory", "bytes"),
    ("core", "process.limits.core", "bytes"),
)
_RATES = ("device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops")
_NO_TIME = regex(r"0+(?:\.0+)?(?:ns|us|ms|s|m|h)?")
_NAME_IT = "Set the ulimit in the file, or scan the running container."


def note_resources(service: Service) -> None:
    """Note the limits that have no chapter of their own; 0 and -1 stand for none."""
    _note_swap(service)
    _note_cpuset(service)
    _note_realtime(service)
    _note_block_io(service)
    _note_group(service)
    _note_oom(service)
    for name, path, unit in _ULIMITS:
        _note_ulimit(service, name, path, unit)


def _note_swap(service: Service) -> None:
    """Note the swap beyond the memory limit; the file counts both together."""
    memory, both = memory_limit(service), service.word("memswap_limit")
    facts = service.facts
    if memory is None:
        facts.default(f"{_SWAP}.set", False, f"no memory limit: {ENGINE_DEFAULT}")
        return
    unknown = next((said for said in (memory, both) if said is not None and said.depends), None)
    if unknown is not None:
        facts.unknown(_SWAP, unknown.open, FOLLOW)
        return
    if memory.text.strip().startswith("-") or (limit := size(memory)) == 0:
        facts.say(f"{_SWAP}.set", False, memory.node, "no memory limit")
    elif both is not None and both.text.strip().startswith("-"):
        facts.say(f"{_SWAP}.set", False, both.node)
    elif both is None or size(both) == 0:
        remark = f"no {service.key('memswap_limit')}: {ENGINE_DEFAULT}, as much as memory"
        facts.default(f"{_SWAP}.set", True, remark)
        facts.default(f"{_SWAP}.bytes", limit, remark)
    else:
        facts.say(f"{_SWAP}.set", True, both.node)
        facts.say(f"{_SWAP}.bytes", max(size(both) - limit, 0), both.node)


def _note_cpuset(service: Service) -> None:
    said, path = service.word("cpuset"), f"{_CPU}.pinned"
    if said is None:
        service.facts.default(path, False, f"no {service.key('cpuset')}: {ENGINE_DEFAULT}")
    else:
        note(service.facts, path, True, said)


def _note_realtime(service: Service) -> None:
    """Note a budget for real-time scheduling, or a limit that lets priorities be taken."""
    path = f"{_CPU}.realtime"
    asked = [service.word("cpu_rt_runtime"), _ulimit(service, "rtprio")]
    said = [one for one in asked if one is not None]
    grants = [one for one in said if one.known and not _NO_TIME.fullmatch(one.text.strip())]
    unknown = next((one for one in said if one.depends), None)
    if grants:
        service.facts.say(path, True, grants[0].node)
    elif unknown is not None:
        service.facts.unknown(path, unknown.open, FOLLOW)
    elif said:
        service.facts.say(path, False, said[0].node)
    else:
        remark = f"no {service.key('cpu_rt_runtime')}, no ulimit rtprio: {ENGINE_DEFAULT}"
        service.facts.default(path, False, remark)


def _note_block_io(service: Service) -> None:
    path = "container.limits.block_io.set"
    config = service.get("blkio_config")
    rates: list[tuple[Node, Node]] = []
    for key in _RATES:
        listed = config.get(key) if config is not None else None
        for entry in listed.elements() if listed is not None else []:
            rate = entry.get("rate")
            if rate is not None:
                rates.append((entry, rate))
    said = [(entry, word(rate)) for entry, rate in rates]
    limiting = [entry for entry, rate in said if rate.known and size(rate) > 0]
    unknown = next((rate for _, rate in said if rate.depends), None)
    if limiting:
        service.facts.say(path, True, limiting[0])
    elif unknown is not None:
        service.facts.unknown(path, unknown.open, FOLLOW)
    else:
        service.facts.default(path, False, f"no {service.key('blkio_config')}: {ENGINE_DEFAULT}")


def _note_group(service: Service) -> None:
    parent, path = service.word("cgroup_parent"), "container.cgroup.parent"
    if parent is None:
        service.facts.default(path, "", f"no {service.key('cgroup_parent')}: {ENGINE_DEFAULT}")
    else:
        note(service.facts, path, parent.text, parent)
    _note_own_group(service)


def _note_own_group(service: Service) -> None:
    """Note whether it has a control group of its own: podman alone can leave it without."""
    said, path = service.word("cgroups"), "container.cgroup.own"
    if said is None:
        service.facts.default(path, True, f"{ENGINE_DEFAULT}: one for each")
    else:
        note(service.facts, path, said.text != "disabled", said)


def _note_oom(service: Service) -> None:
    disabled, path = service.word("oom_kill_disable"), "container.limits.memory.oom_kill_disabled"
    if disabled is None:
        service.facts.default(
            path, False, f"no {service.key('oom_kill_disable')}: {ENGINE_DEFAULT}"
        )
    else:
        note(service.facts, path, truth(disabled), disabled)
    score, path = service.word("oom_score_adj"), "process.oom_score_adj"
    if score is None:
        service.process.default(path, 0, f"no {service.key('oom_score_adj')}: {ENGINE_DEFAULT}")
    elif score.depends:
        service.process.unknown(path, score.open, FOLLOW)
    else:
        service.process.say(path, number(score), score.node)


def _ulimit(service: Service, name: str) -> Word | None:
    """Return a hard limit: of one number alone it is that, of a pair the one called `hard`."""
    node = service.get("ulimits", name)
    if node is None:
        return None
    said = node if node.is_scalar else node.get("hard")
    if said is None:
        raise node.error("a ulimit is a number, or a pair of `soft` and `hard`")
    return word(said)


def _note_ulimit(service: Service, name: str, path: str, unit: str) -> None:
    said, process = _ulimit(service, name), service.process
    if said is None:
        process.unknown(path, f"no ulimit {name}: the engine's own holds", _NAME_IT)
    elif said.depends:
        process.unknown(path, said.open, FOLLOW)
    else:
        limit = number(said)
        process.say(f"{path}.set", limit >= 0, said.node)
        if limit >= 0:
            process.say(f"{path}.{unit}", limit, said.node)
