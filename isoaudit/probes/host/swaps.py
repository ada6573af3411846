"""Where the kernel swaps to: memory of workloads that stays on a disk, readable or not.

Sources: proc_swaps(5), sysfs ABI stable/sysfs-block-zram and testing/sysfs-block-dm (`dm/uuid`
starts with `CRYPT-` for dm-crypt), sysfs-block `slaves`.
"""

from __future__ import annotations

import os
import re

from isoaudit.model import Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.transports.base import Unreadable

_PATH = "/proc/swaps"
_DEEPEST = 8
"""Layers of block devices looked through: a crypt below a volume below a mirror are three."""


def note_swaps(sheet: Sheet) -> None:
    """Note the part swap: every area in use, with what stands between it and the disk."""
    vantage = sheet.kernel.vantage
    try:
        lines = sheet.whole(_PATH).splitlines()[1:]
    except Unreadable as error:
        # NOTE: a kernel that is built without swap has no such file.
        unread = [] if sheet.absent(error, _PATH) else [error]
        sheet.kernel.part("swap", [], unread_part("swap", unread, vantage))
        return
    rows = [line.split() for line in lines if line.strip()]
    sheet.kernel.part("swap", [_record(sheet, _unescaped(row[0]), row[1]) for row in rows])


def _record(sheet: Sheet, path: str, kind: str) -> Record:
    notes = Notes(sheet.kernel.vantage)
    notes.fact("swap.path", path, _PATH)
    notes.fact("swap.type", kind, _PATH)
    try:
        backing, source = _backing(sheet, path)
    except Unreadable as error:
        notes.lacks(error.missing("swap.backing", notes.vantage))
    else:
        notes.fact("swap.backing", backing, source)
    return notes.record()


def _backing(sheet: Sheet, path: str) -> tuple[str, str]:
    """Return zram, crypt or plain, and the source; raises Unreadable."""
    device = sheet.files.stat(path)["device"]
    major, minor = os.major(device), os.minor(device)
    if major == 0:
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            f"{path} lies in a file system without a block device of its own",
            "See findmnt --target and lsblk for what is below it.",
        )
    link = f"/sys/dev/block/{major}:{minor}"
    name = sheet.files.read_link(link).rpartition("/")[2]
    folder = f"/sys/class/block/{name}"
    if name.startswith("zram"):
        behind = (
            sheet.text(f"{folder}/backing_dev") if sheet.exists(f"{folder}/backing_dev") else ""
        )
        if behind in {"", "none"}:
            return "zram", link
        return "plain", f"{folder}/backing_dev: {behind}"
    return ("crypt" if _encrypted(sheet, folder, 0) else "plain"), folder


def _encrypted(sheet: Sheet, folder: str, depth: int) -> bool:
    """Say whether a block device, or each one below it, is dm-crypt's; raises Unreadable."""
    try:
        if sheet.text(f"{folder}/dm/uuid").startswith("CRYPT-"):
            return True
    except Unreadable as error:
        if not sheet.absent(error, f"{folder}/dm/uuid"):
            raise
    below = sheet.names(f"{folder}/slaves")
    if isinstance(below, Unreadable):
        raise below
    if depth == _DEEPEST:
        raise Unreadable(Reason.LIMIT, f"{folder} has more than {_DEEPEST} layers")
    return bool(below) and all(
        _encrypted(sheet, f"/sys/class/block/{name}", depth + 1) for name in below
    )


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
