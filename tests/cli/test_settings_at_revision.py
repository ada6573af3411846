"""What found settings name counts, with --since, as it stood: no change excuses itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Isoaudit
from repository import Repo

CLOSED = "services: {web: {image: a}}\n"
OPEN = "services: {web: {image: a, privileged: true}}\n"
EMPTY = "waivers: []\n"
WAIVERS = """waivers:
  - {check: "*", target: "*", reason: what is new is always fine, owner: me}
"""
PROFILE = """id: ours
title: Ours
description: The checks of this project.
include: {{ids: ["{ids}"]}}
gate: {{fail_on: {fail_on}}}
"""

Change = Callable[[str, str, str], None]


@pytest.fixture
def change(here: Path) -> Change:
    """Return what commits settings with a file that they name, then writes a change of both."""
    here.chmod(0o755)
    repo = Repo(here)

    def made(settings: str, before: str, after: str) -> None:
        name = settings.partition(": ")[2].strip()
        repo.write("compose.yaml", CLOSED)
        repo.write(".isoaudit.yaml", settings).chmod(0o644)
        if before:
            repo.write(name, before)
        repo.commit()
        repo.write("compose.yaml", OPEN)
        repo.write(name, after)
        repo.commit()

    return made


def test_a_waiver_that_came_with_the_change_waives_nothing(
    isoaudit: Isoaudit, change: Change
) -> None:
    """The file counts as it stood; named by an option, it counts as it is."""
    change("waivers: ci/waivers.yaml\n", EMPTY, WAIVERS)

    assert 1 == isoaudit("scan", ".", "--since", "HEAD~").code
    assert 0 == isoaudit("scan", ".", "--since", "HEAD~", "--waivers", "ci/waivers.yaml").code


def test_a_waiver_that_stood_still_waives_what_comes(isoaudit: Isoaudit, change: Change) -> None:
    """Whoever reviewed it said so of all that it speaks of, and it keeps its place in the file."""
    change("waivers: ci/waivers.yaml\n", WAIVERS, EMPTY)

    ended = isoaudit("scan", ".", "--since", "HEAD~", "-f", "json")

    assert 0 == ended.code
    assert "ci/waivers.yaml:2" in {use["source"] for use in ended.report["waivers"]}


def test_a_baseline_that_came_with_the_change_knows_nothing(
    isoaudit: Isoaudit, change: Change, here: Path
) -> None:
    """Nor one that was written anew in it."""
    (here / "compose.yaml").write_text(CLOSED)
    before = isoaudit("scan", ".", "-f", "baseline").out
    (here / "compose.yaml").write_text(OPEN)
    change("baseline: known.json\n", before, isoaudit("scan", ".", "-f", "baseline").out)

    assert 1 == isoaudit("scan", ".", "--since", "HEAD~").code
    assert 0 == isoaudit("scan", ".", "--since", "HEAD~", "--baseline", "known.json").code


def test_a_profile_counts_as_it_stood(isoaudit: Isoaudit, change: Change) -> None:
    """Its checks as well as its gate."""
    strict = PROFILE.format(ids="CAP-*", fail_on="high")
    change("profile: ci/profile.yaml\n", strict, PROFILE.format(ids="NET-*", fail_on="never"))

    assert 1 == isoaudit("scan", ".", "--since", "HEAD~").code


def test_a_file_that_was_not_there_is_told(isoaudit: Isoaudit, change: Change) -> None:
    """As any file that is named and missing, with what to do."""
    change("waivers: ci/waivers.yaml\n", "", WAIVERS)

    ended = isoaudit("scan", ".", "--since", "HEAD~")

    assert 2 == ended.code
    assert "ci/waivers.yaml: not there at HEAD~, where the settings name it" in ended.err


@pytest.mark.parametrize(("options", "code"), [((), 2), (("--fail-on", "critical"), 1),
                                               (("--fail-on", "never"), 0)])  # fmt: skip
def test_settings_that_were_found_choose_no_profile_without_a_gate(
    isoaudit: Isoaudit, here: Path, options: tuple[str, ...], code: int
) -> None:
    """It would be `fail-on: never` by another word; who says so by an option may."""
    here.chmod(0o755)
    (here / "compose.yaml").write_text(OPEN)
    (here / "p.yaml").write_text(PROFILE.format(ids="CAP-*", fail_on="never"))
    (here / ".isoaudit.yaml").write_text("profile: ./p.yaml\n")
    (here / ".isoaudit.yaml").chmod(0o644)

    assert code == isoaudit("scan", ".", *options).code
    assert 0 == isoaudit("scan", ".", "--config", ".isoaudit.yaml", "--fail-on", "never").code
