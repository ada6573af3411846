"""The words of a shell script: quotes, escapes and expansions. See `shell.py`."""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.documents.passage import Passage
from isoaudit.errors import DocumentError
from isoaudit.model import Location

MAX_WORDS = 400_000
_MAX_DEPTH = 40

OPENING, CLOSING = "\x01", "\x02"
"""Around the name of what a program fills in before the shell sees the text, as make does."""

BLANKS = re.compile(r"(?:[ \t\r\f\v]|\\\n)+")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RUN = re.compile(r"""[^\s'"\\$`;&|<>()]+""")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_DOUBLE = re.compile(r'[^"\\$`]+')
_BRACED = re.compile(r"""[^}"'\\$`]+""")
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_PLAIN_DEFAULT = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


class Piece(NamedTuple):
    """A piece of a word. One that is `open` is an expansion: `text` names what it is of.

    `default` is what stands in for a variable that is not set, `quoted` says that it stays one
    word, `all` that it stands for all elements of an array, or all arguments,
    `assigns` that the variable is set to the default then.
    """

    text: str
    open: bool = False
    default: str | None = None
    quoted: bool = False
    all: bool = False
    is_variable: bool = False
    assigns: bool = False


class ShellWord(NamedTuple):
    """One word. `bare` says that nothing in it is quoted, `array` are the elements it assigns."""

    pieces: tuple[Piece, ...]
    location: Location
    bare: bool = True
    array: tuple[ShellWord, ...] | None = None

    @property
    def known(self) -> bool:
        """Whether every piece of it stands in the script as it is."""
        return not any(piece.open for piece in self.pieces)

    @property
    def text(self) -> str:
        """The known pieces of it."""
        return "".join(piece.text for piece in self.pieces if not piece.open)

    @property
    def several(self) -> bool:
        """Whether it may come to none or to many words."""
        return any(piece.open and (piece.all or not piece.quoted) for piece in self.pieces)


class WordReader:
    """Reads words from front to back, once; what reads the commands around them is `read_list`."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._text = passage.text
        self._at = 0
        self._count = 0
        self._nested = 0
        self._in_backticks = 0

    def read_list(self, end: str, started: int) -> None:
        """Read commands up to `end`, or to the end of the text where it is ""."""
        raise NotImplementedError

    def guarded_list(self, end: str, start: int) -> None:
        """Read commands that run in a shell of their own."""
        raise NotImplementedError

    def _word(self) -> ShellWord | None:
        """Read one word; None if nothing of one stands here."""
        text, start = self._text, self._at
        pieces: list[Piece] = []
        bare = True
        array: tuple[ShellWord, ...] | None = None
        while self._at < len(text):
            run = _RUN.match(text, self._at)
            if run is not None:
                self._at = run.end()
                pieces += _filled_in(run[0], quoted=False)
                continue
            char = text[self._at]
            if char == "(" and len(pieces) == 1 and _ARRAY.fullmatch(text, start, self._at):
                array = self._array()
            elif char in "'\"\\":
                bare = bare and text.startswith("\\\n", self._at)
                self._quoted(pieces)
            elif char == "$":
                bare = self._dollar(pieces, quoted=False) and bare
            elif char == "`" and not self._in_backticks:
                self._backtick(pieces, quoted=False)
            else:
                break
        if self._at == start:
            return None
        return ShellWord(tuple(pieces), self._passage.at(start), bare, array)

    def _array(self) -> tuple[ShellWord, ...]:
        """Read the elements of an array, which may stand on several lines."""
        started = self._at
        words: list[ShellWord] = []
        self._at += 1
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            blank = BLANKS.match(text, self._at)
            if blank is not None:
                self._at = blank.end()
            elif char == ")":
                self._at += 1
                return tuple(words)
            elif char == "#":
                newline = text.find("\n", self._at)
                self._at = newline if newline >= 0 else len(text)
            elif char in "\n;&|<>(":
                self._at += 1
            else:
                self._add(words, self._word())
        raise self._error(started, "an array that is not closed")

    def _quoted(self, pieces: list[Piece]) -> None:
        """Read what a quote or a backslash begins."""
        text, start = self._text, self._at
        if text[start] == "\\":
            following = text[start + 1 : start + 2]
            self._at += 2
            if following != "\n":
                pieces.append(Piece(following))
        elif text[start] == "'":
            closing = text.find("'", start + 1)
            if closing < 0:
                raise self._error(start, "a quote that is not closed")
            pieces += _filled_in(text[start + 1 : closing], quoted=True) or [Piece("")]
            self._at = closing + 1
        else:
            self._double(pieces)

    def _double(self, pieces: list[Piece]) -> None:
        text, start = self._text, self._at
        self._at += 1
        pieces.append(Piece(""))
        while self._at < len(text):
            run = _DOUBLE.match(text, self._at)
            if run is not None:
                self._at = run.end()
                pieces += _filled_in(run[0], quoted=True)
                continue
            char = text[self._at]
            if char == '"':
                self._at += 1
                return
            if char == "\\":
                following = text[self._at + 1 : self._at + 2]
                self._at += 2
                kept = "" if following == "\n" else following
                pieces.append(Piece(kept if following in '"\\$`\n' else f"\\{following}"))
            elif char == "$":
                self._dollar(pieces, quoted=True)
            else:
                self._backtick(pieces, quoted=True)
        raise self._error(start, "a quote that is not closed")

    def _backtick(self, pieces: list[Piece], *, quoted: bool) -> None:
        start = self._at
        self._at += 1
        self._in_backticks += 1
        self.guarded_list("`", start)
        self._in_backticks -= 1
        pieces.append(Piece("the output of a command", open=True, quoted=quoted))

    def _dollar(self, pieces: list[Piece], *, quoted: bool) -> bool:
        """Read an expansion; return whether it leaves a word bare."""
        text, start = self._text, self._at
        self._at += 1
        following = text[self._at : self._at + 1]
        if text.startswith("((", self._at):
            self._at = self._after_arithmetic(self._at + 2)
            pieces.append(Piece("a computed number", open=True, quoted=True))
        elif following == "(":
            self._at += 1
            held, self._in_backticks = self._in_backticks, 0
            self.guarded_list(")", start)
            self._in_backticks = held
            pieces.append(Piece("the output of a command", open=True, quoted=quoted))
        elif following == "{":
            pieces.append(self._braced(quoted=quoted))
        elif following == "'" and not quoted:
            self._ansi(pieces)
            return False
        elif following == '"' and not quoted:
            return False
        elif (name := _PARAMETER.match(text, self._at)) is not None:
            end = name.end() if not name[0].isdecimal() else name.start() + 1
            self._at = end
            word = text[name.start() : end]
            pieces.append(Piece(word, open=True, quoted=quoted, all=word in "@*", is_variable=True))
        else:
            pieces.append(Piece("$"))
        return True

    def _braced(self, *, quoted: bool) -> Piece:
        """Read `${…}`: a variable, maybe with what stands in for it where it is not set."""
        text, start = self._text, self._at
        self._at += 1
        inside = self._at
        self._skip_braced(start)
        content = text[inside : self._at - 1]
        name = _PARAMETER.match(content)
        if name is None:
            return Piece("an expansion", open=True, quoted=quoted)
        rest = content[name.end() :]
        is_all = name[0] in "@*" or rest.startswith(("[@]", "[*]"))
        default: str | None = None
        if rest.startswith((":-", "-", ":=", "=")):
            word = rest.lstrip(":")[1:]
            default = word if _PLAIN_DEFAULT.fullmatch(word) else None
        elif rest and not rest.startswith("["):
            return Piece("an expansion", open=True, quoted=quoted, all=is_all)
        is_whole = not rest or rest in {"[@]", "[*]"}
        return Piece(
            name[0],
            open=True,
            default=default,
            quoted=quoted,
            all=is_all,
            is_variable=is_whole or default is not None,
            assigns=rest.startswith((":=", "=")),
        )

    def _skip_braced(self, start: int) -> None:
        """Go to behind the brace that closes, reading the substitutions on the way."""
        self._deeper(start)
        text = self._text
        ignored: list[Piece] = []
        while self._at < len(text):
            run = _BRACED.match(text, self._at)
            if run is not None:
                self._at = run.end()
                continue
            char = text[self._at]
            if char == "}":
                self._at += 1
                self._nested -= 1
                return
            if char in '"\\':
                self._quoted(ignored)
            elif char == "$":
                self._dollar(ignored, quoted=False)
            elif char == "`" and not self._in_backticks:
                self._backtick(ignored, quoted=False)
            else:
                self._at += 1
        raise self._error(start, "an expansion that is not closed")

    def _ansi(self, pieces: list[Piece]) -> None:
        text, start = self._text, self._at
        self._at += 1
        found: list[str] = []
        while self._at < len(text) and text[self._at] != "'":
            if text[self._at] == "\\":
                following = text[self._at + 1 : self._at + 2]
                found.append(_ANSI.get(following, following))
                self._at += 2
            else:
                found.append(text[self._at])
                self._at += 1
        if self._at >= len(text):
            raise self._error(start, "a quote that is not closed")
        self._at += 1
        pieces.append(Piece("".join(found)))

    def _after_arithmetic(self, at: int) -> int:
        """Return where an arithmetic expression ends whose two parentheses were opened."""
        text, depth, started = self._text, 2, at
        while at < len(text):
            if text[at] == "(":
                depth += 1
            elif text[at] == ")":
                depth -= 1
                if depth == 0:
                    return at + 1
            at += 1
        raise self._error(started, "an arithmetic expression that is not closed")

    def _add(self, words: list[ShellWord], word: ShellWord | None) -> None:
        if word is None:
            return
        self._count += 1
        if self._count > MAX_WORDS:
            raise self._error(self._at, f"more than {MAX_WORDS} words, not read")
        words.append(word)

    def _deeper(self, start: int) -> None:
        self._nested += 1
        if self._nested > _MAX_DEPTH:
            raise self._error(start, f"nested deeper than {_MAX_DEPTH} levels, not read")

    def _error(self, at: int, problem: str) -> DocumentError:
        return DocumentError(f"{self._passage.at(at)}: {problem}",
                             "Correct the script, or leave it out.")  # fmt: skip


def _filled_in(text: str, *, quoted: bool) -> list[Piece]:
    """Return a stretch of text as pieces: what stands between marks was filled in before."""
    if OPENING not in text:
        return [Piece(text)] if text else []
    pieces: list[Piece] = []
    for index, part in enumerate(text.split(OPENING)):
        if index == 0:
            pieces.append(Piece(part))
            continue
        name, _, rest = part.partition(CLOSING)
        is_name = NAME.fullmatch(name) is not None
        pieces.append(Piece(name, open=True, quoted=quoted, is_variable=is_name))
        pieces.append(Piece(rest))
    return pieces
