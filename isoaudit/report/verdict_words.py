"""Verdicts in words for people: the wall, what gets through it, what it is enough for."""

from __future__ import annotations

from isoaudit.model import Assessment, Kind, Standing, WallKind

_WALLS = {
    WallKind.NONE: "none",
    WallKind.SHARED_KERNEL: "host's kernel",
    WallKind.HARDENED: "host's kernel, hardened",
    WallKind.USER_NAMESPACE: "own user namespace",
    WallKind.USER_KERNEL: "user-space kernel",
    WallKind.MICROVM: "microVM",
    WallKind.VM: "VM, confined",
}
_WALLS_OF_VMS = {
    WallKind.SHARED_KERNEL: "emulation",
    WallKind.USER_KERNEL: "VM, wide VMM",
}


def wall_words(assessment: Assessment, kind: Kind) -> str:
    """Return the wall that is proven, and the one that it may be if that is another."""
    wall = assessment.verdict.wall
    proven, possible = _named(wall.proven, kind), _named(wall.possible, kind)
    if wall.proven is WallKind.NONE and assessment.verdict.status is not Standing.OPEN:
        return f"{possible}?"
    return proven


def _named(wall: WallKind, kind: Kind) -> str:
    return _WALLS_OF_VMS.get(wall, _WALLS[wall]) if kind is Kind.VM else _WALLS[wall]


def verdict_words(assessment: Assessment) -> str:
    """Return the verdict: `OPEN: root on the host`, `HOLDS for own code`, `UNDECIDED: …`."""
    verdict = assessment.verdict
    if verdict.status is Standing.HOLDS:
        return f"HOLDS for {verdict.enough_for[-1]}" if verdict.enough_for else "HOLDS"
    goal = verdict.goal.words if verdict.goal else ""
    return f"{verdict.status.upper()}: {goal}"
