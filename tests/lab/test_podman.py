"""Containers of a real podman API service, audited by the real command."""

from __future__ import annotations

import pytest
from support import labels
from support.command import Run

pytestmark = pytest.mark.lab_podman
_LABELS = labels.load("podman")


def test_every_planted_weakness_is_found(podman_run: Run) -> None:
    """No labelled container hides a weakness that was built into it."""
    missed = labels.false_negatives(_LABELS, podman_run.by_name)
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(podman_run: Run) -> None:
    """No labelled container fails a judged check that its label does not name."""
    extra = labels.false_positives(_LABELS, podman_run.by_name)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_what_runs(podman_run: Run) -> None:
    """No judged check stays unknown for a container that runs on this host."""
    assert [] == labels.unknowns(_LABELS, podman_run.by_name)


def test_every_failure_names_its_evidence(podman_run: Run) -> None:
    """A failed check shows at least one value, each with what was read."""
    assert [] == labels.without_evidence(podman_run.report)


def test_no_check_errs(podman_run: Run) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring(podman_run.report)


def test_every_container_is_audited(podman_run: Run) -> None:
    """Created and running containers all get findings, and the run has no error rows."""
    audited = {name for name, target in podman_run.by_name.items() if target["findings"]}
    assert (set(_LABELS.targets), []) == (audited, podman_run.report["errors"])
