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
    (path,) = (tmp_path / "isoaudit").glob("checks-*")
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


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a check file whose last change is long enough ago."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_SETTLED", 0)
    path = tmp_path / "a.yaml"
    path.write_bytes(b"x")
    return path


def _key(path: Path) -> str:
    return cache.key_of_files([(str(path), "a")])


def test_files_that_have_not_changed_are_not_read_again(
    settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of what they held is known by when they changed."""
    key = _key(settled)
    monkeypatch.delattr(cache, "key_of")

    assert key == _key(settled)


def test_a_change_that_leaves_size_and_time_alone_is_seen(settled: Path) -> None:
    """Whoever sets the time of a file back cannot set back that of the change of its inode."""
    seen = settled.stat()
    before = _key(settled)
    settled.write_bytes(b"y")
    os.utime(settled, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert cache.key_of([("a", b"y")]) == _key(settled) != before


def test_the_name_that_a_file_is_shown_by_takes_part(settled: Path) -> None:
    """Checks keep it, and a folder of checks may be named in several ways."""
    assert _key(settled) != cache.key_of_files([(str(settled), "b")])


def test_what_changed_just_now_is_read_again(
    settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may change once more within the same tick of the clock."""
    monkeypatch.setattr(cache, "_SETTLED", 3600 * 10**9)
    _key(settled)

    assert [] == list((settled.parent / "cache").rglob("stamp-*"))


def test_times_in_whole_seconds_are_not_believed(settled: Path) -> None:
    """Files of an image that was built to be the same again have one time, whatever they hold."""
    seen = settled.stat()
    coarse = os.stat_result((*seen[:10],), {"st_ctime_ns": 10**18, "st_mtime_ns": 10**18})

    assert cache._stamp([("a", "a", seen)])[1] is not None
    assert cache._stamp([("a", "a", coarse)])[1] is None


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
