"""Facts about what the seccomp filters of a process let through.

Three cases: filters that were read (`note_loaded`), a process without any (`note_unfiltered`), and
filters that were not read, for which the engine's shipped default bounds what they can be
(`note_unread`, then `note_shipped`).
Sources: seccomp(2), proc(5); what engines ship is in isoaudit/seccomp/data/shipped.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from isoaudit.model import Fact, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import Interfaces
from isoaudit.seccomp.exploits import count
from isoaudit.seccomp.profile import Profile, ProfileError
from isoaudit.seccomp.resolve import Container, Resolved
from isoaudit.seccomp.shipped import Holder, shipped
from isoaudit.seccomp.surfaces import ORDINARY, SURFACES, Reach, reach
from isoaudit.seccomp.survey import Survey, survey
from isoaudit.transports import Unreadable

_ALLOWS = "process.seccomp.allows"
_CALLS = "process.seccomp.allowed"
_BY_ARGUMENT = "process.seccomp.by_argument"
_FOREIGN_CALLS = "process.seccomp.foreign_calls"
_FOREIGN_SURFACES = "process.seccomp.foreign_surfaces"
_DEFAULT = "process.seccomp.default_action"
_EXPLOITS = "process.seccomp.exploits_reachable"
_EXPLOITS_HERE = "process.seccomp.exploits_reachable_here"

PATHS = (_ALLOWS, _CALLS, _BY_ARGUMENT, _FOREIGN_CALLS, _FOREIGN_SURFACES, _DEFAULT, _EXPLOITS,
         _EXPLOITS_HERE)  # fmt: skip
"""What stays dark together where filters are not read; the first stands for all surfaces."""

HOW = "isoaudit scan TARGET --deep, as root: stops the process for some microseconds to read them."


class Around(NamedTuple):
    """What a process's filters are judged by.

    `machine` are the interfaces of the kernel (`seccomp.abi.interfaces`), None for an architecture
    without tables. `options` are the kernel's (`CONFIG_X: y`), None if they could not be read.
    `capabilities` are those the process holds or may raise, None if not known.
    """

    machine: Interfaces | None
    options: Mapping[str, str] | None = None
    capabilities: frozenset[str] | None = None


class Engine(NamedTuple):
    """The engine whose default filter a process was given.

    `upstream` says whether the build is the project's own (docker: Platform.Name of the version
    answer starts with "Docker Engine"), None if it does not tell. `created_with` are the
    capabilities of the container as created, its bounding set; `kernel` is the kernel's version.
    """

    name: str
    version: str
    upstream: bool | None = None
    created_with: frozenset[str] | None = None
    kernel: tuple[int, int] | None = None


def note_loaded(notes: Notes, filters: Sequence[str], around: Around) -> None:
    """Note what loaded filters let through; `filters` as `transports.ptrace` gives them."""
    try:
        programs = tuple(bpf.decode(bytes.fromhex(one)) for one in filters)
    except (bpf.FilterError, ValueError) as error:
        words = f"the loaded filters are not understood: {error}"
        _missing(notes, Reason.PARSE_ERROR, words)
        return
    words = "filter" if len(programs) == 1 else f"{len(programs)} filters"
    _note(notes, programs, around, f"loaded seccomp {words} of process PID")


def note_unfiltered(notes: Notes, around: Around) -> None:
    """Note that a process without filters may make every call (mode `disabled`)."""
    _note(notes, (), around, "/proc/PID/status Seccomp: no filter")


def note_unread(notes: Notes, error: Unreadable | None = None) -> None:
    """Note that filters exist and were not read: not asked for, or for the reason given."""
    if error is None:
        _missing(notes, Reason.NOT_REQUESTED, "the loaded filter was not read", HOW)
        return
    for path in PATHS:
        notes.lacks(error.missing(path, notes.vantage))


def note_shipped(notes: Notes, engine: Engine, around: Around) -> None:
    """Note, in the engine's name, what its shipped default certainly opens or closes.

    For a process that runs under that default. Its own word stays dark (`note_unread`), so that
    what is closed by this alone passes no check.
    """
    holder = Holder(engine.created_with, around.machine, engine.kernel)
    found = shipped(engine.name, engine.version, holder, upstream=engine.upstream)
    _note_bounds(notes, found, around, f"default seccomp profile of {engine.name} {engine.version}")


def note_profile(
    notes: Notes,
    profile: Profile,
    around: Around,
    kernel: tuple[int, int] | None,
    source: str,
) -> None:
    """Note, in the engine's name, what a profile of the container's own opens and closes.

    `around.capabilities` are those the container is created with; `kernel` is the kernel's version.
    """
    for path, value in profile_bounds(profile, around, kernel):
        notes.holds(Fact(path, value, source, Vantage.ENGINE))


def profile_bounds(
    profile: Profile, around: Around, kernel: tuple[int, int] | None
) -> list[tuple[str, bool | int]]:
    """Return what a profile certainly opens and closes, as paths with values: see `note_profile`.

    Empty where machine or capabilities are not known, or the profile does not say what it means.
    """
    if around.machine is None or around.capabilities is None:
        return []
    try:
        native = Container(around.capabilities, around.machine.native, kernel)
        resolved = Resolved(profile, native)
    except ProfileError:
        return []
    found = reach(resolved.ask, around.machine, (*SURFACES, *ORDINARY))
    return _bounds({name: one.reachable for name, one in found.items()}, around)


def _note_bounds(
    notes: Notes, found: Mapping[str, bool | None], around: Around, source: str
) -> None:
    """Note what is certain of the surfaces, in the engine's name."""
    for path, value in _bounds(found, around):
        notes.holds(Fact(path, value, source, Vantage.ENGINE))


def _bounds(found: Mapping[str, bool | None], around: Around) -> list[tuple[str, bool | int]]:
    """Return what is certain of the surfaces, and of the exploits if that leaves one number."""
    bounds: list[tuple[str, bool | int]] = []
    for surface in SURFACES:
        value = found[surface.name]
        if value is not None:
            bounds.append((f"{_ALLOWS}.{surface.name}", value))
    for path, options in ((_EXPLOITS, None), (_EXPLOITS_HERE, around.options)):
        here = path == _EXPLOITS_HERE
        number = count(found, around.capabilities, options, for_this_kernel=here).known
        if number is not None:
            bounds.append((path, number))
    return bounds


def _missing(notes: Notes, reason: Reason, detail: str, how: str = "") -> None:
    for path in PATHS:
        notes.missing(path, reason, detail, how)


def _note(notes: Notes, programs: tuple[bpf.Program, ...], around: Around, source: str) -> None:
    if around.machine is None:
        _missing(notes, Reason.NOT_SUPPORTED, "no system-call tables for this architecture")
        return
    found = survey(programs, around.machine)
    for surface in SURFACES:
        _note_surface(notes, surface.name, found.reach[surface.name], source)
    _note_calls(notes, found, source, listed=bool(programs))
    _note_foreign(notes, found, source)
    notes.fact(_DEFAULT, found.default_action, source)
    _note_exploits(notes, found, around, source)


def _note_surface(notes: Notes, name: str, reach: Reach, source: str) -> None:
    path = f"{_ALLOWS}.{name}"
    if reach.reachable is None:
        words = "whether the kernel runs 32-bit programs, or what the filter does, is not known"
        notes.missing(
            path, Reason.NOT_SUPPORTED, words, "Make the kernel's configuration readable."
        )
        return
    by = f": {', '.join(reach.by)}" if reach.by else ""
    notes.fact(path, reach.reachable, f"{source}{by}")


def _note_calls(notes: Notes, found: Survey, source: str, *, listed: bool) -> None:
    """Note the native calls; without a filter the list would be that of all calls."""
    if found.undecided:
        words = f"not decided: {', '.join(found.undecided[:5])}"
        for path in (_CALLS, _BY_ARGUMENT):
            notes.missing(path, Reason.LIMIT, words)
        return
    if listed:
        notes.fact(_CALLS, found.allowed, source)
    else:
        notes.missing(_CALLS, Reason.NOT_SUPPORTED, f"{source}: every call")
    notes.fact(_BY_ARGUMENT, found.by_argument, source)


def _note_foreign(notes: Notes, found: Survey, source: str) -> None:
    if not found.foreign_known:
        words = "whether the kernel runs programs of other interfaces is not known"
        for path in (_FOREIGN_CALLS, _FOREIGN_SURFACES):
            notes.missing(path, Reason.NOT_SUPPORTED, words)
        return
    notes.fact(_FOREIGN_CALLS, found.foreign, source)
    notes.fact(_FOREIGN_SURFACES, found.only_foreign(), source)


def _note_exploits(notes: Notes, found: Survey, around: Around, source: str) -> None:
    surfaces = found.surfaces()
    general = count(surfaces, around.capabilities)
    here = count(surfaces, around.capabilities, around.options, for_this_kernel=True)
    for path, one in ((_EXPLOITS, general), (_EXPLOITS_HERE, here)):
        if one.known is None:
            words = f"between {one.low} and {one.high} of {one.total}"
            notes.missing(path, Reason.NOT_SUPPORTED, words)
        else:
            notes.fact(path, one.known, source)
