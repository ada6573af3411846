"""What is not known, grouped by what would settle it."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import Finding, Severity
from isoaudit.report.layout import clip, count, wrap
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import (
    NEEDS_ENGINE,
    NEEDS_HOST,
    NEEDS_RUNNING,
    View,
    by_severity,
    settled_by,
)

_SHOWN_TEXT = 240
_Gap = tuple[str, Finding]
"""A finding that is unknown, and whose it is."""

_LAST = (NEEDS_RUNNING, NEEDS_ENGINE)


def put_unknown(page: Page, views: Sequence[View]) -> None:
    """Put one line per remedy, the one that settles the worst and the most first."""
    groups: dict[str, list[_Gap]] = {}
    for view in views:
        for finding in view.unknown:
            groups.setdefault(settled_by(view.target, finding), []).append(
                (view.target.id, finding)
            )
    groups = _merged(groups)
    # What only the running target can tell says nothing against the file: it comes last.
    ordered = sorted(groups, key=lambda text: (text in _LAST, _weight(groups[text]), text))
    lines: list[str] = []
    for text in ordered:
        lines += wrap(_line(text, groups[text], several=len(views) > 1), page.room)
        if page.verbose:
            checks = sorted({finding.check for _, finding in groups[text]})
            lines += [f"  {line}" for line in wrap(", ".join(checks), page.room - 2)]
    page.labelled("UNKNOWN", lines)


def _merged(groups: dict[str, list[_Gap]]) -> dict[str, list[_Gap]]:
    """Return groups with those of one reason in one: some say besides what would settle it."""
    fuller = {text.partition(". ")[0]: text for text in groups if ". " in text}
    merged: dict[str, list[_Gap]] = {}
    for text, group in groups.items():
        merged.setdefault(fuller.get(text, text), []).extend(group)
    return merged


def _weight(group: list[_Gap]) -> list[int]:
    return [-sum(f.severity is severity for _, f in group) for severity in Severity]


def _line(text: str, group: list[_Gap], *, several: bool) -> str:
    checks = {finding.check: finding.severity for _, finding in group}
    number = count(len(checks), "check")
    if several:
        number += f" in {count(len({target for target, _ in group}), 'target')}"
    if text in {NEEDS_RUNNING, NEEDS_HOST, NEEDS_ENGINE}:
        verb, _, rest = text.partition(" ")
        return f"{number} {verb}{'s' if len(checks) == 1 else ''} {rest}"
    severities = list(checks.values())
    worst = {one: severities.count(one) for one in (Severity.CRITICAL, Severity.HIGH)}
    weight = f" ({by_severity(worst)})" if any(worst.values()) else ""
    if weight and len(checks) == 1:
        weight = f" ({severities[0]})"
    return f"{number}{weight}: {clip(text, _SHOWN_TEXT)}"
