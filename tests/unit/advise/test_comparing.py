"""Comparing two boundaries: rows for every dimension, and words where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.advise.compare import Cell, Comparison, Side, classes, compared, enough, gaps
from isoaudit.audit.comparing.copies import copy_of
from isoaudit.audit.comparing.sides import bytes_words, seconds_words
from isoaudit.cli.comparison_page import page
from isoaudit.model import FactSet, Kind, Target, TargetResult
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import EXAMPLES, MACHINES

DIMENSIONS = ["virtualization", "compatibility", "size", "performance", "security", "replicability"]
HOSTILE = "web\x1b[31m\nFAKE  yes"


def _side(context: Context, name: str = "web", **measures: Cell) -> Side:
    from isoaudit.advise.enough import judge_verdict
    from isoaudit.assess import load_assessor

    assessment = load_assessor().assess(context)
    assert assessment is not None
    verdict = judge_verdict(assessment, context)
    target = Target(f"docker:{name}", context.target.kind, name, "running")
    result = TargetResult(target, FactSet.of(), (), assessment=assessment._replace(verdict=verdict))
    return Side(result, context, dict(measures))


@pytest.fixture
def comparison() -> Comparison:
    """A default container against a confined VM, nothing measured."""
    box, _ = EXAMPLES["default 29.4.2"]
    machine, _ = MACHINES["VM, minimal, sVirt"]
    return compared(_side(box), _side(machine, "db"))


def test_every_dimension_has_rows(comparison: Comparison) -> None:
    """In the order of the design, each with what it is known by."""
    assert list(dict.fromkeys(row.dimension for row in comparison.rows)) == DIMENSIONS
    assert all(row.by for row in comparison.rows)


def test_what_was_not_measured_is_called_so(comparison: Comparison) -> None:
    """And what would settle it stands below."""
    by_label = {row.label: row for row in comparison.rows}

    assert by_label["a system call"].a == Cell("not measured", "unknown", "--measure")
    assert any("--measure" in line for line in gaps(comparison))


def test_the_page_fits_eighty_columns_and_ends_in_a_verdict(comparison: Comparison) -> None:
    """For the class that was asked for."""
    lines = page(comparison, "own, reviewed code", [])

    assert max(map(len, lines)) <= 80
    assert "For own, reviewed code" in " ".join(" ".join(lines).split())


def test_a_vm_is_enough_where_a_shared_kernel_is_not(comparison: Comparison) -> None:
    """Wall first, score second."""
    name = next(one for one in classes([comparison.a, comparison.b]) if "strangers" in one)

    assert not enough(comparison.a, name)[0]
    assert enough(comparison.b, name)[0]


def test_a_hostile_name_stays_on_its_line() -> None:
    """Names of targets are strangers' text."""
    box, _ = EXAMPLES["default 29.4.2"]
    text = "\n".join(page(compared(_side(box, HOSTILE), _side(box)), "", []))

    assert "\x1b" not in text
    assert not any(line.startswith("FAKE") for line in text.splitlines())


DOMAIN = """<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>web</name><uuid>u</uuid>{boot}<devices><emulator>/q</emulator><disk/><interface/><graphics/>
<filesystem/><serial type='pty'/></devices>
<seclabel type='dynamic'/><qemu:commandline><qemu:arg value='-x'/></qemu:commandline>
</domain>"""
KERNEL = "<os><kernel>/k</kernel></os>"


def test_a_copy_of_a_domain_reaches_nothing_of_the_original() -> None:
    """No disk, card, screen, folder, label, id or further argument of it."""
    text = copy_of(DOMAIN.format(boot=KERNEL), "/var/tmp/c")

    for gone in ("<disk", "<interface", "<graphics", "<filesystem", "commandline", "uuid", ">web<"):
        assert gone not in text
    assert "/var/tmp/c" in text


def test_a_domain_that_boots_from_a_disk_gets_no_copy() -> None:
    """It would write to it."""
    with pytest.raises(RuntimeError, match="boots from a disk"):
        copy_of(DOMAIN.format(boot="<os/>"), "/c")


@pytest.mark.parametrize(
    ("function", "value", "words"),
    [(bytes_words, 900, "900 B"), (bytes_words, 5 << 20, "5.0 MiB"),
     (bytes_words, 3 << 34, "48 GiB"), (seconds_words, 9.8, "9.8 s"),
     (seconds_words, 0.25, "250 ms"), (seconds_words, 3e-6, "3.0 us"),
     (seconds_words, 2.5e-7, "250 ns")],
)  # fmt: skip
def test_numbers_are_told_as_people_say_them(function: Any, value: float, words: str) -> None:
    """Two digits, and a unit."""
    assert function(value) == words


def test_an_assessment_that_is_missing_is_told() -> None:
    """A side without a boundary gets no invented verdict."""
    box, _ = EXAMPLES["default 29.4.2"]
    bare = Side(TargetResult(Target("host", Kind.HOST, "h", "running"), FactSet.of(), ()), box, {})

    rows = {row.label: row for row in compared(bare, _side(box)).rows}

    assert rows["verdict"].a.state == "unknown"
