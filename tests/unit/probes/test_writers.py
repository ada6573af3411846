"""Who can put something else in place of a host path: folders, links and account files."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.model import Reason
from isoaudit.probes.writers import account_names, folders_above, source_writers
from isoaudit.transports import Unreadable
from isoaudit.transports.base import FileStat

ROOT = (0, 0, 0o755)
Owner = tuple[int, int, int]


@dataclass
class Host:
    """A host by its folders (uid, gid, mode) and links; what is in neither does not exist."""

    folders: dict[str, Owner]
    links: dict[str, str] = field(default_factory=dict)
    closed: str = ""

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        names = {"/etc/passwd": "root:x:0:0\nalice:x:1000:1000\n", "/etc/group": "staff:x:50:\n"}
        return names[path][:limit]

    def read_link(self, path: str) -> str:
        self._refuse(path)
        if path in self.links:
            return self.links[path]
        absent = path not in self.folders
        raise Unreadable(Reason.NOT_SUPPORTED, f"{path}: no link", absent=absent)

    def list_names(self, path: str) -> list[str]:
        raise NotImplementedError(path)

    def stat(self, path: str) -> FileStat:
        self._refuse(path)
        if path not in self.folders:
            raise Unreadable(Reason.NOT_SUPPORTED, f"{path}: not there", absent=True)
        uid, gid, mode = self.folders[path]
        return FileStat(type="directory", mode=mode, uid=uid, gid=gid, device=1, inode=1, size=0)

    def _refuse(self, path: str) -> None:
        if self.closed and path.startswith(self.closed):
            raise Unreadable(Reason.PERMISSION_DENIED, f"{path}: permission denied")


def host(folders: dict[str, Owner], links: dict[str, str] | None = None) -> Host:
    """Return a host with a root directory of root's and these folders."""
    return Host({"/": ROOT, "/srv": ROOT, **folders}, links or {})


@pytest.mark.parametrize(
    ("folders", "path", "expected"),
    [
        ({"/srv/a": ROOT}, "/srv/a", []),
        ({"/srv/a": (1000, 1000, 0o777)}, "/srv/a", []),
        ({"/home": ROOT, "/home/alice": (1000, 1000, 0o755)}, "/home/alice/app", ["alice"]),
        ({"/data": (77, 0, 0o755)}, "/data/app", ["77"]),
        ({"/data": (0, 50, 0o775)}, "/data/app", ["group staff"]),
        ({"/data": (0, 51, 0o775)}, "/data/app", ["group 51"]),
        ({"/data": (0, 0, 0o775)}, "/data/app", []),
        ({"/data": (1000, 50, 0o777), "/data/app": ROOT}, "/data/app", ["everyone"]),
        ({"/tmp": (0, 0, 0o1777), "/tmp/a": ROOT}, "/tmp/a", []),
        ({"/tmp": (0, 0, 0o1777), "/tmp/a": (1000, 0, 0o700)}, "/tmp/a", ["alice"]),
        ({"/tmp": (0, 0, 0o1777)}, "/tmp/a", ["everyone"]),
        ({}, "/srv/new/deep", []),
        ({}, "/", []),
    ],
)
def test_each_folder_on_the_way_counts(
    folders: dict[str, Owner], path: str, expected: list[str]
) -> None:
    """Its owner, its group if that may write, or everyone; not who owns the path itself."""
    assert expected == source_writers(host(folders), path)


def test_both_ways_of_a_link_count() -> None:
    """Where the link stands and where it leads are both on the way."""
    folders = {"/home": ROOT, "/home/alice": (1000, 1000, 0o755), "/home/alice/app": ROOT}
    assert ["alice"] == source_writers(host(folders, {"/srv/app": "/home/alice/app"}), "/srv/app")
    away = host({**folders, "/srv/app": ROOT}, {"/home/alice/x": "/srv/app"})
    assert ["alice"] == source_writers(away, "/home/alice/x")


def test_a_link_of_root_in_a_folder_of_root_is_harmless() -> None:
    """/var/run is one on every system."""
    folders = {"/var": ROOT, "/run": ROOT, "/run/app": ROOT}
    for target in ("/run", "../run"):
        assert [] == source_writers(host(folders, {"/var/run": target}), "/var/run/app")


def test_links_in_a_circle_have_an_end() -> None:
    """A path that leads nowhere is not known, and ends."""
    circle = host({}, {"/srv/a": "/srv/b", "/srv/b": "/srv/a"})
    with pytest.raises(Unreadable) as raised:
        source_writers(circle, "/srv/a/x")
    assert Reason.LIMIT is raised.value.reason


def test_a_link_in_a_sticky_folder_is_not_judged() -> None:
    """Whose the link is cannot be told, so nobody is acquitted."""
    with pytest.raises(Unreadable):
        source_writers(host({"/tmp": (0, 0, 0o1777)}, {"/tmp/a": "/srv"}), "/tmp/a")


def test_a_folder_that_is_closed_is_no_answer() -> None:
    """A lack of rights is never taken for absence."""
    closed = host({"/srv/a": ROOT})
    closed.closed = "/srv"
    with pytest.raises(Unreadable) as raised:
        source_writers(closed, "/srv/a/b")
    assert Reason.PERMISSION_DENIED is raised.value.reason


def test_broken_lines_of_account_files_are_passed_by() -> None:
    """The first of several names counts, as for the C library."""
    assert {0: "root", 7: "a"} == account_names("root:x:0:0\nx\n:\na:x:7:7\nb:x:7:7\nc:x:-1:0\n")


def test_folders_above_a_path() -> None:
    """From the nearest one up to the root directory."""
    assert ["/a/b", "/a", "/"] == list(folders_above("/a/b/c"))
    assert [] == list(folders_above("/"))


_OWNERS = st.tuples(st.sampled_from([0, 1000]), st.sampled_from([0, 50]), st.integers(0, 0o1777))


@given(_OWNERS, _OWNERS, st.sampled_from([0o020, 0o002]))
def test_more_rights_on_a_folder_never_mean_fewer_writers(
    top: Owner, below: Owner, added: int
) -> None:
    """Opening a folder further takes nobody from the list, but everyone stands for all."""
    wider = (top[0], top[1], (top[2] | added) & ~0o1000)
    narrow = source_writers(host({"/d": top, "/d/e": below}), "/d/e/f")
    wide = source_writers(host({"/d": wider, "/d/e": below}), "/d/e/f")
    # A sticky folder names the entry's owner, who counts again as the owner of the folder below.
    assert set(narrow) <= set(wide) or ["everyone"] == wide
