"""What the emulated devices of a machine are worth, and how reliably they were broken out of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from isoaudit.model import Value

PATH = "vm.devices"
_OLD = 3


class Risks(NamedTuple):
    """The numbers of devices.yaml."""

    devices: Mapping[str, int]
    weights: Mapping[int, float]
    free: int
    minimal: float
    least: float
    none_old: float
    one_old: float
    further_old: float
    least_old: float


@cache
def risks() -> Risks:
    """Return the numbers of isoaudit's own model."""
    # NOTE: imported here, since the definitions load what the quantities are computed by.
    from isoaudit.assess.definitions import definitions

    return risks_of(definitions().documents["devices"])


def risks_of(data: Mapping[str, Any]) -> Risks:
    """Return the numbers of a document."""
    return Risks(
        {name: one["risk"] for name, one in data["devices"].items()},
        {int(risk): weight for risk, weight in data["weights"].items()},
        data["free"], data["minimal"], data["least"],
        data["none_old"], data["one_old"], data["further_old"], data["least_old"],
    )  # fmt: skip


def device_surface(values: Mapping[str, Value]) -> tuple[float, float]:
    """Return what a small set of devices is worth; of an unknown model the worst and the best."""
    known = risks()
    devices = values.get(PATH)
    if not isinstance(devices, tuple):
        return known.least, known.minimal
    return _surface(_ranks(devices, _OLD), known), _surface(_ranks(devices, 1), known)


def old_devices(values: Mapping[str, Value]) -> tuple[float, float]:
    """Return what it takes to break out through a device that was broken out of before."""
    known = risks()
    devices = values.get(PATH)
    if not isinstance(devices, tuple):
        return known.least_old, known.none_old
    return _old(_ranks(devices, _OLD), known), _old(_ranks(devices, 1), known)


def _ranks(devices: Sequence[str], unknown: int) -> list[int]:
    known = risks().devices
    return [known.get(name, unknown) for name in devices]


def _surface(ranks: Sequence[int], known: Risks) -> float:
    small = max(0, ranks.count(1) - known.free)
    taken = small * known.weights[1] + sum(known.weights[rank] for rank in ranks if rank > 1)
    return max(known.least, known.minimal - taken)


def _old(ranks: Sequence[int], known: Risks) -> float:
    number = ranks.count(_OLD)
    if not number:
        return known.none_old
    return max(known.least_old, known.one_old - known.further_old * (number - 1))
