"""What all targets of one engine or one kind of file share is said once, not once for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from isoaudit.model import Severity
from isoaudit.report.layout import clip
from isoaudit.report.table_findings import put_fix
from isoaudit.report.table_page import Page
from isoaudit.report.table_unknown import put_unknown
from isoaudit.report.table_view import Failure, View, by_severity, settled_by

_FROM = 3
"""So many targets must agree."""

_MANY = 5
"""So many must be alike for what is high, or not known, to be said once: it is read less often."""

_MOST = 0.8
"""Of many targets so large a share is as good as all: one that does better changes little."""

_SHOWN_TEXT = 300


@dataclass(frozen=True, slots=True)
class Shared:
    """Checks below critical that fail in every target of one source, or in most of many.

    `unknown` are these targets with what is not known of most of them, for the same reason.
    """

    views: tuple[View, ...]
    failures: Mapping[str, tuple[Failure, ...]]
    unknown: tuple[View, ...] = ()

    @property
    def title(self) -> str:
        """Whose findings these are."""
        total = len(self.views)
        every = all(len(several) == total for several in self.failures.values())
        kind = self.views[0].target.id.partition(":")[0]
        return f"in {'all' if every else 'most of'} {total} {kind} targets"


def take_shared(views: Sequence[View]) -> tuple[list[View], list[Shared]]:
    """Return the views without the failures that are shared, and those failures."""
    sources: dict[str, list[View]] = {}
    for view in views:
        sources.setdefault(view.target.engine or view.target.dialect, []).append(view)
    shared = [_common(group) for key, group in sources.items() if key and len(group) >= _FROM]
    taken = {
        (view.target.id, check)
        for one in shared
        for check, several in one.failures.items()
        for view in one.views
        if any(failure in several for failure in view.failures)
    }
    known = {view.target.id: view for one in shared for view in one.unknown}
    own = [_without(view, taken, known.get(view.target.id)) for view in views]
    return own, [one for one in shared if one.failures or one.unknown]


def _without(view: View, taken: Set[tuple[str, str]], shared: View | None) -> View:
    """Return a view without what is said elsewhere of all that are like it."""
    failures = tuple(f for f in view.failures if (view.target.id, f.check) not in taken)
    said = {id(finding) for finding in shared.unknown} if shared else set()
    unknown = tuple(finding for finding in view.unknown if id(finding) not in said)
    return replace(view, failures=failures, unknown=unknown)


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
        if failure.loud:
            put_fix(page, shared.views[0].target, failure.check, about)
    if worst:
        page.row("", "evidence and fixes: isoaudit scan TARGET -v")
    put_unknown(page, shared.unknown)


def _common(views: Sequence[View]) -> Shared:
    common: dict[str, list[Failure]] = {}
    for view in views:
        for failure in view.failures:
            common.setdefault(failure.check, []).append(failure)
    many = len(views) >= _MANY
    enough = len(views) * _MOST if many else len(views)
    failures = {
        check: tuple(several)
        for check, several in common.items()
        if len(several) >= enough and _may_be_shared(several, many=many)
    }
    return Shared(tuple(views), failures, tuple(_common_unknown(views)) if many else ())


def _may_be_shared(failures: Sequence[Failure], *, many: bool) -> bool:
    worst = min(failure.severity.rank for failure in failures)
    return worst > (Severity.CRITICAL if many else Severity.HIGH).rank


def _common_unknown(views: Sequence[View]) -> Iterator[View]:
    """Yield the views with nothing but what is not known of most, for the same reason."""
    by_view = [[settled_by(view.target, one) for one in view.unknown] for view in views]
    numbers = Counter(text for texts in by_view for text in set(texts))
    common = {text for text, number in numbers.items() if number >= len(views) * _MOST}
    for view, texts in zip(views, by_view, strict=True):
        pairs = zip(view.unknown, texts, strict=True)
        unknown = tuple(finding for finding, text in pairs if text in common)
        if unknown:
            yield replace(view, unknown=unknown)


def _text(failures: Sequence[Failure], about: Mapping[str, Any], total: int) -> str:
    """Return the message if those that fail agree, else the good condition that does not hold."""
    messages = {finding.message for failure in failures for finding in failure.findings}
    several = f"all {total}" if len(failures) == total else f"{len(failures)} of {total}"
    if len(messages) == 1 or not about.get("title"):
        return clip(f"fails in {several}: {min(messages)}", _SHOWN_TEXT)
    none = f"any of {total}" if len(failures) == total else several
    return clip(f"does not hold in {none}: {about['title']}", _SHOWN_TEXT)
