"""Asking git: objects only, within bounds, and errors that say what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from isoaudit.errors import UsageError
from isoaudit.transports import git
from isoaudit.transports.git import Repository, repository_around


def run(folder: Path, *words: str, asked: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "Test", f"GIT_{who}_EMAIL": "test@example.org"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, input=asked.encode(), check=True,
        capture_output=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one commit of a file, an odd name, and a link."""
    folder = tmp_path / "repo"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    (folder / "a.yaml").write_text("one\n")
    (folder / "odd\n\tname ü.yaml").write_text("two\n")
    (folder / "link").symlink_to("a.yaml")
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "first")
    return folder


def test_files_come_with_their_contents_whatever_they_are_called(folder: Path) -> None:
    """Names hold what a file system lets them hold."""
    repository = Repository(folder)
    found = dict(repository.contents(repository.blobs(repository.commit_of("main"))))

    expected = {"a.yaml": b"one\n", "odd\n\tname ü.yaml": b"two\n", "link": b"a.yaml"}
    assert expected == {blob.path: data for blob, data in found.items()}
    assert ["link"] == [blob.path for blob in found if blob.is_link]


def test_many_files_are_asked_for_in_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each comes once and in order."""
    monkeypatch.setattr(git, "_MOST", 2)
    repository = Repository(folder)
    blobs = list(repository.blobs(repository.commit_of("main")))

    assert blobs == [blob for blob, _ in repository.contents(blobs)]


def test_one_file_as_it_was(folder: Path) -> None:
    """None where there was none."""
    repository = Repository(folder)
    commit = repository.commit_of("main")
    (folder / "a.yaml").write_text("changed\n")

    assert b"one\n" == repository.file_at(commit, "a.yaml")
    assert repository.file_at(commit, "b.yaml") is None


def test_renames_are_git_s_word(folder: Path) -> None:
    """From a commit to HEAD."""
    repository = Repository(folder)
    commit = repository.commit_of("main")
    run(folder, "mv", "a.yaml", "b.yaml")
    run(folder, "commit", "-q", "-m", "second")

    assert {"a.yaml": "b.yaml"} == repository.renames(commit)


def test_trees_that_hold_each_other_do_not_fill_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten trees of ten times the tree below list ten thousand million files."""
    monkeypatch.setattr(git, "MOST", 2**20)
    blob = run(folder, "hash-object", "-w", "a.yaml")
    tree = run(
        folder, "mktree", asked="".join(f"100644 blob {blob}\t{n}.yaml\n" for n in range(10))
    )
    for _ in range(9):
        tree = run(folder, "mktree", asked="".join(f"040000 tree {tree}\t{n}\n" for n in range(10)))
    commit = run(folder, "commit-tree", tree, "-m", "bomb")
    repository = Repository(folder)

    with pytest.raises(UsageError, match="lists more than 1 MiB"):
        list(repository.blobs(commit))
    old = repository.commit_of("main")
    run(folder, "update-ref", "refs/heads/main", commit)
    with pytest.raises(UsageError, match="lists more than 1 MiB"):
        repository.renames(old)


def test_git_that_does_not_end_is_ended(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that hangs."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)

    with pytest.raises(UsageError, match="did not answer within"):
        Repository(folder).commit_of("main")


def test_a_machine_without_git_is_told_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(UsageError, match="git is not installed"):
        Repository(folder).commit_of("main")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_stranger_s_repository_is_git_s_to_refuse(folder: Path) -> None:
    """What git says is passed on, with how to trust it."""
    for path in (folder, folder / ".git"):
        os.chown(path, 12345, 12345)

    with pytest.raises(UsageError, match="dubious ownership") as refused:
        Repository(folder).commit_of("main")
    assert "safe.directory" in refused.value.remedy


def test_the_repository_is_the_nearest_above(folder: Path, tmp_path: Path) -> None:
    """As files are shown: by the nearest folder with a .git."""
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    found = repository_around(below)

    assert found is not None
    assert folder == found.root
    assert repository_around(tmp_path) is None
