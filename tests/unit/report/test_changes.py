"""Changes to a running VM are offered gentlest first, and with what the guest needs for them."""

from __future__ import annotations

import pytest

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Outcome,
    Severity,
    Status,
    Target,
    TargetResult,
    Vantage,
)
from isoaudit.report.options import Options
from isoaudit.report.table_changes import put_changes
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import View
from isoaudit.resources import data_dir
from isoaudit.rules.folder import check_files
from isoaudit.rules.load import load_check

ABOUT = {
    "A-001": {"change": "guest_abi"},
    "A-002": {"change": "restart"},
    "A-003": {"change": "live"},
    "A-004": {"change": "guest_driver"},
    "A-005": {},
}


def shown(checks: str, drivers: tuple[str, ...] | None = None, dialect: str = "") -> str:
    """What is put for a VM that fails these checks, on one line."""
    target = Target(id="libvirt:a", kind=Kind.VM, name="a", state="running", dialect=dialect)
    facts = FactSet()
    if drivers is not None:
        fact = Fact("guest.drivers.available", drivers, "x", Vantage.GUEST)
        facts = FactSet.of([fact])
    found = [Outcome(one, Severity.HIGH, Status.FAIL, "bad") for one in checks.split()]
    result = TargetResult(target, facts, tuple(Finding(one, "f") for one in found))
    page = Page(Options())
    put_changes(page, View.of(result), ABOUT)
    return " ".join(" ".join(page.lines).split())


def test_the_gentlest_change_comes_first() -> None:
    """Live, restart, guest driver, guest ABI: in this order, whatever the order of findings."""
    text = shown("A-001 A-002 A-003 A-004")

    places = [text.index(f"{n} {word}: A-00{a}") for n, word, a in (
        (1, "live", 3), (2, "restart", 2), (3, "guest driver", 4), (4, "guest ABI", 1),
    )]  # fmt: skip
    assert sorted(places) == places


def test_a_new_device_is_not_advised_blindly() -> None:
    """Whether the guest has a driver is told, or how it could be known."""
    assert "is not known: ask it over SSH" in shown("A-004")
    assert "the guest says it has virtio_net" in shown("A-004", ("virtio_net",))
    assert "the guest says it has none" in shown("A-004", ())


def test_one_kind_of_change_needs_no_order() -> None:
    """Where every change is a restart, nothing is said."""
    assert not shown("A-002 A-005")


def test_a_file_is_not_changed_while_it_runs() -> None:
    """What is not deployed yet has no order of changes."""
    assert not shown("A-001 A-003", dialect="libvirt_xml")


@pytest.mark.parametrize("path", check_files(data_dir("checks") / "vm"), ids=lambda p: p.stem)
def test_every_check_of_a_vm_says_how_it_is_changed(path: object) -> None:
    """No shipped check of a VM leaves its change out of the order."""
    check = load_check(path, path.name)  # type: ignore[arg-type,attr-defined]

    assert check.change
