"""The wheel and the source archive: complete, and at work away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from isoaudit.rules.folder import check_files

ROOT = Path(__file__).resolve().parents[2]
DATA = ("checks", "profiles", "reports")

pytest.importorskip("hatchling", reason="hatchling builds the package: pip install hatchling")


def _run(*words: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def _build(source: Path, kind: str, into: Path) -> Path:
    done = _run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into), cwd=source)
    assert 0 == done.returncode, done.stderr
    (built,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the checkout."""
    return _build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive of the checkout and unpack it."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_build(ROOT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own; what it depends on is there already."""
    folder = tmp_path_factory.mktemp("installed")
    done = _run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
        "--disable-pip-version-check", "--target", str(folder), str(wheel), cwd=folder,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("kind", DATA)
def test_the_wheel_carries_the_data_of_the_checkout(installed: Path, kind: str) -> None:
    """Every check, profile, schema and template, and no other."""
    assert _files(ROOT / kind) == _files(installed / "isoaudit" / "_data" / kind)


def test_the_wheel_carries_the_code_of_the_checkout(wheel: Path) -> None:
    """Every module, and no test."""
    modules = {f"isoaudit/{path.relative_to(ROOT / 'isoaudit')}"
               for path in (ROOT / "isoaudit").rglob("*.py")}  # fmt: skip
    names = set(zipfile.ZipFile(wheel).namelist())

    assert modules == {name for name in names if name.endswith(".py")}


def test_the_wheel_carries_the_licence_and_the_command(wheel: Path) -> None:
    """As its metadata say."""
    archive = zipfile.ZipFile(wheel)
    (licence,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
    (points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))

    assert (ROOT / "LICENSE").read_bytes() == archive.read(licence)
    assert b"isoaudit = isoaudit.__main__:main" in archive.read(points)


def test_it_runs_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    """From its own modules and data: the catalogue is listed, and a file is judged."""
    command = str(installed / "bin" / "isoaudit")
    (tmp_path / "compose.yaml").write_text("services: {web: {image: a, privileged: true}}\n")
    where = _run(sys.executable, "-c", "import isoaudit; print(isoaudit.__file__)",
                 cwd=tmp_path, path=installed)  # fmt: skip
    listed = _run(command, "checks", "list", "-f", "json", cwd=tmp_path, path=installed)
    scanned = _run(command, "scan", "compose.yaml", "-f", "json", cwd=tmp_path, path=installed)

    assert where.stdout.startswith(str(installed))
    assert len(json.loads(listed.stdout)) == len(check_files(ROOT / "checks"))
    assert (1, "") == (scanned.returncode, scanned.stderr.partition("exit 1")[0])
    assert ["web"] == [target["name"] for target in json.loads(scanned.stdout)["targets"]]


def test_the_source_archive_is_whole(sdist: Path) -> None:
    """Code, data, tests, documentation and licence; nothing that was made here."""
    for name in ("isoaudit", *DATA, "tests", "docs", "examples", "tools", "Makefile", "LICENSE"):
        assert (sdist / name).exists(), name
    names = {path.name for path in sdist.rglob("*")}
    assert set() == names & {".git", ".ci", ".venv", "__pycache__", ".lab", ".mypy_cache"}


def test_the_source_archive_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    """Whoever packages from it gets what the checkout gives."""
    again = zipfile.ZipFile(_build(sdist, "wheel", tmp_path))
    first = zipfile.ZipFile(wheel)

    assert sorted(first.namelist()) == sorted(again.namelist())
    assert {i.filename: i.CRC for i in first.infolist()} == {
        i.filename: i.CRC for i in again.infolist()
    }
