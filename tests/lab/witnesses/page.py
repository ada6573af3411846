"""The table of agreement, docs/witnesses.md: what the kernel let through, what isoaudit said."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from support.folder import ROOT
from witnesses.rows import REMAPPED, Row
from witnesses.static import Verdict

FILE = ROOT / "docs" / "witnesses.md"
_HEAD = """# Witnesses

<!-- Written by tests/lab/test_witnesses.py (ISOAUDIT_RECORD=1); edit tests/lab/witnesses.yaml. -->

isoaudit reads, and never tries. So that its word is worth something, the tests try: in containers
of their own, on a real engine, one harmless act for a way out, of things that they put there
themselves (a canary is read, a value is written back as it was, something is opened and closed). No
flaw of a kernel is used. The kernel's answer is compared with what isoaudit says of the same
container from evidence alone: `open` if the act gets through, `closed` or `inert` (this host lacks
what it takes) if it is refused.

{agree} rows agree ({crossed} crossed, {refused} refused), over {ways} ways out; {apart} differ, and
{unknown} are of what isoaudit cannot know. Recorded on Linux {release} with docker {version},
filters read (`--deep`). Acts are those of `tests/lab/witnesses/witness.c`; words in braces are
explained in `tests/lab/witnesses.yaml`.
"""
_COLUMNS = """
| row | way out | container made with | act | the kernel | isoaudit | by |
|---|---|---|---|---|---|---|
"""


class Entry(NamedTuple):
    """A row with the kernel's answer ("" if it crossed) and isoaudit's word."""

    row: Row
    answer: str
    verdict: Verdict

    @property
    def agrees(self) -> bool:
        """Whether both say the same, and isoaudit does so for certain."""
        state = self.verdict.state.value
        return state == "open" if not self.answer else state in ("closed", "inert")


def written(entries: Sequence[Entry], version: str) -> str:
    """Return the page."""
    known = [entry for entry in entries if not entry.row.unknown]
    agreeing = [entry for entry in known if entry.agrees]
    head = _HEAD.format(
        agree=len(agreeing),
        crossed=sum(not entry.answer for entry in agreeing),
        refused=sum(bool(entry.answer) for entry in agreeing),
        ways=len({entry.row.way for entry in agreeing}),
        apart=len(known) - len(agreeing),
        unknown=len(entries) - len(known),
        release=os.uname().release,
        version=version,
    )
    return "".join(_lines(head, entries))


def _lines(head: str, entries: Sequence[Entry]) -> Iterator[str]:
    yield head
    previous = ""
    for entry in entries:
        row = entry.row
        if row.way != previous:
            yield f"\n## {row.way}: {row.witness}\n{_COLUMNS}"
            previous = row.way
        options = row.options or "(nothing)"
        where = f"`{options}`{' on an engine that remaps users' if row.engine == REMAPPED else ''}"
        where += f" from the image `{row.image}`" if row.image != "plain" else ""
        kernel = f"refused: {entry.answer}" if entry.answer else "crossed"
        by = f"cannot know: {row.unknown}" if row.unknown else entry.verdict.by
        yield (f"| {row.number} | {row.way} | {where} | `{row.act}` | {kernel} | "
               f"{entry.verdict.state.value} | {_cell(by)} |\n")  # fmt: skip


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def told(words: Mapping[str, str], verdict: Verdict) -> Verdict:
    """Return a verdict in whose words this run's own folders stand as on the page."""
    by = verdict.by
    for name in ("canary", "lab"):
        by = by.replace(words[name], f"{{{name}}}")
    return verdict._replace(by=by)
