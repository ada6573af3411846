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


@pytest.mark.parametrize(
    ("state", "host", "expected"),
    [
        ("running", "local", ["libvirt:db"]),
        ("shut off", "local", ["libvirt:db", "vmm:x"]),
        ("running", None, ["libvirt:db", "vmm:x"]),
    ],
)
def test_vmm_is_the_domain_that_is_proven_to_run_here(
    state: str, host: str | None, expected: list[str]
) -> None:
    """A UUID on a command line joins a VMM only with a running domain of this machine."""
    db = Target("libvirt:db", Kind.VM, "db", state, handle="1", host=host)
    vmm = Target("vmm:x", Kind.VM, "x", "running", handle="1", host="local", aliases=("vmm:7",))
    libvirt = (Address("libvirt:", "libvirt", asked=False), Opened(OneTarget(db), "qemu:///system"))
    proc = (Address("vmm:", "vmm", asked=False), Opened(OneTarget(vmm), "vmm"))
    chosen, errors = find_all(Sources([proc, libvirt]), Limits(1, 5.0))
    assert [] == errors
    assert expected == sorted(one.target.id for one in chosen.values())


def test_joined_vmm_lends_its_name() -> None:
    """Who names a VMM by its pid gets the domain, which says what else it is called."""
    db = Target("libvirt:db", Kind.VM, "db", "running", handle="1", host="local")
    vmm = Target("vmm:x", Kind.VM, "x", "running", handle="1", host="local", aliases=("vmm:7",))
    libvirt = (Address("libvirt:", "libvirt", asked=False), Opened(OneTarget(db), "qemu:///system"))
    named = (Address("vmm:7", "vmm", name="7"), Opened(OneTarget(vmm), "vmm"))
    chosen, _ = find_all(Sources([named], [libvirt]), Limits(1, 5.0))
    assert [("libvirt:db", ("vmm:7",))] == [
        (one.target.id, one.target.aliases) for one in chosen.values()
    ]


def test_container_is_not_joined_with_a_vmm() -> None:
    """Handles of two kinds of source may be alike and mean nothing by it."""
    web = Target("docker:web", Kind.CONTAINER, "web", "running", handle="7", host="local")
    vmm = Target("vmm:x", Kind.VM, "x", "running", handle="7", host="local")
    docker = (Address("docker:", "docker", asked=False), Opened(OneTarget(web), "unix:///x"))
    proc = (Address("vmm:", "vmm", asked=False), Opened(OneTarget(vmm), "vmm"))
    chosen, _ = find_all(Sources([docker, proc]), Limits(1, 5.0))
    assert ["docker:web", "vmm:x"] == sorted(one.target.id for one in chosen.values())
