"""The probe of files that hold lines such as `docker run`: scripts, makefiles, a single line.

What each line asks for is read as the compose service that asks for the same; who runs a script,
when, and in which environment, it does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.documents.beside import Beside
from isoaudit.documents.makefile import recipes
from isoaudit.documents.passage import Passage
from isoaudit.documents.variables import NONE
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import Fact, FactSet, Kind, Target, Vantage
from isoaudit.probes.compose.layer import Layer
from isoaudit.probes.compose.origin import PODMAN
from isoaudit.probes.run_line.draft import Around
from isoaudit.probes.run_line.lines import Found, found_in
from isoaudit.probes.run_line.origins import DIALECT, run_origin
from isoaudit.probes.run_line.service import Asked, service_facts, service_node

_MAKEFILE = re.compile(r"(?:.*/)?(?:GNUmakefile|[Mm]akefile(?:[.][^/]*)?|[^/]*[.]mk)")
_MARKS = str.maketrans("", "", "\0\1\2")
_MOST_LINES = 2_000
_LONGEST_NAME = 255


class _Line(NamedTuple):
    """One line that was found, with what it asks for."""

    found: Found
    asked: Asked


class DockerRunProbe:
    """Reads the lines of one file; raises DocumentError if it has none."""

    def __init__(self, text: str, shown: str, beside: Beside | None = None) -> None:
        self._shown = shown
        self._layer = Layer(beside, beside.folder, NONE) if beside is not None else None
        lines = [self._line(found) for found in _all_found(text, shown)]
        self._lines = _by_name(lines)
        # Of a script that was come across, one that only talks of such lines is none of ours.
        if not self._lines and (beside is None or beside.scan is None):
            raise DocumentError(
                f"{shown}: no line in it starts a container",
                "Name a script, a makefile or a line such as docker run IMAGE.",
            )

    def find(self) -> Sequence[Target]:
        """Return one target per line, in the file's order."""
        return [
            Target(
                id=f"{DIALECT}:{self._shown}#{name}",
                kind=Kind.CONTAINER,
                name=name,
                state="declared",
                handle=name,
                dialect=DIALECT,
                location=line.found.location,
            )
            for name, line in self._lines.items()
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what one line asks for.

        Raises TargetError if there is no such line, DocumentError for a value no engine takes.
        """
        line = self._lines.get(target.handle)
        if line is None:
            raise TargetError(f"{self._shown}: no line {target.handle!r}", "Scan the file anew.")
        engine = line.found.call.engine
        rootless = False if engine == PODMAN and line.found.by_root else None
        facts = service_facts(line.asked, target.handle, run_origin(engine, rootless))
        where = line.found.location
        named = Fact("container.engine", engine, f"{where} ({engine})", Vantage.DECLARED, where)
        return facts.merge(FactSet.of([named]))

    def _line(self, found: Found) -> _Line:
        call = found.call
        around = Around(found.moved, self._layer)
        asked = service_node(call.words, call.engine, found.location, around=around)
        return _Line(found, asked)


def _all_found(text: str, shown: str) -> list[Found]:
    """Return every line that starts a container; raises DocumentError for too many of them."""
    found: list[Found] = []
    for passage in _scripts(text, shown):
        for one in found_in(passage):
            if len(found) >= _MOST_LINES:
                raise DocumentError(
                    f"{one.location}: more than {_MOST_LINES} lines that start a container,"
                    " not read"
                )
            found.append(one)
    return found


def _scripts(text: str, shown: str) -> Iterator[Passage]:
    """Yield the scripts of a file: itself, or the recipes of a makefile."""
    clean = text.replace("\r\n", "\n").translate(_MARKS)
    if _MAKEFILE.fullmatch(shown):
        yield from recipes(clean, shown)
    else:
        yield Passage.of_text(clean, shown)


def _by_name(lines: Sequence[_Line]) -> dict[str, _Line]:
    """Return lines by their container's name, else their image's, in the order of the file.

    Of several with one name the words decide which is called NAME-2: so none is called anything
    else when one is moved to another place.
    """
    names: dict[int, str] = {}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for line in sorted(lines, key=_words):
        name = (line.asked.name or line.found.call.engine)[:_LONGEST_NAME]
        unique = name
        while unique in taken:
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name}-{counts[name]}"
        taken.add(unique)
        names[id(line)] = unique
    return {names[id(line)]: line for line in lines}


def _words(line: _Line) -> tuple[str, ...]:
    return tuple(word.text for word in line.found.call.words)
