"""The inputs in examples/, each with what must be found in it, and what must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.model import RunError, Status, TargetResult
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.targets.address import parse

ROOT = Path(__file__).resolve().parents[2]
LABELS = Path(__file__).parent / "labels"


def _labelled() -> Iterator[Any]:
    for file in sorted(LABELS.glob("*.yaml")):
        for name, targets in yaml.safe_load(file.read_text()).items():
            yield pytest.param(name.removeprefix("examples/"), targets, id=name)


@cache
def _checks() -> tuple[Any, ...]:
    return tuple(load_catalogue().values())


def _judged(file: str) -> dict[str, TargetResult]:
    request = Request([parse(file)], _checks(), Limits(1, 30.0))
    entries = list(audit(request, lambda result: result).results)
    assert [] == [entry for entry in entries if isinstance(entry, RunError)]
    return {entry.target.name: entry for entry in entries}


@pytest.mark.parametrize(("file", "targets"), list(_labelled()))
def test_an_example_is_judged_as_labelled(
    file: str, targets: Mapping[str, Mapping[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must fail fails, what must pass passes, and every target is labelled."""
    monkeypatch.chdir(ROOT)
    found = _judged(f"examples/{file}")

    assert set(targets) == set(found)
    for name, wanted in targets.items():
        status = {finding.check: finding.status for finding in found[name].findings}
        wrong = {one: status.get(one) for one in wanted.get("fail", ())
                 if status.get(one) is not Status.FAIL}  # fmt: skip
        wrong |= {one: status.get(one) for one in wanted.get("pass", ())
                  if status.get(one) not in {Status.PASS, Status.NOT_APPLICABLE}}  # fmt: skip
        assert {} == wrong, name


def test_every_example_of_a_file_kind_is_labelled() -> None:
    """An example without a label would show anything."""
    labelled = {
        name.removeprefix("examples/")
        for file in LABELS.glob("*.yaml")
        for name in yaml.safe_load(file.read_text())
    }
    folders = {Path(name).parts[0] for name in labelled}

    assert folders >= {"compose", "kubernetes", "docker_run", "oci", "dockerfile", "quadlet",
                       "systemd", "devcontainer", "libvirt"}  # fmt: skip
