"""Owner and mode of a file, read off a line of `ls -ldn`: stat(1) is not everywhere.

Source: POSIX ls(1), "The Output": mode, links, owner, group; a mark of ACLs follows the mode.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable

_LINE = re.compile(
    r"([-bcCdDlMnpPs?])([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])([.+@]?)\s+\d+\s+(\d{1,10})\s"
)


class Rights(NamedTuple):
    """Permission bits, owner, and whether an ACL says more than the bits."""

    mode: int
    uid: int
    extended: bool


def mode_of(line: str) -> Rights:
    """Return what a line of `ls -ldn` tells; raises Unreadable."""
    found = _LINE.match(line)
    if found is None:
        raise Unreadable(Reason.PARSE_ERROR, f"ls said {line[:60]!r}")
    bits = found[2]
    mode = sum(0o400 >> at for at, letter in enumerate(bits) if letter in "rwxst")
    special = zip((2, 5, 8), (0o4000, 0o2000, 0o1000), strict=True)
    mode |= sum(bit for at, bit in special if bits[at] in "sStT")
    return Rights(mode, int(found[4]), found[3] == "+")
