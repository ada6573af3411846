"""How checks are judged: three values, one finding per failing record, nothing raised."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Location,
    Missing,
    Part,
    Reason,
    Record,
    Severity,
    Status,
    Target,
    Vantage,
)
from isoaudit.rules.check import Check
from isoaudit.rules.context import Context
from isoaudit.rules.examples import example_context
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import parse_check

TEXT = """
id: TST-001
title: No process is bad in any way
severity: [{{when: 'process.user_namespace == "host"', level: critical}}, medium]
applies_to: [container]
each: process
{when}
pass: '{passes}'
message: "{{process.name}} runs as {{process.uid}}"
rationale: A rationale that is long enough to be one.
remediation: {{docker_run: Do something else.}}
examples:
  - {{name: one, facts: {{}}, expect: pass}}
  - {{name: two, facts: {{}}, expect: fail}}
  - {{name: six, facts: {{}}, expect: unknown}}
"""


def check(passes: str = "process.uid != 0", when: str = "") -> Check:
    return parse_check(TEXT.format(passes=passes, when=f"when: '{when}'" if when else ""), "t.yaml")


def judged(one: Check, facts: dict[str, Any], **example: Any) -> list[Finding]:
    return Judge([one]).findings(one, example_context(one, facts, example))


def process(**fields: Any) -> dict[str, Any]:
    return {f"process.{name}": value for name, value in fields.items()}


def test_a_part_whose_records_all_pass_passes() -> None:
    """Every record was seen and none is bad."""
    findings = judged(check(), {"process": [process(uid=1), process(uid=2)]})

    assert [Status.PASS] == [finding.status for finding in findings]


def test_each_failing_record_is_a_finding_of_its_own() -> None:
    """Two bad records give two findings with their own words and fingerprints."""
    bad = [process(name="a", uid=0), process(name="b", uid=7), process(name="c", uid=0)]

    findings = judged(check(), {"process": bad})

    assert ["a runs as 0", "c runs as 0"] == [finding.message for finding in findings]
    assert 2 == len({finding.fingerprint for finding in findings})


def test_a_failing_record_outranks_an_undecided_one() -> None:
    """What is known to be bad is said, whatever else is unknown."""
    findings = judged(check(), {"process": [process(name="a", uid=0), process(name="b")]})

    assert [Status.FAIL] == [finding.status for finding in findings]


def test_an_undecided_record_leaves_the_check_undecided() -> None:
    """A record without the field that decides is no pass."""
    findings = judged(check(), {"process": [process(uid=5), process(name="b")]})

    assert [Status.UNKNOWN] == [finding.status for finding in findings]
    assert "process.uid" == findings[0].missing[0].path


def test_a_record_that_does_not_apply_is_passed_by() -> None:
    """Records whose `when` is false are not judged."""
    one = check(when="process.main")

    findings = judged(one, {"process": [process(main=False, uid=0), process(main=True, uid=1)]})

    assert Status.PASS is findings[0].status


def test_a_record_that_passes_either_way_needs_no_when() -> None:
    """Where the condition holds, it does not matter whether it had to."""
    findings = judged(check(when="process.main"), {"process": [process(uid=1)]})

    assert Status.PASS is findings[0].status


def test_a_record_that_would_fail_if_it_applied_is_undecided() -> None:
    """An unknown `when` in front of a failing condition is unknown."""
    findings = judged(check(when="process.main"), {"process": [process(uid=0)]})

    assert Status.UNKNOWN is findings[0].status


def test_an_empty_part_that_was_read_passes() -> None:
    """No process at all is none that is bad."""
    assert Status.PASS is judged(check(), {"process": []})[0].status


def test_a_part_never_read_is_unknown() -> None:
    """No record is known because nobody looked."""
    finding = judged(check(), {})[0]

    assert Status.UNKNOWN is finding.status
    assert ("process",) == tuple(entry.path for entry in finding.missing)


@pytest.mark.parametrize(
    ("platform", "status"),
    [("docker", Status.NOT_APPLICABLE), ("lxc", Status.UNKNOWN), (None, Status.UNKNOWN)],
)
def test_a_part_that_could_not_apply_need_not_be_read(platform: str | None, status: Status) -> None:
    """Where `when` is false whatever a record says; where that is not known, it stays open."""
    when = 'container.platform == "lxc" && process.main'
    facts = {} if platform is None else {"container.platform": platform}

    assert [status] == [one.status for one in judged(check(when=when), facts)]


def test_an_unfinished_part_can_still_fail() -> None:
    """What was read of it was bad enough."""
    findings = judged(check(), {"process": [process(uid=0)]}, incomplete=["process"])

    assert Status.FAIL is findings[0].status


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (process(uid=0, user_namespace="host"), Severity.CRITICAL),
        (process(uid=0, user_namespace="private"), Severity.MEDIUM),
        (process(uid=0), Severity.CRITICAL),
    ],
)
def test_an_unknown_severity_condition_counts_as_true(
    facts: dict[str, Any], severity: Severity
) -> None:
    """The first severity that applies stands, and not knowing is no reason for a milder one."""
    assert severity is judged(check(), {"process": [facts]})[0].severity


def test_either_branch_of_an_or_decides_alone() -> None:
    """A missing fact does not matter where the other branch is true."""
    one = check(passes="process.uid != 0 || process.no_new_privileges")

    assert Status.PASS is judged(one, {"process": [process(no_new_privileges=True)]})[0].status
    assert Status.UNKNOWN is judged(one, {"process": [process(no_new_privileges=False)]})[0].status


def test_a_condition_that_cannot_be_evaluated_is_an_error() -> None:
    """All facts are there and the condition still comes to nothing: that is no unknown."""
    one = check(passes="process.capabilities.effective[3] == process.name")

    finding = judged(one, {"process": [process(name="a", capabilities=[])] and [
        {"process.name": "a", "process.capabilities.effective": []}]})[0]  # fmt: skip

    assert Status.ERROR is finding.status
    assert "process.capabilities.effective[3]" in finding.message


def _context(own: FactSet, host: FactSet | None = None, dialect: str = "") -> Context:
    target = Target(id="docker:web", kind=Kind.CONTAINER, name="web", state="running",
                    dialect=dialect)  # fmt: skip
    return Context(target, own, host)


SCALAR = """
id: TST-002
title: The container is not privileged
severity: high
applies_to: [container]
when: 'host.mac.module == "apparmor" || true'
pass: '!container.privileged'
message: privileged
rationale: A rationale that is long enough to be one.
remediation: {docker_run: Do something else.}
examples:
  - {name: one, facts: {}, expect: pass}
  - {name: two, facts: {}, expect: fail}
  - {name: six, facts: {}, expect: unknown}
"""


def _privileged(value: bool, vantage: Vantage) -> Fact:
    return Fact("container.privileged", value, "somewhere", vantage, Location("a.yaml", 3, 5))


def test_the_strongest_vantage_decides() -> None:
    """What the kernel shows outranks what a file asked for, and both are kept."""
    one = parse_check(SCALAR, "t.yaml")
    facts = FactSet.of([_privileged(True, Vantage.DECLARED), _privileged(False, Vantage.KERNEL)])

    finding = Judge([one]).findings(one, _context(facts))[0]

    assert Status.PASS is finding.status
    assert 2 == len(facts.facts["container.privileged"])


@pytest.mark.parametrize(("value", "status"), [(True, Status.FAIL), (False, Status.UNKNOWN)])
def test_a_weaker_vantage_can_fail_and_not_pass(value: bool, status: Status) -> None:
    """Where the kernel exists and stayed dark, the engine's word fails a check or leaves it."""
    one = parse_check(SCALAR, "t.yaml")
    dark = Missing("container.privileged", Reason.PERMISSION_DENIED, "no right", "be root",
                   Vantage.KERNEL)  # fmt: skip

    finding = Judge([one]).findings(
        one, _context(FactSet.of([_privileged(value, Vantage.ENGINE)], missing=[dark]))
    )[0]

    assert status is finding.status
    if status is Status.UNKNOWN:
        assert dark in finding.missing


def test_a_fact_of_a_host_nobody_proved_is_missing() -> None:
    """The local host is never assumed for a file."""
    seen = _context(FactSet()).fact("host.mac.module")

    assert isinstance(seen, Missing)
    assert Reason.OTHER_HOST is seen.reason


def test_what_no_dialect_can_say_is_told_from_what_was_left_out() -> None:
    """A compose file cannot name a pid; it could have named a user."""
    context = _context(FactSet(), dialect="compose")

    reasons = [context.fact(path) for path in ("container.privileged", "process.pid")]

    assert [Reason.NOT_DECLARED, Reason.NOT_DECLARABLE] == [
        one.reason for one in reasons if isinstance(one, Missing)
    ]


def test_a_finding_names_the_place_of_its_evidence() -> None:
    """File and line of the failing value are the finding's location."""
    one = parse_check(SCALAR, "t.yaml")

    finding = Judge([one]).findings(
        one, _context(FactSet.of([_privileged(True, Vantage.DECLARED)], missing=[]))
    )[0]

    assert Location("a.yaml", 3, 5) == finding.location


def test_a_fingerprint_ignores_pid_and_line() -> None:
    """The same bad process under another pid is the same finding."""
    one = check()

    def fingerprint(pid: int, line: int) -> str:
        fields = {"process.name": "sh", "process.main": True, "process.uid": 0, "process.pid": pid}
        facts = [Fact(p, v, "x", Vantage.KERNEL, Location("f", line)) for p, v in fields.items()]
        part = Part("process", Vantage.KERNEL, (Record.of(facts),))
        return Judge([one]).findings(one, _context(FactSet.of(parts=[part])))[0].fingerprint

    assert fingerprint(10, 3) == fingerprint(99, 80)


def test_equal_values_are_judged_once() -> None:
    """A judge remembers what the same values came to, target by target."""
    one = check()
    judge = Judge([one])

    for _ in range(3):
        judge.findings(one, example_context(one, {"process": [process(uid=1)]}))

    assert 1 == len(judge._decider._known)


@pytest.mark.parametrize("value", [2**80, -(2**80)])
def test_enormous_numbers_are_no_fault(value: int) -> None:
    """An integer beyond 64 bits is clamped, not an error."""
    assert Status.PASS is judged(check(), {"process": [process(uid=value)]})[0].status


LIMITED = """
id: TST-003
title: The memory of the container is limited
severity: medium
applies_to: [container]
pass: container.limits.memory.set
message: no limit
rationale: A rationale that is long enough to be one.
remediation: {docker_run: Do something else.}
examples:
  - {name: one, facts: {}, expect: pass}
  - {name: two, facts: {}, expect: fail}
  - {name: six, facts: {}, expect: unknown}
"""


@pytest.mark.parametrize("branch", ["container.limits.memory", "container.limits", "container"])
@pytest.mark.parametrize(("value", "status"), [(True, Status.UNKNOWN), (False, Status.FAIL)])
def test_a_dark_branch_darkens_every_path_below_it(
    branch: str, value: bool, status: Status
) -> None:
    """A vanished container's limits are the engine's word alone, which passes nothing."""
    one = parse_check(LIMITED, "t.yaml")
    fact = Fact("container.limits.memory.set", value, "x", Vantage.ENGINE)
    dark = Missing(branch, Reason.VANISHED, "gone", "", Vantage.KERNEL)
    own = Missing(fact.path, Reason.NOT_SUPPORTED, "told at a lower vantage", "", Vantage.ENGINE)

    for missing in ([dark], [own, dark]):
        finding = Judge([one]).findings(one, _context(FactSet.of([fact], missing=missing)))[0]

        assert status is finding.status


def test_a_dark_branch_of_a_record_darkens_its_fields() -> None:
    """The same holds for the fields of one record, also for those that `when` reads."""
    one = check(when="process.main")
    dark = Missing("process", Reason.PERMISSION_DENIED, "no right", "", Vantage.KERNEL)
    facts = [
        Fact("process.main", False, "x", Vantage.ENGINE),
        Fact("process.uid", 0, "x", Vantage.ENGINE),
    ]
    part = Part("process", Vantage.ENGINE, (Record.of(facts, [dark]),))

    finding = Judge([one]).findings(one, _context(FactSet.of(parts=[part])))[0]

    assert Status.UNKNOWN is finding.status
