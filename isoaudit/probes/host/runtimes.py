"""Traces of container runtimes that every process of a namespace could use or rely on.

Sources: containerd's advisory GHSA-36xw-fx78-c5r4 (CVE-2020-15257: shims listened on abstract
sockets), proc_net(5) (an abstract name starts with @); podman(1) and dockerd-rootless.sh for the
folders below /run/user.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_SHIM = "@/containerd-shim/"
_LIMIT = 16_777_216
_USERS = "/run/user"
_ENGINES = frozenset({"libpod", "containers", "docker.sock", "docker.pid", "dockerd-rootless",
                      "containerd-rootless", "crun", "runc"})  # fmt: skip


def note_runtimes(sheet: Sheet) -> None:
    """Note containerd's abstract sockets, and whether somebody uses an engine without root."""
    _note_shims(sheet)
    _note_rootless(sheet)


def _note_shims(sheet: Sheet) -> None:
    """Note how many shims listen in the first process's network namespace, else isoaudit's own."""
    fact = "host.containerd.abstract_shims"
    path = "/proc/1/net/unix" if sheet.exists("/proc/1/net/unix") else "/proc/net/unix"
    try:
        text = sheet.whole(path, _LIMIT)
    except Unreadable as error:
        if sheet.absent(error, path):
            sheet.kernel.missing(fact, error.reason, f"{path} absent: no list of Unix sockets")
        else:
            sheet.lacks(fact, error)
        return
    names = {line.rpartition(" ")[2] for line in text.splitlines() if _SHIM in line}
    found = sum(name.startswith(_SHIM) for name in names)
    if path != "/proc/1/net/unix" and not found:
        sheet.kernel.missing(fact, Reason.PERMISSION_DENIED, f"only {path} can be read",
                             "Run isoaudit as root.")  # fmt: skip
        return
    sheet.kernel.fact(fact, found, path)


def _note_rootless(sheet: Sheet) -> None:
    fact = "host.rootless.in_use"
    users = sheet.names(_USERS)
    if isinstance(users, Unreadable):
        sheet.lacks(fact, users)
        return
    closed: Unreadable | None = None
    for user in users:
        if user == "0":
            continue
        names = sheet.names(f"{_USERS}/{user}")
        if isinstance(names, Unreadable):
            closed = closed or names
            continue
        traces = sorted(_ENGINES & set(names))
        if traces:
            sheet.kernel.fact(fact, True, f"{_USERS}/{user}/{traces[0]}")
            return
    if closed is not None:
        sheet.lacks(fact, closed)
        return
    sheet.kernel.fact(fact, False, f"no engine's folder in {_USERS}/UID")
