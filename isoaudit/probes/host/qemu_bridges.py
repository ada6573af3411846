"""The helper that plugs an ordinary account's VMs into bridges of the host, and which it may.

Source: QEMU's qemu-bridge-helper.c and its document on -netdev bridge: of the rules in bridge.conf
one `deny` outweighs every `allow`, what no rule allows is refused, and `include` names a further
file.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.vmm.files import others_may_write
from isoaudit.transports.base import Unreadable

_HELPERS = (
    "/usr/lib/qemu/qemu-bridge-helper",
    "/usr/libexec/qemu-bridge-helper",
    "/usr/lib64/qemu/qemu-bridge-helper",
)
_FILES = ("/etc/qemu/bridge.conf", "/etc/qemu-kvm/bridge.conf")
_SET_UID = 0o4000
_MOST = 16


def note_bridge_helper(sheet: Sheet) -> None:
    """Note whether the helper is here, runs as root, and which bridges its files allow."""
    helper, setuid = "host.bridge_helper.present", "host.bridge_helper.setuid"
    present = ""
    for path in _HELPERS:
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            for fact in (helper, setuid):
                sheet.kernel.lacks(seen.missing(fact, sheet.kernel.vantage))
            return
        if seen is not None and not present:
            present = path
            source = f"stat {path}: owner {seen['uid']}, mode {seen['mode']:04o}"
            as_root = seen["uid"] == 0 and bool(seen["mode"] & _SET_UID)
            sheet.kernel.fact(setuid, as_root, source)
    sheet.kernel.fact(helper, bool(present), present or f"none of {', '.join(_HELPERS)}")
    if present:
        _note_rules(sheet)


def _note_rules(sheet: Sheet) -> None:
    bridges, writable = "host.bridge_helper.bridges", "host.bridge_helper.others_may_write"
    allowed: dict[str, None] = {}
    denied: set[str] = set()
    queue = list(_FILES)
    read: list[str] = []
    changeable = ""
    while queue:
        path = queue.pop(0)
        if path in read:
            continue
        if len(read) >= _MOST:
            detail = f"more than {_MOST} files include each other"
            sheet.declared.missing(bridges, Reason.LIMIT, detail)
            return
        try:
            text = sheet.whole(path, 65_536)
            granted, where = others_may_write(sheet.files, path)
        except Unreadable as error:
            if error.absent:
                continue
            for fact in (bridges, writable):
                sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
            return
        read.append(path)
        changeable = changeable or (where if granted else "")
        for rule, name in _rules(text):
            if rule == "include":
                queue.append(name)
            elif rule == "deny":
                denied.add(name)
            elif rule == "allow":
                allowed[name] = None
    source = ", ".join(read) or "no bridge.conf: the helper refuses all"
    names = [] if "all" in denied else [name for name in allowed if name not in denied]
    sheet.declared.fact(bridges, names, source)
    sheet.declared.fact(writable, bool(changeable), changeable or source)


def _rules(text: str) -> list[tuple[str, str]]:
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [(words[0], words[1]) for words in lines if len(words) >= 2]
