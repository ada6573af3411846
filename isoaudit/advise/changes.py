"""Changes as data: what may be changed about a target or its host, and what facts then become.

They stand in `data/changes-*.yaml`; what one is for a given target is made in `applicable.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.model import Kind
from isoaudit.rules.cel import Condition
from isoaudit.rules.data import load_data

_FOLDER = Path(__file__).parent / "data"
_FILES = {Kind.CONTAINER: "changes-container.yaml", Kind.VM: "changes-vm.yaml"}
_HOST = "host"


class Values(NamedTuple):
    """Elements of lists that a change is made of, one each or all of them together."""

    paths: tuple[str, ...]
    among: tuple[str, ...]
    together: bool


class Change(NamedTuple):
    """One change in general. `edits` are as in the file, without a target to make them of.

    `of` names the part of which each record makes a change, told apart by the fields `by`; `each`
    the part one record of which is enough for `when`. `risk` is 0 to 3: how much it may break.
    """

    id: str
    title: str
    how: Mapping[str, str]
    scope: str
    effort: int
    downtime: str
    risk: int
    may_break: str
    when: Condition | None
    each: str
    of: str
    by: tuple[str, ...]
    values: Values | None
    edits: tuple[Mapping[str, Any], ...]

    @property
    def is_of_host(self) -> bool:
        """Whether it is made once, at the host, for all that run there."""
        return self.scope == _HOST


class Changes(NamedTuple):
    """All changes of a kind of target, and what makes one dearer than another."""

    changes: tuple[Change, ...]
    conditions: Mapping[str, Condition]
    costs: Mapping[str, Mapping[Any, int]]
    default_filter: Mapping[str, tuple[str, ...]]
    confined: Mapping[str, Mapping[str, Any]]
    capabilities: tuple[str, ...]

    def cost(self, change: Change) -> int:
        """Return what a change costs: effort, downtime and what it may break, weighed."""
        costs = self.costs
        return (
            costs["effort"][change.effort]
            + costs["downtime"][change.downtime]
            + costs["risk"][change.risk]
        )


@cache
def load_changes(kind: Kind) -> Changes:
    """Return isoaudit's own changes; raises DefinitionError if they do not load."""
    files = [(str(_FOLDER / name), f"advice/{name}") for name in _FILES.values()]
    data = load_data("changes", files)
    container = data.documents[f"advice/{_FILES[Kind.CONTAINER]}"]
    own = data.documents[f"advice/{_FILES[kind]}"]
    return Changes(
        tuple(_change(one, data.conditions) for one in own["changes"]),
        data.conditions,
        _costs(container["costs"]),
        {name: tuple(needed) for name, needed in container["default_filter"].items()},
        container["confined"],
        tuple(container["capabilities"]),
    )


def _costs(data: Mapping[str, Mapping[Any, int]]) -> Mapping[str, Mapping[Any, int]]:
    """Return the weights with numbers as keys: what is kept of a document has words alone."""
    return {
        name: {int(key) if str(key).isdigit() else key: weight for key, weight in several.items()}
        for name, several in data.items()
    }


def _change(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Change:
    values = data.get("values")
    when = data.get("when")
    return Change(
        id=data["id"],
        title=data["title"],
        how=data.get("how", {}),
        scope=data.get("scope", "target"),
        effort=data["effort"],
        downtime=data["downtime"],
        risk=data["risk"],
        may_break=data["may_break"],
        when=conditions[when] if when is not None else None,
        each=data.get("each", ""),
        of=data.get("of", ""),
        by=tuple(data.get("by", ())),
        values=Values(tuple(values["paths"]), tuple(values["among"]), values.get("together", False))
        if values
        else None,
        edits=tuple(data["edits"]),
    )
