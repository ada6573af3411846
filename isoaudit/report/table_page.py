"""The page that the table format writes on: labelled rows, section rules, colour for severities."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from isoaudit.model import Severity
from isoaudit.report.escape import clean
from isoaudit.report.layout import clip, pad, rule, width, wrap
from isoaudit.report.options import Options

_MARGIN = " " * 3
_LABEL = 8
_CONTENT = len(_MARGIN) + _LABEL + 2
_NARROWEST = 60
_SHOWN_LEFT = 300
_COLORS = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
}


class Page:
    """Lines of a report for people; whatever is put on it is cleaned and fits the width."""

    def __init__(self, options: Options) -> None:
        self.verbose = options.verbosity > 0
        self.width = max(_NARROWEST, options.width)
        self.room = self.width - _CONTENT
        self.lines: list[str] = []
        self.told: set[Hashable] = set()
        """Remedies that were given: a second time they are referred to."""
        self.seen: set[Hashable] = set()
        """Evidence that this section gave: a second time it is given without its source."""
        self._color = options.color

    def blank(self) -> None:
        """Put an empty line, unless there is one already or nothing yet."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def plain(self, text: str, margin: int = 0) -> None:
        """Put a paragraph."""
        self.lines += [" " * margin + line for line in wrap(text, self.width - margin)]

    def parts(self, parts: Iterable[str]) -> None:
        """Put short texts side by side with a bar between them, breaking at the bars."""
        line = ""
        for part in parts:
            joined = f"{line} | {part}" if line else part
            if line and width(joined) > self.width:
                self.plain(line)
                joined = part
            line = joined
        self.plain(line)

    def section(self, left: str, right: str = "") -> None:
        """Begin a section; where its name does not fit the rule, it stands below it as well."""
        self.blank()
        self.seen.clear()
        self.lines.append(rule(left, right, self.width))
        if clean(left) not in self.lines[-1]:
            self.plain(clip(left, _SHOWN_LEFT), margin=len(_MARGIN))

    def labelled(self, label: str, lines: Sequence[str]) -> None:
        """Put lines that fit `room`, with a label before the first."""
        for line in lines:
            self.lines.append(f"{_MARGIN}{pad(label, _LABEL)}  {line}".rstrip())
            label = ""

    def row(self, label: str, text: str) -> None:
        """Put a labelled paragraph."""
        self.labelled(label, wrap(text, self.room))

    def command(self, label: str, text: str, command: str) -> None:
        """Put a short text and the command that tells more, on one line if both fit."""
        parts = [*wrap(text, self.room), *wrap(command, self.room)]
        together = "   ".join(parts)
        self.labelled(label, [together] if width(together) <= self.room else parts)

    def headline(self, severity: Severity | None, text: str, check: str) -> None:
        """Put a finding's message with its severity before it and the check's id at the right."""
        check = clip(check, self.room // 3)
        first, *rest = wrap(text, self.room - len(check) - 2)
        gap = self.room - len(check)
        label = severity.upper() if severity else "ERROR"
        self.labelled(label, [pad(first, gap) + check, *rest])
        if severity in _COLORS and self._color:
            index = -1 - len(rest)
            painted = f"\x1b[{_COLORS[severity]}m{label}\x1b[0m"
            self.lines[index] = self.lines[index].replace(label, painted, 1)

    def headline_of(self, label: str, text: str, name: str) -> None:
        """Put a labelled text with the id of what it is about at the right."""
        name = clip(name, self.room // 2)
        first, *rest = wrap(text, self.room - len(name) - 2)
        self.labelled(label, [pad(first, self.room - len(name)) + name, *rest])

    def bullets(self, texts: Iterable[str]) -> None:
        """Put further paragraphs under a headline."""
        for text in texts:
            self.row("", text)
