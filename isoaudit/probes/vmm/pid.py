"""Finds the QEMU process of a libvirt domain, and says so only if the process proves it."""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.kernel.census import gone
from isoaudit.probes.vmm.argv import options, value_of
from isoaudit.probes.vmm.kinds import kind_of
from isoaudit.transports.base import Files, Unreadable

_MOST = 1_048_576  # what read_text gives at most, half of what Linux lets a command line be
_MOST_WORDS = 16_384  # a machine of two hundred disks has some thousand
_HOW = "Run isoaudit as root on the VM's host."


class QemuProcesses:
    """The QEMU processes of one machine, by the UUID on their command line."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._scanned: dict[str, list[int]] | None = None

    def find(self, name: str, uuid: str) -> int:
        """Return the pid of a running domain; raises Unreadable if none can be proven.

        libvirt's pid file is believed if that process carries the domain's UUID. Without it every
        process is looked at; two that claim the same UUID prove nothing.
        """
        pid = self._from_pid_file(name)
        if pid is not None and uuid in _uuids(self._files, pid):
            return pid
        found = self._scan().get(uuid, [])
        if len(found) == 1 and uuid in _uuids(self._files, found[0]):
            return found[0]
        if len(found) == 1:
            raise gone(found[0])
        what = "no process carries" if not found else f"{len(found)} processes carry"
        reason = Reason.NOT_SUPPORTED if found else Reason.PERMISSION_DENIED
        raise Unreadable(reason, f"{what} the domain's UUID {uuid} here", _HOW)

    def _from_pid_file(self, name: str) -> int | None:
        if "/" in name or name in {"", ".", ".."}:
            return None
        try:
            text = self._files.read_text(f"/run/libvirt/qemu/{name}.pid", 64).strip()
        except Unreadable:
            return None
        return int(text) if text.isascii() and text.isdecimal() else None

    def _scan(self) -> dict[str, list[int]]:
        if self._scanned is None:
            found: dict[str, list[int]] = {}
            for name in self._files.list_names("/proc"):
                if name.isascii() and name.isdecimal():
                    for uuid in _uuids(self._files, int(name)):
                        found.setdefault(uuid, []).append(int(name))
            self._scanned = found
        return self._scanned


def argv(files: Files, pid: int) -> list[str]:
    """Return a process's command line; raises Unreadable, `limit` if it goes on and on."""
    path = f"/proc/{pid}/cmdline"
    text = files.read_text(path)
    if len(text) >= _MOST:
        raise Unreadable(Reason.LIMIT, f"{path} is longer than 1 MiB: its end was not read")
    if text.count("\0") > _MOST_WORDS:
        raise Unreadable(Reason.LIMIT, f"{path} has more than {_MOST_WORDS} words")
    return text.rstrip("\0").split("\0")


def _uuids(files: Files, pid: int) -> set[str]:
    """Return the UUID that a QEMU process was started with, nothing for any other process."""
    try:
        words = argv(files, pid)
    except Unreadable:
        return set()
    if not words[0].rpartition("/")[2].startswith(("qemu", "kvm")) or not _may_be_qemu(files, pid):
        return set()
    return {value_of(options(words[1:]), "uuid") or ""} - {""}


def _may_be_qemu(files: Files, pid: int) -> bool:
    """Say whether a process runs QEMU's file, as the kernel tells; its words are its own.

    Where that is closed, or the process ends, they are all there is.
    """
    try:
        return kind_of(files.read_link(f"/proc/{pid}/exe"), ()) == "qemu"
    except Unreadable:
        return True
