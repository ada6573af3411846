"""What all targets of one engine or one kind of file share is said once, not once for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isoaudit.report.layout import clip
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import Failure, View, by_severity

_FROM = 3
"""So many targets must agree."""

_SHOWN_TEXT = 300


@dataclass(frozen=True, slots=True)
class Shared:
    """Checks of medium severity or below that fail in every target of one source."""

    views: tuple[View, ...]
    failures: Mapping[str, tuple[Failure, ...]]

    @property
    def title(self) -> str:
        """Whose findings these are."""
        return f"in all {len(self.views)} {self.views[0].target.id.partition(':')[0]} targets"


def take_shared(views: Sequence[View]) -> tuple[list[View], list[Shared]]:
    """Return the views without the failures that are shared, and those failures."""
    sources: dict[str, list[View]] = {}
    for view in views:
        sources.setdefault(view.target.engine or view.target.dialect, []).append(view)
    shared = [_common(group) for key, group in sources.items() if key and len(group) >= _FROM]
    taken = {
        (view.target.id, check) for one in shared for view in one.views for check in one.failures
    }
    own = [
        replace(
            view,
            failures=tuple(f for f in view.failures if (view.target.id, f.check) not in taken),
        )
        for view in views
    ]
    return own, [one for one in shared if one.failures]


def put_shared(page: Page, shared: Shared, checks: Mapping[str, Mapping[str, Any]]) -> None:
    """Put a heading for the targets of one source, and one line per check they all fail."""
    worst = [
        min(several, key=lambda one: one.severity.rank) for several in shared.failures.values()
    ]
    severities = [failure.severity for failure in worst]
    page.section(shared.title, by_severity({one: severities.count(one) for one in severities}))
    for failure in sorted(worst, key=lambda one: (one.severity.rank, one.check)):
        about = checks.get(failure.check, {})
        text = _text(shared.failures[failure.check], about, len(shared.views))
        page.headline(failure.severity, text, failure.check)
    page.row("", "evidence and fixes: isoaudit scan TARGET -v")


def _common(views: Sequence[View]) -> Shared:
    common: dict[str, list[Failure]] = {}
    for view in views:
        for failure in view.failures:
            common.setdefault(failure.check, []).append(failure)
    failures = {
        check: tuple(several)
        for check, several in common.items()
        if len(several) == len(views) and not any(failure.loud for failure in several)
    }
    return Shared(tuple(views), failures)


def _text(failures: Sequence[Failure], about: Mapping[str, Any], total: int) -> str:
    """Return the message if all agree, else the good condition that does not hold."""
    messages = {finding.message for failure in failures for finding in failure.findings}
    if len(messages) == 1 or not about.get("title"):
        return clip(f"fails in all {total}: {min(messages)}", _SHOWN_TEXT)
    return clip(f"does not hold in any of {total}: {about['title']}", _SHOWN_TEXT)
