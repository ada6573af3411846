"""Dockerfiles as BuildKit reads them: instructions with the position of every word.

Source: the Dockerfile reference (docs.docker.com) for directives, continued lines, comments within
them, flags, here-documents and ONBUILD.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.errors import DocumentError
from isoaudit.model import Location

MAX_CHARACTERS = 1_048_576
MAX_INSTRUCTIONS = 5_000
"""Largest file read, and most instructions of one: fifty times the longest seen in public."""

_KNOWN = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"}
    | {"MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_HOLD_DOCUMENTS = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(\S.*)")
_HEAD = re.compile(r"[ \t]*([A-Za-z]+)(?:[ \t]+|\Z)")
_SHOWN = re.compile(r"[A-Z]{2,15}(?=\s|\Z)|\{[{%]")
_WORD = re.compile(
    r"""(?:[^\s'"\\]++|'[^']*(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|\\.|\\\Z)++""", re.DOTALL
)
_FLAG = re.compile(r"--([A-Za-z][A-Za-z0-9-]*)(?:=(.*))?", re.DOTALL)
_DOCUMENT = re.compile(r"""\d*<<(-?)(?:"([^"<]+)"|'([^'<]+)'|([^<"'\s]+))""")


class Spot(NamedTuple):
    """A place in the file."""

    location: Location


class Word(NamedTuple):
    """A word as it is written, quotes and all, and where it begins in its instruction's text."""

    text: str
    offset: int


class Flag(NamedTuple):
    """`--name=value` before the words of an instruction."""

    name: str
    value: str
    offset: int


class Document(NamedTuple):
    """A here-document: its lines, the first line's number, and whether variables count in it."""

    text: str
    line: int
    expands: bool


class Instruction(NamedTuple):
    """One instruction; `text` is what follows its name and flags, its lines joined.

    `triggered` says that it stands behind ONBUILD: it runs in builds upon this image.
    """

    name: str
    flags: tuple[Flag, ...]
    text: str
    start: int
    places: tuple[tuple[int, int, int], ...]
    file: str
    documents: tuple[Document, ...] = ()
    triggered: bool = False

    @property
    def location(self) -> Location:
        """Where it begins."""
        _, line, column = self.places[0]
        return Location(self.file, line, column)

    def spot(self, offset: int) -> Spot:
        """Return where a word of `text`, or a flag, stands in the file."""
        at = bisect_right(self.places, (offset, 1 << 60, 0)) - 1
        begin, line, column = self.places[max(at, 0)]
        return Spot(Location(self.file, line, column + offset - begin))

    def words(self) -> list[Word]:
        """Return the words of the shell form, as they are written."""
        return [Word(m[0], self.start + m.start()) for m in _WORD.finditer(self.text)]

    def listed(self) -> list[str] | None:
        """Return the words of the JSON form; None for the shell form."""
        if not self.text.lstrip().startswith("["):
            return None
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return found if all(isinstance(one, str) for one in found) else None

    def values(self, flag: str) -> list[Flag]:
        """Return the flags of a name, in their order."""
        return [one for one in self.flags if one.name == flag]

    def error(self, problem: str, remedy: str = "") -> DocumentError:
        """Return an error that starts with this instruction's position."""
        return DocumentError(f"{self.location}: {problem}", remedy)


class Dockerfile(NamedTuple):
    """The instructions of a file, and the syntax it asks for ("" if none) with its place."""

    instructions: tuple[Instruction, ...]
    syntax: str
    syntax_spot: Spot
    escape: str


class _Line(NamedTuple):
    number: int
    text: str


def load(text: str, file: str) -> Dockerfile:
    """Return a Dockerfile; `file` is what positions call it.

    Raises DocumentError, with the line, for what BuildKit would refuse to build, and for a file
    too long to be one.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(f"{file}: longer than {MAX_CHARACTERS} characters, not read",
                            "Name a Dockerfile.")  # fmt: skip
    lines = [_Line(n, one) for n, one in enumerate(text.replace("\r\n", "\n").split("\n"), 1)]
    directives = dict(_directives(lines))
    escape = directives["escape"][1] if "escape" in directives else "\\"
    if escape not in {"\\", "`"}:
        raise DocumentError(f"{file}:{directives['escape'][0]}: the escape is a backslash or a "
                            "backtick")  # fmt: skip
    found: list[Instruction] = []
    for one in _instructions(lines, file, escape):
        found.append(one)
        if len(found) > MAX_INSTRUCTIONS:
            raise one.error(f"more than {MAX_INSTRUCTIONS} instructions, not read")
    line, syntax = directives.get("syntax", (1, ""))
    return Dockerfile(tuple(found), syntax, Spot(Location(file, line, 1)), escape)


def _directives(lines: list[_Line]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the directives, which stand before everything else, a comment included."""
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.text.strip())
        if match is None:
            return
        yield match[1].lower(), (line.number, match[2].split()[0])


def _instructions(lines: list[_Line], file: str, escape: str) -> Iterator[Instruction]:
    rest = iter(lines)
    for line in rest:
        if not (bare := line.text.strip()) or bare.startswith("#"):
            continue
        pieces: list[str] = []
        places: list[tuple[int, int, int]] = []
        length = 0
        current: _Line | None = line
        while current is not None:
            piece, goes_on = _continued(current.text, escape)
            shift = len(piece) - len(piece.lstrip()) if not pieces else 0
            places.append((length, current.number, 1 + shift))
            pieces.append(piece[shift:])
            length += len(piece) - shift
            current = _next(rest) if goes_on else None
        yield _instruction("".join(pieces), tuple(places), file, rest)


def _continued(text: str, escape: str) -> tuple[str, bool]:
    """Return a line without the mark that continues it, and whether there is one."""
    bare = text.rstrip(" \t")
    if not bare.endswith(escape) or bare.endswith(escape * 2):
        return text, False
    return bare[:-1], True


def _next(rest: Iterator[_Line]) -> _Line | None:
    """Return the line that continues one: comments and blank lines between do not end it."""
    for line in rest:
        bare = line.text.strip()
        if bare and not bare.startswith("#"):
            return line
    return None


def _instruction(
    text: str, places: tuple[tuple[int, int, int], ...], file: str, rest: Iterator[_Line]
) -> Instruction:
    triggered = False
    start = 0
    while True:
        match = _HEAD.match(text, start)
        name = match[1].upper() if match else ""
        if match is None or name not in _KNOWN:
            where = Location(file, places[0][1], places[0][2])
            # What stands there may be anything, a secret too: only what is none is repeated.
            shown = _SHOWN.match(text, start)
            raise DocumentError(
                f"{where}: no instruction of a Dockerfile{f': {shown[0]!r}' if shown else ''}",
                "Correct the file; of a template scan what it is rendered to.",
            )
        start = match.end()
        if name != "ONBUILD":
            break
        triggered = True
    flags, start = _flags(text, start)
    documents: tuple[Document, ...] = ()
    if name in _HOLD_DOCUMENTS:
        documents = tuple(_documents(text[start:], file, places[-1][1], rest))
    return Instruction(name, flags, text[start:], start, places, file, documents, triggered)


def _flags(text: str, start: int) -> tuple[tuple[Flag, ...], int]:
    """Return the flags before an instruction's words, and where these begin."""
    flags: list[Flag] = []
    for match in _WORD.finditer(text, start):
        flag = _FLAG.fullmatch(match[0])
        if flag is None:
            return tuple(flags), match.end() if match[0] == "--" else match.start()
        flags.append(Flag(flag[1], flag[2] or "", match.start()))
    return tuple(flags), len(text)


def _documents(text: str, file: str, line: int, rest: Iterator[_Line]) -> Iterator[Document]:
    """Yield the here-documents that a line announces, taking their lines; raises DocumentError."""
    if "<<" not in text:
        return
    for word in _WORD.finditer(text):
        match = _DOCUMENT.fullmatch(word[0])
        if match is None:
            continue
        end = match[2] or match[3] or match[4]
        lines: list[str] = []
        first = line + 1
        for one in rest:
            bare = one.text.lstrip("\t") if match[1] else one.text
            if bare == end:
                break
            first = first if lines else one.number
            lines.append(bare)
        else:
            raise DocumentError(f"{file}:{line}: a here-document that does not end",
                                "It ends with a line that holds its word alone.")  # fmt: skip
        yield Document("\n".join(lines) + "\n", first, match[4] is not None)
