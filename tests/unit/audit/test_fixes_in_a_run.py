"""For which targets of a run changes are worked out: bounded, and the same whoever judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.audit.pipeline import PARALLEL_FROM
from isoaudit.model import TargetResult
from isoaudit.targets.address import parse

OPEN = "services:\n" + "".join(f"  s{n}: {{image: x, privileged: true}}\n" for n in range(4))
WANTED = 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _with_fixes(files: int, jobs: int, fixes: int = WANTED) -> list[str]:
    """Return the targets that have changes, of so many files of four open services each."""
    names = [f"{number:02}.compose.yaml" for number in range(files)]
    for name in names:
        Path(name).write_text(OPEN)
    request = Request([parse(f"compose:{name}") for name in names], (), Limits(jobs, 30.0),
                      fixes=fixes)  # fmt: skip
    results = [one for one in audit(request, lambda one: one).results
               if isinstance(one, TargetResult)]  # fmt: skip
    assert 4 * files == len(results)
    return sorted(one.target.id for one in results if one.fixes)


def test_none_are_worked_out_where_nobody_sees_them(folder: Path) -> None:
    """Formats for machines show none."""
    assert [] == _with_fixes(1, 1, fixes=0)


def test_one_file_has_them_for_as_many_targets_as_are_wanted(folder: Path) -> None:
    """The rest of its targets says what would end its ways."""
    assert WANTED == len(_with_fixes(1, 1))


def test_workers_work_out_the_same_as_one_process(folder: Path) -> None:
    """A file's share goes by its number, not by who happens to judge it."""
    alone = _with_fixes(PARALLEL_FROM, 1)

    assert alone == _with_fixes(PARALLEL_FROM, 2)
    assert WANTED == len(alone)
    assert {"00", "01", "02"} == {name.partition(":")[2][:2] for name in alone}
