"""GitLab's code quality format: a JSON array, which a merge request compares with its target's.

GitLab knows no waived finding: one is shown as `info`, with who accepts it and why. What could not
be audited is an entry as well, so that an empty array means that nothing was found to be wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, TextIO

from isoaudit.model import Location, RunError, Severity, WaiverUse
from isoaudit.report.document import Report, ordered_errors
from isoaudit.report.entries import Entry, Standing, at_gate, entries, settling, waiver_words
from isoaudit.report.layout import clip
from isoaudit.report.options import Options
from isoaudit.report.places import Place, place_at, place_of_error
from isoaudit.report.table_waived import stale_waivers, stale_words

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
_NOT_AUDITED = "blocker"
_SHOWN_MESSAGE = 1000
_SHOWN_NAME = 300


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write an entry per line; ASCII only."""
    stream.write("[")
    separator = "\n"
    for row in _rows(report, options):
        stream.write(separator + json.dumps(row))
        separator = ",\n"
    stream.write("\n]\n" if separator != "\n" else "]\n")


def _rows(report: Report, options: Options) -> Iterator[dict[str, Any]]:
    counted: Counter[str] = Counter()
    for entry in entries(report, options):
        if not _shown(entry, options):
            continue
        finding, place = entry.finding, entry.place
        counted[finding.fingerprint] += 1
        yield {
            "description": _description(entry),
            "check_name": clip(finding.check, _SHOWN_NAME),
            "fingerprint": _unique(finding.fingerprint, counted[finding.fingerprint]),
            "severity": _severity(entry, options),
            "location": {"path": _text(place.path), "lines": {"begin": place.line}},
        }
    unread = [_unread(error) for error in ordered_errors(report.errors) if error.asked]
    for row in [*unread, *map(_stale, stale_waivers(report.waivers))]:
        counted[row["fingerprint"]] += 1
        yield {**row, "fingerprint": _unique(row["fingerprint"], counted[row["fingerprint"]])}


def _shown(entry: Entry, options: Options) -> bool:
    """Say whether a finding is an entry: what failed, and what is undecided where a gate looks."""
    if entry.standing is Standing.UNDECIDED:
        return at_gate(entry.finding.severity, options)
    return entry.standing in (Standing.FAILED, Standing.WAIVED, Standing.BROKEN)


def _severity(entry: Entry, options: Options) -> str:
    undecided = entry.standing is Standing.UNDECIDED and not entry.gates(options)
    if entry.standing is Standing.WAIVED or undecided:
        return _SEVERITIES[Severity.INFO]
    return _SEVERITIES[entry.finding.severity]


def _description(entry: Entry) -> str:
    finding = entry.finding
    text = clip(finding.message, _SHOWN_MESSAGE)
    if finding.waiver is not None and entry.standing is Standing.WAIVED:
        text = f"waived ({waiver_words(finding.waiver)}): {text}"
    elif entry.standing is Standing.UNDECIDED:
        text = f"not known: {text}. {clip(settling(entry), _SHOWN_MESSAGE)}"
    elif entry.standing is Standing.BROKEN:
        text = f"check could not be run: {text}"
    return f"{text} [{clip(entry.target.id, _SHOWN_NAME)}]"


def _unread(error: RunError) -> dict[str, Any]:
    text = f"not audited: {clip(error.message, _SHOWN_MESSAGE)}"
    name = clip(error.target, _SHOWN_NAME)
    place = place_of_error(error) or Place(name.lstrip("/") or "unnamed")
    words = json.dumps(["not audited", error.target, error.stage])
    return {
        "description": f"{text} [{name}]",
        "check_name": "not-audited",
        "fingerprint": hashlib.sha256(words.encode()).hexdigest(),
        "severity": _NOT_AUDITED,
        "location": {"path": _text(place.path), "lines": {"begin": place.line}},
    }


def _stale(use: WaiverUse) -> dict[str, Any]:
    text = f"waiver {use.state}: {stale_words(use)}"
    path, _, line = use.waiver.source.rpartition(":")
    known = path and line.isdecimal() and 0 < len(line) < 10
    place = place_at(Location(path, int(line)) if known else Location(use.waiver.source))
    return {
        "description": text,
        "check_name": "waiver",
        "fingerprint": hashlib.sha256(text.encode()).hexdigest(),
        "severity": _SEVERITIES[Severity.LOW],
        "location": {"path": _text(place.path), "lines": {"begin": place.line}},
    }


def _unique(fingerprint: str, number: int) -> str:
    """Return a fingerprint that no entry before has, or GitLab keeps but one of them."""
    if number == 1 and fingerprint:
        return clip(fingerprint, _SHOWN_NAME)
    words = json.dumps([fingerprint, number])
    return hashlib.sha256(words.encode()).hexdigest()


def _text(path: str) -> str:
    """Return a path without what is no character: a byte of a name that is not UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode()
