"""Runs a scan: results are written as they come, then the gate says how the run ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from isoaudit.assess import model_version
from isoaudit.assess.definitions import steps_about
from isoaudit.audit import Request, audit
from isoaudit.bundle import Evidence
from isoaudit.cli.files import text_whole
from isoaudit.cli.options import Reporting
from isoaudit.cli.outputs import Output, write_report
from isoaudit.cli.progress import shown
from isoaudit.cli.reviewing import review_lines, stale_waivers
from isoaudit.cli.screen import say
from isoaudit.cli.verdict import Ending, ending, explain_exit
from isoaudit.errors import NothingToAuditError
from isoaudit.model import (
    RunError,
    Standing,
    Status,
    TargetResult,
    Verdict,
    WaiverUse,
    Wall,
    WallKind,
    dialects,
    ways_of,
)
from isoaudit.report.compared import since_words
from isoaudit.report.document import Report, RunInfo, Summary, Tally
from isoaudit.report.layout import count as words_for
from isoaudit.rules.baseline import Held, held
from isoaudit.rules.catalogue import version_of
from isoaudit.rules.gate import GateCount, count, count_walls, count_ways
from isoaudit.rules.profile import profile_names
from isoaudit.rules.review import Review
from isoaudit.rules.select import Gate, Selection, saved
from isoaudit.rules.waivers import Uses

if TYPE_CHECKING:
    from isoaudit.audit.since import Before


class _Finished(NamedTuple):
    """What a worker hands over of one judged target."""

    target: str
    tally: Tally
    gate: GateCount
    payload: TargetResult | str
    waivers: tuple[WaiverUse, ...]
    known: tuple[Held, ...]
    new: tuple[str, ...]
    """The fingerprints of failures that no baseline knows, where there is one."""


@dataclass(slots=True)
class _Totals:
    """What adds up while results pass by."""

    targets: int = 0
    tally: Tally = field(default_factory=Tally)
    counts: dict[str, GateCount] = field(default_factory=dict)
    errors: list[RunError] = field(default_factory=list)
    waivers: Uses = field(default_factory=Uses)
    known: set[Held] = field(default_factory=set)
    new: set[str] = field(default_factory=set)


def run_scan(
    request: Request,
    selection: Selection,
    gate: Gate,
    outputs: Sequence[Output],
    reporting: Reporting,
) -> int:
    """Audit, write the outputs, say on stderr how it ended; return the exit code.

    Raises NothingToAuditError before anything is written if there was nothing to audit.
    """
    started = time.time()
    streamed = len(outputs) == 1 and outputs[0].form == "json"
    under_way = audit(request, _finisher(gate, streamed=streamed))
    review = request.review or Review()
    totals = _Totals(waivers=Uses(review.waiving.unmet()))
    results = _counted(shown(under_way.results), totals)
    first = next(results, None)
    if first is None and not any(error.asked for error in totals.errors):
        raise NothingToAuditError("nothing to audit was found", _nothing(request, totals))
    rest = _again(first, results)

    def run_info() -> RunInfo:
        known = _run_info(started, selection, under_way.host)._replace(on=_ground_words(request))
        held = _gate_that_held(selection, gate, reporting)
        return known._replace(since=_since(under_way.before, totals), gate=held)

    def end() -> Ending:
        stale = stale_waivers(totals.waivers) if reporting.strict_waivers else ""
        return ending(totals.counts, totals.errors, gate, report_only=reporting.report_only,
                      stale=stale)  # fmt: skip

    def summary() -> Summary:
        verdict, baseline = end(), review.baseline
        resolved = baseline.resolved(totals.known, totals.counts) if baseline else None
        return Summary(totals.targets, totals.tally, verdict.passed, verdict.reasons, resolved)

    checks = {check.id: check.about() for check in selection.checks}
    if selection.gate.way_out is not None:
        checks |= steps_about()
    version = version_of(selection.checks)
    if streamed:
        from isoaudit.report.json import Head, Tail, write

        with _stream(outputs[0]) as stream:
            texts = (entry.payload for entry in rest if isinstance(entry.payload, str))
            write(stream, Head(checks, version, model_version=model_version()), texts,
                  lambda: Tail(run_info(), summary(), totals.errors,
                               tuple(totals.waivers)))  # fmt: skip
    else:
        judged = [entry.payload for entry in rest if isinstance(entry.payload, TargetResult)]
        report = Report(run_info(), checks, judged, totals.errors, summary(), version,
                        model_version=model_version(), waivers=tuple(totals.waivers))  # fmt: skip
        write_report(report, outputs, reporting, gate, ways=selection.gate.way_out is not None)
    verdict = end()
    not_audited = review.baseline.not_audited(totals.counts) if review.baseline else 0
    for line in [
        *explain_exit(verdict, gate), *review_lines(summary(), totals.waivers, not_audited),
        *_beside(request, under_way.before, totals),
    ]:  # fmt: skip
        say(line)
    return verdict.code


def _finisher(gate: Gate, *, streamed: bool) -> Callable[[TargetResult], _Finished]:
    """Return what a worker does with a judged target: count, and encode if JSON is all there is."""
    encode: Callable[[TargetResult], Any] = lambda result: result  # noqa: E731
    if streamed:
        from isoaudit.report.encode import TargetEncoder

        encode = TargetEncoder().target

    def finish(result: TargetResult) -> _Finished:
        return _Finished(
            result.target.id,
            Tally.of(result.findings),
            count(result.findings, gate, declared=bool(result.target.dialect))
            + count_walls(result.target.id, verdict_in(result), gate)
            + count_ways(result, gate),
            encode(result),
            result.waivers,
            tuple(held(one) for one in (*result.findings, *ways_of(result)) if one.known),
            tuple(
                one.fingerprint
                for one in (*result.findings, *ways_of(result))
                if one.known is False and one.status is Status.FAIL
            ),
        )

    return finish


def verdict_in(result: TargetResult) -> Verdict | None:
    """Return the verdict on a target, None if it has no boundary.

    A report that was saved before verdicts were holds none: that is one that nothing is known of.
    """
    if result.assessment is not None:
        return result.assessment.verdict
    if not result.target.has_boundary:
        return None
    return Verdict(Standing.UNDECIDED, None, Wall(WallKind.NONE, WallKind.VM))


def _counted(results: Iterable[Any], totals: _Totals) -> Iterator[_Finished]:
    """Yield the judged targets, adding up on the way; errors are only kept, equal ones once.

    Every template of a Helm chart that is not rendered gives the row of the chart.
    """
    known: set[RunError] = set()
    for entry in results:
        if isinstance(entry, RunError):
            if entry not in known:
                totals.errors.append(entry)
            known.add(entry)
            continue
        totals.tally += entry.tally
        totals.targets += 1
        totals.waivers.add(entry.waivers)
        totals.known.update(entry.known)
        totals.new.update(entry.new)
        # Two bundles may hold targets of one name: neither may hide what the other fails.
        totals.counts[entry.target] = totals.counts.get(entry.target, GateCount()) + entry.gate
        yield entry


def _again(first: _Finished | None, rest: Iterator[_Finished]) -> Iterator[_Finished]:
    if first is not None:
        yield first
    yield from rest


def _since(before: Before | None, totals: _Totals) -> Mapping[str, str | int] | None:
    """Return what the report says of the revision that was compared with."""
    if before is None:
        return None
    known = before.failed & {name for name, status in totals.known if status == Status.FAIL}
    return {
        "ref": before.ref,
        "commit": before.commit,
        "known": len(known),
        "gone": len(before.failed - known - totals.new),
        "unread": before.unread,
    }


def _beside(request: Request, before: Before | None, totals: _Totals) -> list[str]:
    """Return the lines on what the gate did not count, and on what was passed by."""
    lines = []
    since = _since(before, totals)
    if since is not None:
        words = since_words(since)
        lines += [f"        {line}" for line in words]
    if request.excluded.count:
        lines.append(f"        {words_for(request.excluded.count, 'file')} passed by: --exclude")
    return lines


def _nothing(request: Request, totals: _Totals) -> str:
    if totals.errors:
        return f"{totals.errors[0].target}: {totals.errors[0].message}"
    if request.excluded.count:
        passed_by = words_for(request.excluded.count, "file")
        return f"--exclude passes by all that was found: {passed_by}."
    if any(address.is_file for address in request.addresses):
        known = ", ".join(dialect.title for dialect in dialects.DIALECTS)
        return f"No file there declares a container or VM. Known: {known}."
    return "No container, VM or host was found. What can be seen from here: isoaudit doctor"


def _run_info(started: float, selection: Selection, host: Evidence | None) -> RunInfo:
    finished = time.time()
    return RunInfo(
        id=os.urandom(8).hex(),
        started_at=utc(started),
        finished_at=utc(finished),
        profiles=selection.profiles,
        host=_host_words(host) if host else None,
        view="root" if os.geteuid() == 0 else "user",
        seconds=round(finished - started, 3),
    )


def _gate_that_held(
    selection: Selection, gate: Gate, reporting: Reporting
) -> dict[str, str | bool | int] | None:
    """Return the gate for the report, None if its profiles' names say it all."""
    own = all(name.partition("@")[0] in profile_names() for name in selection.profiles)
    if own and gate == selection.gate and not reporting.strict_waivers:
        return None
    return saved(gate, strict_waivers=reporting.strict_waivers)


def utc(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _ground_words(request: Request) -> dict[str, str] | None:
    """Return the host that files were judged for in words."""
    if request.ground is None:
        return None
    seen = {"collected_at": request.ground.collected_at}
    return {**_host_words(request.ground.host), **seen}


def _host_words(host: Evidence) -> dict[str, str]:
    words = {"name": host.target.name}
    for key, path in (("os", "host.os.pretty_name"), ("kernel", "host.kernel.release")):
        facts = host.facts.facts.get(path)
        words[key] = str(facts[0].value) if facts else "unknown"
    return words


@contextmanager
def _stream(output: Output) -> Iterator[TextIO]:
    """Yield stdout, or a file that appears whole or not at all."""
    if output.path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with text_whole(output.path) as stream:
        yield stream
