"""What a target is made of is its own choice: thousands of records cost and hide nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isoaudit.assess import load_assessor
from isoaudit.assess.bounded import ALIKE, MOST
from isoaudit.assess.definitions import definitions
from isoaudit.model import Assessment, Fact, Record
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import container

_MANY = 3_000


def _with_processes(*several: dict[str, Any]) -> Context:
    """Return a container with processes that differ in their pid and in these fields."""
    context = container(20)
    [plain] = context.own.parts["process"][0].records
    return _with(context, "process", [_changed(plain, one) for one in several])


def _with(context: Context, name: str, records: list[Record]) -> Context:
    part = replace(context.own.parts[name][0], records=tuple(records))
    own = replace(context.own, parts={**context.own.parts, name: (part,)})
    return Context(context.target, own, *context.around)


def _changed(record: Record, fields: dict[str, Any]) -> Record:
    vantage = record.facts["process.uid"].vantage
    new = {path: Fact(path, value, "test", vantage) for path, value in fields.items()}
    return Record({**record.facts, **new}, record.missing)


def _processes(count: int) -> list[dict[str, Any]]:
    return [{"process.pid": 10 + number, "process.name": f"p{number}"} for number in range(count)]


def _mounts(*sources: str) -> list[dict[str, Any]]:
    return [
        {
            "mount.kind": "bind", "mount.source": source, "mount.destination": f"/mnt/{number}",
            "mount.read_only": False, "mount.managed": False, "mount.file_system": "ext4",
        }
        for number, source in enumerate(sources)
    ]  # fmt: skip


def _assessed(context: Context) -> Assessment:
    found = load_assessor().assess(context)
    assert found is not None
    return found


def _worth(found: Assessment) -> tuple[object, ...]:
    ways = [(path.id, path.goal, path.certainty) for path in found.escape_paths]
    return ways, found.score.axes, found.verdict.wall


def test_thousands_of_processes_that_are_alike_come_to_what_one_comes_to() -> None:
    """Their number and their names are no way out, and raise no doubt."""
    one = _assessed(_with_processes(*_processes(1)))

    assert _worth(_assessed(_with_processes(*_processes(_MANY)))) == _worth(one)


def test_a_few_stand_for_all_that_are_alike() -> None:
    """That is what bounds the work: of three thousand, four are looked at."""
    bounded = load_assessor().bounded(_with_processes(*_processes(_MANY)))

    assert len(bounded.own.parts["process"][0].records) == ALIKE


def test_one_process_that_is_not_alike_is_found_among_thousands() -> None:
    """The last of three thousand shares the host's pid namespace, and what that opens is open."""
    other = {"process.pid": 9_999, "process.namespaces.pid": "host",
             "process.capabilities.effective": ("CAP_SYS_PTRACE",)}  # fmt: skip
    alone = {path.id for path in _assessed(_with_processes(other)).escape_paths}
    among = {path.id for path in _assessed(_with_processes(*_processes(_MANY), other)).escape_paths}

    assert alone - {path.id for path in _assessed(_with_processes({})).escape_paths}
    assert alone <= among


def test_an_ordinary_target_is_looked_at_as_it_is() -> None:
    """A part of fewer records than any flood is neither copied nor cut."""
    context = _with_processes(*_processes(60))

    assert load_assessor().bounded(context) is context


def test_a_mount_that_opens_a_way_is_found_among_those_that_are_looked_at() -> None:
    """Five hundred plain ones before it close nothing."""
    sources = [*(f"/srv/{number}" for number in range(MOST - 1)), "/"]
    found = _assessed(container(20, facts={"mount": _mounts(*sources)}))

    assert "open" in {p.certainty.value for p in found.escape_paths if p.steps[0].id == "ESC-027"}


def test_what_lies_beyond_those_that_are_looked_at_is_not_ruled_out() -> None:
    """A target hides no mount behind thousands: the way is told, and what was not looked at."""
    sources = [f"/srv/{number}" for number in range(MOST)]
    within = _assessed(container(20, facts={"mount": _mounts(*sources)}))
    beyond = _assessed(container(20, facts={"mount": _mounts(*sources, "/")}))
    [way] = [path for path in beyond.escape_paths if path.steps[0].id == "ESC-027"]

    assert not [path for path in within.escape_paths if path.steps[0].id == "ESC-027"]
    assert way.certainty.value == "possible"
    assert any(f"only the first {MOST}" in entry.detail for entry in way.missing)


def test_conditions_ask_of_a_process_number_only_whether_there_is_one() -> None:
    """What is remembered by values knows no more of it than that it is above zero."""
    sources = {condition.source for condition in definitions().conditions.values()}
    asking = {source for source in sources if "process.pid" in source}

    assert asking
    assert not [one for one in asking if "process.pid" in one.replace("process.pid > 0", "")]
