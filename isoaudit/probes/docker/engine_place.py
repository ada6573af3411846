"""Where an engine keeps its data on this host, and which accounts can talk to its socket.

Sources: unix(7) (connecting takes write permission), group(5).
"""

from __future__ import annotations

from typing import Any

from isoaudit.model import Missing, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.data_root import note_data_root
from isoaudit.probes.docker.engine_options import Options
from isoaudit.probes.docker.options import read_defaults
from isoaudit.probes.host import accounts
from isoaudit.probes.host.groups import members_elsewhere
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.permissions import others_may_enter, shown
from isoaudit.transports import EngineApi, Files, Unreadable

_EVERYONE = "everyone"


def note_place(
    notes: Notes,
    api: EngineApi,
    info: dict[str, Any],
    options: Options | Unreadable,
    files: Files | None,
) -> None:
    """Note the data root's permissions and file system, and who reaches the socket.

    `files` are None where the engine is not proven to run here; then both are missing.
    """
    if files is None or isinstance(options, Unreadable):
        why = options if isinstance(options, Unreadable) else _elsewhere()
        for path in ("engine.data_root_open", "engine.data_root_separate", "engine.accounts"):
            notes.lacks(why.missing(path, Vantage.ENGINE))
        return
    root = info.get("DockerRootDir")
    if isinstance(root, str) and root.startswith("/"):
        note_data_root(notes, files, root.rstrip("/") or "/", remapped=read_defaults(info).remap)
    _note_accounts(notes, files, api.endpoint.removeprefix("unix://"))


def _elsewhere() -> Unreadable:
    return Unreadable(Reason.OTHER_HOST, "the engine is not proven to run on this machine")


def _note_accounts(notes: Notes, files: Files, socket: str) -> None:
    """Note the accounts but root that may connect to the API's socket."""
    path = "engine.accounts"
    try:
        seen = files.stat(socket)
        sheet = Sheet(files)
        names, elsewhere = (
            _group_members(sheet, seen["gid"]) if seen["mode"] & 0o020 else ([], None)
        )
        open_folder = others_may_enter(files, socket.rpartition("/")[0] or "/")
    except Unreadable as error:
        notes.lacks(error.missing(path, notes.vantage))
        return
    source = shown(socket, seen)
    if seen["mode"] & 0o002 and open_folder.granted:
        names = [_EVERYONE]
    elif elsewhere is not None and not names:
        notes.missing(path, elsewhere.reason, elsewhere.detail, elsewhere.how_to_get)
        return
    if seen["uid"] != 0:
        names = sorted({*names, f"uid {seen['uid']}"})
    notes.fact(path, names, f"{source}; {accounts.GROUP}")


def _group_members(sheet: Sheet, gid: int) -> tuple[list[str], Missing | None]:
    """Return the members of a group but root, and why there may be more; raises Unreadable."""
    members = {
        name for group in accounts.groups(sheet) if group.gid == gid for name in group.members
    }
    members |= set(accounts.primary_members(sheet).get(gid, ()))
    return sorted(members - {"root"}), members_elsewhere(sheet)
