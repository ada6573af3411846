"""Files beside a file: which are read, and what becomes of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isoaudit.documents import beside as module
from isoaudit.documents import limits
from isoaudit.documents.beside import Beside, Scan, repository
from isoaudit.errors import DocumentError

SECRET = "hunter2"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a repository `repo` with an app in it, beside a file that is none of its own."""
    (tmp_path / "outside.txt").write_text(SECRET)
    app = tmp_path / "repo" / "app"
    app.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / "common.yaml").write_text("common")
    (app / "main.yaml").write_text("main")
    (app / "base.yaml").write_text("base")
    return tmp_path


def _of(tree: Path) -> Beside:
    return Beside(tree / "repo" / "app" / "main.yaml", "app/main.yaml")


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("base.yaml", "base", "app/base.yaml"),
        ("./base.yaml", "base", "app/base.yaml"),
        ("../common.yaml", "common", "common.yaml"),
        ("gone/../../common.yaml", "common", "common.yaml"),
    ],
)
def test_a_file_of_the_same_repository_is_read(
    tree: Path, name: str, text: str, shown: str
) -> None:
    """By its name relative to the file, and shown as that one is."""
    found = _of(tree).read(name)

    assert (text, shown, "") == (found.text, found.shown, found.why)


def test_what_a_neighbour_names_is_relative_to_it(tree: Path) -> None:
    """The folder of what was read leads on."""
    beside = _of(tree)
    common = beside.read("../common.yaml")

    assert "base" == beside.read("app/base.yaml", common.folder).text


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.yaml", "app/gone.yaml: no such file"),
        ("../../outside.txt", "outside"),
        ("../../../../../../etc/passwd", "outside"),
        ("/etc/passwd", "/etc/passwd: lies outside"),
        ("..", "not a regular file"),
        ("base.yaml/x", "not a directory"),
        ("a\0b", "not the name of a file"),
        ("", "not the name of a file"),
        ("x" * 5000, "not the name of a file"),
        ("x" * 300, "too long"),
        ("link", "outside"),
        ("folder/outside.txt", "outside"),
        ("loop", "loop"),
        ("fifo", "not a regular file"),
        ("binary", "not UTF-8"),
    ],
)
def test_what_is_not_read_says_why(tree: Path, name: str, why: str) -> None:
    """Neither links, nor FIFOs, nor names lead anywhere else; nothing of a file is quoted."""
    app = tree / "repo" / "app"
    (app / "link").symlink_to(tree / "outside.txt")
    (app / "folder").symlink_to(tree)
    (app / "loop").symlink_to("loop")
    (app / "binary").write_bytes(b"\xff" + SECRET.encode())
    os.mkfifo(app / "fifo")
    found = _of(tree).read(name)

    assert why in found.why
    assert "" == found.text
    assert SECRET not in repr(found)
    assert (name in {"gone.yaml", "base.yaml/x"}) == found.absent


def test_a_link_inside_is_followed(tree: Path) -> None:
    """As every tool does that reads the file."""
    (tree / "repo" / "app" / "link.yaml").symlink_to("../common.yaml")

    assert "common" == _of(tree).read("link.yaml").text


def test_a_link_that_is_put_there_meanwhile_leads_nowhere(tree: Path, monkeypatch) -> None:
    """Where the file lies is asked of the kernel once it is open."""
    monkeypatch.setattr(module.os.path, "realpath", lambda path: path)
    (tree / "repo" / "app" / "link").symlink_to(tree / "outside.txt")

    assert "lies outside" in _of(tree).read("link").why


def test_without_a_repository_the_scanned_folder_bounds(tree: Path) -> None:
    """And of a file that was named alone its own folder does."""
    (tree / "repo" / ".git").rmdir()
    main = tree / "repo" / "app" / "main.yaml"
    if repository(str(tree.resolve())):
        pytest.skip("the temporary folder is in a repository")

    assert "common" == Beside(main, "m", Scan(tree / "repo", ())).read("../common.yaml").text
    assert "outside" in Beside(main, "m", Scan(tree / "repo", ())).read("../../outside.txt").why
    assert "outside" in Beside(main, "m").read("../common.yaml").why


def test_nothing_lies_beside_standard_input() -> None:
    """What is named there is unknown."""
    beside = Beside(None, "stdin")

    assert "nothing lies beside standard input" in beside.read("compose.yaml").why
    assert not beside.has("compose.yaml")


def test_files_are_bounded_in_number_and_size(tree: Path, monkeypatch) -> None:
    """The same file counts once."""
    monkeypatch.setattr(module, "MAX_FILES", 2)
    beside = _of(tree)
    for _ in range(3):
        assert "base" == beside.read("base.yaml").text
    assert "common" == beside.read("../common.yaml").text
    assert "more than 2 files" in beside.read("main.yaml").why

    monkeypatch.setattr(limits, "MAX_BYTES", 5)
    beside = _of(tree)
    assert "base" == beside.read("base.yaml").text
    assert "larger than" in beside.read("main.yaml").why


def test_what_is_asked_for_again_and_again_is_bounded(tree: Path, monkeypatch) -> None:
    """Whoever asks parses it anew each time."""
    monkeypatch.setattr(module, "MAX_HANDED", 10)
    beside = _of(tree)

    assert ["base", "base", "", ""] == [beside.read("base.yaml").text for _ in range(4)]
    assert "too much to read" in beside.read("base.yaml").why


def test_names_in_a_folder_are_sorted(tree: Path) -> None:
    """Those with the suffix, and none of a folder that is not there."""
    folder = tree / "repo" / "app" / "x.d"
    folder.mkdir()
    for name in ("b.conf", "a.conf", "c.txt"):
        (folder / name).write_text("")
    beside = _of(tree)

    assert ["a.conf", "b.conf"] == beside.names("x.d", ".conf")
    assert [] == beside.names("y.d", ".conf")


def test_a_folder_of_too_much_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be cut off counts as well."""
    monkeypatch.setattr(module, "MAX_FILES", 2)
    folder = tree / "repo" / "app" / "x.d"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.conf").write_text("")

    with pytest.raises(DocumentError, match=r"app/x\.d: more than 2 files, not read"):
        _of(tree).names("x.d", ".conf")


def test_a_folder_elsewhere_is_refused(tree: Path) -> None:
    """A link leads to it: what it holds counts, and may not be read."""
    (tree / "x.d").mkdir()
    (tree / "repo" / "app" / "x.d").symlink_to(tree / "x.d")

    with pytest.raises(DocumentError, match=r"app/x\.d: lies outside"):
        _of(tree).names("x.d", ".conf")
