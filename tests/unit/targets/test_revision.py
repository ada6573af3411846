"""Laying out a revision: what a crafted tree cannot do, and what is read beside a deployment."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from isoaudit.errors import UsageError
from isoaudit.targets import revision
from isoaudit.targets.folder import shown_path
from isoaudit.targets.revision import laid_out
from isoaudit.transports.git import Blob, Repository


class Crafted(Repository):
    """A repository whose trees hold what git itself would refuse to make."""

    def __init__(self, root: Path, files: dict[str, bytes | str]) -> None:
        super().__init__(root)
        self._files = files

    def blobs(self, commit: str):  # type: ignore[no-untyped-def]
        """Yield the files; what is text is a link."""
        for path, data in self._files.items():
            yield Blob(path, "0" * 40, len(data), isinstance(data, str))

    def contents(self, blobs):  # type: ignore[no-untyped-def]
        """Yield the files with their contents."""
        for blob in blobs:
            data = self._files[blob.path]
            yield blob, data if isinstance(data, bytes) else data.encode()


def test_files_have_the_names_they_have_in_the_repository(tmp_path: Path) -> None:
    """So that a finding there has the fingerprint that it has today."""
    with laid_out(Crafted(tmp_path / "repo", {"a/compose.yaml": b"x"}), "c") as root:
        assert "repo" == root.name
        assert "a/compose.yaml" == shown_path(root / "a" / "compose.yaml")
        assert b"x" == (root / "a" / "compose.yaml").read_bytes()


def test_nobody_else_may_enter(tmp_path: Path) -> None:
    """Files may hold what only the repository's readers may read; and all of it goes again."""
    with laid_out(Crafted(tmp_path / "repo", {"a.yaml": b""}), "c") as root:
        above = root.parent
        assert 0o700 == stat.S_IMODE(above.stat().st_mode)
    assert not above.exists()


@pytest.mark.parametrize(
    "path",
    ["../a.yaml", "/etc/a.yaml", "a/../../b.yaml", ".git/config.yaml", "a/.GIT/x.yaml", "./a.yaml",
     "a//b.yaml"],
)  # fmt: skip
def test_a_name_that_climbs_is_not_written(tmp_path: Path, path: str) -> None:
    """No file lands outside of the folder, nor in its .git."""
    with laid_out(Crafted(tmp_path / "repo", {path: b"x", "ok.yaml": b""}), "c") as root:
        written = [p for p in root.parent.rglob("*") if p.is_file()]
        assert [root / "ok.yaml"] == written


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../../etc/passwd", "/proc/self/environ", "../..", "a/../../../x"],
)  # fmt: skip
def test_a_link_that_leads_out_is_not_made(tmp_path: Path, target: str) -> None:
    """What runs as root would read it otherwise."""
    with laid_out(Crafted(tmp_path / "repo", {"b/l.yaml": target}), "c") as root:
        assert not os.path.lexists(root / "b" / "l.yaml")


def test_a_link_within_is_made(tmp_path: Path) -> None:
    """As a repository may well have."""
    files: dict[str, bytes | str] = {"b/l.yaml": "../a.yaml", "a.yaml": b"x"}
    with laid_out(Crafted(tmp_path / "repo", files), "c") as root:
        assert b"x" == (root / "b" / "l.yaml").read_bytes()


def test_links_that_lead_out_together_are_taken_back(tmp_path: Path) -> None:
    """By its words each one stays within; through the other one it does not."""
    files: dict[str, bytes | str] = {
        "x/y/out.yaml": "p.yaml/../../../../../../etc/passwd", "x/y/p.yaml": "../../t",
        "t/a.yaml": b"",
    }  # fmt: skip
    with laid_out(Crafted(tmp_path / "repo", files), "c") as root:
        for link in (path for path in root.rglob("*") if path.is_symlink()):
            assert os.path.realpath(link).startswith(str(root))


def test_of_a_link_and_a_folder_of_one_name_the_files_stand(tmp_path: Path) -> None:
    """Files are written before there is any link to be written through."""
    out = tmp_path / "out"
    out.mkdir()
    files: dict[str, bytes | str] = {"d.yaml": str(out), "d.yaml/a.yaml": b"x"}
    with laid_out(Crafted(tmp_path / "repo", files), "c") as root:
        assert b"x" == (root / "d.yaml" / "a.yaml").read_bytes()
    assert [] == list(out.iterdir())


def test_what_is_read_beside_a_deployment_is_there(tmp_path: Path) -> None:
    """Variables, further compose files and drop-ins; sources of programs are not."""
    names = [".env", "config/web.env", "env/db", "a/.gitignore", "x.container.d/10.conf", "a.yaml"]
    files: dict[str, bytes | str] = dict.fromkeys([*names, "src/main.py", "logo.png"], b"")
    with laid_out(Crafted(tmp_path / "repo", files), "c") as root:
        found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        assert set(names) == found


def test_more_than_is_to_be_laid_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a tree would make the rest look new without a word."""
    monkeypatch.setattr(revision, "MAX_FILES", 2)
    files: dict[str, bytes | str] = {f"{n}.yaml": b"" for n in range(3)}

    refused = pytest.raises(UsageError, match="more than 2 deployment files")
    with refused, laid_out(Crafted(tmp_path / "repo", files), "c"):
        pass
