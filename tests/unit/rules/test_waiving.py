"""Waivers attached to findings: which count, which do not, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    InlineWaiver,
    Kind,
    Location,
    Missing,
    Outcome,
    Reason,
    Severity,
    Status,
    Target,
    TargetResult,
    Vantage,
    Waiver,
    WaiverUse,
)
from isoaudit.rules.review import Review
from isoaudit.rules.waivers import Entry, Stood, Uses, Waiving

ABOUT = Waiver("the agent loads programs", "platform", "2027-01-31", "waivers.yaml:2", "file")
ENTRY = Entry(("CAP-003",), ("compose:*",), ABOUT)
SAID = InlineWaiver(("CAP-003",), ABOUT._replace(kind="inline", source="c.yaml:7"), "c.yaml", 7)
DAY = "2026-11-30"
WAIVING = Waiving((ENTRY,), frozenset({"CAP-003", "CAP-004"}), today=DAY)


def _covered(
    print_: str = "ab" * 32, status: str = "fail", rank: int = Severity.HIGH.rank
) -> Stood:
    """Return that the comment covered a finding before the change."""
    return (SAID.key, print_, status, rank)


def _finding(
    check: str = "CAP-003",
    status: Status = Status.FAIL,
    line: int = 7,
    fingerprint: str = "ab" * 32,
) -> Finding:
    fact = Fact("a.b", 1, "here", Vantage.DECLARED, Location("c.yaml", line, 3))
    return Finding(Outcome(check, Severity.HIGH, status, "m", (fact,)), fingerprint)


def _result(*findings: Finding, said: tuple[InlineWaiver, ...] = ()) -> TargetResult:
    target = Target("compose:c.yaml#web", Kind.CONTAINER, "web", "declared", dialect="compose",
                    location=Location("c.yaml", 2), aliases=("docker:web",))  # fmt: skip
    return TargetResult(target, FactSet(), findings, said)


def _waived(waiving: Waiving, result: TargetResult) -> list[str]:
    """Return the checks of the findings that bear a waiver."""
    return [one.check for one in waiving.waive(result).findings if one.waiver is not None]


def _states(waiving: Waiving, result: TargetResult) -> list[str]:
    return [use.state for use in waiving.waive(result).waivers]


@pytest.mark.parametrize(
    ("today", "state"),
    [("2027-01-30", "used"), ("2027-01-31", "used"), ("2027-02-01", "expired")],
)
def test_a_waiver_holds_through_its_last_day(today: str, state: str) -> None:
    """Of a file or of a comment alike; afterwards it waives nothing and is told."""
    result = _result(_finding(), said=(SAID,))
    waiving = replace(WAIVING, today=today)

    assert [state, state] == _states(waiving, result)
    assert (["CAP-003"] if state == "used" else []) == _waived(waiving, result)


def test_an_expired_waiver_says_what_it_would_cover() -> None:
    """So that whoever renews it knows what for."""
    (use,) = replace(WAIVING, today="2028-01-01").waive(_result(_finding())).waivers

    assert (1, "its last day was 2027-01-31") == (use.findings, use.why)


def test_a_waiver_without_a_last_day_holds() -> None:
    """That it has none is shown, and is no mistake."""
    entry = ENTRY._replace(waiver=ABOUT._replace(until=None))

    assert ["CAP-003"] == _waived(replace(WAIVING, entries=(entry,), today="2999-01-01"),
                                  _result(_finding()))  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "waived"),
    [
        ("compose:c.yaml#web", True),
        ("compose:*#web", True),
        ("docker:web", True),
        ("docker:*", True),
        ("*", True),
        ("compose:c.yaml", False),
        ("COMPOSE:*", False),
        ("compose:*#db", False),
    ],
)
def test_a_target_is_named_by_its_id_or_an_alias(pattern: str, waived: bool) -> None:
    """By the whole of it: a pattern says where it leaves something open."""
    waiving = replace(WAIVING, entries=(ENTRY._replace(targets=(pattern,)),))

    assert waived == bool(_waived(waiving, _result(_finding())))


@pytest.mark.parametrize(
    ("patterns", "waived"),
    [
        (("CAP-003",), ["CAP-003"]),
        (("CAP-*",), ["CAP-003", "CAP-004"]),
        (("CAP-00[12]",), []),
        (("CAP-001", "CAP-004"), ["CAP-004"]),
    ],
)
def test_a_check_is_named_by_its_id_or_a_pattern(
    patterns: tuple[str, ...], waived: list[str]
) -> None:
    """Several are alternatives."""
    waiving = replace(WAIVING, entries=(ENTRY._replace(checks=patterns),))

    assert waived == _waived(waiving, _result(_finding("CAP-003"), _finding("CAP-004")))


def test_a_fingerprint_leaves_the_other_records_alone() -> None:
    """A second bad mount of the same target is not waived with the first."""
    waiving = replace(WAIVING, entries=(ENTRY._replace(fingerprint="ab" * 6),))
    result = waiving.waive(_result(_finding(), _finding(fingerprint="cd" * 32)))

    assert [ABOUT, None] == [one.waiver for one in result.findings]


@pytest.mark.parametrize("status", [Status.PASS, Status.NOT_APPLICABLE, Status.ERROR])
def test_what_does_not_gate_is_not_waived(status: Status) -> None:
    """An error least of all: it says nothing about the target."""
    result = _result(_finding(status=status))

    assert [] == _waived(WAIVING, result)
    assert ["unused"] == _states(WAIVING, result)


@pytest.mark.parametrize(
    ("reason", "waived"),
    [(Reason.NOT_DECLARED, True), (Reason.NOT_DECLARABLE, False), (Reason.OTHER_HOST, False)],
)
def test_an_unknown_is_waived_if_evidence_could_settle_it(reason: Reason, waived: bool) -> None:
    """That is what --fail-on-unknown counts; what no file can say gates nothing."""
    outcome = Outcome("CAP-003", Severity.HIGH, Status.UNKNOWN, "m", (), (Missing("a.b", reason),))

    assert waived == bool(_waived(WAIVING, _result(Finding(outcome, "f"))))


@pytest.mark.parametrize(
    ("line", "waived"), [(7, True), (2, True), (8, False), (6, False), (0, False)]
)
def test_a_comment_waives_what_stands_in_its_line(line: int, waived: bool) -> None:
    """The evidence, or the beginning of the target as a whole."""
    result = _result(_finding(line=7), said=(SAID._replace(line=line),))

    assert waived == bool(_waived(replace(WAIVING, entries=()), result))


def test_a_comment_in_another_file_waives_nothing() -> None:
    """Even if its line has the same number."""
    result = _result(_finding(), said=(SAID._replace(file="d.yaml"),))

    assert [] == _waived(replace(WAIVING, entries=()), result)


@pytest.mark.parametrize(
    ("span", "name", "waived"),
    [((1, 5), "", True), ((2, 2), "", True), ((3, 5), "", False), (None, "web", True),
     (None, "db", False), ((0, 9), "db", False)],
)  # fmt: skip
def test_an_annotation_or_label_waives_in_its_targets(
    span: tuple[int, int] | None, name: str, waived: bool
) -> None:
    """Those that begin among its lines, or the one that is called so."""
    said = SAID._replace(line=0, span=span, name=name)

    assert waived == bool(_waived(replace(WAIVING, entries=()), _result(_finding(), said=(said,))))


@pytest.mark.parametrize(
    ("waiving", "state", "why"),
    [
        (Waiving(today=DAY, inline=False), "refused", "--no-inline-waivers"),
        (Waiving(today=DAY, accepted=frozenset()), "refused", "came with the change"),
        (Waiving(today=DAY, known=frozenset({"CAP-030"})), "invalid", "did you mean CAP-030?"),
        (Waiving(today=DAY, checks=frozenset({"CAP-003"})), "used", ""),
        (Waiving(today=DAY, accepted=frozenset({_covered()})), "used", ""),
        (
            Waiving(today=DAY, accepted=frozenset({_covered(rank=Severity.MEDIUM.rank)})),
            "refused",
            "came with",
        ),
        (Waiving(today=DAY, accepted=frozenset({_covered(print_="b")})), "refused", "came with"),
        (Waiving(today=DAY, accepted=frozenset({_covered(status="unknown")})), "refused", "came"),
    ],
)
def test_what_is_audited_has_the_say_that_it_is_given(
    waiving: Waiving, state: str, why: str
) -> None:
    """What does not count is told with the reason, never dropped."""
    result = waiving.waive(_result(_finding(), said=(SAID,)))

    assert (state, state == "used") == (
        result.waivers[0].state, result.findings[0].waiver is not None,
    )  # fmt: skip
    assert why in result.waivers[0].why


def test_a_waiver_that_cannot_be_read_waives_nothing() -> None:
    """Whatever else is right about it."""
    said = SAID._replace(problem="it gives no reason")
    result = replace(WAIVING, entries=()).waive(_result(_finding(), said=(said,)))

    assert (None, "invalid") == (result.findings[0].waiver, result.waivers[0].state)


def test_a_waiver_for_checks_of_another_profile_is_not_unused() -> None:
    """A run with fewer checks is no reason to delete it."""
    waiving = replace(WAIVING, checks=frozenset({"FS-001"}))

    assert ["not_run"] == _states(waiving, _result())


def _labelled(*labels: str) -> TargetResult:
    fact = Fact("container.waivers", labels, "docker inspect Config.Labels", Vantage.ENGINE)
    target = Target("docker:web", Kind.CONTAINER, "web", "running")
    return TargetResult(target, FactSet.of([fact]), (_finding(),))


@pytest.mark.parametrize(("labels", "state"), [(True, "used"), (False, "refused")])
def test_labels_of_a_live_container_count_if_they_are_accepted(labels: bool, state: str) -> None:
    """Without the option they are told, and waive nothing."""
    waiving = Waiving(today=DAY, labels=labels)
    result = waiving.waive(_labelled("CAP-003=the agent loads programs"))

    assert (state, labels) == (result.waivers[0].state, result.findings[0].waiver is not None)
    assert "docker:web, docker inspect Config.Labels" == result.waivers[0].waiver.source


def test_a_label_that_covers_nothing_is_told_with_each_container() -> None:
    """It stands in no file, with which it could have been told once."""
    review = Review(Waiving(checks=frozenset({"CAP-004"}), today=DAY, labels=True))
    results = [review(_labelled("CAP-004=the agent loads programs")) for _ in range(2)]

    assert [["unused"], ["unused"]] == [[u.state for u in one.waivers] for one in results]


def test_a_waiver_file_goes_before_a_comment() -> None:
    """It is the one that is reviewed; both are used."""
    result = WAIVING.waive(_result(_finding(), said=(SAID,)))

    assert ("file", ["used", "used"]) == (
        result.findings[0].waiver and result.findings[0].waiver.kind,
        [use.state for use in result.waivers],
    )


def test_without_waivers_the_result_is_the_same_object() -> None:
    """What nobody uses costs nothing."""
    result = _result(_finding())

    assert Waiving(today=DAY).waive(result) is result


def test_what_covers_nothing_is_told_once_for_a_file() -> None:
    """Not with each of its thousand targets."""
    review = Review(replace(WAIVING, entries=()))
    said = (SAID._replace(line=99), SAID)
    results = [review(_result(_finding(), said=said)) for _ in range(3)]

    assert [2, 1, 1] == [len(result.waivers) for result in results]
    assert {()} == {result.said for result in results}


def test_uses_add_up_over_targets() -> None:
    """What is used with one target is used, whatever becomes of it with others."""
    uses = Uses(WAIVING.unmet())
    nothing, two = _result(), _result(_finding(), _finding(fingerprint="cd" * 32))
    for result in (nothing, two, nothing):
        uses.add(WAIVING.waive(result).waivers)

    assert [("used", 2, "")] == [(use.state, use.findings, use.why) for use in uses]


@pytest.mark.parametrize(
    ("results", "why"),
    [([], "no target of this run is called so"), ([_result()], "nothing that it covers is wrong")],
)
def test_an_unused_waiver_says_why(results: list[TargetResult], why: str) -> None:
    """A target that is gone, or one that is mended."""
    uses = Uses(WAIVING.unmet())
    for result in results:
        uses.add(WAIVING.waive(result).waivers)

    assert [("unused", why)] == [(use.state, use.why) for use in uses]


def test_uses_come_in_the_order_of_their_places() -> None:
    """Line 9 before line 10."""
    places = ["b.yaml:1", "a.yaml:10", "docker:web, docker inspect Config.Labels", "a.yaml:9"]
    made = [WaiverUse((), (), "", ABOUT._replace(source=place), "unused") for place in places]

    assert ["a.yaml:9", "a.yaml:10", "b.yaml:1", places[2]] == [
        use.waiver.source for use in Uses(made)
    ]
