"""Which ways to the host are open for the lab's containers, from what was recorded of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.replaying import in_place, isoaudit, replayed, replayed_host, tapes

from isoaudit import bundle
from isoaudit.assess import load_assessor
from isoaudit.audit.judging import Around, context_of
from isoaudit.model import Assessment, EscapePath, KnownWay, Openness

OPEN = {
    "containerd": {"ESC-009"},
    "dac-read-search": {"ESC-011"},
    "device-rule": {"ESC-012"},
    "door": {"ESC-008"},
    "etc": {"ESC-028", "ESC-029"},
    "etc-read-only": {"ESC-028"},
    "loop": {"ESC-012", "ESC-013"},
    "socket": {"ESC-008"},
    "socket-read-only": {"ESC-008"},
    "sys": {"ESC-032"},
    "sys-admin": {"ESC-002", "ESC-003", "ESC-004", "ESC-014+ESC-012", "ESC-038"},
    "systempaths": {"ESC-006"},
    "run": {"ESC-031", "ESC-045"},
}
"""What science.md's witnesses crossed, and what the same mounts and options make besides."""

CLOSED = (
    *("plain", "hardened", "user", "user-no-new-privileges", "cgroup-private", "folder", "volume"),
    *("bpf", "net-admin", "sys-ptrace", "sys-rawio", "sys-module", "kvm", "fuse", "shared"),
    *("net", "pid", "ipc", "uts", "unconfined", "narrow-rule", "proc", "paused"),
)
"""Weak as some of these are, none reaches the host: a neighbour or the host's names at most."""


@cache
def _assessed() -> dict[str, Assessment]:
    on = tapes("docker")
    with (
        TemporaryDirectory() as folder,
        in_place(host=replayed_host(on), docker=replayed("docker", on)),
    ):
        path = Path(folder) / "lab.json"
        code, said = isoaudit("collect", "host", "docker:isolab-*", "-o", str(path))
        assert code == 0, said
        lab = bundle.decode(path.read_bytes(), "lab")
    around = Around(lab.host, lab.engines)
    found = {}
    for one in lab.targets:
        assessment = load_assessor().assess(context_of(one, around))
        if assessment is not None:
            found[one.target.name.removeprefix("isolab-")] = assessment
    return found


def _own_ways_out(found: Assessment) -> list[EscapePath]:
    """Return the ways to the host by what a container is itself, without those of its neighbours.

    Whoever shares the lab's bridge may pass the engine's socket on: ESC-201 and on ask that.
    """
    return [
        path
        for path in found.escape_paths
        if path.goal.is_out and not any(step.id >= "ESC-200" for step in path.steps)
    ]


def _way(found: Assessment, name: str) -> KnownWay:
    return next(one for one in found.ways if one.id == name)


@pytest.mark.parametrize("name", OPEN)
def test_the_ways_that_are_open(name: str) -> None:
    """What leads to the host is open, and nothing else is."""
    found = _assessed()[name]

    ways = {path.id for path in _own_ways_out(found) if path.certainty is Openness.OPEN}
    assert ways == OPEN[name]


@pytest.mark.parametrize("name", CLOSED)
def test_no_way_to_the_host(name: str) -> None:
    """No way to the host is open, and none is left undecided."""
    assert [path.id for path in _own_ways_out(_assessed()[name])] == []


@pytest.mark.parametrize(
    ("name", "way"), [("sys-module", "ESC-036"), ("sys-rawio", "ESC-037"), ("sys-admin", "ESC-036")]
)
def test_what_the_kernel_lacks(name: str, way: str) -> None:
    """A capability for what this kernel does not have is told from one that was dropped."""
    state = _way(_assessed()[name], way)
    held = name != "sys-admin"

    assert state.state is (Openness.INERT if held else Openness.CLOSED)
    assert state.because
