"""What a waiver says in its few words: `ignore[CAP-003] reason by @owner until 2027-01-31`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from isoaudit.facts.redaction import redact_text
from isoaudit.model import InlineWaiver, Waiver
from isoaudit.model.waiver import WaiverKind
from isoaudit.regex import regex

MIN_REASON = 10
"""Fewest characters of a reason: `by design` and `legacy` say nothing to whoever comes later."""

WHOLE = (0, 2**31)
"""The lines of a waiver that speaks of everything it stands with."""

_MOST_WORDS = 1000
_MOST_CHECKS = 20
_CHECK = regex(r"[A-Z][A-Z0-9_.]{0,39}(?:-[A-Z0-9_.-]{1,39}|-\*)?")
"""An id, or all checks of a family (`CAP-*`): one line of a file may break twenty of them."""

_DATE = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(text: str) -> str | None:
    """Return a day as ISO 8601 has it, `2027-01-31`, or None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def today() -> str:
    """Return the day it is in UTC."""
    return datetime.now(UTC).date().isoformat()


def statement(checks: Sequence[str], words: str, source: str, kind: WaiverKind) -> InlineWaiver:
    """Return the waiver of some checks that words declare; `problem` says why it cannot count.

    The words are the reason; behind it may stand who answers for it (`@team`, `name@example.org`,
    with or without `by`) and the last day on which it holds (`until 2027-01-31`). No place is set.
    """
    problem = _problem_of(checks)
    if len(words) > _MOST_WORDS:
        words, problem = words[:_MOST_WORDS], problem or f"its reason is over {_MOST_WORDS} long"
    rest = words.split()
    until = None
    if len(rest) > 1 and rest[-2].lower() == "until" and any(map(str.isdigit, rest[-1])):
        word = rest[-1].rstrip(".,;)")
        until = day_of(word)
        if until is None:
            problem = problem or f"{word[:20]!r} is no day: write it as 2027-01-31"
        rest = rest[:-2]
    owner = ""
    if rest and "@" in rest[-1]:
        owner = rest.pop().rstrip(".,;)")
        if rest and rest[-1].lower() == "by":
            rest.pop()
    reason = redact_text(" ".join(rest))
    if len(reason) < MIN_REASON:
        problem = problem or f"it gives no reason of at least {MIN_REASON} characters"
    names = tuple(dict.fromkeys(check.upper() for check in checks[:_MOST_CHECKS]))
    return InlineWaiver(names, Waiver(reason, owner, until, source, kind), problem=problem)


def _problem_of(checks: Sequence[str]) -> str:
    if not checks:
        return "it names no check: write ignore[CAP-003] reason"
    if len(checks) > _MOST_CHECKS:
        return f"it names more than {_MOST_CHECKS} checks"
    for check in checks:
        if not _CHECK.fullmatch(check.upper()):
            hint = "; of patterns only a family's counts here: CAP-*" if "*" in check else ""
            return f"{check[:40]!r} is no id of a check{hint}"
    return ""
