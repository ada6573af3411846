"""Which files of a folder are looked at, and what they are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isoaudit.targets.folder import MAX_DEPTH, expand, shown_path


def _names(folder: Path) -> list[str]:
    return [str(entry.relative_to(folder)) for entry in expand(folder) if isinstance(entry, Path)]


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a: b\n")


def test_files_that_may_declare_workloads_are_found_in_order(tmp_path: Path) -> None:
    """By suffix, in folders below too."""
    _write(tmp_path, "b.yml", "a.yaml", "sub/c.json", "sub/d.xml", "e.txt", "yaml")

    assert ["a.yaml", "b.yml", "sub/c.json", "sub/d.xml"] == _names(tmp_path)


@pytest.mark.parametrize("name", [".git", "node_modules", "__pycache__", ".tox"])
def test_folders_of_tools_are_passed_by(tmp_path: Path, name: str) -> None:
    """What others put there is not what is deployed."""
    _write(tmp_path, f"{name}/a.yaml", "b.yaml")

    assert ["b.yaml"] == _names(tmp_path)


def test_a_virtual_environment_is_passed_by_whatever_it_is_called(tmp_path: Path) -> None:
    """It is known by its pyvenv.cfg; a folder that is merely called like one is not."""
    _write(tmp_path, "tools/py/pyvenv.cfg", "tools/py/a.yaml", "tools/py/lib/b.yaml", "venv/c.yaml")

    assert ["venv/c.yaml"] == _names(tmp_path)


def test_a_virtual_environment_that_is_named_is_looked_into(tmp_path: Path) -> None:
    """Who names a folder wants it read."""
    _write(tmp_path, "pyvenv.cfg", "a.yaml")

    assert ["a.yaml", "pyvenv.cfg"] == _names(tmp_path)


def test_a_tree_without_bottom_costs_one_problem(tmp_path: Path) -> None:
    """It is not followed down to where paths become too long, and what is beside it is found."""
    _write(tmp_path, "a.yaml")
    deep = tmp_path.joinpath(*["d"] * (MAX_DEPTH + 5))
    deep.mkdir(parents=True)

    first, problem = expand(tmp_path)

    assert tmp_path / "a.yaml" == first
    assert "more than 200 folders deep, not looked into" == getattr(problem, "cause", None)


def test_links_are_followed_only_to_files_of_the_same_folder(tmp_path: Path) -> None:
    """A link out of it, to a folder, to nothing or to itself is passed by."""
    _write(tmp_path, "outside.yaml", "in/real.yaml", "in/sub/deep.yaml")
    inside = tmp_path / "in"
    (inside / "away.yaml").symlink_to(tmp_path / "outside.yaml")
    (inside / "near.yaml").symlink_to("real.yaml")
    (inside / "gone.yaml").symlink_to("nowhere.yaml")
    (inside / "loop.yaml").symlink_to("loop.yaml")
    (inside / "again").symlink_to(inside)
    (inside / "folder.yaml").symlink_to("sub")

    assert ["near.yaml", "real.yaml", "sub/deep.yaml"] == _names(inside)


def test_what_is_no_regular_file_is_passed_by(tmp_path: Path) -> None:
    """Opening a FIFO could wait for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()

    assert [] == _names(tmp_path)


def test_a_name_that_is_no_text_is_found_and_can_be_shown(tmp_path: Path) -> None:
    """File names are bytes."""
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text("a: b\n")
    (found,) = expand(tmp_path)

    assert isinstance(found, Path)
    assert shown_path(found).encode().endswith(b"\\xff.yaml")


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """It is told beside the files that could be found."""
    _write(tmp_path, "a.yaml")
    gone = tmp_path / "gone"

    (problem,) = expand(gone)

    assert (gone, "no such file or directory") == (
        getattr(problem, "path", None),
        getattr(problem, "cause", None),
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_is_a_problem(tmp_path: Path) -> None:
    """What may not be read is told, the rest is found."""
    _write(tmp_path, "a.yaml", "closed/b.yaml")
    (tmp_path / "closed").chmod(0)
    try:
        entries = list(expand(tmp_path))
    finally:
        (tmp_path / "closed").chmod(0o700)

    assert tmp_path / "a.yaml" == entries[0]
    assert "permission denied" == getattr(entries[1], "cause", None)


def test_a_path_is_shown_from_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is the same wherever isoaudit is called from."""
    _write(tmp_path, "repo/sub/a.yaml")
    (tmp_path / "repo/.git").mkdir()
    monkeypatch.chdir(tmp_path / "repo/sub")

    assert "sub/a.yaml" == shown_path(Path("a.yaml"))


def test_a_path_outside_a_repository_is_shown_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative to the working directory, or as a whole where it lies elsewhere."""
    _write(tmp_path, "here/a.yaml", "there/b.yaml")
    monkeypatch.chdir(tmp_path / "here")

    assert "a.yaml" == shown_path(tmp_path / "here/a.yaml")
    assert str(tmp_path / "there/b.yaml") == shown_path(Path("../there/b.yaml"))
