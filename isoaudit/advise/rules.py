"""The rules of advice as data: which wall which workload needs.

They stand in `data/rules.yaml`, each with its ground.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.advise.needs import Question, Workload, workload_of
from isoaudit.errors import DefinitionError
from isoaudit.model import WallKind
from isoaudit.rules.cel import Condition
from isoaudit.rules.data import load_data

_FILE = Path(__file__).parent / "data" / "rules.yaml"
_SHOWN = "advice/rules.yaml"


class Demand(NamedTuple):
    """What has to stand beside a wall. Without condition or addition only its owner knows it."""

    id: str
    text: str
    ground: str
    that: Condition | None = None
    addition: str = ""
    lacks: str = ""

    @property
    def is_seen(self) -> bool:
        """Whether facts can say that it is met."""
        return self.that is not None or bool(self.addition)


class Rule(NamedTuple):
    """What workloads like `when` need: one of `walls`, a score, and demands beside them.

    `neighbour` says that a way to other workloads counts as a way out does.
    """

    id: str
    when: Mapping[str, frozenset[str]]
    walls: tuple[WallKind, ...]
    score: int
    demands: tuple[Demand, ...]
    neighbour: bool
    because: str
    ground: str

    def fires(self, workload: Workload) -> bool:
        """Say whether a workload is like that: in every respect, of `needs` in one."""
        return all(not workload.of(name).isdisjoint(words) for name, words in self.when.items())


class WorkloadClass(NamedTuple):
    """A workload that every wall is judged for, by the name that reports give it."""

    id: str
    name: str
    workload: Workload


class Rules(NamedTuple):
    """All rules, the questions behind them, the classes, and workloads that go by a name."""

    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    demands: Mapping[str, Demand]
    classes: tuple[WorkloadClass, ...]
    named: Mapping[str, Workload]


@cache
def load_rules() -> Rules:
    """Return isoaudit's own rules; raises DefinitionError if they do not load."""
    data = load_data("advice", [(str(_FILE), _SHOWN)])
    return build(data.documents[_SHOWN], data.conditions)


def build(document: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Rules:
    """Build rules from their document; raises DefinitionError for a name that means nothing."""
    questions = tuple(
        Question(name, one["ask"], one["words"], one["default"])
        for name, one in document["questions"].items()
    )
    demands = {one["id"]: _demand(one, conditions) for one in document["demands"]}
    return Rules(
        questions,
        tuple(_rule(one, demands, questions) for one in document["rules"]),
        demands,
        tuple(
            WorkloadClass(one["id"], one["name"], workload_of(one["workload"], questions))
            for one in document["classes"]
        ),
        {name: workload_of(one, questions) for name, one in document["named"].items()},
    )


def _demand(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> Demand:
    that = conditions[data["that"]] if "that" in data else None
    return Demand(data["id"], data["text"], data["ground"], that, data.get("addition", ""),
                  data.get("lacks", ""))  # fmt: skip


def _rule(
    data: Mapping[str, Any], demands: Mapping[str, Demand], questions: Sequence[Question]
) -> Rule:
    words = {question.name: question.words for question in questions}
    for name, several in data["when"].items():
        for word in several:
            if word not in words.get(name, ()):
                raise DefinitionError(f"{_SHOWN}: rule {data['id']}: {name} is never {word!r}")
    return Rule(
        data["id"],
        {name: frozenset(several) for name, several in data["when"].items()},
        tuple(WallKind(one) for one in data["walls"]),
        data["score"],
        tuple(demands[name] for name in data.get("demands", ())),
        data.get("neighbour", False),
        data["because"],
        data["ground"],
    )
