"""What a guest answered, read with suspicion: blocks of lines, and files, each known, absent or
refused. See `questions.py` for the form; whatever deviates from it is unread, never empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from isoaudit.model import Reason
from isoaudit.transports.base import Failure, Files, FileStat, Unreadable, failed

MORE_RIGHTS = "Connect as root or with sudo."
_STATES = frozenset({"ok", "closed", "absent", "hidden"})
_LINE = 1024
"""Characters of a line that are kept: no value that is asked for is longer."""

_FIRST_PART_DOES = frozenset({"/proc/cpuinfo"})
"""What is read on purpose to its first part only."""

Answers = Mapping[str, str | Failure]
"""What `GuestApi.ask` returns."""


@dataclass(slots=True)
class Block:
    """A line `@WORD REST` with the lines below it; `cut` if there was more than these."""

    word: str
    rest: str
    lines: list[str] = field(default_factory=list)
    cut: bool = False

    def text(self) -> str:
        """Return a file's text; raises Unreadable where there is none, or not all of it."""
        if self.word == "absent":
            raise Unreadable(Reason.NOT_SUPPORTED, f"{self.rest} is not in the guest", absent=True)
        if self.word in {"closed", "hidden"}:
            raise Unreadable(
                Reason.PERMISSION_DENIED, f"{self.rest} may not be read in the guest", MORE_RIGHTS
            )
        if not self.lines:
            raise Unreadable(Reason.PARSE_ERROR, f"the guest showed nothing of {self.rest}")
        if self.cut and self.rest not in _FIRST_PART_DOES:
            raise Unreadable(Reason.LIMIT, f"{self.rest} in the guest is longer than is read")
        return "\n".join(self.lines) + "\n"


class Pages:
    """The answer to one question: all its blocks, in their order."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self.files = {one.rest: one for one in blocks if one.word in _STATES}

    def marked(self, word: str) -> list[Block]:
        """Return the blocks under a word of the question's own."""
        return [one for one in self.blocks if one.word == word]

    def file(self, path: str) -> Block:
        """Return what was said of a path; raises Unreadable if nothing was."""
        if path not in self.files:
            raise Unreadable(Reason.PARSE_ERROR, f"the guest's answer says nothing of {path}")
        return self.files[path]

    def listed(self, path: str) -> list[str]:
        """Return the lines of a block that always has some, without empty ones.

        Raises Unreadable.
        """
        return [line for line in self.file(path).text().splitlines() if line]

    def is_there(self, path: str) -> bool | None:
        """Say whether a path is in the guest; None if that cannot be told."""
        word = self.files[path].word if path in self.files else ""
        return {"ok": True, "closed": True, "absent": False}.get(word)

    def denied(self) -> Block | None:
        """Return the first block that more rights would have filled."""
        return next((one for one in self.blocks if one.word in {"closed", "hidden"}), None)


def pages(answers: Answers, name: str) -> Pages:
    """Return the answer to a question; raises Unreadable if there is none, or not to its end."""
    answer = answers.get(name)
    if answer is None:
        raise Unreadable(Reason.NOT_REQUESTED, f"the guest was not asked ({name})")
    if not isinstance(answer, str):
        raise _failure(answer, name)
    lines = answer.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    if not lines or lines.pop() != "@end":
        raise Unreadable(Reason.LIMIT, f"the guest's answer did not come to its end ({name})")
    return Pages(_blocks(lines))


def _failure(answer: Failure, name: str) -> Unreadable:
    try:
        return failed(answer)
    except (ValueError, TypeError):
        return Unreadable(Reason.PARSE_ERROR, f"the guest's answer is none ({name})")


def _blocks(lines: list[str]) -> list[Block]:
    blocks: list[Block] = [Block("", "")]
    known: dict[str, Block] = {}
    for line in lines:
        if line.startswith("@"):
            word, _, rest = line[1:_LINE].partition(" ")
            if word == "cut":
                if rest in known:
                    known[rest].cut = True
                continue
            blocks.append(Block(word, rest))
            if word in _STATES:
                known[rest] = blocks[-1]
        elif line.startswith("|"):
            blocks[-1].lines.append(line[1:_LINE])
        elif line.startswith("/"):
            _one_line_file(known, line)
        else:
            blocks[0].lines.append(line[:_LINE])
    return blocks


def _one_line_file(known: dict[str, Block], line: str) -> None:
    """Give `PATH:LINE` to the path; names of devices hold colons themselves."""
    at = line.find(":")
    while 0 < at < _LINE:  # a line of nothing but colons would be looked up as often
        block = known.get(line[:at])
        if block is not None:
            block.lines.append(line[at + 1 : at + _LINE])
            return
        at = line.find(":", at + 1)


class GuestFiles:
    """The files that a guest was asked for, behind the interface of a machine's files."""

    def __init__(self, several: list[Pages], refused: Unreadable | None = None) -> None:
        self._files = {path: page for one in several for path, page in one.files.items()}
        self._refused = refused

    def as_files(self) -> Files:
        """Return this for the host's topics, which call no other methods than those here."""
        return cast("Files", self)

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without its last line's end; raises Unreadable."""
        return self._page(path).text().removesuffix("\n")[:limit]

    read_gzip = read_text

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; raises Unreadable."""
        return sorted(line for line in self._page(path).text().splitlines() if line)

    def read_link(self, path: str) -> str:
        """Raise Unreadable: no link was asked for."""
        raise Unreadable(Reason.NOT_SUPPORTED, f"the guest was not asked for {path}")

    def stat(self, path: str) -> FileStat:
        """Say no more than that a path is there; raises Unreadable."""
        page = self._page(path)
        if page.word not in {"ok", "closed"}:
            page.text()
        return FileStat(type="file", mode=0, uid=0, gid=0, device=0, inode=0, size=0)

    def _page(self, path: str) -> Block:
        page = self._files.get(path)
        if page is not None:
            return page
        above, _, name = path.rpartition("/")
        folder = self._files.get(above)
        if folder is not None and folder.word == "ok" and folder.lines and not folder.cut:
            if name not in folder.lines:
                return Block("absent", path)
        elif folder is not None and folder.word == "absent":
            return Block("absent", path)
        if self._refused is not None:
            raise self._refused
        raise Unreadable(Reason.NOT_SUPPORTED, f"the guest was not asked for {path}")
