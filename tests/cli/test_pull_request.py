"""A pull request rehearsed: a risky change fails on its line, a waiver lets it pass for a while."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command_line import House, Isoaudit

BEFORE = """\
services:
  old:
    image: old
    privileged: true
  web:
    image: web
"""
AFTER = f"{BEFORE}    privileged: true\n"
CHANGED = len(AFTER.splitlines())

WAIVERS = """\
waivers:
  - check: ACME-001
    target: "*#web"
    reason: until it is moved to a machine of its own
    owner: ops@example.org
    until: "{until}"
"""


@pytest.fixture
def change(here: Path) -> Path:
    """Give a repository in which a service becomes privileged beside one that always was."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *words], cwd=here, check=True, capture_output=True)

    (here / "compose.yaml").write_text(BEFORE)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "before")
    git("checkout", "-q", "-b", "change")
    (here / "compose.yaml").write_text(AFTER)
    git("commit", "-q", "-a", "-m", "after")
    return here


def _results(text: str) -> dict[str, tuple[int, str, bool]]:
    """Return line, state and whether it is waived, of each target's result."""
    return {
        one["properties"]["target"].rpartition("#")[2]: (
            one["locations"][0]["physicalLocation"]["region"]["startLine"],
            one["baselineState"],
            "suppressions" in one,
        )
        for one in json.loads(text)["runs"][0]["results"]
    }


def test_a_risky_change_fails_on_the_changed_line(
    isoaudit: Isoaudit, change: Path, house: House
) -> None:
    """What was there before is unchanged, and fails nothing."""
    ended = isoaudit("scan", ".", "--since", "main", *house(), "-f", "sarif")

    assert (1, {"old": (4, "unchanged", False), "web": (CHANGED, "new", False)}) == (
        ended.code,
        _results(ended.out),
    )


def test_the_change_is_an_error_beside_its_line_and_the_old_is_none(
    isoaudit: Isoaudit, change: Path, house: House
) -> None:
    """As annotations, and first in the comment."""
    words = ("scan", ".", "--since", "main", *house())
    shown = isoaudit(*words, "-f", "github").out.splitlines()
    comment = isoaudit(*words, "-f", "markdown").out

    assert shown[0].startswith(f"::error file=compose.yaml,line={CHANGED},")
    assert [line[:8] for line in shown[1:]] == ["::notice", "::notice"]
    assert "1 finding was there at main" in shown[-1]
    assert comment.index(f"compose.yaml&#58;{CHANGED}") < comment.index("Known before (1 critical)")


@pytest.mark.parametrize(("until", "code"), [("2999-12-31", 0), ("2020-01-31", 1)])
def test_a_waiver_lets_it_pass_until_its_last_day(
    *, isoaudit: Isoaudit, change: Path, house: House, until: str, code: int
) -> None:
    """It stays in the log, suppressed; once the day has passed, it fails and the waiver is told."""
    (change / "waivers.yaml").write_text(WAIVERS.format(until=until))
    ended = isoaudit("scan", ".", "--since", "main", *house(), "--waivers", "waivers.yaml",
                     "-f", "sarif")  # fmt: skip

    assert (code, (CHANGED, "new", code == 0)) == (ended.code, _results(ended.out)["web"])
    assert ('"expired: waivers.yaml:' in ended.out) == (code == 1)
