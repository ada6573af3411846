"""What stands in the way of a stronger wall, by what the target uses and by what its host lacks."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.advise.moves import DIMENSIONS, Blocker, blockers, load_moves
from isoaudit.assess.truth import Truths
from isoaudit.model import Kind, WallKind
from isoaudit.rules.examples import context_of

PLAIN: dict[str, Any] = {
    "container.privileged": False,
    "container.gpu.requested": False,
    "control_socket": [],
    "device": [],
    "mount": [],
    "process": [{f"process.namespaces.{one}": "private" for one in ("net", "pid", "ipc")}],
    "engine.rootless": False,
    "engine.user_namespace_remap": True,
    "engine.runtimes.names": ["runc", "runsc", "kata"],
    "host.kvm.available": True,
    "host.virtualized": False,
}


def found(facts: dict[str, Any], kind: Kind = Kind.CONTAINER) -> list[Blocker]:
    """Return what stands in the way of a target with these facts."""
    return list(blockers(context_of(kind, facts), Truths()))


def test_nothing_stands_in_the_way_of_a_plain_container() -> None:
    """On a host that has all it takes."""
    assert found(PLAIN) == []


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"container.privileged": True}, "privileged", "it runs privileged"),
        ({"container.gpu.requested": True}, "gpu", "graphics card"),
        ({"device": [{"device.path": "/dev/fuse"}]}, "device", "it uses /dev/fuse"),
        ({"mount": [{"mount.kind": "bind", "mount.managed": False, "mount.source": "/srv"}]},
         "host-folder", "it uses /srv"),
        ({"control_socket": [{"control_socket.permitted": True,
                              "control_socket.path": "/run/x.sock"}]},
         "control-socket", "/run/x.sock"),
        ({"process": [{**PLAIN["process"][0], "process.namespaces.net": "host"}]},
         "host-network", "network"),
        ({"process": [{**PLAIN["process"][0], "process.namespaces.pid": "host"}]},
         "host-pid", "processes"),
        ({"process": [{**PLAIN["process"][0], "process.namespaces.ipc": "host"}]},
         "host-ipc", "memory"),
        ({"engine.user_namespace_remap": False}, "host-root-mapped", "user namespace"),
        ({"engine.runtimes.names": ["runc", "kata"]}, "no-gvisor", "runsc"),
        ({"engine.runtimes.names": ["runc", "runsc"]}, "no-kata", "kata"),
        ({"host.kvm.available": False}, "no-virtualization", "/dev/kvm"),
        ({"host.virtualized": True}, "nested", "nested"),
    ],
)  # fmt: skip
def test_each_blocker_is_told_by_what_was_seen(
    changed: dict[str, Any], name: str, words: str
) -> None:
    """With its evidence, and nothing else with it."""
    (one,) = found(PLAIN | changed)

    assert name == one.id
    assert one.is_known
    assert one.evidence
    assert words in one.text


def test_what_was_not_read_is_asked_in_words_without_gaps() -> None:
    """And says what would settle it."""
    several = found({})

    assert {rule.id for rule in load_moves().blockers} == {one.id for one in several}
    assert not any(one.is_known for one in several)
    assert not any("{" in one.text or "not known" in one.text for one in several)


def test_a_vm_is_held_up_by_its_host_alone() -> None:
    """What it lacks itself, its wall says."""
    names = {one.id for one in found(PLAIN | {"host.kvm.available": False}, Kind.VM)}

    assert names == {"no-virtualization"}


def test_every_wall_to_move_to_has_its_gains_costs_and_source() -> None:
    """In the six dimensions, in words: nothing is measured here."""
    moves = load_moves().moves

    assert set(moves) == set(WallKind) - {WallKind.NONE, WallKind.SHARED_KERNEL}
    for move in moves.values():
        assert {*move.gains, *move.pays} <= set(DIMENSIONS)
        assert "security" in move.gains
        assert move.pays
        assert move.source
    assert all(rule.source for rule in load_moves().blockers)
