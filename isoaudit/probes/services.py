"""The services of engines among the processes of this machine, by name and command line.

Source: proc(5). A name can be taken by any program: it tells where to look, never that it is safe.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.transports import Files, Unreadable


class Service(NamedTuple):
    """A running service: its pid, its name, its command line, who started it and whose it is.

    `parent` is 0 and `uid` None where /proc does not tell.
    """

    pid: int
    name: str
    words: tuple[str, ...]
    parent: int = 0
    uid: int | None = None

    @property
    def rootless(self) -> bool:
        """Whether it is known to run as an ordinary account."""
        return self.uid is not None and self.uid != 0


def running(files: Files, names: Collection[str], *, all_of_them: bool = False) -> list[Service]:
    """Return the processes of these names, by pid; raises Unreadable.

    With `all_of_them` a /proc that hides the processes of others is an error too: who rests on a
    service not being there needs that.
    """
    pids = [int(name) for name in files.list_names("/proc") if name.isascii() and name.isdecimal()]
    if all_of_them and 1 not in pids:
        raise Unreadable(
            Reason.PERMISSION_DENIED, "/proc hides the processes of others", "Run isoaudit as root."
        )
    found: list[Service] = []
    for pid in sorted(pids):
        try:
            name = files.read_text(f"/proc/{pid}/comm").rstrip("\n")
            if name in names:
                words = files.read_text(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
                found.append(
                    Service(pid, name, tuple(words), _parent(files, pid), _uid(files, pid))
                )
        except Unreadable as error:
            # NOTE: what ended meanwhile is no service; what is hidden from us could be one.
            if not (error.absent or error.reason is Reason.VANISHED):
                raise
    return found


def home_of(files: Files, uid: int) -> str:
    """Return the home of an account by /etc/passwd; raises Unreadable if it is not there."""
    for line in files.read_text("/etc/passwd").splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2] == str(uid) and fields[5].startswith("/"):
            return fields[5].rstrip("/")
    raise Unreadable(Reason.NOT_SUPPORTED, f"/etc/passwd knows no home of uid {uid}")


def _parent(files: Files, pid: int) -> int:
    try:
        fields = files.read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except Unreadable:
        return 0
    return int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else 0


def _uid(files: Files, pid: int) -> int | None:
    try:
        return files.stat(f"/proc/{pid}")["uid"]
    except Unreadable:
        return None


def option(words: Collection[str], *names: str) -> str:
    """Return the value of an option by its names without dashes, "" if it is not there.

    As Go's flag package reads them: `--name value`, `--name=value`, with one dash or two.
    """
    rest = iter(tuple(words)[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name.startswith("-") and name.lstrip("-") in names:
            return value if equals else next(rest, "")
    return ""


def is_api_service(words: Collection[str]) -> bool:
    """Say whether a podman serves its API: `podman [options] system service …`."""
    return ("system", "service") in pairwise(words)


def absolute(path: str, whose: str) -> str:
    """Return a path that a service was told; raises Unreadable for one that needs its folder."""
    if path.startswith("/"):
        return path
    detail = f"{whose} was told {path[:60]!r}, below the folder that it was started in"
    raise Unreadable(Reason.NOT_SUPPORTED, detail, "Start it with whole paths.")
