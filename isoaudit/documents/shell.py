"""The commands of a shell script, word by word, each with its place; nothing of it is run.

Source: POSIX.1 "Shell Command Language", and of bash(1) what scripts commonly use besides: arrays,
`$'…'`, `[[`, process substitution. What an expansion comes to is known only when the script runs:
it is a piece of a word that is open. `shell_values.py` tells which of them are certain.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.documents.passage import Passage
from isoaudit.documents.shell_words import BLANKS, Piece, ShellWord, WordReader
from isoaudit.errors import DocumentError

MAX_LENGTH = 4 * 1024 * 1024
"""Longest script read; the longest seen in public collections has some 300 KiB."""

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh", "ssh"})
_OPENERS = frozenset({"if", "while", "until", "{"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_BETWEEN = frozenset({"then", "do", "else", "elif", "!", "time"})


class Command(NamedTuple):
    """One simple command. `guarded` says that it may not run, or runs in a shell of its own."""

    words: tuple[ShellWord, ...]
    guarded: bool


def commands(passage: Passage) -> list[Command]:
    """Return the simple commands of a script, those in substitutions before what they are part of.

    A heredoc is left out unless a shell reads it. Raises DocumentError with the place for a quote
    or a substitution that is not closed, and for what is too long or too deep.
    """
    if len(passage.text) > MAX_LENGTH:
        raise DocumentError(f"{passage.file}: a script of more than {MAX_LENGTH // 2**20} MiB,"
                            " not read", "Name a smaller one.")  # fmt: skip
    reader = _Reader(passage)
    reader.read_list("", 0)
    return reader.commands


class _Level:
    """A list of commands while it is read: the words of the one at hand, and what is open."""

    __slots__ = ("after_and", "cases", "depth", "words")

    def __init__(self) -> None:
        self.words: list[ShellWord] = []
        self.after_and = False
        self.cases = 0
        self.depth = 0

    @property
    def in_case(self) -> bool:
        """Whether a closing parenthesis ends a pattern, and not the list."""
        begins = bool(self.words) and self.words[0].bare and self.words[0].text == "case"
        return self.cases > 0 or begins


class _Heredoc(NamedTuple):
    """A heredoc whose text begins after this line."""

    delimiter: str
    strips_tabs: bool
    owner: int


class _Reader(WordReader):
    """Reads a script from front to back, once."""

    def __init__(self, passage: Passage) -> None:
        super().__init__(passage)
        self.commands: list[Command] = []
        self._heredocs: list[_Heredoc] = []

    # -- lists of commands -------------------------------------------------------------------

    def read_list(self, end: str, started: int) -> None:
        """Read commands up to `end`, or to the end of the text where it is ""."""
        self._deeper(started)
        level = _Level()
        text = self._text
        while True:
            blank = BLANKS.match(text, self._at)
            if blank is not None:
                self._at = blank.end()
            if self._at >= len(text):
                break
            char = text[self._at]
            if char == end and (end != ")" or not level.in_case):
                self._at += 1
                self._finish(level)
                self._nested -= 1
                return
            self._take(level, char)
        self._finish(level)
        self._nested -= 1
        if end:
            raise self._error(started, "a substitution or a group that is not closed")

    def _take(self, level: _Level, char: str) -> None:
        """Read what begins with a character: an operator, a redirection, a comment or a word."""
        text = self._text
        if char == "\n":
            self._finish(level)
            self._at += 1
            level.after_and = False
            self._read_heredocs()
        elif char == "#":
            newline = text.find("\n", self._at)
            self._at = newline if newline >= 0 else len(text)
        elif char in "<>" or text.startswith("&>", self._at):
            self._redirect(level)
        elif char in ";&|":
            self._operator(level)
        elif char == "(":
            self._parenthesis(level)
        elif char == ")" or (char == "`" and self._in_backticks):
            self._finish(level)
            self._at += 1
        else:
            self._add(level.words, self._word())

    def _operator(self, level: _Level) -> None:
        text, start = self._text, self._at
        double = text[start : start + 2] in {"&&", "||", ";;", "|&", ";&"}
        operator = text[start : start + (2 if double else 1)]
        self._at += len(operator)
        in_background = operator in {"|", "|&", "&"}
        self._finish(level, guarded=in_background)
        level.after_and = operator in {"&&", "||", "|", "|&"}

    def _parenthesis(self, level: _Level) -> None:
        text, start = self._text, self._at
        if text.startswith("((", start) and not level.words:
            self._at = self._after_arithmetic(start + 2)
            return
        self._at += 1
        closing = BLANKS.match(text, self._at)
        at = closing.end() if closing is not None else self._at
        if level.words and text.startswith(")", at):
            self._at = at + 1  # the head of a function; its body follows
            level.words.clear()
            return
        self._finish(level)
        self.guarded_list(")", start)

    def guarded_list(self, end: str, start: int) -> None:
        """Read commands that run in a shell of their own."""
        before = len(self.commands)
        self.read_list(end, start)
        for index in range(before, len(self.commands)):
            self.commands[index] = self.commands[index]._replace(guarded=True)

    def _finish(self, level: _Level, *, guarded: bool = False) -> None:
        """Take down the command that was read, and what its keywords open and close."""
        words, level.words = level.words, []
        at = 0
        while at < len(words) and words[at].bare and words[at].known:
            keyword = words[at].text
            if keyword in _OPENERS:
                level.depth += 1
            elif keyword in _CLOSERS:
                level.depth -= 1
                level.cases -= keyword == "esac"
            elif keyword == "function":
                at += 1
            elif keyword not in _BETWEEN:
                break
            at += 1
        rest = words[at:]
        if rest and rest[0].bare and rest[0].text in {"for", "select", "case"}:
            level.depth += 1
            level.cases += rest[0].text == "case"
        if rest:
            is_guarded = guarded or level.after_and or level.depth > 0
            self.commands.append(Command(tuple(rest), is_guarded))

    # -- redirections and heredocs ------------------------------------------------------------

    def _redirect(self, level: _Level) -> None:
        text, start = self._text, self._at
        if text.startswith(("<(", ">("), start):
            self._at += 2
            self.guarded_list(")", start)
            piece = Piece("a process substitution", open=True, quoted=True)
            self._add(level.words, ShellWord((piece,), self._passage.at(start), bare=False))
            return
        if level.words and level.words[-1].bare and level.words[-1].text.isdecimal():
            end = start - len(level.words[-1].text)
            if text[end:start] == level.words[-1].text:
                level.words.pop()  # the number of a descriptor
        operator = next(
            o for o in ("<<<", "<<-", "<<", "&>>", "&>", ">>", ">|", ">&", "<&", "<>", "<", ">")
            if text.startswith(o, start)
        )  # fmt: skip
        self._at += len(operator)
        blank = BLANKS.match(text, self._at)
        if blank is not None:
            self._at = blank.end()
        target = (
            self._word() if self._at < len(text) and text[self._at] not in "\n;|&()<>" else None
        )
        if operator in {"<<", "<<-"} and target is not None:
            owner = next((i for i, w in enumerate(level.words) if _runs_a_shell(w)), -1)
            self._heredocs.append(_Heredoc(target.text, operator == "<<-", owner))

    def _read_heredocs(self) -> None:
        """Skip the heredocs that begin here, and read those that a shell is fed with."""
        pending, self._heredocs = self._heredocs, []
        for heredoc in pending:
            start = self._at
            end, after = self._end_of(heredoc)
            self._at = after
            if heredoc.owner >= 0:
                self._read_apart(start, end)

    def _end_of(self, heredoc: _Heredoc) -> tuple[int, int]:
        """Return where the text of a heredoc ends, and where what follows it begins."""
        text, at = self._text, self._at
        while at < len(text):
            newline = text.find("\n", at)
            end = newline if newline >= 0 else len(text)
            line = text[at:end].removesuffix("\r")
            if (line.lstrip("\t") if heredoc.strips_tabs else line) == heredoc.delimiter:
                return at, min(end + 1, len(text))
            at = end + 1
        return len(text), len(text)

    def _read_apart(self, start: int, end: int) -> None:
        """Read a stretch of the text as a script of its own."""
        inner = _Reader(self._passage.cut(start, end))
        inner._nested = self._nested
        inner._count = self._count
        inner.read_list("", 0)
        self._count = inner._count
        self.commands += [command._replace(guarded=True) for command in inner.commands]


def _runs_a_shell(word: ShellWord) -> bool:
    return word.known and word.text.rpartition("/")[2] in _SHELLS
