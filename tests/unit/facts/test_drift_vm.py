"""A VM that runs, held against its stored definition and its process."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.documents import xml
from isoaudit.facts.drift import with_drift
from isoaudit.model import Fact, FactSet, Kind, Missing, Part, Reason, Record, Target, Vantage
from isoaudit.probes.domain_xml import read_domain

ENGINE, DECLARED, VMM = Vantage.ENGINE, Vantage.DECLARED, Vantage.VMM
CARD = "<interface type='network'><source network='default'/><model type='virtio'/>{}</interface>"
DISK = "<disk type='file'><source file='/i/a.img'/><target dev='vda'/>{}</disk>"


def target(state: str = "running", dialect: str = "") -> Target:
    return Target("libvirt:v", Kind.VM, "v", state, dialect=dialect)


def read(devices: str, vantage: Vantage, more: str = "", kind: str = "kvm") -> FactSet:
    text = (
        f"<domain type='{kind}'><name>v</name><memory>1024</memory>"
        f"<os><type arch='x86_64' machine='q35'>hvm</type></os>{more}"
        f"<devices>{devices}</devices></domain>"
    )
    return read_domain(xml.load(text, "v"), vantage, f"libvirt {vantage}", file_locations=False)


def drifted(facts: FactSet, of: Target | None = None) -> list[tuple[Any, ...]]:
    """Return path, subject, what was asked, what was found, and whether it is weaker."""
    (part,) = with_drift(of or target(), facts).parts["drift"]
    names = ("path", "subject", "asked", "found", "weaker")
    return [tuple(record.facts[f"drift.{name}"].value for name in names) for record in part.records]


def both(stored: str, live: str, **more: str) -> FactSet:
    return read(stored, DECLARED, **more).merge(read(live, ENGINE, **more))


def test_vm_that_runs_as_defined_has_not_drifted() -> None:
    """The part is there, and empty."""
    assert [] == drifted(both(DISK.format(""), DISK.format("<alias name='x'/>")))


@pytest.mark.parametrize(
    ("stored", "live", "expected"),
    [
        ("", CARD.format(""), ("interface.type", "network default virtio", "",
                               "network default virtio", True)),
        (CARD.format(""), "", ("interface.type", "network default virtio",
                               "network default virtio", "", False)),
        (CARD.format("<filterref filter='clean-traffic'/>"), CARD.format(""),
         ("interface.filter", "network default virtio", "clean-traffic", "", True)),
        (DISK.format("<readonly/>"), DISK.format(""), ("disk.read_only", "vda", "yes", "no", True)),
        (DISK.format(""), DISK.format("<readonly/>"),
         ("disk.read_only", "vda", "no", "yes", False)),
        ("", "<hostdev type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>",
         ("host_device.type", "usb 1:2", "", "usb 1:2", True)),
    ],
)  # fmt: skip
def test_device_that_differs_is_one_record(stored: str, live: str, expected: tuple[Any]) -> None:
    """What was added, taken away or changed while the VM ran is told with both sides."""
    records = [r for r in drifted(both(stored, live)) if not r[0].startswith("vm.")]
    assert [expected] == records


def test_device_model_that_was_plugged_in_is_weaker() -> None:
    """The list of emulated devices is compared as a whole."""
    found = both("", "<sound model='ac97'/>")
    (record,) = [r for r in drifted(found) if r[0] == "vm.devices"]
    assert record[4] is True and "ac97" in record[3]


def test_second_card_of_the_same_kind_counts() -> None:
    """Two alike cards are two: one more than defined is told."""
    found = both(CARD.format(""), CARD.format("") * 2)
    assert [True] == [r[4] for r in drifted(found) if r[0] == "interface.type"]


def test_what_libvirt_completes_at_the_start_is_no_drift() -> None:
    """A CPU mode host-model becomes a custom model with features when the VM starts."""
    stored = read("", DECLARED, "<cpu mode='host-model'/>")
    live = read("", ENGINE, "<cpu mode='custom'><model>EPYC</model></cpu>")
    assert [] == drifted(stored.merge(live))


def test_process_that_emulates_where_kvm_is_defined_is_weaker() -> None:
    """The command line outranks libvirt's word."""
    argv = FactSet.of([Fact("vm.accelerator", "tcg", "argv", VMM)])
    assert [("vm.accelerator", "", "kvm", "tcg", True)] == drifted(both("", "").merge(argv))


def test_card_that_only_the_process_has_is_weaker() -> None:
    """What a monitor plugged in past libvirt is in no definition; what libvirt told of is."""
    facts = both(CARD.format(""), CARD.format(""))
    known = facts.parts["interface"][0].records
    card = Record.of(
        Fact(f"interface.{name}", word, "argv", VMM)
        for name, word in (("type", "user"), ("source", ""), ("model", "e1000"))
    )
    started = FactSet.of(parts=[Part("interface", VMM, (*known, card))])
    assert [("interface.type", "user e1000", "", "user e1000", True)] == drifted(
        facts.merge(started)
    )


def test_console_that_only_the_process_has_is_weaker() -> None:
    """Consoles of the command line are compared by their kind."""
    facts = both("<graphics type='vnc'/>", "<graphics type='vnc'/>")
    seen = [Record.of([Fact("graphics.type", kind, "argv", VMM)]) for kind in ("vnc", "spice")]
    started = FactSet.of(parts=[Part("graphics", VMM, tuple(seen))])
    assert [("graphics.type", "spice", "", "spice", True)] == drifted(facts.merge(started))


def test_process_that_was_not_seen_leaves_it_incomplete() -> None:
    """Agreement of the definitions alone is no agreement of what runs."""
    dark = Missing("vmm", Reason.OTHER_HOST, "its VMM runs on another machine")
    facts = both("", "").merge(FactSet.of(missing=[dark]))
    (part,) = with_drift(target(), facts).parts["drift"]
    assert part.incomplete and part.incomplete.reason is Reason.OTHER_HOST


def test_vm_that_is_off_has_nothing_to_differ_from() -> None:
    """Only the stored definition is there."""
    assert [] == drifted(read("", ENGINE), target("shut off"))


def test_transient_vm_has_no_definition_to_differ_from() -> None:
    """libvirt keeps none of it."""
    facts = read("", ENGINE).merge(FactSet.of([Fact("vm.persistent", False, "libvirt", ENGINE)]))
    assert [] == drifted(facts)


def test_stored_definition_that_was_not_read_is_missing_evidence() -> None:
    """Neither an error of reading nor silence is agreement."""
    error = Missing("drift", Reason.UNREACHABLE, "libvirt does not answer", vantage=DECLARED)
    told = with_drift(target(), read("", ENGINE).merge(FactSet.of(missing=[error])))
    silent = with_drift(target(), read("", ENGINE))
    assert ([Reason.UNREACHABLE], [Reason.NOT_REQUESTED], False) == (
        [m.reason for m in told.missing["drift"]],
        [m.reason for m in silent.missing["drift"]],
        "drift" in told.parts or "drift" in silent.parts,
    )


def test_file_is_not_compared() -> None:
    """A file has nothing beside it."""
    facts = FactSet.of(parts=[Part("disk", DECLARED, (Record({}),))])
    assert facts == with_drift(target("declared", "libvirt_xml"), facts)
