"""Comparing two boundaries: rows for every dimension, words where nothing is known, a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoaudit.advise.compare import UNKNOWN, Cell, Comparison, Side, gaps
from isoaudit.advise.compare_verdict import (
    bytes_words,
    classes,
    compared,
    enough,
    seconds_words,
    sentence,
)
from isoaudit.assess import load_assessor
from isoaudit.cli.comparison_json import document
from isoaudit.cli.comparison_markdown import markdown
from isoaudit.cli.comparison_page import page
from isoaudit.model import FactSet, Goal, Kind, Standing, Target, TargetResult
from isoaudit.report.layout import width
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import EXAMPLES, MACHINES

DIMENSIONS = ["virtualization", "compatibility", "size", "performance", "security", "replicability"]
HOSTILE = "web\x1b[31m\nFAKE  yes | **x** " + "漢" * 400
BOX, MACHINE = EXAMPLES["default 29.4.2"][0], MACHINES["VM, minimal, sVirt"][0]
STRANGERS, OWN = "strangers' or agents' code", "own, reviewed code"


def _side(context: Context, name: str = "web", **measures: Cell) -> Side:
    from isoaudit.advise.enough import judge_verdict

    assessment = load_assessor().assess(context)
    assert assessment is not None
    verdict = judge_verdict(assessment, context)
    target = Target(f"docker:{name}", context.target.kind, name, "running")
    result = TargetResult(target, FactSet.of(), (), assessment=assessment._replace(verdict=verdict))
    return Side(result, context, dict(measures), load_assessor())


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """A default container against a confined VM, nothing measured."""
    return compared(_side(BOX), _side(MACHINE, "db"))


def test_every_dimension_has_rows(comparison: Comparison) -> None:
    """In the order of the design; what is known says by what."""
    cells = [cell for row in comparison.rows for cell in (row.a, row.b)]

    assert list(dict.fromkeys(row.dimension for row in comparison.rows)) == DIMENSIONS
    assert all(cell.by for cell in cells if cell.state != UNKNOWN)


def test_what_was_not_measured_is_called_so(comparison: Comparison) -> None:
    """And what would settle it stands below."""
    by_label = {row.label: row for row in comparison.rows}

    assert by_label["system call"].a == Cell("not measured", UNKNOWN, "--measure")
    assert any("--measure" in line for line in gaps(comparison))


def test_every_cell_that_is_not_known_says_what_would_settle_it(comparison: Comparison) -> None:
    """Else nobody can do anything about it."""
    cells = [cell for row in comparison.rows for cell in (row.a, row.b)]

    assert all(cell.hint for cell in cells if cell.state == UNKNOWN)


def test_the_page_fits_eighty_columns_and_ends_in_a_verdict() -> None:
    """For the class that was asked for."""
    lines = page(compared(_side(BOX), _side(MACHINE, "db"), OWN))

    assert max(map(width, lines)) <= 80
    assert f"For {OWN}: " in " ".join(" ".join(lines).split())
    assert STRANGERS not in "\n".join(lines)


def test_a_vm_is_enough_where_a_shared_kernel_is_not(comparison: Comparison) -> None:
    """Wall first, score second."""
    assert STRANGERS in classes(comparison.sides)
    assert enough(comparison.a, STRANGERS).value is False
    assert enough(comparison.b, STRANGERS).value is True


def test_what_is_not_known_to_be_enough_is_no_no() -> None:
    """Nor is it a yes: neither is said of a wall of which too little was read."""
    dark = Context(BOX.target, FactSet.of())

    found = enough(_side(dark), OWN)

    assert found.value is None
    assert found.because


def test_the_stronger_wall_is_told_with_what_it_costs() -> None:
    """Its memory and its start beyond the other's, where both are known."""
    a = _side(BOX, memory=Cell("", value=1 << 20), start=Cell("", value=0.5))
    b = _side(MACHINE, "db", memory=Cell("", value=101 << 20), start=Cell("", value=9.5))

    text = sentence(compared(a, b), ("box", "db"))

    assert "The wall of db is the stronger one, for 100 MiB more and 9.0 s longer to start." in text


def test_a_wall_with_an_open_way_is_no_stronger_one() -> None:
    """Whatever its kind: a VM that shares a folder for writing, beside an undecided container."""
    side = _side(MACHINE, "db")
    assessment = side.result.assessment
    assert assessment is not None
    verdict = assessment.verdict._replace(status=Standing.OPEN, goal=Goal.HOST_WRITE)
    opened = replace(side.result, assessment=assessment._replace(verdict=verdict))

    text = sentence(compared(side._replace(result=opened), _side(BOX)), ("db", "box"))

    assert text.startswith("Neither wall is proven to be the stronger one.")


def test_what_the_weaker_wall_takes_is_told_too() -> None:
    """It is not the wall that costs then, but it is what one compares."""
    a = _side(BOX, memory=Cell("", value=9 << 20))
    b = _side(MACHINE, "db", memory=Cell("", value=4 << 20))

    assert "box takes 5.0 MiB more." in sentence(compared(a, b), ("box", "db"))


def test_without_both_numbers_nothing_is_said_to_cost() -> None:
    """One side's number is no difference."""
    text = sentence(compared(_side(BOX), _side(MACHINE, "db", memory=Cell("", value=9))), "ab")

    assert "stronger one." in text


def test_two_walls_of_one_kind_are_told_apart_by_what_gets_through() -> None:
    """A container without a filter is no stronger than one that has it."""
    loose = EXAMPLES["seccomp=unconfined"][0]

    text = sentence(compared(_side(BOX), _side(loose)), ("tight", "loose"))

    assert "of loose" not in text.partition(".")[0]


@pytest.mark.parametrize("name", ["seccomp=unconfined", "default and NET_ADMIN"])
def test_a_fix_changes_no_word_on_the_wall_as_it_is(name: str) -> None:
    """It is told beside it, and only where the changed facts make the wall enough."""
    found = compared(_side(EXAMPLES[name][0]), _side(MACHINE, "db"))
    fix = found.fix_of(0)
    assert fix is not None

    for workload in classes(found.sides):
        now, told = enough(found.a, workload), enough(found.a, workload, fix)
        assert now.value == told.value
        assert (told.after == "A") == (workload in fix.enough_after and not now.value)


@pytest.mark.parametrize("name", [HOSTILE, "\n\n# FAKE", "<script>FAKE</script>"])
def test_a_hostile_name_stays_on_its_line(name: str) -> None:
    """Names of targets are strangers' text, on a page and in Markdown."""
    found = compared(_side(BOX, name), _side(BOX))

    for lines in (page(found), markdown(found).splitlines()):
        text = "\n".join(lines)
        assert "\x1b" not in text
        assert "<script>" not in markdown(found)
        assert not any(line.startswith(("FAKE", "# FAKE")) for line in lines)
    assert max(map(width, page(found))) <= 80


def test_a_hostile_number_of_words_stays_in_its_columns() -> None:
    """What a guest or an engine says of itself may be as long as it likes."""
    side = _side(MACHINE)._replace(kernel="6.1\x1b]0;x" * 500, system="x " * 5000,
                                   origin=("y" * 9000,), notes=("z\n" * 900,))  # fmt: skip

    lines = page(compared(side, _side(BOX)))

    assert max(map(width, lines)) <= 80
    assert not any("\x1b" in line for line in lines)
    assert len(lines) < 400


def test_two_sides_of_one_name_are_told_apart() -> None:
    """A file and what runs of it are often called the same."""
    text = "\n".join(page(compared(_side(BOX), _side(BOX))))

    assert "A: docker:web" in text
    assert "B: docker:web" in text


def test_an_assessment_that_is_missing_is_told() -> None:
    """A side without a boundary gets no invented verdict."""
    bare = Side(
        TargetResult(Target("host", Kind.HOST, "h", "running"), FactSet.of(), ()),
        BOX,
        {},
        load_assessor(),
    )
    found = compared(bare, _side(BOX))
    rows = {row.label: row for row in found.rows}

    assert rows["verdict"].a.state == UNKNOWN
    assert "Only one of the two has a boundary that is known." in sentence(found, ("h", "web"))
    assert max(map(width, page(found))) <= 80
    assert document(found)["sides"][0]["verdict"] is None


@pytest.mark.parametrize(("mine", "text"), [("one", "the same"), ("two", "another")])
def test_whose_boot_it_is_comes_from_both_boot_ids(mine: str, text: str) -> None:
    """Equal ids are one kernel; without one of them nothing is said."""
    known = _side(BOX)._replace(boot_id=mine, host_boot_id="one")
    rows = {row.label: row for row in compared(known, _side(MACHINE)).rows}

    assert text == rows["host's boot"].a.text
    assert rows["host's boot"].b.state == UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(260_000, "3 d"), (7200, "2 h"), (180, "3 min"), (9.8, "9.8 s"), (0.25, "250 ms"),
     (3e-6, "3.0 us"), (2.5e-7, "250 ns"), (0, "0 ns")],
)  # fmt: skip
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    """Two digits, and a unit."""
    assert words == seconds_words(seconds)


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 B"), (900, "900 B"), (5 << 20, "5.0 MiB"), (3 << 34, "48 GiB"),
                          (1 << 60, "1048576 TiB")]
)  # fmt: skip
def test_sizes_are_told_as_people_say_them(number: float, words: str) -> None:
    """Two digits, and a unit."""
    assert words == bytes_words(number)
