"""Configuration files: what they may say, whose word counts, and that none weakens silently."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from command_line import CLOSED, OPEN, ROOT, House, Isoaudit
from jsonschema import Draft202012Validator
from repository import Repo

from isoaudit.cli import owned
from isoaudit.cli.settings import known_keys


@pytest.fixture(autouse=True)
def a_folder_of_ones_own(here: Path) -> None:
    """Work in a folder that nobody else can write to, with an open gate."""
    here.chmod(0o755)
    (here / "compose.yaml").write_text(OPEN)


def configure(folder: Path, text: str, name: str = ".isoaudit.yaml") -> Path:
    """Write a configuration that is its owner's alone."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def test_a_found_file_sets_the_gate_and_says_so(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """What it sets is named on stderr, so that no gate changes in silence."""
    configure(here, "fail-on: medium\n")

    ended = isoaudit("scan", ".", *house("medium"))

    assert 1 == ended.code
    assert "settings from .isoaudit.yaml: fail-on" in ended.err


def test_pyproject_has_a_table_for_it(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """As most tools of Python's world."""
    configure(here, '[project]\nname = "x"\n[tool.isoaudit]\nfail-on = "medium"\n',
              "pyproject.toml")  # fmt: skip

    assert 1 == isoaudit("scan", ".", *house("medium")).code
    assert 0 == isoaudit("scan", ".", "--no-config", *house("medium")).code


def test_a_pyproject_without_the_table_says_nothing(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """It is somebody else's then, whoever may write to it."""
    (here / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (here / "pyproject.toml").chmod(0o666)

    ended = isoaudit("scan", ".", *house())

    assert 1 == ended.code
    assert "settings" not in ended.err


def test_a_pyproject_that_is_too_large_to_be_searched_ends_with_2(
    isoaudit: Isoaudit, here: Path
) -> None:
    """Whether it has the table is not known, and silence would be another gate."""
    (here / "pyproject.toml").write_text("#" * (2**20 + 1) + "\n[tool.isoaudit]\n")

    ended = isoaudit("scan", ".")

    assert 2 == ended.code
    assert "--no-config" in ended.err


def test_option_over_environment_over_file_over_profile(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word outranks the ones after it; a medium finding breaks a gate of medium alone."""
    scan = ("scan", ".", *house("medium"))
    assert 0 == isoaudit(*scan).code
    configure(here, "fail-on: medium\n")
    assert 1 == isoaudit(*scan).code
    monkeypatch.setenv("ISOAUDIT_FAIL_ON", "high")
    assert 0 == isoaudit(*scan).code
    assert 1 == isoaudit(*scan, "--fail-on", "low").code


def test_show_config_says_by_whose_word(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, environment, file with its line, profile, default; and nothing is audited."""
    configure(here, "exclude: [old/]\njobs: 3\nfail-on: high\n")
    monkeypatch.setenv("ISOAUDIT_JOBS", "2")

    ended = isoaudit("scan", ".", "--show-config", "--timeout", "5")

    lines = ended.out.splitlines()
    assert 0 == ended.code
    assert 'exclude: ["old/"]  # .isoaudit.yaml:1:1' in lines
    assert "jobs: 2  # environment ISOAUDIT_JOBS" in lines
    assert "timeout: 5.0  # option" in lines
    assert 'fail-on: "high"  # .isoaudit.yaml:3:1' in lines
    assert "deep: false  # default" in lines
    assert 'fail-on: "critical"  # profile default' in isoaudit(
        "scan", "--show-config", "--no-config").out  # fmt: skip


def test_what_is_shown_is_a_configuration(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """It can be written to a file and named."""
    shown = isoaudit("scan", "--show-config", "--fail-on", "medium", "-o", "r.json", *house()).out
    file = configure(here, shown, "shown.yaml")

    again = isoaudit("scan", "--show-config", "--config", str(file)).out

    assert yaml.safe_load(shown) == yaml.safe_load(again)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("jobs: 2\nfail-om: high\n", ".isoaudit.yaml:2:1: unknown key 'fail-om'"),
        ("jobs: 2\nfail_on: high\n", "Did you mean fail-on?"),
        ("fail-on: hig\n", ".isoaudit.yaml:1:1: fail-on"),
        ("jobs: many\n", ".isoaudit.yaml:1:1: jobs"),
        ("- fail-on\n", ".isoaudit.yaml:1:1"),
        ("fail-on: high\nfail-on: low\n", "fail-on"),
        ("exclude: [\n", ".isoaudit.yaml:"),
        ("baseline: ../other.json\n", "leads out of the repository"),
        ("waivers: [/etc/waivers.yaml]\n", "leads out of the repository"),
        ("profile: ../p.yaml\n", "leads out of the repository"),
    ],
)
def test_what_does_not_fit_ends_with_2(
    isoaudit: Isoaudit, here: Path, text: str, cause: str
) -> None:
    """With the line, and a guess at what was meant."""
    configure(here, text)

    ended = isoaudit("scan", ".")

    assert (2, "") == (ended.code, ended.out)
    assert cause in ended.err


@pytest.mark.parametrize(
    "text",
    ["output: [x.json]", "checks: [checks]", "guests: guests.yaml", "deep: true", "on: lab.gz",
     "report-only: true", "accept-labels: true", "fail-on: never", "min-score: 0"],
)  # fmt: skip
def test_a_found_file_may_not_decide_that(isoaudit: Isoaudit, here: Path, text: str) -> None:
    """Where to write, whom to ask, what to run, and whether the gate holds at all."""
    configure(here, f"{text}\n")

    ended = isoaudit("scan", ".")

    assert 2 == ended.code
    assert "counts only in a file that is named" in ended.err


def test_a_named_file_may(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Its paths are relative to its own folder."""
    folder = here / "ci"
    folder.mkdir()
    checks, profile = house()[1], house()[3]
    file = configure(
        folder,
        f"report-only: true\nchecks: {os.path.relpath(checks, folder)}\nprofile: {profile}\n",
    )

    ended = isoaudit("scan", ".", "--config", str(file), "-f", "json")

    assert 0 == ended.code
    assert ["ACME-001"] == list(ended.report["checks"])


def test_a_named_file_that_is_missing_ends_with_2(isoaudit: Isoaudit, here: Path) -> None:
    """Silence would be another gate than the one that was asked for."""
    assert 2 == isoaudit("scan", ".", "--config", "missing.yaml").code
    assert 2 == isoaudit("scan", ".", "--config", "compose.yaml").code
    assert 2 == isoaudit("scan", ".", "--config", "x.yaml", "--no-config").code


@pytest.mark.parametrize("mode", [0o646, 0o664], ids=["everyone", "a group"])
def test_one_that_others_may_write_to_is_not_used(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Nor passed over: it may ask for more than what holds without it."""
    monkeypatch.setattr(owned, "_is_private", lambda *_: False)
    configure(here, "fail-on: high\n").chmod(mode)

    ended = isoaudit("scan", ".")

    assert 2 == ended.code
    assert "may write to it" in ended.err
    assert "--no-config" in ended.err


def test_one_in_a_folder_that_others_may_write_to_is_not_used(
    isoaudit: Isoaudit, here: Path
) -> None:
    """They could put another in its place."""
    configure(here, "fail-on: high\n")
    here.chmod(0o777)

    assert 2 == isoaudit("scan", ".").code


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_that_belongs_to_a_stranger_is_not_used(isoaudit: Isoaudit, here: Path) -> None:
    """As in a folder that root was asked to look at."""
    os.chown(configure(here, "fail-on: low\n"), 12345, 12345)

    ended = isoaudit("scan", ".")

    assert 2 == ended.code
    assert "belongs to the user with the id 12345" in ended.err


def test_a_link_is_not_followed(isoaudit: Isoaudit, here: Path, tmp_path: Path) -> None:
    """Whose file it leads to says nothing of who made it."""
    (here / ".isoaudit.yaml").symlink_to(configure(tmp_path, "fail-on: low\n", "other.yaml"))

    assert 2 == isoaudit("scan", ".").code


def test_the_nearest_up_to_the_root_counts(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None above the repository's root, and none above a folder that is in no repository."""
    configure(here.parent, "fail-on: nonsense\n")
    assert 1 == isoaudit("scan", ".", *house()).code
    Repo(here)
    below = here / "a" / "b"
    below.mkdir(parents=True)
    (below / "compose.yaml").write_text(OPEN)
    monkeypatch.chdir(below)
    assert "settings" not in isoaudit("scan", ".", *house()).err
    configure(here, "fail-on: info\n")
    assert "settings from ../../.isoaudit.yaml" in isoaudit("scan", ".", *house()).err
    configure(here / "a", "jobs: 1\n")
    assert "settings from ../.isoaudit.yaml: jobs" in isoaudit("scan", ".", *house()).err


def test_with_since_the_settings_of_that_revision_count(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """A change does not loosen the gate that it has to pass."""
    repo = Repo(here)
    repo.write("compose.yaml", CLOSED)
    configure(here, "fail-on: medium\n")
    repo.commit()
    repo.write("compose.yaml", OPEN)
    configure(here, "fail-on: critical\nexclude: ['*']\n")

    ended = isoaudit("scan", ".", "--since", "HEAD", *house("medium"))

    assert 1 == ended.code
    assert "settings from .isoaudit.yaml (as of HEAD, today's counts once" in ended.err


def test_with_since_a_file_that_came_with_the_change_does_not_count_yet(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However --since was given."""
    repo = Repo(here)
    repo.write("compose.yaml", CLOSED)
    repo.commit()
    repo.write("compose.yaml", OPEN)
    configure(here, "exclude: ['*']\n")
    monkeypatch.setenv("ISOAUDIT_SINCE", "HEAD")

    ended = isoaudit("scan", ".", *house())

    assert 1 == ended.code
    assert "not there at HEAD" in ended.err


def test_what_is_excluded_is_counted(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Patterns as of .gitignore, against the names that files are shown by."""
    (here / "old").mkdir()
    (here / "old" / "compose.yaml").write_text(OPEN)
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "--exclude", "old/", *house())

    assert 0 == ended.code
    assert "1 file passed by: --exclude" in ended.err


def test_a_file_that_is_named_is_read_all_the_same(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Patterns are about what is found."""
    assert 1 == isoaudit("scan", "compose.yaml", "--exclude", "*", *house()).code


def test_nothing_left_is_never_green(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Where everything is passed by, by an option or by a file, nothing was audited."""
    assert 3 == isoaudit("scan", ".", "--exclude", "*", *house()).code
    configure(here, "exclude: ['compose.*']\n")
    ended = isoaudit("scan", ".", *house())
    assert 3 == ended.code
    assert "--exclude passes by all that was found" in ended.err


def test_a_pattern_that_is_none_ends_with_2(isoaudit: Isoaudit, here: Path) -> None:
    """An exclusion that silently matched nothing, or everything, would be another audit."""
    assert 2 == isoaudit("scan", ".", "--exclude", "!").code


def test_every_key_is_an_option_and_its_schema_is_sound(isoaudit: Isoaudit, here: Path) -> None:
    """What may be written down can be said on the command line, by the same name."""
    schema = json.loads((ROOT / "reports" / "schemas" / "config-1.json").read_text())
    Draft202012Validator.check_schema(schema)
    shown = isoaudit("scan", "--show-config").out

    assert known_keys() == [
        line.removeprefix("# ").partition(":")[0] for line in shown.splitlines()
    ]
