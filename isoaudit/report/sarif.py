"""The SARIF 2.1.0 format: OASIS's exchange format for static analysis, as code hosts take it.

A failed check is a result of kind `fail`, one that is undecided of kind `open` and level `none`.
What a file could never say is no result: one notification counts it. A waived finding has a
suppression. The limits kept to are those of GitHub's upload.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from isoaudit.model import Finding, Status
from isoaudit.report.document import Report, error_words, ordered_errors
from isoaudit.report.entries import Entry, Standing, entries, settling, waiver_words
from isoaudit.report.layout import clip, count
from isoaudit.report.options import Options
from isoaudit.report.places import Place, place_of_error
from isoaudit.report.sarif_rules import LEVELS, NOTIFICATIONS, rule_id, rules_of, safe
from isoaudit.report.table_seen import seen_words
from isoaudit.report.table_waived import stale_waivers, stale_words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

MOST_RESULTS = 25_000
"""What GitHub takes of one run."""

_MOST_NOTICES = 1000
_SHOWN_MESSAGE = 1000
_SHOWN_NAME = 300
_SHOWN_EVIDENCE = 10
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_RESULTS = (Standing.FAILED, Standing.UNDECIDED, Standing.WAIVED)


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write a report as one SARIF log with one run; ASCII only."""
    found = list(entries(report, options))
    kept, left_out = _kept([one for one in found if one.standing in _RESULTS])
    rules = rules_of(kept, report.checks)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {
        "name": "isoaudit",
        "version": clip(report.version, _SHOWN_NAME),
        "properties": {"checks_version": clip(report.checks_version, _SHOWN_NAME)},
        "notifications": NOTIFICATIONS,
    }
    stream.write(f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [\n')
    stream.write(f'{{"tool": {{"driver": {json.dumps(driver)[:-1]}, "rules": [')
    _put(stream, rules)
    stream.write(f']}}}},\n"invocations": [{json.dumps(_invocation(report, found, left_out))}],\n')
    stream.write(f'"originalUriBaseIds": {json.dumps(_BASES)}, "columnKind": "unicodeCodePoints",')
    stream.write('\n"results": [')
    _put(stream, _results(kept, index))
    stream.write("]}]}\n")


_BASES = {"SRCROOT": {"description": {"text": "The top of the source tree that was scanned."}}}


def _put(stream: TextIO, rows: Iterable[dict[str, Any]]) -> None:
    """Write objects one per line."""
    separator = "\n"
    for row in rows:
        stream.write(separator + json.dumps(row))
        separator = ",\n"


def _kept(found: Sequence[Entry]) -> tuple[Sequence[Entry], int]:
    """Return the results that an upload takes, the worst if there are too many, and the rest's
    number."""
    if len(found) <= MOST_RESULTS:
        return found, 0
    worst = sorted(found, key=lambda one: one.rank)[:MOST_RESULTS]
    return worst, len(found) - MOST_RESULTS


def _results(found: Sequence[Entry], rules: dict[str, int]) -> Iterator[dict[str, Any]]:
    counted: Counter[str] = Counter()
    for entry in found:
        counted[entry.finding.fingerprint] += 1
        number = counted[entry.finding.fingerprint]
        yield _result(entry, rules, number, entry.place)


def _result(entry: Entry, rules: dict[str, int], number: int, place: Place) -> dict[str, Any]:
    finding, target = entry.finding, entry.target
    failed = finding.status is Status.FAIL
    rule = rule_id(finding.check)
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": rules[rule],
        "kind": "fail" if failed else "open",
        "level": LEVELS[finding.severity] if failed else "none",
        "message": {"text": _message(entry)},
        "locations": [_location(entry, place)],
        "partialFingerprints": _fingerprints(finding.fingerprint, number),
        "properties": {
            "severity": finding.severity.value,
            "target": clip(target.id, _SHOWN_NAME),
            "evidence": [seen_words(fact) for fact in finding.evidence[:_SHOWN_EVIDENCE]],
        },
    }
    if finding.known is not None:
        result["baselineState"] = "unchanged" if finding.known else "new"
    if finding.waiver is not None:
        result["suppressions"] = [_suppression(finding)]
    return result


def _message(entry: Entry) -> str:
    """Return what is wrong and with what; of what is undecided, what would settle it."""
    finding = entry.finding
    text = safe(clip(finding.message, _SHOWN_MESSAGE))
    name = safe(clip(entry.target.name or entry.target.id, _SHOWN_NAME))
    if finding.status is Status.FAIL:
        return f"{name}: {text}" if name not in text else text
    return f"{name}: not known: {text}. {safe(clip(settling(entry), _SHOWN_MESSAGE))}"


def _location(entry: Entry, place: Place) -> dict[str, Any]:
    """Return where it is. What no file declares has the line 1 of a name, or GitHub refuses it."""
    target = entry.target
    return {
        "physicalLocation": _physical(place),
        "logicalLocations": [
            {
                "name": clip(target.name or target.id, _SHOWN_NAME),
                "fullyQualifiedName": clip(target.id, _SHOWN_NAME),
                "kind": "resource",
            }
        ],
    }


def _physical(place: Place) -> dict[str, Any]:
    region = {"startLine": place.line}
    if place.column is not None:
        region["startColumn"] = place.column
    artifact = {"uri": place.uri} if place.live else {"uri": place.uri, "uriBaseId": "SRCROOT"}
    return {"artifactLocation": artifact, "region": region}


def _fingerprints(fingerprint: str, number: int) -> dict[str, str]:
    """Return ours, and in the form in which GitHub follows an alert when lines move."""
    own = clip(fingerprint, _SHOWN_NAME)
    return {"isoaudit/v1": own, "primaryLocationLineHash": f"{own}:{number}"} if own else {}


def _suppression(finding: Finding) -> dict[str, Any]:
    waiver = finding.waiver
    if waiver is None:
        return {}
    return {
        "kind": "external" if waiver.kind == "file" else "inSource",
        "status": "accepted",
        "justification": waiver_words(waiver),
        "properties": {
            "owner": clip(waiver.owner, _SHOWN_NAME),
            "until": clip(waiver.until or "", _SHOWN_NAME),
            "source": clip(waiver.source, _SHOWN_NAME),
        },
    }


def _invocation(report: Report, found: Sequence[Entry], left_out: int) -> dict[str, Any]:
    """Return how the run went: its times, the gate's word, and what could not be audited."""
    broken = [one for one in found if one.standing is Standing.BROKEN]
    notices = [*_errors(report), *map(_broken, broken)]
    if len(notices) > _MOST_NOTICES:
        more = len(notices) - _MOST_NOTICES
        notices = [*notices[:_MOST_NOTICES], _notice("not-audited", "error", f"and {more} more")]
    notices += _counts(found, left_out)
    stale = stale_waivers(report.waivers)[:_MOST_NOTICES]
    notices += [_notice("waiver", "warning", f"{use.state}: {stale_words(use)}") for use in stale]
    gate = report.summary
    invocation: dict[str, Any] = {
        "executionSuccessful": not broken and not any(one.asked for one in report.errors),
        "toolExecutionNotifications": notices,
        "properties": {
            "targets": gate.targets,
            "gate": "holds" if gate.gate_passed else "does not hold",
            "reasons": [clip(reason, _SHOWN_MESSAGE) for reason in gate.gate_reasons],
            "profiles": [clip(name, _SHOWN_NAME) for name in report.run.profiles],
        },
    }
    for key, time in (("start", report.run.started_at), ("end", report.run.finished_at)):
        if _TIME.fullmatch(time):
            invocation[f"{key}TimeUtc"] = time
    return invocation


def _errors(report: Report) -> Iterator[dict[str, Any]]:
    for error in ordered_errors(report.errors):
        text = clip(error_words(error), _SHOWN_MESSAGE)
        if error.how_to_get:
            text += f". {clip(error.how_to_get, _SHOWN_MESSAGE)}"
        target = clip(error.target, _SHOWN_NAME)
        where: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": target}]}
        place = place_of_error(error)
        if place is not None:
            where["physicalLocation"] = _physical(place)
        notice = _notice("not-audited", "error" if error.asked else "warning", text)
        yield {**notice, "locations": [where]}


def _broken(entry: Entry) -> dict[str, Any]:
    target = clip(entry.target.id, _SHOWN_NAME)
    text = f"{target}: {clip(entry.finding.message, _SHOWN_MESSAGE)}"
    notice = _notice("check-error", "error", f"{clip(entry.finding.check, 40)}: {text}")
    return {**notice, "locations": [{"logicalLocations": [{"fullyQualifiedName": target}]}]}


def _counts(found: Sequence[Entry], left_out: int) -> Iterator[dict[str, Any]]:
    beyond = sum(one.standing is Standing.BEYOND for one in found)
    if beyond:
        text = f"{count(beyond, 'result')} of what these targets cannot say: scan them running"
        yield _notice("not-declarable", "note", text)
    if left_out:
        text = f"{left_out} results of lower rank left out: an upload holds {MOST_RESULTS}"
        yield _notice("limit", "warning", text)


def _notice(name: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": safe(text)}}
