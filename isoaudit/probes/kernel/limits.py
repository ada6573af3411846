"""The limits of a single process (getrlimit(2), proc(5): limits, oom_score_adj)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.cgroup import Group, realtime_budget
from isoaudit.transports import Files, Unreadable

_LINE = re.compile(r"(Max [a-z ]+?) {2,}(\d{1,20}|unlimited) +(\d{1,20}|unlimited)(?: |$)")
_UNLIMITED = "unlimited"
REALTIME = "container.limits.cpu.realtime"
_PRIORITY = "Max realtime priority"

LIMITS = (
    ("process.limits.open_files", "count", "Max open files"),
    ("process.limits.locked_memory", "bytes", "Max locked memory"),
    ("process.limits.core", "bytes", "Max core file size"),
)
"""The limits that are facts: path, unit, and the name that /proc/PID/limits calls it by."""


@lru_cache(64)
def hard_limits(text: str) -> Mapping[str, int | None]:
    """Return the hard limits by the names of /proc/PID/limits; None stands for unlimited."""
    found = (match for line in text.splitlines() if (match := _LINE.match(line)))
    return {m[1]: None if m[3] == _UNLIMITED else int(m[3]) for m in found}


def note_process_limits(notes: Notes, limits: str | Unreadable, score: str | Unreadable) -> None:
    """Note `process.limits.*` and `process.oom_score_adj` of one process's record.

    `limits` and `score` are the texts of /proc/PID/limits and /proc/PID/oom_score_adj.
    """
    _note_limits(notes, limits)
    path, source = "process.oom_score_adj", "/proc/PID/oom_score_adj"
    if isinstance(score, Unreadable):
        notes.lacks(score.missing(path, notes.vantage))
    elif re.fullmatch(r"-?\d{1,4}", score.strip()):
        notes.fact(path, int(score), source)
    else:
        notes.missing(path, Reason.PARSE_ERROR, f"{source}: a number is expected")


def _note_limits(notes: Notes, limits: str | Unreadable) -> None:
    if isinstance(limits, Unreadable):
        notes.lacks(limits.missing("process.limits", notes.vantage))
        return
    hard = hard_limits(limits)
    for path, unit, name in LIMITS:
        source = f"/proc/PID/limits {name}"
        if name not in hard:
            detail = f"{source} is not there or no number"
            notes.missing(path, Reason.PARSE_ERROR, detail)
            continue
        limit = hard[name]
        notes.fact(f"{path}.set", limit is not None, source)
        if limit is not None:
            notes.fact(f"{path}.{unit}", limit, source)


def note_realtime(
    notes: Notes,
    files: Files,
    found: dict[str, Group],
    name: str,
    limits: Iterable[str | Unreadable],
) -> None:
    """Note whether a sandbox's settings grant real-time scheduling to one of its processes.

    `found` and `name` are as for `note_limits`, `limits` the texts of /proc/PID/limits of its
    processes. Where the kernel keeps a budget by group, none means none, whatever priority is
    allowed; that is noted with the group's limits. Without such an account the priority decides.
    """
    try:
        if realtime_budget(files, found, name) is not None:
            return
        notes.fact(REALTIME, _may_take(limits), f"/proc/PID/limits {_PRIORITY} of each process")
    except Unreadable as error:
        notes.lacks(error.missing(REALTIME, notes.vantage))


def _may_take(limits: Iterable[str | Unreadable]) -> bool:
    """Say whether a process may take a real-time priority; raises Unreadable if none is seen to."""
    unread: Unreadable | None = None
    seen = False
    for text in limits:
        if isinstance(text, Unreadable):
            unread = text
            continue
        hard = hard_limits(text)
        if _PRIORITY not in hard:
            unread = Unreadable(Reason.PARSE_ERROR, f"/proc/PID/limits has no {_PRIORITY}")
            continue
        seen, priority = True, hard[_PRIORITY]
        if priority is None or priority > 0:
            return True
    if unread is not None or not seen:
        raise unread or Unreadable(Reason.VANISHED, "no process was read")
    return False
