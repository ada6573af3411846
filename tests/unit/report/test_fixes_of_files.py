"""What to change in a bundle, unit or dev container is said in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from isoaudit.model import Kind, Target
from isoaudit.report.table_findings import fix_for
from isoaudit.rules.catalogue import load_catalogue

LABELS = Path(__file__).resolve().parents[2] / "examples" / "labels"


def _failing(dialect: str) -> set[str]:
    """Return the checks that fail on an example of a kind, those of containers in it aside."""
    labels = yaml.safe_load((LABELS / f"{dialect}.yaml").read_text())
    targets = [one for file, one in labels.items() if "container.service" not in file]
    return {check for one in targets for label in one.values() for check in label.get("fail", ())}


@pytest.mark.parametrize("dialect", ["oci", "systemd", "quadlet", "devcontainer"])
def test_what_fails_on_an_example_is_mended_in_its_own_words(dialect: str) -> None:
    """No reader of a unit has to translate an option of docker's."""
    catalogue = load_catalogue()
    assert [] == [one for one in sorted(_failing(dialect))
                  if dialect not in catalogue[one].remediation]  # fmt: skip


def _fix(dialect: str, **remediation: str) -> str:
    target = Target("x", Kind.CONTAINER, "x", "declared", dialect=dialect)
    return fix_for(target, remediation)


def test_without_words_of_its_own_the_nearest_ones_are_named() -> None:
    """Who writes units runs the host; who writes bundles is an engine."""
    assert _fix("systemd", docker_run="A", host="B") == "(host) B"
    assert _fix("oci", docker_run="A", host="B") == "(docker run) A"
    assert _fix("systemd", systemd="C", host="B") == "C"
