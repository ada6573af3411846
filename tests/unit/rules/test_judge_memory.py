"""What a judge remembers of one target never colours another."""

from __future__ import annotations

from itertools import permutations

import pytest

from isoaudit.model import Fact, FactSet, Finding, Kind, Missing, Part, Reason, Record, Target
from isoaudit.model.words import Vantage
from isoaudit.resources import data_dir
from isoaudit.rules.context import Context
from isoaudit.rules.folder import check_files
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import load_check

CHECKS = [load_check(path, path.name) for path in check_files(data_dir("checks"))]
DENIED = Missing("process", Reason.PERMISSION_DENIED, "not yours", vantage=Vantage.KERNEL)


def process(**fields: object) -> Record:
    """A process of a file, or of a kernel with `pid`."""
    facts = {f"process.{name}": value for name, value in fields.items()}
    return Record.of(Fact(p, v, "x", Vantage.DECLARED) for p, v in facts.items())  # type: ignore[arg-type]


def part(*records: Record, incomplete: Missing | None = None) -> Part:
    return Part("process", Vantage.DECLARED, records, incomplete)


ROOT = process(name="a", uid=0, main=True)
NAMED = Fact("process.name", "b", "x", Vantage.DECLARED)
SETS = {
    "nothing": FactSet(),
    "denied": FactSet.of(missing=[DENIED]),
    "a branch denied": FactSet.of(
        parts=[part(process(uid=0))],
        missing=[DENIED._replace(path="process.capabilities")],
    ),
    "no process": FactSet.of(parts=[part()]),
    "not all": FactSet.of(parts=[part(incomplete=DENIED)]),
    "a name": FactSet.of(parts=[part(process(name="a"))]),
    "two names": FactSet.of(parts=[part(process(name="a"), process(name="b"))]),
    "root": FactSet.of(parts=[part(ROOT)]),
    "root, but for its name the same": FactSet.of(
        parts=[part(Record({**ROOT.facts, NAMED.path: NAMED}, ROOT.missing))]
    ),
    "the same, but not all": FactSet.of(parts=[part(ROOT, incomplete=DENIED)]),
    "the same, and not read further": FactSet.of(
        parts=[part(Record(ROOT.facts, {DENIED.path: DENIED}))]
    ),
    "a user": FactSet.of(parts=[part(process(name="a", uid=7, main=True))]),
    "a field denied": FactSet.of(
        parts=[part(Record(process(name="a").facts, {DENIED.path: DENIED}))]
    ),
    "kin": FactSet.of(parts=[Part("process", Vantage.DECLARED, (process(uid=0),), None, 7)]),
    "kin, not all of it": FactSet.of(
        parts=[Part("process", Vantage.DECLARED, (process(uid=0),), DENIED, 7)]
    ),
    "other kin": FactSet.of(parts=[Part("process", Vantage.DECLARED, (process(uid=9),), None, 8)]),
    "denied otherwise": FactSet.of(missing=[DENIED._replace(detail="nor mine")]),
    "privileged": FactSet.of([Fact("container.privileged", True, "x", Vantage.DECLARED)]),
    "not privileged": FactSet.of([Fact("container.privileged", False, "x", Vantage.DECLARED)]),
}
HOST = FactSet.of([Fact("host.kernel.release", "6.1.0", "x", Vantage.KERNEL)])


def context(name: str, dialect: str, host: FactSet | None) -> Context:
    target = Target(id=f"{dialect}:{name}", kind=Kind.CONTAINER, name=name, dialect=dialect,
                    state="declared" if dialect else "running",
                    host="h" if host else None)  # fmt: skip
    return Context(target, SETS[name], host)


def judged(judge: Judge, name: str, dialect: str, host: FactSet | None) -> tuple[Finding, ...]:
    return judge.judge(context(name, dialect, host))


@pytest.mark.parametrize("name", SETS)
def test_the_order_of_targets_changes_no_finding(name: str) -> None:
    """A target comes to the same whichever was judged before it by the same judge."""
    around = [("", None), ("", HOST), ("compose", None)]
    alone = [judged(Judge(CHECKS), name, *one) for one in around]

    for other in SETS:
        for order in set(permutations((name, other))):
            judge = Judge(CHECKS)
            for _ in range(3):
                both = {one: [judged(judge, one, *where) for where in around] for one in order}
                assert alone == both[name]
