"""Devices tell in the score of a VM, and no protection of it is for nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.assess import load_assessor
from isoaudit.assess.definitions import definitions
from isoaudit.assess.devices import device_surface, old_devices, risks
from isoaudit.model import Axis, Interval
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import (
    KATA,
    LEAN,
    LEGACY,
    MACHINES,
    TYPICAL,
    container,
    machine,
)

APART = 15
"""Points by which old devices must stand under minimal ones (issue 6)."""


def _escape(context: Context) -> Interval:
    found = load_assessor().assess(context)
    assert found is not None
    return found.score.axes[Axis.ESCAPE]


@pytest.mark.parametrize("label", ["", "svirt:c1,c2"])
@pytest.mark.parametrize("filtered", ["filter", "disabled"])
@pytest.mark.parametrize("root", [False, True])
def test_old_devices_stand_far_under_minimal_ones(label: str, filtered: str, root: bool) -> None:
    """Whatever else holds of the same domain, as long as it is not open anyway."""
    same = {"vmm.lsm.label": label, "vmm.seccomp.mode": filtered, "vmm.root_permitted": root}

    lean, legacy = _escape(machine(LEAN, **same)), _escape(machine(LEGACY, **same))

    assert lean.low - legacy.low >= APART


@pytest.mark.parametrize("device", sorted(risks().devices))
def test_one_more_device_never_raises(device: str) -> None:
    """Each device can be attacked."""
    before, after = _escape(machine(TYPICAL)), _escape(machine((*TYPICAL, device)))

    assert after.low <= before.low
    assert after.high <= before.high


def test_a_device_that_nobody_knows_widens() -> None:
    """It may be harmless or old."""
    found = _escape(machine((*LEAN, "device-of-tomorrow")))

    assert found.low < found.high
    assert found.high == _escape(machine(LEAN)).high


def test_emulation_is_capped_whatever_confines_it() -> None:
    """QEMU's developers stand for no boundary without hardware virtualization."""
    found = load_assessor().assess(machine(LEAN, **{"vm.accelerator": "tcg"}))

    assert found is not None
    assert found.score.escape.high <= 45
    assert found.score.capped_by[Axis.ESCAPE] == "tcg"


DEVICES = st.lists(st.sampled_from(sorted(risks().devices)), unique=True, max_size=20)


@given(devices=DEVICES, further=DEVICES)
@settings(max_examples=300, deadline=None)
def test_more_devices_are_never_worth_more(devices: list[str], further: list[str]) -> None:
    """Whatever is added to whatever there is."""
    more = tuple(dict.fromkeys([*devices, *further]))

    before = device_surface({"vm.devices": tuple(devices)})
    after = device_surface({"vm.devices": more})
    assert after[0] <= before[0]
    assert after[1] <= before[1]


def test_what_sets_of_devices_are_worth() -> None:
    """Minimal 4 bits, what libvirt gives by default about 2.5, with an old one at most 1.5."""
    assert device_surface({"vm.devices": LEAN}) == (4.0, 4.0)
    assert 2.2 <= device_surface({"vm.devices": TYPICAL})[0] <= 2.8
    for device in sorted(name for name, risk in risks().devices.items() if risk == 3):
        assert _old_and_surface((*TYPICAL, device)) <= 1.5


def _old_and_surface(devices: tuple[str, ...]) -> float:
    """Return the weaker of the two paths that devices are on."""
    values = {"vm.devices": devices}
    return min(device_surface(values)[1], old_devices(values)[1])


def test_the_reference_machines_stand_in_their_order() -> None:
    """As science.md 5.3 has them, each within four points."""
    found = [(_escape(context).low, wanted) for context, wanted in MACHINES.values()]

    assert all(abs(got - wanted) <= 4 for got, wanted in found)
    ordered = [got for got, _ in sorted(found, key=lambda one: one[1])]
    assert all(one < other for one, other in pairwise(ordered))


def test_what_confines_katas_vmm_is_not_known_of_the_container() -> None:
    """The interval says so, and holds what it is with the VMM's facts."""
    unknown = _escape(container(12, facts={"container.kernel": "guest"}))
    [(context, _)] = KATA.values()
    confined = _escape(context)

    assert unknown.low < confined.low
    assert confined.high == unknown.high
    assert confined.low >= _escape(MACHINES["VM, minimal, sVirt"][0]).low


def test_katas_vmm_is_worth_what_that_of_a_vm_is() -> None:
    """The same protection of the same process has the same bits on both kinds of target."""
    terms = {one["id"]: one for one in definitions().documents["score-vm"]["terms"]}

    for name in ("user", "filter", "mounts", "mac", "jail"):
        assert terms[f"kata_{name}"]["choose"] == terms[f"vmm_{name}"]["choose"]
    assert terms["n_kata_user"]["choose"] == terms["n_vmm_user"]["choose"]


def test_runc_is_no_path_of_a_container_in_a_vm() -> None:
    """What is broken there is broken inside the VM."""
    facts = {"container.kernel": "guest", "engine.runc.known_vulnerable": ["CVE-2024-21626"]}
    patched = {**facts, "engine.runc.known_vulnerable": []}

    assert _escape(container(12, facts=facts)) == _escape(container(12, facts=patched))
