"""The drop-ins that lie beside a unit file: what they assign comes after what the unit says.

Sources: systemd.unit(5); podman-systemd.unit(5), which has the same rules. Drop-ins in other
folders of the host, and what `systemctl edit` has put there, are not beside the file and not known.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from isoaudit.documents import unit
from isoaudit.documents.beside import Beside
from isoaudit.documents.unit import Unit
from isoaudit.errors import DocumentError

_CONF = ".conf"


def with_drop_ins(own: Unit, beside: Beside) -> Unit:
    """Return a unit with its drop-ins; raises DocumentError for one that cannot be read.

    Of the same name in several folders the one of the closest folder counts; they are taken by
    their names, whatever folder they lie in.
    """
    name = posixpath.basename(own.file) or beside.name
    found: dict[str, str] = {}
    for folder in _folders(name):
        for file in beside.names(folder, _CONF):
            found[file] = f"{folder}/{file}"
    read = []
    for file in sorted(found):
        neighbour = beside.read(found[file])
        if neighbour.why:
            raise DocumentError(neighbour.why, "Its settings come after the unit's.")
        read.append(unit.load(neighbour.text, neighbour.shown))
    return own.with_drop_ins(read) if read else own


def _folders(name: str) -> Iterator[str]:
    """Yield the folders of a unit's drop-ins, the farthest first: of its type (`service.d`), those
    of each shorter name that ends in a dash, of a template, and the unit's own."""
    stem, dot, kind = name.rpartition(".")
    if not dot:
        return
    suffix = f".{kind}"
    yield f"{kind}.d"
    prefix, at, _ = stem.partition("@")
    for end, letter in enumerate(prefix):
        if letter == "-" and end + 1 < len(prefix):
            yield f"{prefix[: end + 1]}{suffix}.d"
    if at and stem != f"{prefix}@":
        yield f"{prefix}@{suffix}.d"
    yield f"{name}.d"
