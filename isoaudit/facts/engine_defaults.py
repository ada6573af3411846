"""What a file leaves to its engine, once it is known which engine that will be.

A probe of a file takes for a default what the engine ships with, and says so in the source. An
engine that was asked may have been told otherwise by its own configuration (dockerd(8)). What the
file itself says stands; what neither tells stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from isoaudit.model import Fact, FactSet, Location, Missing, Part, Record, Value, Vantage

ENGINE_DEFAULT = "engine default"
"""By these words, in brackets behind the place, a source says that the file left it open."""

_LEFT_OPEN = "default"
"""The word of what was asked for, where nothing was."""

_Made = Callable[[Value], Value | None]


class _Rule(NamedTuple):
    """That `path` is what `made` makes of the engine's `asked`; None is nothing to say.

    `left_open` is the path of a value that must be the default for it, where the file has none of
    the rule's own.
    """

    path: str
    asked: str
    made: _Made
    left_open: str = ""


def _same(value: Value) -> Value | None:
    return value


def _remapped(value: Value) -> Value | None:
    return "private" if value is True else None


def _profile(value: Value) -> Value | None:
    return {"unavailable": "unconfined"}.get(str(value), value)


def _mode(value: Value) -> Value | None:
    return "disabled" if value in ("unconfined", "unavailable") else "filter"


def _has_apparmor(value: Value) -> Value | None:
    return isinstance(value, tuple) and "apparmor" in value


def _is_shareable(value: Value) -> Value | None:
    return value == "shareable"


def _namespace(value: Value) -> Value | None:
    return value if value in ("private", "host") else None


_OWN = (
    _Rule("container.seccomp.profile", "engine.seccomp_default", _profile),
    _Rule("container.ipc_shareable", "engine.default_ipc_mode", _is_shareable),
    _Rule("container.runtime", "engine.default_runtime", _same),
    _Rule("container.log.driver", "engine.log_driver", _same),
    _Rule("container.log.bounded", "engine.log_limited", _same),
)
_OF_PROCESS = (
    _Rule("process.no_new_privileges", "engine.no_new_privileges", _same),
    _Rule("process.seccomp.mode", "engine.seccomp_default", _mode),
    _Rule("process.user_namespace", "engine.user_namespace_remap", _remapped),
    _Rule("process.namespaces.cgroup", "engine.default_cgroup_namespace", _namespace,
          "container.cgroup_namespace"),
    _Rule("process.apparmor.confined", "engine.security_options", _has_apparmor,
          "container.apparmor.profile"),
)  # fmt: skip


def with_engine_defaults(facts: FactSet, engine: Record) -> FactSet:
    """Return what a file of docker's kind declares, its defaults replaced by those of an engine."""
    dark = {path for path, several in facts.missing.items() if any(map(_outranks, several))}
    known = {path: several[0] for path, several in facts.facts.items() if path not in dark}
    open_ones = {path for path, fact in known.items() if _is_default(fact)}
    own = _settled(_OWN, known, open_ones, engine)
    part = facts.part("process", Vantage.DECLARED)
    parts = [_with_processes(part, known, open_ones, engine)] if part else []
    return facts.merge(FactSet.of(own, parts))


def _with_processes(
    part: Part, known: Mapping[str, Fact], open_ones: Iterable[str], engine: Record
) -> Part:
    records = []
    for record in part.records:
        beside = {**known, **record.facts}
        left = {*open_ones, *(path for path, fact in record.facts.items() if _is_default(fact))}
        dark = {path for path, entry in record.missing.items() if _outranks(entry)}
        rules = [rule for rule in _OF_PROCESS if rule.path not in dark]
        settled = {fact.path: fact for fact in _settled(rules, beside, left, engine)}
        missing = {path: m for path, m in record.missing.items() if path not in settled}
        records.append(Record({**record.facts, **settled}, missing))
    return replace(part, records=tuple(records))


def _settled(
    rules: Iterable[_Rule], known: Mapping[str, Fact], left: Iterable[str], engine: Record
) -> list[Fact]:
    """Return the facts that the engine's own settings decide."""
    settled = []
    for rule in rules:
        asked = engine.facts.get(rule.asked)
        said = known.get(rule.path)
        ground = said if said is not None else known.get(rule.left_open)
        if asked is None or ground is None:
            continue
        if ground.path not in left and (said is not None or ground.value != _LEFT_OPEN):
            continue
        value = rule.made(asked.value)
        if value is not None:
            source = f"{ground.source}; {rule.asked}: {asked.source}"
            settled.append(Fact(rule.path, value, source, ground.vantage, ground.location))
    return settled


def _outranks(entry: Missing) -> bool:
    """Say whether a stronger word than a file's stayed dark: such a value is in doubt."""
    return entry.vantage is not None and entry.vantage.rank > Vantage.DECLARED.rank


def _is_default(fact: Fact) -> bool:
    """Say whether a file left a value to the engine, by the remark: a path may hold any words."""
    place = fact.location or Location("")
    return fact.vantage is Vantage.DECLARED and ENGINE_DEFAULT in fact.source.removeprefix(
        f"{place.file}:{place.line}:{place.column}"
    )
