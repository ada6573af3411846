"""Which engine of a recorded host will run a file: the one of its kind, or the one it names."""

from __future__ import annotations

import pytest

from isoaudit.audit.placing import Ground, ground_of
from isoaudit.bundle import Bundle, Evidence
from isoaudit.errors import UsageError
from isoaudit.model import (
    Fact,
    FactSet,
    InlineWaiver,
    Kind,
    Part,
    Record,
    Target,
    Value,
    Vantage,
    Waiver,
)

HOST = Evidence(Target("host:lab", Kind.HOST, "lab", "running"), FactSet())


def engine(name: str, endpoint: str = "", **settings: Value) -> Record:
    values: dict[str, Value] = {"engine.name": name, "engine.endpoint": endpoint}
    values |= {f"engine.{key}": value for key, value in settings.items()}
    return Record.of([Fact(path, value, "info", Vantage.ENGINE) for path, value in values.items()])


DOCKER, PODMAN = engine("docker", "unix:///d"), engine("podman", "unix:///p")
CRI = Record.of([Fact("engine.name", "containerd", "x", Vantage.ENGINE),
                 Fact("engine.cri.enabled", True, "x", Vantage.ENGINE)])  # fmt: skip
GROUND = Ground(HOST, (DOCKER, PODMAN, CRI), "2026-08-01T10:00:00Z")


def file(dialect: str, *facts: Fact, kind: Kind = Kind.CONTAINER) -> Evidence:
    return Evidence(Target(f"{dialect}:f#x", kind, "x", "declared", dialect=dialect),
                    FactSet.of(facts))  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("compose", DOCKER), ("devcontainer", DOCKER), ("quadlet", PODMAN), ("kubernetes", CRI)],
)
def test_a_file_is_run_by_the_engine_of_its_kind(dialect: str, expected: Record) -> None:
    """And stands on the host that was named."""
    placed, found = GROUND.placed(file(dialect))

    assert expected is found
    assert "host:lab" == placed.target.host


@pytest.mark.parametrize(("name", "expected"), [("docker", DOCKER), ("podman", PODMAN)])
def test_a_command_line_names_its_engine(name: str, expected: Record) -> None:
    """A line for podman is never judged by what docker was told."""
    told = Fact("container.engine", name, "f:1:1", Vantage.DECLARED)

    assert expected is GROUND.placed(file("docker_run", told))[1]


@pytest.mark.parametrize("dialect", ["docker_run", "oci", "systemd"])
def test_where_nobody_tells_none_is_guessed(dialect: str) -> None:
    """The reason says so."""
    found = GROUND.placed(file(dialect))[1]

    assert found is not None
    assert {} == found.facts
    assert "does not tell" in found.missing["engine"].detail


def test_a_vm_has_a_host_and_no_engine() -> None:
    """What its hypervisor says of itself is the host's."""
    placed, found = GROUND.placed(file("libvirt_xml", kind=Kind.VM))

    assert ("host:lab", None) == (placed.target.host, found)


def test_what_is_no_file_keeps_its_place() -> None:
    """It ran where it was seen."""
    live = Evidence(Target("docker:x", Kind.CONTAINER, "x", "running"), FactSet())

    assert (live, None) == GROUND.placed(live)


def test_what_a_file_waives_comes_along() -> None:
    """Placing a file changes nothing of what stands in it."""
    said = (InlineWaiver(("ACME-001",), Waiver("a reason", "", None, "f:1", "inline")),)
    one = file("compose")

    assert said == GROUND.placed(Evidence(one.target, one.facts, said))[0].said


def test_engines_that_files_tell_of_count_once() -> None:
    """One that was asked stands in the host's part as well."""
    part = Part("engine", Vantage.ENGINE, (DOCKER, CRI))
    host = Evidence(HOST.target, FactSet.of(parts=[part]))
    ground = ground_of(Bundle("t", host, (), (), {"unix:///d": DOCKER}), "b.json")

    assert [DOCKER, CRI] == list(ground.engines)


def test_a_bundle_without_a_host_is_no_ground() -> None:
    """It was collected from files alone."""
    with pytest.raises(UsageError, match="no evidence of a host"):
        ground_of(Bundle("t", None, (), ()), "b.json")
