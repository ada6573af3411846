"""Turns profiles into the checks that will run: what they extend, leave out and override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from isoaudit.errors import DefinitionError, UsageError
from isoaudit.model import Goal, Severity, least_of
from isoaudit.rules.check import Check, Level
from isoaudit.rules.profile import Profile, Selector, load_profile
from isoaudit.rules.wall_gate import Wanted, saved_walls, union, walls_of_saved

NEVER = "never"
WAY_OUT = "way-out"

_VERSION = "version"
"""The parameter of checks that follow a standard which changes: 29 for its version 1.29."""


class Gate(NamedTuple):
    """What makes a run fail: findings of a severity (None is never), and whether unknowns do too.

    `way_out` is the mildest goal of an open way out that fails it, None is never. `min_score` is
    the least that the low end of the escape axis may be.
    """

    fail_on: Severity | None = Severity.CRITICAL
    fail_on_unknown: bool = False
    way_out: Goal | None = None
    min_score: int = 0
    wanted: tuple[Wanted, ...] = ()
    """Workloads that every wall has to be enough for."""


class Selection(NamedTuple):
    """What one or several profiles come to: the checks as they will be run, and the gate."""

    profiles: tuple[str, ...]
    checks: tuple[Check, ...]
    gate: Gate = Gate()


def select(names: Sequence[str], catalogue: Mapping[str, Check]) -> Selection:
    """Return the union of the named profiles' checks, with the strictest of their gates.

    Raises UsageError if two of them want different values of one parameter or severity.
    """
    chosen: dict[str, Check] = {}
    gates: list[Gate] = []
    for name in names:
        selection = _resolve(load_profile(name), catalogue, ())
        for check in selection.checks:
            other = chosen.setdefault(check.id, check)
            if (other.params, other.levels) != (check.params, check.levels):
                raise UsageError(
                    f"profiles {', '.join(names)} want different settings of {check.id}",
                    "Write a profile that extends them and decides.",
                )
        gates.append(selection.gate)
    checks = tuple(chosen[check_id] for check_id in sorted(chosen))
    return Selection(tuple(names), checks, strictest(gates))


def gate_of(names: Sequence[str]) -> Gate:
    """Return the strictest gate of the named profiles, whatever checks they are about."""
    return strictest([_gate_of(load_profile(name), ()) for name in names])


def _gate_of(profile: Profile, trail: tuple[str, ...]) -> Gate:
    _refuse_circle(profile, trail)
    trail = (*trail, profile.id)
    inherited = [_gate_of(load_profile(name), trail) for name in profile.extends]
    return _gate(profile, strictest(inherited) if inherited else Gate())


def _refuse_circle(profile: Profile, trail: tuple[str, ...]) -> None:
    if profile.id in trail:
        raise DefinitionError(
            f"{profile.file}: profiles extend each other in a circle: "
            + " -> ".join((*trail, profile.id))
        )


def _resolve(profile: Profile, catalogue: Mapping[str, Check], trail: tuple[str, ...]) -> Selection:
    """Work in what a profile extends, then its own selection, overrides and gate."""
    _refuse_circle(profile, trail)
    inherited: dict[str, Check] = {}
    gates: list[Gate] = []
    for name in profile.extends:
        parent = _resolve(load_profile(name), catalogue, (*trail, profile.id))
        inherited |= {check.id: check for check in parent.checks}
        gates.append(parent.gate)
    if not profile.extends and profile.include is None:
        inherited = dict(catalogue)
    if profile.include is not None:
        _require_known(profile, "include", profile.include, catalogue)
        added = {c.id: c for c in catalogue.values() if profile.include.matches(c)}
        inherited = {**added, **inherited}
    if profile.exclude is not None:
        _require_known(profile, "exclude", profile.exclude, catalogue)
        inherited = {i: c for i, c in inherited.items() if not profile.exclude.matches(c)}
    checks = _at_version(profile, _overridden(profile, inherited, catalogue), catalogue)
    return Selection(
        (profile.id,), tuple(checks), _gate(profile, strictest(gates) if gates else Gate())
    )


def _overridden(
    profile: Profile, checks: dict[str, Check], catalogue: Mapping[str, Check]
) -> list[Check]:
    for key in ("params", "severity"):
        for check_id in getattr(profile, key):
            if check_id not in catalogue:
                raise _error(profile, [key, check_id], f"no check {check_id!r}", catalogue)
    for check_id, params in profile.params.items():
        if check_id in checks:
            checks[check_id] = _with_params(profile, checks[check_id], params)
    for check_id, severity in profile.severity.items():
        if check_id in checks:
            checks[check_id] = checks[check_id]._replace(levels=(Level(severity),))
    return [checks[check_id] for check_id in sorted(checks)]


def _at_version(
    profile: Profile, checks: list[Check], catalogue: Mapping[str, Check]
) -> list[Check]:
    """Return checks at the version of their standard that was named behind the profile's name.

    A version newer than the one that the catalogue's checks were written for is refused: what it
    changed is not known here, and an older one must not pass for it.
    """
    if profile.version is None:
        return checks
    versions = [catalogue[check.id].params.get(_VERSION) for check in checks]
    newest = max((one for one in versions if isinstance(one, int)), default=None)
    if newest is None:
        raise UsageError(
            f"profile {profile.id!r} has no versions", f"Name it without @: {profile.id}."
        )
    if profile.version > newest:
        raise UsageError(
            f"{profile.id}@1.{profile.version}: the newest version known here is 1.{newest}",
            f"Name it, or @latest: {profile.id}@1.{newest}.",
        )
    return [
        check._replace(params={**check.params, _VERSION: profile.version})
        if isinstance(check.params.get(_VERSION), int)
        else check
        for check in checks
    ]


def _with_params(profile: Profile, check: Check, params: Mapping[str, Any]) -> Check:
    merged = dict(check.params)
    for name, value in params.items():
        place = ["params", check.id, name]
        if name not in merged:
            raise _error(profile, place, f"{check.id} has no parameter {name!r}", merged)
        frozen = tuple(value) if isinstance(value, list) else value
        if type(frozen) is not type(merged[name]):
            kind = type(merged[name]).__name__.replace("tuple", "list")
            raise _error(profile, place, f"parameter {name!r} of {check.id} is a {kind}", ())
        merged[name] = frozen
    return check._replace(params=merged)


def _require_known(
    profile: Profile, key: str, selector: Selector, catalogue: Mapping[str, Check]
) -> None:
    """Refuse a selector that names nothing: a typo would silently drop checks."""
    for index, pattern in enumerate(selector.ids):
        if not any(fnmatchcase(check_id, pattern) for check_id in catalogue):
            raise _error(profile, [key, "ids", index], f"no check {pattern!r}", catalogue)
    tags = {tag for check in catalogue.values() for tag in check.tags}
    frameworks = {name for check in catalogue.values() for name in check.references}
    for word, names, known in (
        ("tags", selector.tags, tags),
        ("frameworks", selector.frameworks, frameworks),
    ):
        for index, name in enumerate(names):
            if name not in known:
                raise _error(profile, [key, word, index], f"no check has {name!r}", known)


def _error(
    profile: Profile, path: Sequence[str | int], problem: str, known: Iterable[str]
) -> DefinitionError:
    from difflib import get_close_matches

    close = get_close_matches(str(path[-1]), list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return DefinitionError(f"{profile.locate(path)}: {problem}{hint}")


def _gate(profile: Profile, inherited: Gate) -> Gate:
    data, gate = profile.gate, inherited
    if "fail_on" in data:
        level = data["fail_on"]
        gate = _at_level(gate, level)
    if "fail_on_way_out" in data:
        goal = data["fail_on_way_out"]
        gate = gate._replace(way_out=None if goal == "never" else Goal(goal))
    if "min_score" in data:
        gate = gate._replace(min_score=data["min_score"])
    if "fail_on_unknown" in data:
        gate = gate._replace(fail_on_unknown=data["fail_on_unknown"])
    return gate._replace(wanted=_wanted(profile, gate.wanted))


def _at_level(gate: Gate, level: str) -> Gate:
    """Return the gate for findings of a severity and worse.

    A gate that ways out break at all is broken by those that are as severe: a profile of a few
    checks of one's own asks for no more than these.
    """
    if level == NEVER:
        return gate._replace(fail_on=None, way_out=None)
    severity = Severity(level)
    if gate.way_out is None:
        return gate._replace(fail_on=severity)
    milder = max(gate.way_out, least_of(severity), key=lambda goal: goal.rank)
    return gate._replace(fail_on=severity, way_out=milder)


def _wanted(profile: Profile, inherited: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """Return the workloads that a profile wants walls for: its own, and those it starts from."""
    wall = profile.gate.get("wall")
    if wall is False:
        return ()
    if wall is None:
        return inherited
    if not profile.workload:
        problem = "`wall: true` says nothing without `workload`"
        raise _error(profile, ["gate", "wall"], problem, ())
    return union([inherited, [Wanted.of(profile.id, profile.workload)]])


def saved(gate: Gate, *, strict_waivers: bool) -> dict[str, str | bool | int]:
    """Return a gate as a report holds it."""
    return {
        "fail_on": gate.fail_on.value if gate.fail_on else NEVER,
        "fail_on_unknown": gate.fail_on_unknown,
        "strict_waivers": strict_waivers,
        "fail_on_way_out": gate.way_out.value if gate.way_out else NEVER,
        "min_score": gate.min_score,
        **({"walls": saved_walls(gate.wanted)} if gate.wanted else {}),
    }


def of_saved(data: Mapping[str, Any]) -> Gate:
    """Return the gate that a report holds; raises ValueError for a severity that there is not."""
    level = data["fail_on"]
    gate = Gate(None if level == NEVER else Severity(level), data["fail_on_unknown"])
    goal = data.get("fail_on_way_out", NEVER)  # what was saved before knew of no ways out
    return gate._replace(
        way_out=None if goal == NEVER else Goal(goal),
        min_score=data.get("min_score", 0),
        wanted=walls_of_saved(data.get("walls", "")),
    )


def strictest(gates: Sequence[Gate]) -> Gate:
    """Return the gate that fails whenever one of `gates` does."""
    levels = [gate.fail_on for gate in gates if gate.fail_on is not None]
    goals = [gate.way_out for gate in gates if gate.way_out is not None]
    return Gate(
        max(levels, key=lambda level: level.rank) if levels else None,
        any(gate.fail_on_unknown for gate in gates),
        max(goals, key=lambda goal: goal.rank) if goals else None,
        max((gate.min_score for gate in gates), default=0),
        union(gate.wanted for gate in gates),
    )


def overriding(
    gate: Gate, fail_on: str | None, *, unknown: bool, min_score: int | None = None
) -> Gate:
    """Return the gate with what the command line says in its place.

    `fail_on` is a severity, `never`, or `way-out` with or without the mildest goal that counts.
    """
    if fail_on is not None:
        word, _, goal = fail_on.partition(":")
        if word == WAY_OUT:
            gate = gate._replace(fail_on=None, way_out=Goal(goal) if goal else Goal.HOST_READ)
        else:
            gate = _at_level(gate, word)
    if min_score is not None:
        gate = gate._replace(min_score=min_score)
    return gate._replace(fail_on_unknown=True) if unknown else gate


def fail_on_words() -> tuple[str, ...]:
    """Return every word that --fail-on takes."""
    ways = (WAY_OUT, *(f"{WAY_OUT}:{goal.value}" for goal in Goal))
    return (*(severity.value for severity in Severity), *ways, NEVER)
