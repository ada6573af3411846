"""Interpreters that the kernel starts for files of some format, in containers too (binfmt_misc).

Source: kernel.org admin-guide/binfmt-misc: with the flag F the interpreter is the one that was
opened when it was registered, with C it runs with the credentials of the file it interprets.
"""

from __future__ import annotations

from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.modules import Modules
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.tracing import mount_points
from isoaudit.probes.permissions import others_may_write
from isoaudit.transports.base import Unreadable

_FOLDER = "/proc/sys/fs/binfmt_misc"
_CONTROLS = frozenset({"register", "status"})
_MOST = 512


def note_binfmt(sheet: Sheet) -> None:
    """Note the part binfmt: every registered interpreter."""
    try:
        names = _entries(sheet)
        records = [_record(sheet, name) for name in names[:_MOST]]
    except Unreadable as error:
        sheet.kernel.part("binfmt", [], error.missing("binfmt", sheet.kernel.vantage))
        return
    cut = None
    if len(names) > _MOST:
        cut = Missing("binfmt", Reason.LIMIT, f"more than {_MOST}", "", sheet.kernel.vantage)
    sheet.kernel.part("binfmt", records, cut)


def _entries(sheet: Sheet) -> list[str]:
    """Return the names of what is registered; raises Unreadable if that does not show."""
    # NOTE: the mount table is asked first. Where systemd waits with the mount until somebody
    # looks into the folder, looking would make it.
    if _FOLDER in mount_points(sheet.mounts(), "binfmt_misc"):
        return [name for name in sheet.files.list_names(_FOLDER) if name not in _CONTROLS]
    if _never_loaded(sheet):
        return []
    raise Unreadable(
        Reason.NOT_SUPPORTED,
        f"binfmt_misc is not mounted at {_FOLDER}: what is registered does not show",
        f"Mount it: mount -t binfmt_misc binfmt_misc {_FOLDER}",
    )


def _never_loaded(sheet: Sheet) -> bool:
    """Say whether nothing can be registered: binfmt_misc is not built, or its module not loaded."""
    config = sheet.config()
    if isinstance(config, Unreadable):
        raise config
    built = config.get("BINFMT_MISC", "n")
    return built == "n" or (built == "m" and not Modules(sheet).loaded("binfmt_misc"))


def _record(sheet: Sheet, name: str) -> Record:
    notes = Notes(sheet.kernel.vantage)
    path = f"{_FOLDER}/{name}"
    notes.fact("binfmt.name", name, path)
    try:
        lines = sheet.text(path).splitlines()
    except Unreadable as error:
        notes.lacks(error.missing("binfmt", notes.vantage))
        return notes.record()
    words = dict(line.replace(":", "").split(" ", 1) for line in lines if " " in line)
    notes.fact("binfmt.enabled", lines[:1] == ["enabled"], path)
    flags = words.get("flags", "")
    notes.fact("binfmt.flags", flags, path)
    notes.fact("binfmt.credentials", "C" in flags, path)
    if "interpreter" not in words:
        for field in ("interpreter", "others_may_write"):
            notes.missing(f"binfmt.{field}", Reason.PARSE_ERROR, f"{path} names no interpreter")
        return notes.record()
    notes.fact("binfmt.interpreter", words["interpreter"], path)
    _note_rights(sheet, notes, words["interpreter"])
    return notes.record()


def _note_rights(sheet: Sheet, notes: Notes, interpreter: str) -> None:
    try:
        seen = sheet.files.stat(interpreter)
    except Unreadable as error:
        notes.lacks(error.missing("binfmt.others_may_write", notes.vantage))
        return
    source = f"stat {interpreter}: uid {seen['uid']}, gid {seen['gid']}, mode {seen['mode']:04o}"
    notes.fact("binfmt.others_may_write", others_may_write(seen), source)
