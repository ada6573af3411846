"""The Markdown format: a comment for a pull request, the verdict first, then what is new and worst.

A row is a check with one way to mend it, and the places where it failed. What is below high
severity, known before, waived or not known is folded, and counted in the fold's heading. A comment
holds 65,536 characters at GitHub: what does not fit is left out, and its number is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TextIO

from isoaudit.model import Severity
from isoaudit.report.about import about_of
from isoaudit.report.compared import since_words
from isoaudit.report.document import Report, error_words, ordered_errors
from isoaudit.report.entries import Entry, Standing, entries, settling, waiver_words
from isoaudit.report.layout import count
from isoaudit.report.markup import code, prose
from isoaudit.report.options import Options
from isoaudit.report.table_findings import fix_for
from isoaudit.report.table_waived import stale_waivers, stale_words
from isoaudit.report.writing import write_text

MOST = 65_536
"""Characters in a comment on GitHub."""

_RESERVE = 4_000
"""Kept free for headings, closing tags, and the notes that say what was left out."""

_SHARES = {"not audited": 6_000, "waived": 12_000, "stale": 4_000, "not known": 4_000}
"""Most characters of a section, so that none crowds out all others."""

_SHOWN_MESSAGE = 300
_SHOWN_FIX = 400
_SHOWN_PLACE = 150
_SHOWN_PLACES = 5
_SHOWN_MESSAGES = 3
_SHOWN_REASONS = 5
_MARK = "<!-- isoaudit -->"


class _Section(NamedTuple):
    """A heading with rows; a `folded` one shows them when it is opened."""

    title: str
    head: Sequence[str]
    rows: Sequence[str]
    folded: bool = True
    share: int = MOST


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write the comment."""
    found = list(entries(report, options))
    lines = [_MARK, *_verdict(report, found)]
    room = MOST - _RESERVE - sum(len(line) + 1 for line in lines)
    for section in _sections(report, found, options):
        if not section.rows:
            continue
        block = list(_block(section, min(room, section.share)))
        room = max(0, room - sum(len(line) + 1 for line in block))
        lines += block
    lines += ["", f"{code('isoaudit explain ID', 40)} says what a check means and how to fix it."]
    write_text(stream, "\n".join(lines) + "\n")


def _verdict(report: Report, found: Sequence[Entry]) -> Iterator[str]:
    """Yield the gate's word with its reasons, and the number of everything."""
    gate = report.summary
    yield f"## isoaudit: the gate {'holds' if gate.gate_passed else 'does not hold'}"
    yield ""
    failed = [one for one in found if one.standing is Standing.FAILED]
    words = _by_severity(failed)
    parts = [f"{count(gate.targets, 'target')}: {words or 'no check failed'}"]
    if any(one.finding.known is not None for one in failed):
        parts.append(f"{sum(one.finding.known is False for one in failed)} of these new")
    for word, standing in (("waived", Standing.WAIVED), ("not known", Standing.UNDECIDED)):
        number = sum(one.standing is standing for one in found)
        parts += [f"{number} {word}"] if number else []
    yield f"{', '.join(parts)}."
    reasons = [*gate.gate_reasons[:_SHOWN_REASONS]]
    reasons += since_words(report.run.since) if report.run.since else []
    if reasons:
        yield ""
    yield from (f"* {prose(reason, _SHOWN_FIX)}" for reason in reasons)


def _by_severity(found: Iterable[Entry]) -> str:
    severities = [one.finding.severity for one in found]
    counts = ((severities.count(one), one) for one in Severity)
    return ", ".join(f"{number} {severity}" for number, severity in counts if number)


def _sections(report: Report, found: Sequence[Entry], options: Options) -> Iterator[_Section]:
    failed = [one for one in found if one.standing is Standing.FAILED]
    fresh = [one for one in failed if not one.finding.known]
    loud = [one for one in fresh if _loud(one, options)]
    quiet = [one for one in fresh if not _loud(one, options)]
    known = [one for one in failed if one.finding.known]
    waived = [one for one in found if one.standing is Standing.WAIVED]
    broken = [one for one in found if one.standing is Standing.BROKEN]
    undecided = [one for one in found if one.standing is Standing.UNDECIDED]
    new = " that are new" if known or any(one.finding.known is False for one in fresh) else ""
    yield _Section(
        f"Not audited ({len(report.errors) + len(broken)})",
        (),
        [*_errors(report), *map(_broken, broken)],
        folded=False,
        share=_SHARES["not audited"],
    )
    head = ("Severity | Check | What | Where", "--- | --- | --- | ---")
    yield _Section(f"Findings{new} ({len(loud)})", head, _rows(loud, report), folded=False)
    waiver_head = ("Check | What | Where | Accepted because", "--- | --- | --- | ---")
    rows = [_waived(one) for one in sorted(waived, key=lambda one: one.rank)]
    yield _Section(f"Waived ({len(waived)})", waiver_head, rows, share=_SHARES["waived"])
    stale = [
        f"* {use.state}: {prose(stale_words(use), _SHOWN_FIX)}"
        for use in stale_waivers(report.waivers)
    ]
    yield _Section(f"Waivers to look at ({len(stale)})", (), stale, share=_SHARES["stale"])
    title = f"{'Further findings' if loud else 'Findings'}{new} ({_by_severity(quiet)})"
    yield _Section(title, head, _rows(quiet, report))
    yield _Section(f"Known before ({_by_severity(known)})", head, _rows(known, report))
    yield _Section(
        f"Not known ({len(undecided)})", (), _unsettled(undecided), share=_SHARES["not known"]
    )


def _loud(entry: Entry, options: Options) -> bool:
    return entry.finding.severity.rank <= Severity.HIGH.rank or entry.gates(options)


def _block(section: _Section, room: int) -> Iterator[str]:
    """Yield a section's lines, with as many rows as there is room for."""
    yield ""
    if section.folded:
        yield from (f"<details><summary>{section.title}</summary>", "")
    else:
        yield from (f"### {section.title}", "")
    yield from section.head
    left = len(section.rows)
    for row in section.rows:
        room -= len(row) + 1
        if room < 0:
            break
        yield row
        left -= 1
    if left:
        yield from ("", f"and {left} more rows, left out: a comment holds {MOST} characters.")
    if section.folded:
        yield from ("", "</details>")


def _rows(found: Sequence[Entry], report: Report) -> list[str]:
    """Return a table row per check, severity and fix, worst first.

    What mends a compose file is no help beside the lines of a manifest.
    """
    groups: dict[tuple[Severity, str, str], list[Entry]] = {}
    for one in sorted(found, key=lambda one: one.rank):
        key = (one.finding.severity, one.finding.check, _fix(one, report))
        groups.setdefault(key, []).append(one)
    return [_row(group, report) for group in groups.values()]


def _fix(entry: Entry, report: Report) -> str:
    about = about_of(report.checks, entry.finding.check)
    return fix_for(entry.target, about.get("remediation", {}))


def _row(group: Sequence[Entry], report: Report) -> str:
    first = group[0]
    about = about_of(report.checks, first.finding.check)
    messages = list(dict.fromkeys(one.finding.message for one in group[:1000]))
    what = [prose(message, _SHOWN_MESSAGE) for message in messages]
    if len(messages) > _SHOWN_MESSAGES:
        what = [prose(about.get("title", messages[0]), _SHOWN_MESSAGE)]
    fix = _fix(first, report)
    what += [f"Fix: {prose(fix, _SHOWN_FIX)}"] if fix else []
    cells = (
        f"**{first.finding.severity}**",
        code(first.finding.check, _SHOWN_PLACE),
        "<br>".join(what),
        _places(group),
    )
    return " | ".join(cells)


def _places(group: Sequence[Entry]) -> str:
    places = list(dict.fromkeys(_where(one) for one in group[:_SHOWN_PLACES]))
    if len(group) > _SHOWN_PLACES:
        places.append(f"and {len(group) - _SHOWN_PLACES} more")
    return "<br>".join(places)


def _where(entry: Entry) -> str:
    place = entry.place
    if place.live:
        return code(entry.target.id, _SHOWN_PLACE)
    return f"{code(str(place), _SHOWN_PLACE)} {prose(entry.target.name, _SHOWN_PLACE)}".rstrip()


def _waived(entry: Entry) -> str:
    finding = entry.finding
    words = waiver_words(finding.waiver) if finding.waiver else ""
    cells = (
        f"{code(finding.check, _SHOWN_PLACE)} {finding.severity}",
        prose(finding.message, _SHOWN_MESSAGE),
        _where(entry),
        prose(words, _SHOWN_FIX),
    )
    return " | ".join(cells)


def _unsettled(found: Sequence[Entry]) -> list[str]:
    """Return a line per thing that would settle something, with the number of checks."""
    numbers: dict[str, int] = {}
    for one in found:
        words = settling(one)
        numbers[words] = numbers.get(words, 0) + 1
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return [f"* {count(number, 'check')}: {prose(text, _SHOWN_FIX)}" for text, number in ordered]


def _errors(report: Report) -> Iterator[str]:
    for error in ordered_errors(report.errors):
        remedy = f"<br>{prose(error.how_to_get, _SHOWN_FIX)}" if error.how_to_get else ""
        yield f"* {prose(error_words(error), _SHOWN_MESSAGE)}{remedy}"


def _broken(entry: Entry) -> str:
    finding = entry.finding
    check, target = code(finding.check, _SHOWN_PLACE), code(entry.target.id, _SHOWN_PLACE)
    return f"* {check} on {target}: {prose(finding.message, _SHOWN_MESSAGE)}"
