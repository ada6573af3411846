"""Other ways to run a container: what each would change for one workload on its host.

What it comes to is computed from edited facts, nothing is started. Whatever a way brings that
nobody has read, as how gVisor's Sentry is filtered, stays unknown and widens the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.advise.enough import Enough, EnoughJudge, Reason
from isoaudit.advise.moves import Blocker, BlockerRule, blockers_of
from isoaudit.advise.required import Required
from isoaudit.assess import Assessor
from isoaudit.assess.asked import view_of
from isoaudit.assess.edited import Edit, Operation, edited_context
from isoaudit.assess.truth import Truth, Truths
from isoaudit.errors import UsageError
from isoaudit.facts.vocabulary import parts
from isoaudit.model import (
    Assessment,
    EscapePath,
    Fact,
    FactSet,
    Goal,
    Kind,
    Openness,
    Part,
    Record,
    Target,
    Vantage,
)
from isoaudit.rules.cel import Condition
from isoaudit.rules.context import Context
from isoaudit.rules.data import frozen, load_data

_FILE = Path(__file__).parent / "data" / "candidates.yaml"
_SHOWN = "advice/candidates.yaml"


class Cost(NamedTuple):
    """What one thing costs, by the literature; without a figure none of what was read has one."""

    what: str
    figure: str
    source: str


class Need(NamedTuple):
    """What a way takes of host or engine, and how to have it."""

    when: Condition
    text: str
    how: str


class Way(NamedTuple):
    """One way to run a container, for no target yet. `guest` are facts of a VM of its own."""

    id: str
    title: str
    now: Condition | None
    each: str
    edits: tuple[Edit, ...]
    guest: Mapping[str, Any]
    note: str
    refuses: tuple[BlockerRule, ...]
    breaks: tuple[BlockerRule, ...]
    costs: tuple[Cost, ...]
    needs: tuple[Need, ...]


class Candidate(NamedTuple):
    """What one way comes to for one workload.

    `is_current` is whether it runs so already (None: not known), `enough` whether the wall would
    do for what is required of it, `closed` the ways that are open now and would not be. What is
    `refused` does not start so: then `after` is how it runs now, and nothing is enough or closed.
    """

    way: Way
    is_current: bool | None
    after: Assessment
    kind: Kind
    enough: Enough | None
    closed: tuple[str, ...]
    breaks: tuple[Blocker, ...]
    needs: tuple[tuple[Need, Truth], ...]
    refused: tuple[Blocker, ...] = ()

    @property
    def left(self) -> Mapping[tuple[Openness, Goal], tuple[EscapePath, ...]]:
        """The ways out that are left, by how sure they are and where they lead."""
        found: dict[tuple[Openness, Goal], tuple[EscapePath, ...]] = {}
        for path in self.after.escape_paths:
            key = (path.certainty, path.goal)
            found[key] = (*found.get(key, ()), path)
        return found

    @property
    def lacking(self) -> tuple[Need, ...]:
        """What is not here."""
        return tuple(need for need, truth in self.needs if truth.value is False)


def candidates(
    context: Context,
    assessment: Assessment,
    assessor: Assessor,
    names: Sequence[str],
    needed: Required | None = None,
) -> tuple[Candidate, ...]:
    """Return what ways to run a container come to for it, in the order named; none for a VM.

    Raises UsageError for a name that there is not.
    """
    ways = ways_named(names)
    if context.target.kind is not Kind.CONTAINER:
        return ()
    return tuple(_candidate(one, context, assessment, assessor, needed) for one in ways)


def ways_named(names: Sequence[str]) -> tuple[Way, ...]:
    """Return ways by their names, each once; raises UsageError for a name that there is not."""
    known = load_ways()
    for name in names:
        if name not in known:
            close = get_close_matches(name.lower(), known, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise UsageError(
                f"no candidate is called {name!r}", f"{hint}There are: {', '.join(known)}."
            )
    return tuple(known[name] for name in dict.fromkeys(names))


@cache
def load_ways() -> Mapping[str, Way]:
    """Return isoaudit's own by name; raises DefinitionError if they do not load."""
    data = load_data("candidates", [(str(_FILE), _SHOWN)])
    found = [_way(one, data.conditions) for one in data.documents[_SHOWN]["candidates"]]
    return {one.id: one for one in found}


def _candidate(
    way: Way,
    context: Context,
    before: Assessment,
    assessor: Assessor,
    needed: Required | None,
) -> Candidate:
    truths, view = assessor.truths, view_of(context)
    is_current = _is_current(way, context, truths)
    refusing = [one for rule in way.refuses for one in blockers_of(rule, view, truths)]
    refused = tuple(one for one in refusing if one.is_known and not is_current)
    then = context if is_current or refused else _then(way, context)
    after = before if then is context else assessor.assess(then) or before
    judge = EnoughJudge(truths)
    found = [one for rule in way.breaks for one in blockers_of(rule, view, truths)]
    found += [one for one in refusing if not one.is_known]
    open_after = set(_open(after))
    return Candidate(
        way,
        is_current,
        after,
        then.target.kind,
        _enough(judge.of(after, needed, then), refused) if needed is not None else None,
        tuple(one for one in _open(before) if one not in open_after),
        () if is_current else tuple(sorted(found, key=lambda one: not one.is_known)),
        tuple((need, truths.of(need.when, view)) for need in way.needs),
        refused,
    )


def _enough(found: Enough, refused: Sequence[Blocker]) -> Enough:
    """Return whether a wall is enough: none is that nothing starts behind."""
    if not refused:
        return found
    return Enough(False, tuple(Reason(f"it would not start: {one.text}", True) for one in refused))


def _open(assessment: Assessment) -> tuple[str, ...]:
    ways = (p.id for p in assessment.escape_paths if p.certainty is Openness.OPEN)
    return tuple(dict.fromkeys(ways))


def _then(way: Way, context: Context) -> Context:
    """Return what would be judged: the target with its facts edited, or a guest on its host."""
    if not way.guest:
        return edited_context(context, way.edits)
    host, engine = context.around
    here = context.target
    target = Target(here.id, Kind.VM, here.name, here.state, dialect="libvirt_xml", host=here.host)
    return Context(target, _described(way), host, engine)


def _described(way: Way) -> FactSet:
    """Return the facts of a guest as the data describes it; no more is known of it."""
    facts = [_fact(path, value, way) for path, value in way.guest.items() if path not in parts()]
    known = [
        Part(path, Vantage.DECLARED, tuple(Record({}) for _ in value))
        for path, value in way.guest.items()
        if path in parts()
    ]
    return FactSet.of(facts, known)


def _fact(path: str, value: Any, way: Way) -> Fact:
    return Fact(path, frozen(value), f"if {way.title}", Vantage.DECLARED)


def _is_current(way: Way, context: Context, truths: Truths) -> bool | None:
    """Say whether a target runs so: for certain, by all of its records."""
    if way.now is None:
        return False
    found = [truths.of(way.now, view).value for view in view_of(context).each(way.each)]
    if any(one is False for one in found) or not found:
        return False
    return True if all(found) else None


def _way(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Way:
    now, edits = data.get("now", {}), data.get("edits", {})
    because = data["title"]
    made = [
        Edit(Operation.SET, path, frozen(value), because=because)
        for path, value in edits.get("set", {}).items()
    ]
    made += [Edit(Operation.FORGET, path) for path in edits.get("forget", ())]
    return Way(
        data["id"],
        because,
        conditions[now["when"]] if now else None,
        now.get("each", ""),
        tuple(made),
        data.get("guest", {}),
        data.get("note", ""),
        tuple(_rule(data["id"], one, conditions) for one in data.get("refuses", ())),
        tuple(_rule(data["id"], one, conditions) for one in data["breaks"]),
        tuple(Cost(one["what"], one["figure"], one["source"]) for one in data["costs"]),
        tuple(Need(conditions[one["when"]], one["text"], one["how"]) for one in data["needs"]),
    )  # fmt: skip


def _rule(way: str, data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> BlockerRule:
    return BlockerRule(way, (), (Kind.CONTAINER,), conditions[data["when"]], data["text"],
                       data["source"], data.get("each", ""), data.get("ask", ""))  # fmt: skip
