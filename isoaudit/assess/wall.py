"""The wall a workload stands behind, by structure: proven fact by fact.

What must be so for which wall stands in `data/walls.yaml`. What ways out leave of a wall is said by
`verdict.fallen`: here it is only what stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.assess.asked import KERNEL, view_of
from isoaudit.assess.definitions import Definitions
from isoaudit.assess.truth import UNREAD, Truth, Truths, View
from isoaudit.errors import DefinitionError
from isoaudit.model import Kind, Missing, Reason, Wall, WallKind
from isoaudit.rules.cel import Condition
from isoaudit.rules.context import Context

_CONTAINER, _VM = "container", "vm"


class Requirement(NamedTuple):
    """One thing that must be so, and the words for it where it is not.

    `each` is the part of which it must be so of every record; `some` says that there always is one.
    """

    id: str
    that: Condition
    lacks: str
    source: Sequence[str]
    each: str = ""
    some: bool = False


class Form(NamedTuple):
    """One way in which a wall may stand: for containers or VMs, with all of its requirements."""

    family: str
    needs: tuple[Requirement, ...]


class WallRule(NamedTuple):
    """A wall with its forms; one of them is enough. VMs may know it by another name."""

    kind: WallKind
    name: str
    meaning: str
    forms: tuple[Form, ...]
    source: Sequence[str]
    name_of_vm: str = ""


class Addition(NamedTuple):
    """What may stand beside a wall: confidential, dedicated."""

    name: str
    meaning: str
    form: Form
    source: Sequence[str]


class WallRules(NamedTuple):
    """All walls, weakest first, and the additions."""

    walls: tuple[WallRule, ...]
    additions: tuple[Addition, ...]


class _Found(NamedTuple):
    """What one form comes to: what is not so, and what is not known."""

    kind: WallKind
    lacks: tuple[str, ...]
    missing: tuple[Missing, ...]
    undecided: bool


class Walls:
    """Says which wall stands; what conditions came to is shared with the ways and the score."""

    def __init__(self, known: Definitions, truths: Truths) -> None:
        self._rules = wall_rules(known)
        self._truths = truths

    def of(self, context: Context) -> Wall:
        """Return the wall of a target: proven, and possible if what is not known turns out well."""
        view, family = _seen(context)
        asked: dict[str, Truth] = {}
        found = [
            self._tried(rule.kind, form, view, asked)
            for rule in self._rules.walls
            for form in rule.forms
            if form.family == family
        ]
        stands = [one for one in found if not one.lacks]
        proven = _strongest([one for one in stands if not one.undecided])
        possible = _strongest(stands)
        missing = possible.missing if possible.kind is not proven.kind else ()
        return Wall(proven.kind, possible.kind, missing, _beyond(found, possible.kind),
                    self._additions(family, view, asked))  # fmt: skip

    def _additions(self, family: str, view: View, asked: dict[str, Truth]) -> tuple[str, ...]:
        tried = (
            (one.name, self._tried(WallKind.NONE, one.form, view, asked))
            for one in self._rules.additions
            if one.form.family == family
        )
        return tuple(name for name, one in tried if not one.lacks and not one.undecided)

    def _tried(self, kind: WallKind, form: Form, view: View, asked: dict[str, Truth]) -> _Found:
        lacks: list[str] = []
        missing: list[Missing] = []
        undecided = False
        for need in form.needs:
            truth = asked.get(need.id)
            if truth is None:
                truth = asked[need.id] = self._holds(need, view)
            if truth.value is False:
                lacks.append(need.lacks)
            elif truth.value is None:
                undecided = True
                missing += truth.missing
        return _Found(kind, tuple(lacks), tuple(dict.fromkeys(missing)), undecided)

    def _holds(self, need: Requirement, view: View) -> Truth:
        """Return whether a requirement is met, of every record where it is about records."""
        # A weaker word than there could be may say that a wall does not stand, never that it does.
        if not need.each:
            return self._truths.of(need.that, view, trusting=False)
        missing: list[Missing] = []
        open_end = False
        for one in _each(need, view):
            truth = self._truths.of(need.that, one, trusting=False)
            if truth.value is False:
                return truth
            if truth.value is None:
                open_end = True
                missing += truth.missing
        return Truth(None if open_end else True, (), tuple(dict.fromkeys(missing)))


def wall_rules(known: Definitions) -> WallRules:
    """Return the walls as data says them; raises DefinitionError for a name that means nothing."""
    data = known.documents["walls"]
    needs = {one["id"]: _requirement(one, known.conditions) for one in data["requirements"]}
    return WallRules(
        tuple(
            WallRule(WallKind(one["wall"]), one["name"], _line(one["meaning"]),
                     tuple(_form(form, needs) for form in one["forms"]), one["source"],
                     one.get("name_of_vm", ""))
            for one in data["walls"]
        ),
        tuple(
            Addition(one["name"], _line(one["meaning"]), _form(one, needs), one["source"])
            for one in data["additions"]
        ),
    )  # fmt: skip


def _requirement(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Requirement:
    return Requirement(data["id"], conditions[data["that"]], data["lacks"], data["source"],
                       data.get("each", ""), data.get("some", False))  # fmt: skip


def _form(data: Mapping[str, Any], needs: Mapping[str, Requirement]) -> Form:
    unknown = [name for name in data["needs"] if name not in needs]
    if unknown:
        raise DefinitionError(f"walls: no requirement {unknown[0]!r}", "Name one that is listed.")
    return Form(data["for"], tuple(needs[name] for name in data["needs"]))


def _line(text: str) -> str:
    return " ".join(text.split())


def _seen(context: Context) -> tuple[View, str]:
    """Return a target as conditions are asked about it, and what it is: container or VM.

    A domain of libvirt's LXC driver is a container: the host's kernel answers it.
    """
    view = view_of(context)
    if context.target.kind is not Kind.VM:
        return view, _CONTAINER
    seen = context.fact("vm.kernel")
    if isinstance(seen, Missing) or seen.fact.value != "host":
        return view, _VM
    return view._replace(given={KERNEL: seen.fact._replace(path=KERNEL)}), _CONTAINER


def _each(need: Requirement, view: View) -> list[View]:
    """Return a view for each record of which a requirement must be met."""
    views = view.each(need.each)
    if need.some and not views:
        why = Missing(need.each, Reason.NOT_SUPPORTED, "none of its records was read")
        views.append(view.beside(need.each, UNREAD, why))
    return views


def _strongest(found: Sequence[_Found]) -> _Found:
    """Return the strongest; of several forms of it the one of which least is not known."""
    return max(found, key=lambda one: (one.kind.tier, -len(one.missing)))


def _beyond(found: Sequence[_Found], reached: WallKind) -> tuple[str, ...]:
    """Return what is not so for the next stronger wall; of branches the one that lacks least."""
    stronger = [one for one in found if one.kind.tier > reached.tier]
    if not stronger:
        return ()
    nearest = min(stronger, key=_nearness)
    return nearest.lacks


def _nearness(one: _Found) -> tuple[int, int]:
    """Return how near a wall is: by its tier, MICROVM and VM being side by side."""
    return min(one.kind.tier, WallKind.MICROVM.tier), len(one.lacks)
