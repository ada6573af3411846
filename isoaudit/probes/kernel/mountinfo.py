"""Mount tables as /proc/PID/mountinfo gives them (proc(5)), and host paths behind their entries."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

_ESCAPE = re.compile(r"\\([0-7]{3})")
TABLE_LIMIT = 16 * 1_048_576
"""Most bytes of a mount table: a busy node has thousands of mounts of some 300 bytes each."""

_GONE = "//deleted"


class Mount(NamedTuple):
    """One line of a mount table.

    `id` and `parent` number the mount and the one it is mounted on; `device` is major:minor;
    `root` the path inside the file system that is mounted; `point` where. `peers` is the number of
    the group within which mounts made below it travel, "" for none.
    """

    id: str
    parent: str
    device: str
    root: str
    point: str
    options: frozenset[str]
    propagation: str
    file_system: str
    super_options: frozenset[str]
    peers: str = ""

    @property
    def read_only(self) -> bool:
        """Whether the mount, or the file system as a whole, refuses writes."""
        return "ro" in self.options or "ro" in self.super_options

    @property
    def shape(self) -> tuple[object, ...]:
        """All of it but the numbers that the kernel gave it."""
        return self[2:]


class Layout:
    """A mount table without the numbers that the kernel gave its mounts, and what follows from it.

    Sandboxes that were made alike have the same one, which is then read and judged once: `kept`
    holds whatever was derived from it, under keys of those who derive it.
    """

    __slots__ = ("kept", "table")

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.table = Table("\n".join(lines))
        self.kept: dict[object, Any] = {}


def renumbered(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the lines of a table, its mounts numbered from 0, and the kernel's own numbers.

    The last element is what stands after the last line break: "" unless it was cut off.
    """
    numbers: dict[str, str] = {}
    parts = [line.split(" ", 2) for line in text.split("\n")]
    for place, part in enumerate(parts):
        numbers.setdefault(part[0], str(place))
    lines = tuple(
        f"{numbers[part[0]]} {numbers.get(part[1], '-')} {part[2]}" if len(part) == 3 else part[0]
        for part in parts
    )
    return lines, frozenset(numbers)


class Table:
    """A mount table. `complete` is false if it was cut off or has a line of another shape."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        read = [_entry(line) for line in lines[:-1]]
        self.mounts = [mount for mount in read if mount is not None]
        self.complete = lines[-1] == "" and len(self.mounts) == len(read)
        self._points: dict[str, list[Mount]] = {}
        self._devices: dict[str, list[Mount]] = {}
        self._ids = {mount.id: mount for mount in self.mounts}
        for mount in self.mounts:
            self._points.setdefault(mount.point, []).append(mount)
            self._devices.setdefault(mount.device, []).append(mount)
        self._covered = _covered(self.mounts)
        self._tops: dict[str, Mount | None] = {}

    def by_id(self, number: str) -> Mount | None:
        """Return the mount with a number of the kernel's."""
        return self._ids.get(number)

    @cached_property
    def peer_groups(self) -> frozenset[str]:
        """The numbers of the groups within which its mounts are passed on."""
        return frozenset(mount.peers for mount in self.mounts if mount.peers)

    @cached_property
    def writable(self) -> dict[tuple[str, str], set[str]]:
        """`{(device, root): the points where that is mounted writable}`."""
        found: dict[tuple[str, str], set[str]] = {}
        for mount in self.mounts:
            if not mount.read_only:
                found.setdefault((mount.device, mount.root), set()).add(mount.point)
        return found

    @property
    def covered(self) -> frozenset[str]:
        """The numbers of the mounts that lie under another one."""
        return frozenset(m.id for m in self.mounts if self.at(m.point) is not m)

    def on(self, device: str) -> list[Mount]:
        """Return the mounts of a file system, by its device number."""
        return self._devices.get(device, [])

    def at(self, point: str) -> Mount | None:
        """Return the entry that is visible at a mount point: of several ones the topmost."""
        if point not in self._points:
            return None
        if point not in self._tops:
            self._tops[point] = self._topmost(self._points[point])
        return self._tops[point]

    def _topmost(self, several: list[Mount]) -> Mount | None:
        below = {mount.parent for mount in several} if len(several) > 1 else ()
        top = (mount for mount in reversed(several) if mount.id not in below)
        return next((mount for mount in top if not self._is_buried(mount)), None)

    def covering(self, path: str) -> Mount | None:
        """Return the entry that a path lies in."""
        while True:
            found = self.at(path)
            if found is not None or path in {"", "/"}:
                return found
            path = path.rpartition("/")[0] or "/"

    def _is_buried(self, mount: Mount) -> bool:
        """Say whether a mount was covered by a later one at a folder above its mount point.

        A second /proc over the first takes along everything that was mounted inside it.
        """
        seen: set[str] = set()
        while mount.id not in seen:
            seen.add(mount.id)
            below = self._ids.get(mount.parent)
            if below is None or below is mount:
                return False
            if mount.id in self._covered:
                return True
            mount = below
        return False

    def path_of(self, mount: Mount) -> str | None:
        """Return the path by which this table shows what `mount` mounts, None if it does not.

        The same file system is found by its device number. Of several paths, the one below the
        mount at `/` counts, so that a bind mount of the host never hides that `/etc` is /etc; then
        the one whose mount shows most of the file system; then the shortest.
        """
        paths: list[tuple[bool, int, int, str]] = []
        for candidate in self._devices.get(mount.device, ()):
            if not inside(mount.root, candidate.root):
                continue
            rest = mount.root[len(candidate.root.rstrip("/")) :]
            path = (candidate.point.rstrip("/") + rest).rstrip("/") or "/"
            # NOTE: subvolumes of btrfs have roots of their own; its top is rarely where files are.
            depth = 0 if candidate.file_system == "btrfs" else len(candidate.root)
            paths.append((candidate.point != "/", depth, len(candidate.point), path))
        return min(paths)[3] if paths else None


def _covered(mounts: list[Mount]) -> set[str]:
    """Return the ids of mounts with a sibling at a folder above their mount point.

    Whatever the order of lines, the one above came later: had it been there, the other would be
    mounted on it and be no sibling. A copy of a mount namespace lists them in another order.
    """
    siblings: dict[str, set[str]] = {}
    for mount in mounts:
        siblings.setdefault(mount.parent, set()).add(mount.point)
    covered: set[str] = set()
    for mount in mounts:
        points = siblings[mount.parent]
        folder = mount.point
        while folder != "/" and len(points) > 1:
            folder = folder.rpartition("/")[0] or "/"
            if folder in points:
                covered.add(mount.id)
                break
    return covered


def _entry(line: str) -> Mount | None:
    number, _, rest = line.partition(" ")
    parent, _, rest = rest.partition(" ")
    shape = _shape(rest)
    return None if shape is None else Mount(number, parent, *shape)


_Shape = tuple[str, str, str, frozenset[str], str, str, frozenset[str], str]


@lru_cache(8192)
def _shape(text: str) -> _Shape | None:
    """Return a line of the table without its numbers; sandboxes made alike have the same ones."""
    before, separator, after = text.partition(" - ")
    words, tail = before.split(" "), after.split(" ")
    if not separator or len(words) < 4 or len(tail) < 3:
        return None
    return (
        words[0],
        unescape(words[1]).removesuffix(_GONE) or "/",
        unescape(words[2]),
        frozenset(words[3].split(",")),
        _propagation(words[4:]),
        tail[0],
        frozenset(tail[2].split(",")),
        next((word[7:] for word in words[4:] if word.startswith("shared:")), ""),
    )


def unescape(word: str) -> str:
    r"""Return a path with the kernel's octal escapes (`\040` for a blank) decoded."""
    if "\\" not in word:
        return word
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), word)


def _propagation(fields: list[str]) -> str:
    """Return the propagation type that the optional fields amount to (mount_namespaces(7))."""
    tags = {field.partition(":")[0] for field in fields}
    if "shared" in tags:
        return "shared"
    if "master" in tags:
        return "slave"
    return "unbindable" if "unbindable" in tags else "private"


def inside(path: str, folder: str) -> bool:
    """Say whether a path is a folder or lies below it, by their names."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
