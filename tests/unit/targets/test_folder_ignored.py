"""What a repository leaves out is passed by, what git tracks never is; git itself is the judge."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from isoaudit.targets import ignored
from isoaudit.targets.folder import expand
from isoaudit.targets.patterns import Patterns

pytestmark = pytest.mark.skipif(
    subprocess.run(["git", "--version"], capture_output=True, check=False).returncode != 0,
    reason="git is not installed",
)


def _git(folder: Path, *words: str) -> bytes:
    mine = ["-c", "core.excludesFile=/dev/null", "-c", "init.defaultObjectFormat=sha1"]
    done = subprocess.run(["git", *mine, "-C", str(folder), *words],
                          capture_output=True, check=True)  # fmt: skip
    return done.stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository without a commit."""
    folder = tmp_path / "repo"
    folder.mkdir()
    _git(folder, "init", "-q")
    return folder


def _write(folder: Path, *names: str, text: str = "a: b\n") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _names(folder: Path) -> list[str]:
    return [str(entry.relative_to(folder)) for entry in expand(folder) if isinstance(entry, Path)]


def test_ignored_files_and_folders_are_passed_by(repo: Path) -> None:
    """As .gitignore files say, the deeper one last, with what they take back."""
    _write(repo, ".gitignore", text="/build/\n*.gen.yaml\n")
    _write(repo, "sub/.gitignore", text="!kept.gen.yaml\nlocal.yaml\n")
    _write(repo, "build/a.yaml", "b.gen.yaml", "c.yaml", "sub/build/d.yaml", "sub/kept.gen.yaml",
           "sub/local.yaml", "local.yaml")  # fmt: skip

    assert ["c.yaml", "local.yaml", "sub/kept.gen.yaml", "sub/build/d.yaml"] == _names(repo)


def test_the_repositorys_own_exclude_file_counts(repo: Path) -> None:
    """It stands below every .gitignore."""
    (repo / ".git/info/exclude").write_text("*.yaml\n")
    _write(repo, ".gitignore", text="!b.yaml\n")
    _write(repo, "a.yaml", "b.yaml")

    assert ["b.yaml"] == _names(repo)


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("place", ["deploy/a.yaml", "node_modules/x/a.yaml", "env/a.yaml"])
def test_what_git_tracks_is_never_passed_by(repo: Path, place: str, version: str) -> None:
    """A line in .gitignore, or a folder's name, would hide it from the audit alone."""
    _write(repo, ".gitignore", text="deploy/\n*.yaml\n")
    _write(repo, "env/pyvenv.cfg")
    _write(repo, place, str(Path(place).parent / "untracked.yaml"))
    _git(repo, "add", "-f", place)
    _git(repo, "update-index", "--index-version", version)

    assert [place] == _names(repo)


def test_an_index_with_longer_hashes_is_read(tmp_path: Path) -> None:
    """A repository may use SHA-256."""
    _git(tmp_path, "init", "-q", "--object-format=sha256")
    _write(tmp_path, ".gitignore", text="*.yaml\n")
    _write(tmp_path, "a.yaml", "b.yaml", "deep/er/c.yaml")
    _git(tmp_path, "add", "-f", "a.yaml", "deep/er/c.yaml")

    assert ["a.yaml", "deep/er/c.yaml"] == _names(tmp_path)


def test_files_that_are_only_intended_are_tracked(repo: Path) -> None:
    """Such entries have more flags than others."""
    _write(repo, ".gitignore", text="*.yaml\n")
    _write(repo, "a.yaml", "b.yaml")
    _git(repo, "add", "-f", "-N", "a.yaml")

    assert ["a.yaml"] == _names(repo)


@pytest.mark.parametrize("damage", ["split", "cut", "noise", "folder"])
def test_an_index_that_cannot_be_read_hides_nothing(repo: Path, damage: str) -> None:
    """What git tracks is not known then, so it may be all of it."""
    _write(repo, ".gitignore", text="*.yaml\n")
    _write(repo, "a.yaml", "b.yaml")
    _git(repo, "add", "-f", "a.yaml")
    index = repo / ".git/index"
    if damage == "split":
        _git(repo, "update-index", "--split-index")
    elif damage == "cut":
        index.write_bytes(index.read_bytes()[:-40])
    elif damage == "noise":
        index.write_bytes(b"DIRC\0\0\0\2\xff\xff\xff\xff" + b"\0" * 100)
    else:
        index.unlink()
        index.mkdir()

    assert ["a.yaml", "b.yaml"] == _names(repo)


def test_a_worktree_is_a_repository_too(repo: Path, tmp_path: Path) -> None:
    """Its `.git` is a file that names where the index lies."""
    _write(repo, "a.yaml")
    _git(repo, "add", "a.yaml")
    _git(repo, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a")
    _git(repo, "worktree", "add", "-q", str(tmp_path / "tree"))
    (repo / ".git/info/exclude").write_text("*.yaml\n")
    _write(tmp_path / "tree", "b.yaml")

    assert ["a.yaml"] == _names(tmp_path / "tree")


def test_rules_of_folders_above_hold(repo: Path) -> None:
    """Scanning a folder of a repository finds what scanning the repository finds in it."""
    _write(repo, ".gitignore", text="sub/*.gen.yaml\n/a.yaml\n")
    _write(repo, "sub/a.yaml", "sub/b.gen.yaml")

    assert ["a.yaml"] == _names(repo / "sub")


def test_a_folder_that_is_named_is_read_though_it_is_left_out(repo: Path) -> None:
    """Then only what lies in it says what is passed by."""
    _write(repo, ".gitignore", text="build\n*.yaml\n")
    _write(repo, "build/out/a.yaml", "build/out/b.yaml")
    _write(repo, "build/out/.gitignore", text="b.yaml\n")

    assert ["a.yaml"] == _names(repo / "build/out")


def test_without_a_repository_nothing_is_ignored(tmp_path: Path) -> None:
    """A .gitignore alone means nothing to git either."""
    _write(tmp_path, ".gitignore", text="*.yaml\n")
    _write(tmp_path, "a.yaml")

    assert ["a.yaml"] == _names(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_strangers_repository_around_a_folder_is_none(repo: Path) -> None:
    """Anyone can make /tmp/.git and hide there what others have below /tmp."""
    _write(repo, ".gitignore", text="*.yaml\n")
    _write(repo, "mine/a.yaml")
    assert [] == _names(repo / "mine")

    os.chown(repo / ".git", 65534, 65534)

    assert ["a.yaml"] == _names(repo / "mine")


@pytest.mark.parametrize("what", ["fifo", "large", "long", "many", "together"])
def test_rules_that_cannot_be_read_hide_nothing(repo: Path, what: str) -> None:
    """And what is above them does not count below either."""
    _write(repo, ".gitignore", text="*.yaml\n")
    _write(repo, "a.yaml", "sub/b.yaml")
    file = repo / "sub/.gitignore"
    if what == "fifo":
        os.mkfifo(file)
    elif what == "large":
        file.write_text("#\n" * 150_000)
    elif what == "long":
        file.write_text("*" * 5_000)
    elif what == "together":
        file.write_text("x\n" * ignored.MAX_RULES)
    else:
        file.write_text("x\n" * (ignored.MAX_RULES + 1))

    assert ["sub/b.yaml"] == _names(repo)


def test_the_callers_own_ignore_file_is_not_read(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a folder comes to must not depend on who scans it."""
    _write(tmp_path, "home/.config/git/ignore", text="*.yaml\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    _write(repo, "a.yaml")

    assert ["a.yaml"] == _names(repo)


def test_a_pattern_made_to_backtrack_ends() -> None:
    """Stars are never tried a second time."""
    matcher = Patterns("*a" * 100 + "*b\n" + "**/a/" * 50 + "b\n").within(["a"] * 199)

    assert matcher.verdict("a" * 255, is_folder=False) is None


PIECES = ["a", "b", "*", "?", "**", "[ab]", "[!a]", "[^b]", "\\a", "\\*", "[a-c]", "[[:alpha:]]",
          "[]a]", "]", "-", ".", " ", "Z", "[[:digit:]]", "[z-a]", "\\", "[a\\]b]"]  # fmt: skip
NAMES = ["a", "b", "ab", "a.b", "[x]", "-", "a b", "ba", "aab", "Z", "9"]


def _pattern(dice: random.Random) -> str:
    def segment() -> str:
        return "".join(dice.choice(PIECES) for _ in range(dice.choice([1, 1, 2, 3, 4])))

    length = dice.choice([1, 1, 1, 2, 2, 3])
    path = "/".join(dice.choice(["**", segment(), dice.choice(NAMES)]) for _ in range(length))
    ends = ["", ".yaml", "*", "/", " ", "\r"]
    return dice.choice(["", "", "!"]) + dice.choice(["", "/"]) + path + dice.choice(ends)


@pytest.mark.parametrize("seed", range(40))
def test_git_itself_leaves_out_the_same(repo: Path, seed: int) -> None:
    """Over random trees and patterns."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    folders = [repo]
    for _ in range(12):
        folders.append(dice.choice(folders) / dice.choice(NAMES))
        folders[-1].mkdir(exist_ok=True)
    for folder in set(folders):
        for name in dice.sample(NAMES, 4):
            (folder / f"{name}.yaml").write_text("a")
    for folder in dice.sample(folders, 2):
        lines = [_pattern(dice) for _ in range(dice.choice([1, 2, 5]))]
        (folder / ".gitignore").write_text("\n".join(lines) + "\n")
    every = sorted(str(path.relative_to(repo)) for path in repo.rglob("*.yaml"))
    asked = "\0".join(every).encode()
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "-C", str(repo), "check-ignore", "-z",
         "--stdin"], input=asked, capture_output=True, check=False)  # fmt: skip
    left_out = {name.decode() for name in done.stdout.split(b"\0")}

    assert sorted(set(every) - left_out) == sorted(_names(repo))
