"""The score's model as data: attack paths, what each layer gives in bits, and caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.errors import DefinitionError
from isoaudit.model import Axis, Goal, Kind
from isoaudit.rules.cel import Condition

FOLDS = ("any", "all", "none")


class Option(NamedTuple):
    """One of several values of a term: its bits where `when` is true; None always is."""

    bits: float
    when: Condition | None = None
    text: str = ""


class Term(NamedTuple):
    """What a fact gives to a layer on some attack paths.

    The first option that is true counts. `each` is the part whose records `when` is about: the
    acting one for `process`; of any other part `fold` says whether it must be true of any, of all
    or of none of the records. `quantity` names what is computed instead (`quantities.py`).
    """

    id: str
    paths: tuple[str, ...]
    layer: str
    text: str
    options: tuple[Option, ...]
    each: str = ""
    fold: str = "any"
    quantity: str = ""
    settle: str = ""


class AttackPath(NamedTuple):
    """A way that has to be fought for: the sum of its layers' bits is what it costs."""

    id: str
    axis: Axis
    kinds: tuple[Kind, ...]
    title: str
    when: Condition | None = None
    each: str = ""


class Cap(NamedTuple):
    """A structure that an axis cannot exceed."""

    id: str
    axis: Axis
    kinds: tuple[Kind, ...]
    cap: int
    when: Condition
    text: str
    each: str = ""
    fold: str = "any"


class Model(NamedTuple):
    """All of it. `goals` says which axis an open way caps, and at what."""

    paths: tuple[AttackPath, ...]
    terms: Mapping[str, tuple[Term, ...]]
    caps: tuple[Cap, ...]
    goals: Mapping[Goal, tuple[Axis, int]]
    layers: Mapping[str, Sequence[tuple[str, Condition | None]]]
    softness: float
    scale: float


def build(documents: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Model:
    """Build the model from the documents called `score` and `score-…`.

    Raises DefinitionError for a term of a path that there is not.
    """
    common = documents["score"]
    parts = [one for name, one in sorted(documents.items()) if name.startswith("score")]
    paths = tuple(_path(p, conditions) for one in parts for p in one.get("paths", ()))
    terms = [_term(t, conditions) for one in parts for t in one.get("terms", ())]
    known = {path.id for path in paths}
    by_path: dict[str, list[Term]] = {path: [] for path in known}
    for term in terms:
        for path in term.paths:
            if path not in known:
                raise DefinitionError(f"score: term {term.id!r} is of no path: {path!r}", "")
            by_path[path].append(term)
    return Model(
        paths,
        {path: tuple(several) for path, several in by_path.items()},
        tuple(_cap(c, conditions) for one in parts for c in one.get("caps", ())),
        {Goal(goal): (Axis(one["axis"]), one["cap"]) for goal, one in common["goals"].items()},
        {name: _names(several, conditions) for one in parts
         for name, several in one.get("layers", {}).items()},
        common["softness"],
        common["scale"],
    )  # fmt: skip


def _when(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Condition | None:
    return conditions[data["when"]] if "when" in data else None


def _path(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> AttackPath:
    kinds = tuple(Kind(kind) for kind in data["kinds"])
    return AttackPath(data["id"], Axis(data["axis"]), kinds, data["title"],
                      _when(data, conditions), data.get("each", ""))  # fmt: skip


def _term(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Term:
    options = tuple(
        Option(float(one["bits"]), _when(one, conditions), one.get("text", ""))
        for one in data.get("choose", ())
    )
    if options and options[-1].when is not None:
        options = (*options, Option(0.0))
    return Term(
        data["id"],
        tuple(data["paths"]),
        data["layer"],
        " ".join(data["text"].split()),
        options,
        data.get("each", ""),
        data.get("fold", "any"),
        data.get("quantity", ""),
        data.get("settle", ""),
    )


def _cap(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Cap:
    kinds = tuple(Kind(kind) for kind in data["kinds"])
    return Cap(data["id"], Axis(data["axis"]), kinds, data["cap"], conditions[data["when"]],
               data["text"], data.get("each", ""), data.get("fold", "any"))  # fmt: skip


def _names(
    data: Sequence[Mapping[str, Any]], conditions: Mapping[str, Condition]
) -> list[tuple[str, Condition | None]]:
    return [(one["kind"], _when(one, conditions)) for one in data]
