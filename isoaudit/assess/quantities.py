"""Quantities that a score is made of and no single condition tells: computed from several facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import log2
from typing import NamedTuple

from isoaudit.assess import devices
from isoaudit.model import Value
from isoaudit.seccomp.exploits import corpus, count
from isoaudit.seccomp.surfaces import ORDINARY, SURFACES

Values = Mapping[str, Value]

_ALLOWS = "process.seccomp.allows."
_EXPLOITS = "process.seccomp.exploits_reachable"
_MODE = "process.seccomp.mode"
_PROFILE = "container.seccomp.profile"
_EFFECTIVE = "process.capabilities.effective"
_PERMITTED = "process.capabilities.permitted"

_DEFAULT_SET = 14
"""Capabilities of docker's default set (moby, oci/caps/defaults.go)."""

_ALWAYS_CLOSED = frozenset({"keyring", "userfaultfd", "kexec"})
"""What the default profile of no release of dockerd or podman opens (seccomp/data/shipped.json)."""

_BY_CAPABILITY = {
    "user_namespace": ("CAP_SYS_ADMIN",),
    "mount": ("CAP_SYS_ADMIN",),
    "bpf": ("CAP_SYS_ADMIN", "CAP_BPF"),
    "perf": ("CAP_SYS_ADMIN", "CAP_PERFMON"),
}
"""Surfaces that default profiles open to who holds one of these capabilities."""


class Quantity(NamedTuple):
    """The facts a quantity is computed from; those not known are left out of what `bits` gets.

    `bits` returns the least and the most that it may be.
    """

    reads: tuple[str, ...]
    bits: Callable[[Values], tuple[float, float]]


def exploit_share(values: Values) -> tuple[float, float]:
    """Return how often what a process may call halves the corpus of known kernel exploits.

    A filter whose content was not read is bounded by what the engine's own default lets through,
    where that is what was asked for, and by nothing else.
    """
    total = len(corpus())
    known = values.get(_EXPLOITS)
    if isinstance(known, int):
        return _share(known, total), _share(known, total)
    held = _held(values)
    low, high = _counted(_surfaces(values, held), held)
    return _share(high, total), _share(low, total)


def exploit_share_half(values: Values) -> tuple[float, float]:
    """Return half of what the filter is worth: what is shared is reached by fewer calls."""
    low, high = exploit_share(values)
    return low / 2, high / 2


def held_capabilities(values: Values) -> tuple[float, float]:
    """Return what fewer capabilities than the default set are worth, from 0 to 1.2 bits."""
    held = _held(values)
    if held is None:
        return 0.0, _WORTH
    bits = _WORTH * (_DEFAULT_SET - min(len(held), _DEFAULT_SET)) / _DEFAULT_SET
    return bits, bits


_WORTH = 1.2


def _share(number: int, total: int) -> float:
    """Return the bits of a share; of none at all as much as of one: the corpus is not the world."""
    return log2(total / max(number, 1))


def _held(values: Values) -> frozenset[str] | None:
    effective, permitted = values.get(_EFFECTIVE), values.get(_PERMITTED)
    if not isinstance(effective, tuple):
        return None
    return frozenset(effective) | frozenset(permitted if isinstance(permitted, tuple) else ())


def _surfaces(values: Values, held: frozenset[str] | None) -> tuple[tuple[str, bool | None], ...]:
    """Return what is known to be open, by surface."""
    found: dict[str, bool | None] = {}
    mode, default = values.get(_MODE), values.get(_PROFILE) == "default"
    for surface in (*SURFACES, *ORDINARY):
        allowed = values.get(_ALLOWS + surface.name)
        if isinstance(allowed, bool):
            found[surface.name] = allowed
        elif mode == "disabled":
            found[surface.name] = True
        elif mode == "filter" and default:
            found[surface.name] = _by_default(surface.name, held)
        else:
            found[surface.name] = None
    return tuple(found.items())


def _by_default(name: str, held: frozenset[str] | None) -> bool | None:
    """Return whether the default profile of every release opens a surface; None if some do."""
    if any(surface.name == name for surface in ORDINARY):
        return True
    if name in _ALWAYS_CLOSED:
        return False
    needed = _BY_CAPABILITY.get(name)
    if needed is None or held is None:
        return None
    if "CAP_SYS_ADMIN" in held:
        return True
    # Later releases open a surface to a lesser capability, earlier ones do not.
    return None if held.intersection(needed) else False


@lru_cache(4096)
def _counted(
    surfaces: tuple[tuple[str, bool | None], ...], held: frozenset[str] | None
) -> tuple[int, int]:
    found = count(dict(surfaces), held)
    return found.low, found.high


_FILTER = (_EXPLOITS, _MODE, _PROFILE, _EFFECTIVE, _PERMITTED,
           *(_ALLOWS + surface.name for surface in SURFACES))  # fmt: skip

QUANTITIES: Mapping[str, Quantity] = {
    "exploit_share": Quantity(_FILTER, exploit_share),
    "exploit_share_half": Quantity(_FILTER, exploit_share_half),
    "held_capabilities": Quantity((_EFFECTIVE, _PERMITTED), held_capabilities),
    "device_surface": Quantity((devices.PATH,), devices.device_surface),
    "old_devices": Quantity((devices.PATH,), devices.old_devices),
}  # fmt: skip
