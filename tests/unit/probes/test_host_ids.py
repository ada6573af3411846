"""Ids, files and engines of made-up hosts: who could become whom, or change what others run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from host_trees import Locked, collect, reason, records, tree, value
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.model import FactSet, Missing, Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.subids import _overlapping, _Range
from isoaudit.transports.base import Unreadable


def gap(facts: FactSet, part: str) -> Missing | None:
    return facts.parts[part][0].incomplete


PASSWD = (
    "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/h:/bin/sh\nbob:x:1001:1001::/h:/bin/sh\n"
    "low:x:100500:100::/h:/bin/sh\n"
)


@pytest.mark.parametrize(
    ("root", "shared", "text"),
    [
        ((), (), "ada:100000:500\nbob:200000:65536\n"),
        ((), (), "ada:100000:400\n1000:100100:200\n"),
        ((), ("ada", "bob"), "ada:165536:65536\nbob:200000:65536\n"),
        ((), ("ada",), "ada:100000:65536\n"),
        ((), ("ada",), "1000:1001:1\n"),
        (("ada",), ("ada",), "ada:0:65536\n"),
        ((), (), "broken\nada:x:1\nada:300000:0\n"),
    ],
)
def test_subordinate_ids(
    root: tuple[str, ...], shared: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    """Ranges of different owners, and accounts, are kept apart; root is in none."""
    facts = collect(tree(tmp_path, {"/etc/passwd": PASSWD, "/etc/subuid": text}))
    assert (root, shared) == (
        value(facts, "host.subids.with_root"),
        value(facts, "host.subids.overlapping"),
    )


@pytest.mark.parametrize(
    ("expected", "line"), [(Reason.NOT_SUPPORTED, "subid: sss\n"), (None, "subid: files\n")]
)
def test_ranges_from_a_directory(expected: Reason | None, line: str, tmp_path: Path) -> None:
    """Where a directory hands out the ranges, the files say nothing."""
    facts = collect(tree(tmp_path, {"/etc/nsswitch.conf": line}))
    if expected is None:
        assert () == value(facts, "host.subids.overlapping")
    else:
        assert expected == reason(facts, "host.subids.overlapping")


RANGES = st.lists(
    st.builds(
        lambda start, count, owner: _Range(start, start + count, owner),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from("abcd"),
    ),
    max_size=12,
)


@given(RANGES, RANGES)
def test_overlaps_are_those_of_every_pair(ranges: list[_Range], ids: list[_Range]) -> None:
    """Going through the sorted ranges once finds what comparing every two of them finds."""
    everyone = [*ranges, *ids]
    expected = {
        one.owner
        for one in ranges
        for other in everyone
        for mine in everyone
        if mine.owner == one.owner != other.owner
        and mine.start < other.end
        and other.start < mine.end
    }
    assert expected == _overlapping(ranges, ids)


@pytest.mark.parametrize(
    ("part", "folder"),
    [("seccomp_profile", "/var/lib/kubelet/seccomp"), ("cdi_spec", "/etc/cdi")],
)
def test_files_that_are_handed_in(part: str, folder: str, tmp_path: Path) -> None:
    """The folder and all below it are told, the folders in it too."""
    files = {f"{folder}/a.json": "{}", f"{folder}/sub/b.json": "{}"}
    host = tree(tmp_path, dict(files))
    (tmp_path / folder.lstrip("/") / "a.json").chmod(0o666)
    found = {one["path"]: one["others_may_write"] for one in records(collect(host), part)}
    mine = os.geteuid() != 0
    assert {
        folder: mine,
        f"{folder}/a.json": True,
        f"{folder}/sub": mine,
        f"{folder}/sub/b.json": mine,
    } == found


@pytest.mark.parametrize(
    ("part", "folder"),
    [("seccomp_profile", "/var/lib/kubelet"), ("cdi_spec", "/run/cdi")],
)
def test_a_closed_folder_leaves_them_incomplete(part: str, folder: str, tmp_path: Path) -> None:
    """Files that do not show may be anyone's."""
    cut = gap(collect(Locked(tree(tmp_path), folder)), part)
    assert cut is not None
    assert Reason.PERMISSION_DENIED is cut.reason


def test_more_files_than_are_read(tmp_path: Path) -> None:
    """A folder of thousands, or one of a hundred levels, is read in part and said to be."""
    files = {f"/etc/cdi/{number}.json": "" for number in range(600)}
    deep = {"/var/lib/kubelet/seccomp/" + "d/" * 100 + "x.json": ""}
    facts = collect(tree(tmp_path, {**files, **deep}))
    for part in ("cdi_spec", "seccomp_profile"):
        cut = gap(facts, part)
        assert cut is not None
        assert Reason.LIMIT is cut.reason


UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n"
ROW = "0000000000000000: 00000002 00000000 00010000 0001 01 {inode} {name}\n"


def sockets(*names: str) -> str:
    return UNIX + "".join(ROW.format(inode=i, name=name) for i, name in enumerate(names))


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        (0, ("/run/containerd/s/ab", "@/org/bluez", "/tmp/@/containerd-shim/x")),
        (
            2,
            ("@/containerd-shim/a.sock@", "@/containerd-shim/b.sock@", "@/containerd-shim/b.sock@"),
        ),
    ],
)
def test_abstract_shims(expected: int, names: tuple[str, ...], tmp_path: Path) -> None:
    """Each abstract socket of a shim counts once, whoever is connected to it."""
    facts = collect(tree(tmp_path, {"/proc/1/net/unix": sockets(*names)}))
    assert expected == value(facts, "host.containerd.abstract_shims")


def test_the_sockets_of_another_network_say_nothing(tmp_path: Path) -> None:
    """Where the first process hides, none that is seen is no proof."""
    facts = collect(tree(tmp_path, {"/proc/net/unix": sockets()}))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.containerd.abstract_shims")


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (True, "/run/user/1000/libpod/tmp/alive"),
        (True, "/run/user/1000/docker.pid"),
        (False, "/run/user/1000/systemd/private"),
        (False, "/run/user/0/libpod/tmp/alive"),
    ],
)
def test_rootless_engines(expected: bool, path: str, tmp_path: Path) -> None:
    """An engine without root leaves its folder with its user; root's own is none."""
    assert expected == value(collect(tree(tmp_path, {path: ""})), "host.rootless.in_use")


def test_closed_folders_of_users(tmp_path: Path) -> None:
    """Whether somebody uses an engine does not show in folders that may not be read."""
    facts = collect(Locked(tree(tmp_path, {"/run/user/1000/x": ""}), "/run/user/1000"))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.rootless.in_use")


def test_a_long_file_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    """A text that a limit cut short is an error where its end matters."""
    sheet = Sheet(tree(tmp_path, {"/etc/subuid": "é" * 40}))
    assert 40 == len(sheet.whole("/etc/subuid", 200))
    with pytest.raises(Unreadable) as caught:
        sheet.whole("/etc/subuid", 80)
    assert Reason.LIMIT is caught.value.reason
