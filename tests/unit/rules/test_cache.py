"""The cache of compiled checks: the same checks, or none, and never a stranger's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isoaudit.resources import data_dir
from isoaudit.rules import cache
from isoaudit.rules import kept as store
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.check import Check
from isoaudit.rules.folder import check_files
from isoaudit.rules.load import load_check


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_catalogue()
    (path,) = (tmp_path / "isoaudit").iterdir()
    return path


def test_kept_checks_are_the_checks(kept: Path) -> None:
    """Reading them back gives what compiling gave, examples aside."""
    path = check_files(data_dir("checks"))[0]
    fresh = load_check(path, f"checks/{path.relative_to(data_dir('checks'))}")

    again = load_catalogue()[fresh.id]

    words = ("title", "each", "params", "references", "file", "reads", "severity")
    assert kept.exists()
    assert [getattr(fresh, word) for word in words] == [getattr(again, word) for word in words]
    assert fresh.passes.source == again.passes.source


def test_a_changed_check_has_another_key() -> None:
    """One letter more in a file is another entry."""
    assert cache.key_of([("a", b"x")]) != cache.key_of([("a", b"xy")])


def test_an_entry_others_may_write_is_not_used(kept: Path) -> None:
    """Who can write the cache could decide every verdict."""
    key = kept.stem.removeprefix("checks-")
    assert cache.read(key) is not None
    kept.chmod(0o666)

    assert cache.read(key) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the owner needs root")
def test_an_entry_of_somebody_else_is_not_used(kept: Path) -> None:
    """Only what the caller owns is believed."""
    os.chown(kept, 12345, 12345)

    assert cache.read(kept.stem.removeprefix("checks-")) is None


@pytest.mark.parametrize("content", [b"", b"[]x", b'[{"id": 1}]', b"\xff\xfe"])
def test_a_damaged_entry_is_not_used(kept: Path, content: bytes) -> None:
    """Checks are compiled anew rather than half read."""
    kept.write_bytes(content)

    assert cache.read(kept.stem.removeprefix("checks-")) is None
    assert load_catalogue()


def test_no_writable_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cache everything still works."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))

    checks: dict[str, Check] = load_catalogue()

    assert checks


def test_old_entries_make_room(kept: Path) -> None:
    """Every change of a check leaves an entry behind: the oldest go, the newest stay."""
    folder = kept.parent
    for number in range(40):
        store.write(f"checks-{number}", [number])
        os.utime(folder / f"checks-{number}.json", (number, number))
    store.write("profile-a", [1])

    left = {path.name for path in folder.glob("*.json")}
    assert len(left) < 20
    assert {"checks-39.json", "profile-a.json"} <= left
    assert "checks-0.json" not in left
