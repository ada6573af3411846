"""Where a finding is shown: a file of the source tree and a line, for live targets a name alone."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple
from urllib.parse import quote

from isoaudit.model import Finding, Location, RunError, Target
from isoaudit.report.escape import clean

_SHOWN = 1000
"""Most characters of a path; a live target's name may be of any length."""

_MOST_LINES = 2_147_483_647
"""What readers of line numbers hold at most: a signed 32-bit integer."""

_WHERE = re.compile(r"([^\n]{1,4000}?):([0-9]{1,9}):([0-9]{1,9}): ")
"""How a message begins that tells of a place: FILE:LINE:COLUMN."""

OUTSIDE = "outside"
"""The folder under which files outside the source tree are shown."""


class Place(NamedTuple):
    """A path below the top of the source tree, without `..`, never absolute; a line, a column.

    `live` says that no file declares the target: the path is made of its id, and line 1 means
    nothing.
    """

    path: str
    line: int = 1
    column: int | None = None
    live: bool = False

    def __str__(self) -> str:
        return self.path if self.live else f"{self.path}:{self.line}"

    @property
    def uri(self) -> str:
        """The path as a relative reference (RFC 3986), everything but letters and marks encoded.

        A colon is encoded as well, which in the first segment would make a scheme of it.
        """
        return quote(self.path, safe="/", errors="surrogateescape")


def place_of(target: Target, finding: Finding) -> Place:
    """Return where a finding stands: at its evidence, else where its target is declared."""
    location = finding.location or target.location
    if location is None:
        return Place(_shortened(target.id.replace(":", "/", 1).strip("/")) or "unnamed", live=True)
    return place_at(location)


def place_at(location: Location) -> Place:
    """Return a place in a file as it is shown."""
    return Place(_in_tree(location.file), _number(location.line) or 1, _number(location.column))


def place_of_error(error: RunError) -> Place | None:
    """Return where a file is broken, None if the error does not begin with a place."""
    found = _WHERE.match(error.message)
    return place_at(Location(found[1], int(found[2]), int(found[3]))) if found else None


def _in_tree(file: str) -> str:
    """Return the path of a file from the top of the tree, one outside of it below OUTSIDE.

    Names are told from the top of the repository already (`targets.folder.shown_path`); one that
    is absolute lies in none, nor below the folder that isoaudit was started in.
    """
    path = posixpath.normpath(file or "unnamed")
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if path.startswith("/") or path.split("/")[0] == "..":
        parts = [OUTSIDE, *parts]
    return _shortened("/".join(parts)) or "unnamed"


def _shortened(path: str) -> str:
    if len(path) > _SHOWN:
        path = path[: _SHOWN // 2] + "…" + path[-_SHOWN // 2 :]
    # NOTE: a surrogate stands for a byte of a name that is not UTF-8, and has to come through as
    # that byte; any other is from JSON of a stranger's making, and no byte at all.
    if not path.isascii():
        path = "".join(one if _encodable(one) else clean(one) for one in path)
    return path


def _encodable(one: str) -> bool:
    return not "\ud800" <= one <= "\udfff" or "\udc80" <= one <= "\udcff"


def _number(number: int | None) -> int | None:
    """Return a line or column that a reader can hold; a stranger's report may name any."""
    return None if number is None or not 1 <= number <= _MOST_LINES else number
