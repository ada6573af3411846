"""The lab's tests without the lab: recorded engines, the real pipeline, the same labels."""

from __future__ import annotations

from functools import cache

import pytest
from support import labels
from support.command import Run
from support.replaying import ENGINES, in_place, replayed, replayed_host, scan, tapes

pytestmark = pytest.mark.parametrize("engine", ENGINES)


@cache
def _run(engine: str) -> Run:
    """Scan every recorded target of an engine, and the host it was recorded on."""
    on = tapes(engine)
    with in_place(host=replayed_host(on), **{engine: replayed(engine, on)}):
        return scan("host", f"{engine}:isolab-*")


def test_every_planted_weakness_is_found(engine: str) -> None:
    """No labelled target hides a weakness that was built into it."""
    missed = labels.false_negatives(labels.load(engine), _run(engine).by_name)
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(engine: str) -> None:
    """No labelled target fails a judged check that its label does not name."""
    extra = labels.false_positives(labels.load(engine), _run(engine).by_name)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_what_runs(engine: str) -> None:
    """No judged check stays unknown for a target that ran when it was recorded."""
    assert [] == labels.unknowns(labels.load(engine), _run(engine).by_name)


def test_every_failure_names_its_evidence(engine: str) -> None:
    """A failed check shows at least one value, each with what was read."""
    assert [] == labels.without_evidence(_run(engine).report)


def test_no_check_errs(engine: str) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring(_run(engine).report)


def test_every_target_is_audited(engine: str) -> None:
    """Every labelled target and the host get findings, and the run has no error rows."""
    run = _run(engine)
    audited = {target["name"] for target in run.report["targets"] if target["findings"]}
    expected = {*labels.load(engine).targets, "isolab-host"}
    assert (expected, []) == (audited, run.report["errors"])


def test_what_ran_is_joined_to_its_host(engine: str) -> None:
    """A target that ran is proven, by the recorded processes alone, to have run on that host."""
    targets = labels.load(engine).targets
    running = {name for name, label in targets.items() if label.state in ("running", "paused")}
    joined = {
        target["name"] for target in _run(engine).report["targets"] if target["host"] is not None
    }
    assert set() == running - joined
