"""Whatever is waived or known: a finding stays what it is."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.report.report_strategies import results, texts, waivers

from isoaudit.model import InlineWaiver, Severity, Status, TargetResult
from isoaudit.rules.baseline import Baseline
from isoaudit.rules.gate import GateCount, count
from isoaudit.rules.review import Review
from isoaudit.rules.select import Gate
from isoaudit.rules.waivers import Entry, Waiving

_patterns = st.sampled_from(["*", "CAP-001", "CAP-*", "FS-0??", "[", "docker:*"])
_several = st.lists(_patterns, min_size=1, max_size=2).map(tuple)
_entries = st.lists(
    st.builds(Entry, _several, _several, waivers, st.sampled_from(["", "a"])), max_size=3
).map(tuple)
_spans = st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 9999)))
_said = st.lists(
    st.builds(InlineWaiver, st.lists(st.sampled_from(["CAP-001", "CAP-*"]), max_size=2).map(tuple),
              waivers, texts, st.integers(0, 9999), _spans, st.sampled_from(["", "x"]),
              st.sampled_from(["", "", "cannot be read"])),
    max_size=3,
).map(tuple)  # fmt: skip
_waiving = st.builds(
    Waiving, _entries, st.just(frozenset({"CAP-001"})), st.just(frozenset()),
    st.just("2027-01-01"), st.booleans(), st.booleans(),
)  # fmt: skip
_baselines = st.one_of(st.none(), st.lists(results, max_size=2).map(Baseline.of))

_patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Whole results are long to make up where others keep the machine busy."""


def _bare(result: TargetResult) -> list[object]:
    """Return a result without what people know of it."""
    return [
        result.target,
        result.facts,
        [(one.outcome, one.fingerprint) for one in result.findings],
    ]


def _plain(result: TargetResult) -> TargetResult:
    """Return a result as the judge gives it."""
    findings = tuple(one._replace(waiver=None, known=None) for one in result.findings)
    return TargetResult(result.target, result.facts, findings)


@_patiently
@given(results, _said, _waiving, _baselines)
def test_status_evidence_and_fingerprint_stay(
    judged: TargetResult, said: tuple[InlineWaiver, ...], waiving: Waiving, known: Baseline | None
) -> None:
    """And only what failed or is unknown bears a waiver or a word of the baseline."""
    plain = _plain(judged)
    with_said = TargetResult(plain.target, plain.facts, plain.findings, said)
    reviewed = Review(waiving, known)(with_said)

    assert _bare(plain) == _bare(reviewed)
    for finding in reviewed.findings:
        may = finding.status in {Status.FAIL, Status.UNKNOWN}
        assert may or finding.waiver is None
        assert (finding.known is None) == (known is None or not may)


@_patiently
@given(results, _said, _waiving, _baselines, st.booleans())
def test_the_gate_never_gets_stricter(
    judged: TargetResult,
    said: tuple[InlineWaiver, ...],
    waiving: Waiving,
    known: Baseline | None,
    unknown: bool,
) -> None:
    """Nor is an error ever waived away."""
    gate = Gate(Severity.INFO, fail_on_unknown=unknown)
    plain = _plain(judged)
    before = count(plain.findings, gate)
    reviewed = Review(waiving, known)(TargetResult(plain.target, plain.facts, plain.findings, said))
    after: GateCount = count(reviewed.findings, gate)

    assert before.errors == after.errors
    assert after.fails <= before.fails
    assert after.unknown <= before.unknown


@_patiently
@given(results, st.booleans())
def test_nothing_known_changes_nothing(judged: TargetResult, inline: bool) -> None:
    """Without waivers and without a baseline."""
    plain = _plain(judged)

    assert plain == Review(Waiving(today="2027-01-01", inline=inline))(plain)
