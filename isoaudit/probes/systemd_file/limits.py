"""What a service of systemd may use up: its control group's limits, and its processes'.

Sources: systemd.resource-control(5), systemd.exec(5) (process properties, scheduling).
"""

from __future__ import annotations

import re

from isoaudit.documents.unit import Entry
from isoaudit.probes.systemd_file.service import SYSTEMD_DEFAULT, Service

_LIMITS = "container.limits"
_SIZE = re.compile(r"([0-9]{1,18})(?:\.[0-9]*)?\s*([KMGTPE]?)B?", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,2}))?%")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_UNITS = "KMGTPE"
_WIDEST = 2**63
_INFINITY = "infinity"
_RATES = ("IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax",
          "BlockIOReadBandwidth", "BlockIOWriteBandwidth")  # fmt: skip
_RLIMITS = (
    ("LimitNOFILE", "process.limits.open_files", "count"),
    ("LimitMEMLOCK", "process.limits.locked_memory", "bytes"),
    ("LimitCORE", "process.limits.core", "bytes"),
)
_REALTIME = frozenset({"fifo", "rr"})


def note_limits(service: Service) -> None:
    """Note what bounds the service, and each of its processes."""
    _note_bound(service, "memory", "bytes", ("MemoryMax", "MemoryLimit"))
    remark = "the kernel may always end it"
    service.facts.default(f"{_LIMITS}.memory.oom_kill_disabled", False, remark)
    _note_bound(service, "swap", "bytes", ("MemorySwapMax",))
    _note_tasks(service)
    _note_cpu(service)
    _note_block_io(service)
    _note_group(service)
    for key, path, unit in _RLIMITS:
        _note_rlimit(service, key, path, unit)
    _note_oom(service)


def size(text: str) -> int | None:
    """Return a size such as `512M` in bytes, powers of 1024; None if it is none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    power = _UNITS.index(match[2].upper()) + 1 if match[2] else 0
    return min(int(match[1]) << 10 * power, _WIDEST - 1)


def _bound(service: Service, keys: tuple[str, ...]) -> Entry | None:
    return next((e for key in keys if (e := service.last(key)) is not None), None)


def _note_bound(service: Service, name: str, unit: str, keys: tuple[str, ...]) -> None:
    path, said = f"{_LIMITS}.{name}", _bound(service, keys)
    if said is None:
        service.facts.default(f"{path}.set", False, f"no {keys[0]}: {SYSTEMD_DEFAULT}")
        return
    limit = size(said.value)
    if limit is None and _PERCENT.fullmatch(said.value) is None and said.value != _INFINITY:
        service.facts.unknown(path, "no size that systemd takes, or one it fills in")
        return
    service.facts.say(f"{path}.set", said.value != _INFINITY, said)
    if limit is not None:
        service.facts.say(f"{path}.{unit}", limit, said)


def _note_tasks(service: Service) -> None:
    path, said = f"{_LIMITS}.pids", service.last("TasksMax")
    if said is None:
        why = "no TasksMax: the manager's own default holds (DefaultTasksMax)"
        service.facts.unknown(f"{path}.set", why, "Set TasksMax.")
        return
    is_number = _NUMBER.fullmatch(said.value) is not None
    if not is_number and _PERCENT.fullmatch(said.value) is None and said.value != _INFINITY:
        service.facts.unknown(f"{path}.set", "no number that systemd takes, or one it fills in")
        return
    service.facts.say(f"{path}.set", said.value != _INFINITY, said)
    if is_number:
        service.facts.say(f"{path}.count", int(said.value), said)


def _note_cpu(service: Service) -> None:
    path, said = f"{_LIMITS}.cpu", service.last("CPUQuota")
    share = _PERCENT.fullmatch(said.value) if said is not None else None
    if said is None or share is None:
        service.facts.default(f"{path}.set", False, f"no CPUQuota: {SYSTEMD_DEFAULT}")
    else:
        service.facts.say(f"{path}.set", True, said)
        millicores = int(share[1]) * 10 + int((share[2] or "0").ljust(2, "0")) // 10
        service.facts.say(f"{path}.millicores", millicores, said)
    pinned = _bound(service, ("AllowedCPUs", "CPUAffinity"))
    if pinned is None:
        service.facts.default(f"{path}.pinned", False, f"no AllowedCPUs: {SYSTEMD_DEFAULT}")
    else:
        service.facts.beyond(f"{path}.pinned", "how many CPUs there are, the host tells")
    policy, priority = service.last("CPUSchedulingPolicy"), service.last("LimitRTPRIO")
    granting = policy if policy is not None and policy.value in _REALTIME else None
    if granting is None and priority is not None and priority.value.strip("0:") != "":
        granting = priority
    if granting is not None:
        service.facts.say(f"{path}.realtime", True, granting)
    else:
        service.facts.default(f"{path}.realtime", False, f"no such policy: {SYSTEMD_DEFAULT}")


def _note_block_io(service: Service) -> None:
    path, rates = f"{_LIMITS}.block_io.set", service.all(*_RATES)
    if rates:
        service.facts.say(path, True, rates[0])
    else:
        service.facts.default(path, False, f"no {_RATES[0]}: {SYSTEMD_DEFAULT}")


def _note_group(service: Service) -> None:
    said, path = service.last("Slice"), "container.cgroup.parent"
    if said is None:
        service.facts.default(path, "", f"no Slice: {SYSTEMD_DEFAULT}")
    else:
        service.facts.say(path, said.value, said)
    service.facts.default("container.cgroup.own", True, "every service has one")


def _note_rlimit(service: Service, key: str, path: str, unit: str) -> None:
    """Note a hard limit: of `SOFT:HARD` the second."""
    said, process = service.last(key), service.process
    if said is None:
        process.unknown(path, f"no {key}: the manager's own default holds", f"Set {key}.")
        return
    hard = said.value.rpartition(":")[2]
    limit = size(hard)
    if hard != _INFINITY and limit is None:
        process.unknown(path, "no limit that systemd takes, or one it fills in", f"Set {key}.")
        return
    process.say(f"{path}.set", limit is not None, said)
    if limit is not None:
        process.say(f"{path}.{unit}", limit, said)


def _note_oom(service: Service) -> None:
    said, path = service.last("OOMScoreAdjust"), "process.oom_score_adj"
    if said is None:
        service.process.default(path, 0, "no OOMScoreAdjust: the manager's own, which is 0")
    elif _NUMBER.fullmatch(said.value) is not None:
        service.process.say(path, int(said.value), said)
    else:
        service.process.unknown(path, "no number, or one that systemd fills in")
