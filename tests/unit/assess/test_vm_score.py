"""Devices tell in the score of a VM, and no protection of it is for nothing."""

from __future__ import annotations

import pytest

from isoaudit.assess import load_assessor
from isoaudit.assess.devices import risks
from isoaudit.model import Axis, Interval
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import LEAN, LEGACY, TYPICAL, machine

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
