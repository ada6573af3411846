"""What the options about waivers and the baseline come to, and what is said of it at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from isoaudit.assess.definitions import definitions
from isoaudit.cli.configured import read_then
from isoaudit.cli.options import Accepting
from isoaudit.cli.screen import say
from isoaudit.documents.standing import as_it_stood
from isoaudit.errors import DocumentError, UsageError
from isoaudit.model import WaiverUse
from isoaudit.report.document import Summary
from isoaudit.report.layout import count
from isoaudit.rules.baseline import Baseline, baseline_from
from isoaudit.rules.catalogue import version_of
from isoaudit.rules.check import Check
from isoaudit.rules.inline_words import today
from isoaudit.rules.review import Review
from isoaudit.rules.select import Selection
from isoaudit.rules.waivers import Entry, Waiving

STALE = ("expired", "unused", "invalid")
"""What --strict-waivers fails on."""


def review_of(accepting: Accepting, selection: Selection, catalogue: Mapping[str, Check]) -> Review:
    """Return what marks findings as the options say.

    Raises UsageError for a waiver file or baseline that does not load; a baseline of other checks
    is said on stderr.
    """
    steps = frozenset(one.id for one in definitions().primitives)
    known = frozenset(catalogue) | steps
    entries: tuple[Entry, ...] = ()
    if accepting.waivers:
        from isoaudit.rules.waiver_file import load_waivers

        files = dict.fromkeys(accepting.waivers)
        with as_it_stood(read_then("waivers")):
            entries = tuple(one for path in files for one in load_waivers(path, known))
    waiving = Waiving(
        entries,
        frozenset(check.id for check in selection.checks) | steps,
        known,
        today(),
        not accepting.no_inline_waivers,
        accepting.accept_labels,
    )
    with as_it_stood(read_then("baseline")):
        return Review(waiving, _baseline(accepting.baseline, selection))


def _baseline(path: Path | None, selection: Selection) -> Baseline | None:
    if path is None:
        return None
    from isoaudit.documents import limits, standing

    shown = str(path)
    try:
        data = json.loads(standing.read_text(path, shown, limits.OWN_BYTES))
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown}: not JSON", "Write one with -o baseline=FILE.") from error
    baseline = baseline_from(data, shown)
    if baseline.profiles != selection.profiles:
        say(f"{shown}: a baseline of profile {', '.join(baseline.profiles)}, "
            f"not {', '.join(selection.profiles)}")  # fmt: skip
    elif baseline.checks_version != version_of(selection.checks):
        say(f"{shown}: made with another version of the checks; what is new may be theirs")
    return baseline


def stale_waivers(uses: Iterable[WaiverUse]) -> str:
    """Return `1 expired, 2 unused` for the waivers that a team should look at, "" for none."""
    states = [use.state for use in uses]
    return ", ".join(f"{states.count(one)} {one}" for one in STALE if one in states)


def review_lines(summary: Summary, uses: Iterable[WaiverUse], not_audited: int = 0) -> list[str]:
    """Return the lines for stderr about what was waived, stale waivers, and the baseline."""
    lines, tally, stale = [], summary.tally, stale_waivers(uses)
    if tally.waived:
        lines.append(f"{count(tally.waived, 'finding')} waived, not counted")
    if stale:
        lines.append(f"waivers: {stale}")
    if summary.resolved is not None:
        rest = f"; {count(not_audited, 'target')} of it not in this run" if not_audited else ""
        numbers = f"{tally.known} known, {tally.new} new, {summary.resolved} resolved"
        lines.append(f"baseline: {numbers}{rest}")
    return [f"        {line}" for line in lines]
