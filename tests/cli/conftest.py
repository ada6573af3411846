"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import PROFILE, Ended, House, Isoaudit, call, move_in


@pytest.fixture
def isoaudit(capsys: pytest.CaptureFixture[str]) -> Isoaudit:
    """Run isoaudit in this process: `isoaudit("scan", ".", stdin=None)`."""

    def run(*words: str, stdin: bytes | None = None) -> Ended:
        return call(capsys, *words, stdin=stdin)

    return run


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Give the options to judge by one check of one's own: `house("medium", profile=PROFILE)`."""
    folder = tmp_path_factory.mktemp("house")

    def options(severity: str = "critical", profile: str = PROFILE) -> list[str]:
        return move_in(folder, severity, profile)

    return options


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder to work in, of no repository."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
