"""A report with verdicts built by hand: open, undecided, holding, with hostile words."""

from __future__ import annotations

from dataclasses import replace

from golden.report_samples import ROOT, api, database, fact, host, report, runner

from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    Fact,
    FixChange,
    Goal,
    Interval,
    KnownWay,
    Layer,
    Missing,
    NotEnough,
    Openness,
    Reason,
    Score,
    Standing,
    Step,
    TargetResult,
    Verdict,
    Wall,
    WallKind,
    Why,
)
from isoaudit.report.document import Report

STRANGERS = "strangers' or agents' code"
SOCKET = fact("control_socket.path", "/run/docker.sock", "/proc/48213/mountinfo")
UNREAD = Missing("process.uid", Reason.PERMISSION_DENIED, "not root", ROOT)
HOSTILE = "\x1b[2Jweb\nEXIT 0"


def _score(low: int, high: int, capped: str = "", *why: Why) -> Score:
    axes = {axis: Interval(20, 40) for axis in Axis} | {Axis.ESCAPE: Interval(low, high)}
    return Score(axes, {Axis.ESCAPE: capped} if capped else {}, why)


def _way(goal: Goal, certainty: Openness, *steps: Step) -> EscapePath:
    return EscapePath(goal, certainty, steps, ("remove the mount", "run as another user"), "e" * 64)


def _step(name: str, way: str, *evidence: Fact, target: str = "") -> Step:
    lacking = () if evidence else (UNREAD,)
    no_help, keep = '"ro" guards the file.', "A rootless engine of its own."
    title = "A socket that commands the engine"
    return Step(name, title, way, evidence, lacking, target, no_help, keep)


def _assessed(status: Standing, wall: WallKind, score: Score, *paths: EscapePath) -> Assessment:
    goal = paths[0].goal if paths else None
    enough = ("own, reviewed code",) if status is Standing.HOLDS else ()
    verdict = Verdict(status, goal, Wall(wall, wall), enough,
                      (NotEnough(STRANGERS, ("its wall is the host's kernel",)),))  # fmt: skip
    ways = (
        KnownWay("ESC-008", "A socket", Openness.OPEN if paths else Openness.CLOSED, "no socket"),
        KnownWay("ESC-036", "Loads modules", Openness.INERT, "the kernel has no modules"),
    )
    layer = Layer("syscalls", "host's kernel, filtered", 2.0, 2.7)
    return Assessment((layer,), paths, verdict, score, ways)


def _opened() -> TargetResult:
    way = _step("ESC-008", "Any process inside tells dockerd to start a container.", SOCKET)
    path = _way(Goal.HOST_ROOT, Openness.OPEN, way)
    found = _assessed(Standing.OPEN, WallKind.NONE, _score(5, 5, "ESC-008"), path)
    after = {Axis.ESCAPE: Interval(33, 47)}
    fix = FixChange("no-socket", "remove the mount", ("ESC-008",), after, 1, "restart",
                    "the runner's docker executor", where="compose.yaml:14")  # fmt: skip
    return replace(runner(), assessment=found, fixes=(fix,))


def _undecided() -> TargetResult:
    steps = (
        _step("ESC-204", f"It tells {HOSTILE} to start a container.", target=HOSTILE),
        _step("ESC-001", "From there, root on the host."),
    )
    path = _way(Goal.HOST_ROOT, Openness.POSSIBLE, *steps)
    return replace(database(), assessment=_assessed(
        Standing.UNDECIDED, WallKind.SHARED_KERNEL, _score(5, 47), path))  # fmt: skip


def _holding() -> TargetResult:
    widened = Why(Axis.ESCAPE, "widens", "runtime", "control_plane", "whether runc is patched",
                  1.5, 3.0, (), (UNREAD,))  # fmt: skip
    found = _assessed(Standing.HOLDS, WallKind.HARDENED, _score(56, 65, "", widened))
    return replace(api(), assessment=found)


def verdicts() -> Report:
    """Three workloads and their host."""
    return report([_opened(), _undecided(), _holding(), host()])
