"""Which ways out the lab's domains have, from what was recorded of them and of their host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.replaying import in_place, isoaudit, replayed, replayed_host, tapes

from isoaudit import bundle
from isoaudit.assess import load_assessor
from isoaudit.audit.judging import Around, context_of
from isoaudit.model import Assessment, Axis, Openness

OPEN = {
    "lean": {"ESC-110"},
    "legacy": {"ESC-110", "ESC-124"},
    "shared": {"ESC-110", "ESC-124"},
    "off": {"ESC-110", "ESC-126", "ESC-143"},
}
"""All are on QEMU's own network; `off` has the host's disk, and a PCI device vfio keeps back."""


@cache
def _assessed() -> dict[str, Assessment]:
    on = tapes("libvirt")
    with (
        TemporaryDirectory() as folder,
        in_place(host=replayed_host(on), libvirt=replayed("libvirt", on)),
    ):
        path = Path(folder) / "lab.json"
        code, said = isoaudit("collect", "host", "libvirt:isolab-*", "-o", str(path))
        assert code == 0, said
        lab = bundle.decode(path.read_bytes(), "lab")
    around = Around(lab.host, lab.engines)
    found = {}
    for one in lab.targets:
        assessment = load_assessor().assess(context_of(one, around))
        if assessment is not None:
            found[one.target.name.removeprefix("isolab-")] = assessment
    return found


@pytest.mark.parametrize("name", OPEN)
def test_the_ways_out_of_a_recorded_domain(name: str) -> None:
    """Those are open, and none is left undecided."""
    found = _assessed()[name].escape_paths

    assert {one.id for one in found if one.certainty is Openness.OPEN} == OPEN[name]
    assert [one.id for one in found if one.certainty is not Openness.OPEN] == []


@pytest.mark.parametrize("name", OPEN)
def test_emulation_caps_each_of_them(name: str) -> None:
    """The lab has no hardware virtualization."""
    assert _assessed()[name].score.axes[Axis.ESCAPE].high <= 45


def test_the_lean_domain_has_no_way_to_the_host() -> None:
    """What its network leads to is a neighbour's matter."""
    assert not any(one.goal.is_out for one in _assessed()["lean"].escape_paths)
