"""Joining what two sources show of one workload."""

from __future__ import annotations

import pytest

from isoaudit.audit.common import Limits
from isoaudit.audit.finding import Sources, find_all
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.table import Opened
from isoaudit.targets.address import Address


class OneTarget:
    """A source of one target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def find(self) -> list[Target]:
        return [self._target]

    def collect(self, _target: Target) -> FactSet:
        return FactSet()


@pytest.mark.parametrize(
    ("state", "expected"), [("running", ["docker:web"]), ("exited", ["docker:web", "proc:x"])]
)
def test_processes_are_not_those_of_a_container_without_any(
    state: str, expected: list[str]
) -> None:
    """Who takes the id of an exited container for his group's name must not vanish into it."""
    web = Target("docker:web", Kind.CONTAINER, "web", state, handle="1", host="local")
    stray = Target("proc:x", Kind.CONTAINER, "x", "running", handle="1", host="local")
    engine = (Address("docker:", "docker", asked=False), Opened(OneTarget(web), "unix:///x"))
    proc = (Address("proc:", "proc", asked=False), Opened(OneTarget(stray), "proc"))
    chosen, errors = find_all(Sources([engine, proc]), Limits(1, 5.0))
    assert [] == errors
    assert expected == sorted(one.target.id for one in chosen.values())
