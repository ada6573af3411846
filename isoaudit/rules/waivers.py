"""Attaches waivers to findings, and says what became of every waiver.

A waiver changes nothing of a finding: what failed has failed, and is shown with the reason why
people accept it. It is attached to what gates: a failure, or an unknown that evidence could settle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from isoaudit.model import (
    Finding,
    InlineWaiver,
    Status,
    Target,
    TargetResult,
    Waiver,
    WaiverUse,
    names_of,
    ways_of,
    with_marks,
)
from isoaudit.model.waiver import WaiverState
from isoaudit.rules.inline_words import WHOLE, statement, today

Key = tuple[str, tuple[str, ...], str]
Stood = tuple[Key, str, str, int]
"""That a waiver in a file covered a finding: of this fingerprint, status and severity's rank."""

NOTHING_WRONG = "nothing that it covers is wrong"
NO_TARGET = "no target of this run is called so"
_PASSED_DAY = "its last day was {}"
_CAME_WITH = "it came with the change that is judged, or what it is to cover did"
_NOT_RUN = "none of its checks is in this run"


_LIVE = "container.waivers"
"""The fact that holds the waivers among a live container's own labels."""


class Entry(NamedTuple):
    """One entry of a waiver file: patterns of checks and of targets, and why.

    `fingerprint`, if there is one, is the beginning of that of the only finding that is meant.
    """

    checks: tuple[str, ...]
    targets: tuple[str, ...]
    waiver: Waiver
    fingerprint: str = ""

    def names(self, target: Target) -> bool:
        """Say whether it speaks of a target, by its id or one of its aliases."""
        names = (target.id, *target.aliases)
        # NOTE: a path may hold brackets, and is meant as it stands then.
        return any(
            name == pattern or fnmatchcase(name, pattern)
            for name in names
            for pattern in self.targets
        )

    def covers(self, finding: Finding) -> bool:
        """Say whether it speaks of a finding of such a target."""
        if not finding.fingerprint.startswith(self.fingerprint):
            return False
        return any(
            fnmatchcase(name, pattern) for name in names_of(finding) for pattern in self.checks
        )


class _Met(NamedTuple):
    """A waiver that speaks of a target: what it covers there, and whether it counts."""

    covered: tuple[Finding, ...]
    use: WaiverUse


@dataclass(frozen=True, slots=True)
class Waiving:
    """Which waivers count in a run.

    `entries` are those of waiver files, `checks` the ids of the checks that run, `known` those of
    all checks there are. `today` is a day in UTC, as ISO 8601 has it. `inline` lets files waive,
    `labels` live containers by what they were labelled with. `accepted`, if it is not None, is
    all that waivers in files may cover: what they covered before a change, no less severe.
    """

    entries: tuple[Entry, ...] = ()
    checks: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    today: str = field(default_factory=today)
    inline: bool = True
    labels: bool = False
    accepted: frozenset[Stood] | None = None

    def waive(self, result: TargetResult, *, said: bool = True) -> TargetResult:
        """Return a result with its waivers attached, and what became of each.

        With `said` false, of the waivers in the target's file only those are told that cover
        something: the others were told with the file's first target.
        """
        live = () if result.target.dialect else tuple(_labelled(result))
        entries = [entry for entry in self.entries if entry.names(result.target)]
        if not (entries or result.said or live):
            return result
        findings = (*result.findings, *ways_of(result))
        gating = tuple(one for one in findings if _may_be_waived(one, result.target))
        met = [self._entry(entry, gating) for entry in entries]
        for one in (*result.said, *live):
            meant = tuple(f for f in gating if _speaks_of(one, result.target, f))
            covered = tuple(f for f in meant if one in live or self._accepts(one, f))
            use = self._inline(one, len(covered), live=one in live, meant=bool(meant))
            if meant or one in live or (said and one.whole):
                met.append(_Met(covered, use))
        attached = _attached(findings, met)
        own = len(result.findings)
        return replace(
            result,
            findings=attached[:own],
            assessment=with_marks(result.assessment, attached[own:]) if result.assessment else None,
            waivers=tuple(one.use for one in met),
        )

    def unmet(self) -> tuple[WaiverUse, ...]:
        """Return what becomes of the waivers of files of which no target is called so."""
        return tuple(self._entry(entry, (), NO_TARGET).use for entry in self.entries)

    def _entry(self, entry: Entry, findings: Sequence[Finding], why: str = NOTHING_WRONG) -> _Met:
        covered = tuple(finding for finding in findings if entry.covers(finding))
        state: WaiverState = "used" if covered else "unused"
        why = "" if covered else why
        until = entry.waiver.until
        if until is not None and until < self.today:
            state, why = "expired", _PASSED_DAY.format(until)
        elif not covered and not self._run(entry.checks):
            state, why = "not_run", _NOT_RUN
        use = WaiverUse(
            entry.checks, entry.targets, entry.fingerprint, entry.waiver, state, len(covered), why
        )
        return _Met(covered, use)

    def _accepts(self, one: InlineWaiver, finding: Finding) -> bool:
        """Say whether a waiver in a file may cover a finding: before a change it did, if there is
        one. Who copies it to a second finding, or makes the first worse, has no word on that."""
        if self.accepted is None:
            return True
        print_, status, rank = finding.fingerprint, finding.status.value, finding.severity.rank
        return any((one.key, print_, status, known) in self.accepted for known in range(rank + 1))

    def _inline(self, one: InlineWaiver, covered: int, *, live: bool, meant: bool) -> WaiverUse:
        state: WaiverState = "used" if covered else "unused"
        why = "" if covered else NOTHING_WRONG
        until = one.waiver.until
        problem = one.problem or self._unknown(one.checks)
        refused = self._refused(one, live=live)
        if not refused and meant and not covered:
            refused = _CAME_WITH
        if problem:
            state, why = "invalid", problem
        elif refused:
            state, why = "refused", refused
        elif until is not None and until < self.today:
            state, why = "expired", _PASSED_DAY.format(until)
        elif not covered and not self._run(one.checks):
            state, why = "not_run", _NOT_RUN
        return WaiverUse(one.checks, (), "", one.waiver, state, covered, why)

    def _refused(self, one: InlineWaiver, *, live: bool) -> str:
        """Return why what is audited may not say this itself, "" if it may."""
        if live:
            return "" if self.labels else "labels count with --accept-labels only"
        if not self.inline:
            return "--no-inline-waivers"
        return ""

    def _unknown(self, checks: Iterable[str]) -> str:
        """Return that one of the checks does not exist, with what may have been meant."""
        from difflib import get_close_matches

        for check in checks if self.known else ():
            if not any(fnmatchcase(one, check) for one in self.known):
                close = get_close_matches(check, self.known, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                return f"there is no check {check}{hint}"
        return ""

    def _run(self, patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(check, pattern) for pattern in patterns for check in self.checks)


def covering(result: TargetResult) -> frozenset[Stood]:
    """Return what the waivers in a target's file cover of its findings."""
    findings = (*result.findings, *ways_of(result))
    gating = [one for one in findings if _may_be_waived(one, result.target)]
    return frozenset(
        (said.key, one.fingerprint, one.status.value, one.severity.rank)
        for said in result.said
        if not said.problem
        for one in gating
        if _speaks_of(said, result.target, one)
    )


class Uses:
    """What became of all waivers of a run, added up over its targets."""

    def __init__(self, unmet: Iterable[WaiverUse] = ()) -> None:
        self._uses: dict[tuple[object, ...], WaiverUse] = {}
        self.add(unmet)

    def add(self, uses: Iterable[WaiverUse]) -> None:
        """Add what became of waivers with one target."""
        for use in uses:
            key = use[:4]
            old = self._uses.get(key)
            self._uses[key] = use if old is None else _sum(old, use)

    def __iter__(self) -> Iterator[WaiverUse]:
        """Yield them in the order of where they stand."""
        return iter(sorted(self._uses.values(), key=_place))


def _place(use: WaiverUse) -> tuple[object, ...]:
    file, _, line = use.waiver.source.rpartition(":")
    number = int(line) if file and line.isdecimal() and len(line) < 10 else 0
    return (file or line, number, use.checks, use.targets, use.fingerprint)


def _sum(old: WaiverUse, new: WaiverUse) -> WaiverUse:
    """Return one use for two: what was used with one target is used, whatever else there is."""
    better = old if old.state == "used" or (old.findings and new.state != "used") else new
    return better._replace(findings=old.findings + new.findings)


def _labelled(result: TargetResult) -> Iterator[InlineWaiver]:
    """Yield the waivers among the labels that a live container was given, not its image."""
    for fact in result.facts.facts.get(_LIVE, ())[:1]:
        source = f"{result.target.id}, {fact.source}"
        for entry in fact.value if isinstance(fact.value, tuple) else ():
            check, _, words = entry.partition("=")
            yield statement([check], words, source, "label")._replace(span=WHOLE)


def _may_be_waived(finding: Finding, target: Target) -> bool:
    if finding.status is Status.FAIL:
        return True
    return finding.status is Status.UNKNOWN and not finding.beyond(declared=bool(target.dialect))


def _speaks_of(one: InlineWaiver, target: Target, finding: Finding) -> bool:
    """Say whether a waiver speaks of a finding: by its check, and by where it or its target is."""
    names = names_of(finding)
    if not any(fnmatchcase(name, check) for name in names for check in one.checks):
        return False
    if one.name:
        return one.name == target.name
    here = target.location
    line = (here.line if here is not None and here.file == one.file else 0) or 0
    if one.span is not None:
        return one.span[0] <= line <= one.span[1]
    if not one.line:
        return False
    places = (fact.location for fact in finding.evidence if fact.location is not None)
    return line == one.line or any((one.file, one.line) == place[:2] for place in places)


def _attached(findings: tuple[Finding, ...], met: Sequence[_Met]) -> tuple[Finding, ...]:
    """Return the findings with the first waiver that covers each; files come before comments."""
    chosen: dict[int, Waiver] = {}
    for one in met:
        if one.use.state == "used":
            for finding in one.covered:
                chosen.setdefault(id(finding), one.use.waiver)
    if not chosen:
        return findings
    return tuple(one._replace(waiver=chosen.get(id(one))) for one in findings)
