"""Ranges of ids that accounts may use in user namespaces of their own.

Sources: subuid(5), subgid(5), nsswitch.conf(5), newuidmap(1): who is in these files may become any
id of its ranges, on the host's files too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host import accounts
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_FACTS = ("host.subids.with_root", "host.subids.overlapping")
_FILES = ("/etc/subuid", "/etc/subgid")
_SWITCH = "/etc/nsswitch.conf"


class _Range(NamedTuple):
    """Ids from `start` up to `end`, which is the first behind them, and whose they are."""

    start: int
    end: int
    owner: str


def note_subids(sheet: Sheet) -> None:
    """Note whose ranges hold the id of root, and whose hold ids of somebody else."""
    root: set[str] = set()
    shared: set[str] = set()
    try:
        _refuse_other_sources(sheet)
        users = accounts.users(sheet)
        taken = (
            [_Range(uid, uid + 1, name) for name, uid in users.items()],
            [_Range(group.gid, group.gid + 1, group.name) for group in accounts.groups(sheet)],
        )
        for path, ids in zip(_FILES, taken, strict=True):
            ranges = _ranges(sheet, path, users)
            root |= {one.owner for one in ranges if one.start == 0}
            shared |= _overlapping(ranges, [one for one in ids if one.start != 0])
    except Unreadable as error:
        for fact in _FACTS:
            sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    for fact, owners in zip(_FACTS, (root, shared), strict=True):
        sheet.declared.fact(fact, sorted(owners), " and ".join(_FILES))


def _refuse_other_sources(sheet: Sheet) -> None:
    """Raise Unreadable if ranges come from elsewhere: then the files are not asked."""
    try:
        text = sheet.text(_SWITCH)
    except Unreadable as error:
        if error.absent:
            return
        raise
    line = re.search(r"^subid:[ \t]*(\S+)", text, re.MULTILINE)
    if line and line[1] != "files":
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            f"{_SWITCH}: ranges come from {line[1]}",
            "Ask the directory for the ranges of its accounts (getsubids NAME).",
        )


def _ranges(sheet: Sheet, path: str, users: dict[str, int]) -> list[_Range]:
    """Return the ranges of a file by account name, broken lines left out as newuidmap does."""
    try:
        lines = sheet.whole(path).splitlines()
    except Unreadable as error:
        if error.absent:
            return []
        raise
    names = {str(uid): name for name, uid in users.items()}
    found: list[_Range] = []
    for line in lines:
        fields = line.strip().split(":")
        if len(fields) == 3 and fields[1].isdecimal() and fields[2].isdecimal():
            start, count = int(fields[1]), int(fields[2])
            if count:
                found.append(_Range(start, start + count, names.get(fields[0], fields[0])))
    return found


def _overlapping(ranges: list[_Range], ids: list[_Range]) -> set[str]:
    """Return the owners of ranges that share an id with a range or an account of another.

    Ranges are gathered as long as each begins before the ones so far end. If such a heap has
    several owners, each shares ids with another: else its ranges would be heaps of their own.
    """
    found: set[str] = set()
    heap: set[str] = set()
    reach = 0
    for one in sorted([*ranges, *ids]):
        if one.start >= reach:
            heap = set()
        heap.add(one.owner)
        reach = max(reach, one.end)
        if len(heap) > 1:
            found |= heap
    return found & {one.owner for one in ranges}
