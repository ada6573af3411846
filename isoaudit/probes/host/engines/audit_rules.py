"""Which files of engines the kernel's audit is told to watch, by the rules on disk.

The rules that are loaded are told over netlink only, which is not asked: what stands here can show
that a rule is missing, never that it is in force. Source: audit.rules(7), auditctl(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports import Unreadable

_FOLDER = "/etc/audit/rules.d"
_FILE = "/etc/audit/audit.rules"
_WATCHED = (
    ("/usr/bin/dockerd", "/usr/sbin/dockerd"),
    ("/usr/bin/containerd",),
    ("/usr/bin/runc", "/usr/sbin/runc"),
    ("/usr/bin/podman",),
    ("/etc/docker",),
    ("/etc/containerd",),
    ("/etc/containers",),
    ("/var/lib/docker",),
)
"""What is to be watched, by any of its names."""

_WATCH = re.compile(r"(?:^|\s)-w\s+(\S+)|-F\s+(?:path|dir)=(\S+)")


def note_audit_rules(sheet: Sheet) -> None:
    """Note which programs and folders of engines are here, and which no rule on disk watches."""
    here = list(_here(sheet))
    sheet.kernel.fact("host.audit.engine_files", [names[0] for names in here], "stat of each")
    fact = "host.audit.unwatched"
    detail = "the rules that are loaded are told over netlink, which is not asked"
    sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, detail, "See auditctl -l.")
    try:
        watched = [path.rstrip("/") for path in _watches(sheet)]
    except Unreadable as error:
        sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    left = [names[0] for names in here if not any(_covered(name, watched) for name in names)]
    sheet.declared.fact(fact, left, f"{_FOLDER}, {_FILE}")


def _here(sheet: Sheet) -> Iterator[tuple[str, ...]]:
    for names in _WATCHED:
        found = tuple(name for name in names if sheet.exists(name))
        if found:
            yield found


def _covered(path: str, watched: list[str]) -> bool:
    """Say whether a rule names a path or a folder above it: a watch on a folder goes down."""
    return any(path == place or path.startswith(f"{place}/") for place in watched)


def _watches(sheet: Sheet) -> Iterator[str]:
    names = sheet.names(_FOLDER)
    if isinstance(names, Unreadable):
        raise names
    paths = [f"{_FOLDER}/{name}" for name in names if name.endswith(".rules")]
    for path in [*paths, _FILE]:
        try:
            text = sheet.text(path)
        except Unreadable as error:
            if error.absent:
                continue
            raise
        for line in text.splitlines():
            if not line.lstrip().startswith("#"):
                yield from (match[1] or match[2] for match in _WATCH.finditer(line))
