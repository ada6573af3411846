"""What people know of already: waived findings, a baseline's, and waivers that are stale."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import Finding, Severity, Status, WaiverUse
from isoaudit.report.layout import clip, count, wrap
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import View, by_severity, failing

_SHOWN_REASON = 200
_SHOWN_MESSAGE = 160
_SHOWN_NAME = 60
_SHOWN_CHECKS = 24
TOLD = ("expired", "invalid", "unused", "refused")
"""What stands at the end, the most pressing first; with -v also what was not in question."""


def put_waived(page: Page, views: Sequence[View]) -> None:
    """Put one paragraph for each waiver with the findings it covers, and what a baseline knows."""
    groups: dict[tuple[object, ...], list[tuple[str, Finding]]] = {}
    for view in views:
        for finding in view.waived:
            groups.setdefault((finding.waiver,), []).append((view.target.id, finding))
    lines: list[str] = []
    for several in groups.values():
        first, *rest = wrap(_waived(several, many=len(views) > 1), page.room - 2)
        lines += [first, *(f"  {line}" for line in rest)]
    page.labelled("WAIVED", lines)
    known = [failure for view in views for failure in view.known]
    if known:
        told = "" if page.verbose else "; -v lists them"
        page.row("KNOWN", f"{by_severity(failing(known))} known before{told}")


def put_waivers(page: Page, uses: Sequence[WaiverUse]) -> None:
    """Put the waivers that cover nothing or do not count, with the reason, as the last section."""
    told = (*TOLD, "not_run") if page.verbose else TOLD
    stale = stale_waivers(uses, told)
    if not stale:
        return
    states = [use.state for use in stale]
    numbers = ", ".join(
        f"{states.count(one)} {one.replace('_', ' ')}" for one in told if one in states
    )
    page.section("waivers to look at", numbers)
    for use in stale:
        page.labelled(use.state.replace("_", " ").upper(), wrap(stale_words(use), page.room))


def stale_waivers(uses: Sequence[WaiverUse], told: Sequence[str] = TOLD) -> list[WaiverUse]:
    """Return the waivers that a team should look at, by their state."""
    return [use for state in told for use in uses if use.state == state]


def _waived(several: Sequence[tuple[str, Finding]], *, many: bool) -> str:
    """Return which findings a waiver covers, then its reason, its owner and its last day."""
    findings = [finding for _, finding in several]
    waiver = findings[0].waiver
    if waiver is None:
        return ""
    where = f" in {count(len({target for target, _ in several}), 'target')}" if many else ""
    reason = clip(waiver.reason, _SHOWN_REASON)
    about = f"{_about(waiver.owner, waiver.until)}, {clip(waiver.source, _SHOWN_MESSAGE)}"
    return f"{_covered(findings)}{where}. {reason} ({about})"


def _covered(findings: Sequence[Finding]) -> str:
    """Return one finding with its message, several by their severity and their checks."""
    failed = [one for one in findings if one.status is Status.FAIL]
    checks = list(dict.fromkeys(one.check for one in findings))
    messages = list(dict.fromkeys(one.message for one in findings))
    numbers = {one: [f.severity for f in failed].count(one) for one in Severity}
    undecided = len(findings) - len(failed)
    words = [by_severity(numbers)] if failed else []
    words += [f"{undecided} unknown"] if undecided else []
    if len(messages) == 1:
        return f"{', '.join(words)} {checks[0]}: {clip(messages[0], _SHOWN_MESSAGE)}"
    more = f" and {len(checks) - _SHOWN_CHECKS} more" if len(checks) > _SHOWN_CHECKS else ""
    return f"{', '.join(words)}: {', '.join(checks[:_SHOWN_CHECKS])}{more}"


def _about(owner: str, until: str | None) -> str:
    """Return who answers for a waiver and how long it holds; that nothing says so is told."""
    name = clip(owner, _SHOWN_NAME) or "no owner"
    return f"{name}, until {clip(until, _SHOWN_NAME)}" if until else f"{name}, without end"


def stale_words(use: WaiverUse) -> str:
    """Return where a waiver stands, what it is about, why it does not count: cleaned."""
    checks = clip(", ".join(use.checks), _SHOWN_MESSAGE)
    targets = f" for {clip(', '.join(use.targets), _SHOWN_MESSAGE)}" if use.targets else ""
    place = clip(use.waiver.source, _SHOWN_MESSAGE)
    hit = f"; it would cover {count(use.findings, 'finding')}" if use.findings else ""
    return f"{place} {checks}{targets}: {clip(use.why, _SHOWN_REASON)}{hit}"
