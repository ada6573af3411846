"""What an engine's version is known to ship as its default filter, surface by surface.

A bounded answer for where the loaded filter was not read: open for certain, closed for certain, or
not known. Which profile a distribution's build carries can only be bounded: it starts from the
version it names and may have any later change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.seccomp.abi import Interfaces

_DATA = Path(__file__).parent / "data"
_UPSTREAM = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-(?:rc|beta|alpha)\.?\d+)?")
_BASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
_FAMILIES = frozenset({"af_alg", "af_vsock"})

Version = tuple[int, int, int]


class Holder(NamedTuple):
    """For whom the profile is made: a container's capabilities, its machine and its kernel.

    `capabilities` are those it was created with (the bounding set of its first process), None if
    not known; `kernel` is the kernel's version, None if not known.
    """

    capabilities: frozenset[str] | None
    machine: Interfaces | None
    kernel: tuple[int, int] | None = None


class _Range(NamedTuple):
    start: Version
    socketcall: bool | None
    surfaces: Mapping[str, Any]


def version_of(text: str) -> tuple[Version, bool] | None:
    """Return a version and whether it is spelt as upstream spells it; None for something else."""
    base = _BASE.match(text)
    if base is None:
        return None
    version = (int(base[1]), int(base[2]), int(base[3] or 0))
    return version, bool(_UPSTREAM.fullmatch(text))


def shipped(
    engine: str, version: str, holder: Holder, *, upstream: bool | None = None
) -> dict[str, bool | None]:
    """Return what an engine's default filter leaves open, by surface; None where not known.

    `upstream` says whether the build is the project's own; without, the version's spelling decides.
    Everything is unknown for an engine or a version that the table does not have.
    """
    ranges = _candidates(engine, version, upstream)
    names = _names(engine)
    if not ranges:
        return dict.fromkeys(names)
    answers = [_open(one, names, holder) for one in ranges]
    return {name: _agreed([answer[name] for answer in answers]) for name in names}


def as_written(engine: str, version: str, capabilities: Iterable[str]) -> dict[str, bool | None]:
    """Return what the authors of a version's profile mean to leave open to native programs.

    Without what slips past: family numbers beyond 32 bits, and the families of socketcall.
    """
    ranges = _candidates(engine, version, None)
    names = _names(engine)
    if len(ranges) != 1:
        return dict.fromkeys(names)
    holder = Holder(frozenset(capabilities), None, (6, 0))
    return {
        name: False if str(value).startswith("low32") else _value(value, holder)
        for name, value in ((name, ranges[0].surfaces.get(name)) for name in names)
    }


def _names(engine: str) -> tuple[str, ...]:
    table = _table()
    return tuple(table.get(engine, table["docker"])["common"])


def _candidates(engine: str, version: str, upstream: bool | None) -> list[_Range]:
    """Return the profiles that a version may have: one if it is upstream's, else all later ones."""
    known, parsed = _table().get(engine), version_of(version)
    if known is None or parsed is None:
        return []
    number, spelt_so = parsed
    ranges = _ranges(engine)
    if not ranges[0].start <= number < _version(known["until"]):
        return []
    at = max(i for i, one in enumerate(ranges) if one.start <= number)
    own = spelt_so if upstream is None else upstream and spelt_so
    return [ranges[at]] if own else list(ranges[at:])


def _open(one: _Range, names: Iterable[str], holder: Holder) -> dict[str, bool | None]:
    return {name: _surface(name, one, holder) for name in names}


def _surface(name: str, one: _Range, holder: Holder) -> bool | None:
    """Return whether a surface is open on any interface of the machine."""
    value = one.surfaces.get(name)
    native = _value(value, holder)
    if name not in _FAMILIES or native is True or value is None:
        return native
    return _either(native, _by_socketcall(one, holder.machine))


def _by_socketcall(one: _Range, machine: Interfaces | None) -> bool | None:
    """Return whether 32-bit x86 programs reach every socket family, whatever the profile says."""
    if one.socketcall is False:
        return False
    if machine is None:
        return None
    there = [present for abi, present in machine.possible() if abi.name == "i386"]
    if not there:
        return False
    return True if one.socketcall and there[0] else None


def _value(value: Any, holder: Holder) -> bool | None:
    """Return what a value of the table says for a container's native programs."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return _by_width(value, holder.machine)
    new_enough = _since(value.get("kernel"), holder.kernel)
    return True if new_enough else _either(new_enough, _by_capabilities(value, holder))


def _since(version: str | None, kernel: tuple[int, int] | None) -> bool | None:
    """Return whether a kernel is as new as a version; false if none is named."""
    if version is None:
        return False
    return None if kernel is None else kernel >= tuple(int(part) for part in version.split("."))


def _by_capabilities(value: Any, holder: Holder) -> bool | None:
    if holder.capabilities is None:
        return None
    if holder.capabilities.intersection(value["caps"]):
        return True
    return None if holder.capabilities.intersection(value.get("perhaps", ())) else False


def _by_width(value: str, machine: Interfaces | None) -> bool | None:
    """Return whether a family that is refused by 64-bit comparison is reached all the same."""
    if machine is None:
        return None
    if machine.native.width == 32:
        return False
    return None if value.endswith("?") else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False


def _agreed(answers: list[bool | None]) -> bool | None:
    return answers[0] if len(set(answers)) == 1 else None


@cache
def _ranges(engine: str) -> tuple[_Range, ...]:
    known = _table()[engine]
    return tuple(
        _Range(_version(one["from"]), one["socketcall"], {**known["common"], **one["surfaces"]})
        for one in known["ranges"]
    )


def _version(text: str) -> Version:
    """Return a version of the table."""
    first, second, third = (int(part) for part in text.split("."))
    return first, second, third


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((_DATA / "shipped.json").read_text())
    return table
