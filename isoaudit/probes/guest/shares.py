"""Folders of the host that a guest has mounted. Sources: mount(8), proc(5), the drivers' names."""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.guest.notes import Guest, record
from isoaudit.transports.base import Unreadable

_MOUNTS = "/proc/self/mounts"
_DRIVERS = {
    "9p": "9p",
    "virtiofs": "virtiofs",
    "vboxsf": "vboxsf",
    "vmhgfs": "vmhgfs",
    "fuse.vmhgfs-fuse": "vmhgfs",
    "prl_fs": "prl_fs",
    "fuse.prl_fsd": "prl_fs",
}
_OCTAL = re.compile(r"\\([0-7]{3})")


def note_shares(guest: Guest) -> None:
    """Note the part guest_share: what is mounted from the host, and whether it may be written."""
    with guest.missing_if_unreadable("guest_share"):
        rows = [line.split(" ") for line in guest.pages("mounts").listed(_MOUNTS)]
        if any(len(row) < 6 for row in rows):
            raise Unreadable(Reason.PARSE_ERROR, f"{_MOUNTS} in the guest has a line that is cut")
        guest.part(
            "guest_share",
            [
                record(
                    "guest_share",
                    f"{_MOUNTS}: {_plain(row[1])[:120]}",
                    source=_plain(row[0])[:400],
                    target=_plain(row[1])[:400],
                    driver=_DRIVERS[row[2]],
                    read_only="ro" in row[3].split(","),
                )
                for row in rows
                if row[2] in _DRIVERS and not _is_other(row)
            ],
        )


def _is_other(row: list[str]) -> bool:
    """Say whether 9p is spoken with another machine, and not with the host."""
    return row[2] == "9p" and "trans=tcp" in row[3].split(",")


def _plain(word: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8) & 0xFF), word)
