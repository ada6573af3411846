"""What the seccomp filters of a systemd service let through, as far as its settings tell.

Sources: systemd.exec(5) (system call filtering, RestrictAddressFamilies, RestrictNamespaces), the
groups of calls as `systemd-analyze syscall-filter` of systemd 252 lists them. A group grows from
release to release by calls that are new to the kernel, which an older one's filter does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from isoaudit.documents.unit import Entry
from isoaudit.probes.systemd_file.service import SECCOMP, SYSTEMD_DEFAULT, Service, truth
from isoaudit.seccomp.surfaces import SURFACES

GROUPS = {
    "@aio": ("io_uring_setup",),
    "@clock": ("clock_settime", "clock_settime64", "settimeofday"),
    "@debug": ("perf_event_open", "ptrace"),
    "@ipc": ("process_vm_readv", "process_vm_writev"),
    "@keyring": ("add_key", "keyctl", "request_key"),
    "@module": ("delete_module", "finit_module", "init_module"),
    "@mount": ("fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
               "open_tree_attr", "pivot_root", "umount", "umount2"),
    "@network-io": ("socket", "socketcall"),
    "@obsolete": ("stime",),
    "@privileged": ("acct", "bpf", "clock_settime", "clock_settime64", "delete_module",
                    "finit_module", "init_module", "ioperm", "iopl", "kexec_file_load",
                    "kexec_load", "open_by_handle_at", "pivot_root", "quotactl", "quotactl_fd",
                    "reboot", "settimeofday", "swapoff", "swapon"),
    "@process": ("clone", "clone3", "setns", "unshare"),
    "@raw-io": ("ioperm", "iopl"),
    "@reboot": ("kexec_file_load", "kexec_load", "reboot"),
    "@swap": ("swapoff", "swapon"),
    "@system-service": ("add_key", "clone", "clone3", "io_uring_setup", "keyctl",
                        "process_vm_readv", "process_vm_writev", "request_key", "setns", "socket",
                        "socketcall", "unshare", "userfaultfd"),
}  # fmt: skip
"""Of the calls that lead to a surface those that a group holds."""

_EMPTY = frozenset(
    {"@basic-io", "@chown", "@cpu-emulation", "@default", "@file-system", "@io-event", "@memlock",
     "@pkey", "@resources", "@sandbox", "@setuid", "@signal", "@sync", "@timer"}
)  # fmt: skip
"""Groups that hold no such call."""

_EVERY = "@known"
_CALL = re.compile(r"@?[a-z0-9_-]{1,64}")
_ALLOWS = "process.seccomp.allows"
_DEDICATED = {
    "module": "ProtectKernelModules",
    "syslog": "ProtectKernelLogs",
    "clock": "ProtectClock",
}
"""Surfaces that a setting of their own closes, on every interface."""

_KINDS = {"cgroup", "ipc", "net", "mnt", "pid", "user", "uts"}
_FAMILIES = {"af_alg": "AF_ALG", "af_vsock": "AF_VSOCK"}


class Calls:
    """The calls that SystemCallFilter lists: those let through, or those refused."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.allows = bool(entries) and not entries[0].value.startswith("~")
        self.listed: set[str] = set()
        self.why = ""
        for entry in entries:
            inverted = entry.value.startswith("~")
            words = entry.value.removeprefix("~").split()
            calls = self._expanded(words)
            if inverted == (not self.allows):
                self.listed |= calls
            else:
                self.listed -= calls

    def _expanded(self, words: Iterable[str]) -> set[str]:
        calls: set[str] = set()
        for word in words:
            name = word.partition(":")[0]
            if name == _EVERY:
                calls |= {q.call for surface in SURFACES for q in surface.questions}
            elif name.startswith("@") and name not in GROUPS and name not in _EMPTY:
                self.why = "a group of calls that is not known here"
            elif _CALL.fullmatch(name):
                calls |= set(GROUPS.get(name, (name,)))
        return calls

    def reachable(self, calls: Iterable[str]) -> bool | None:
        """Say whether one of some calls is let through, None if that is not known."""
        if not self.entries:
            return True
        listed = [call in self.listed for call in calls]
        if self.why:
            return True if self.allows and any(listed) else None
        return any(listed) if self.allows else not all(listed)


def note_filters(service: Service) -> None:
    """Note whether a filter is loaded, what it does by default and which surfaces it closes."""
    mode, profile = "process.seccomp.mode", "container.seccomp.profile"
    loading = next((e for k in sorted(SECCOMP) if (e := service.setting(k)) is not None), None)
    loading = loading or service.dynamic()
    entries = service.all("SystemCallFilter")
    if loading is None:
        service.process.default(mode, "disabled", f"no setting loads one: {SYSTEMD_DEFAULT}")
    else:
        service.process.say(mode, "filter", loading)
    calls = Calls(entries)
    if not entries:
        remark = f"no SystemCallFilter: {SYSTEMD_DEFAULT}"
        service.facts.default(profile, "unconfined", remark)
    else:
        service.facts.say(profile, "custom", entries[0])
        _note_default(service, calls)
    if loading is None:
        service.process.unknown(_ALLOWS, "no filter: all that the kernel has")
        return
    for surface in SURFACES:
        _note_surface(service, surface.name, [q.call for q in surface.questions], calls, loading)


def _note_default(service: Service, calls: Calls) -> None:
    path, number = "container.seccomp.default_action", service.last("SystemCallErrorNumber")
    if not calls.allows:
        service.facts.say(path, "allow", calls.entries[0], "a list of what is refused")
    elif number is not None and number.value != "kill":
        service.facts.say(path, "errno", number)
    else:
        service.facts.say(path, "kill_process", calls.entries[0])


def _note_surface(
    service: Service, name: str, questions: list[str], calls: Calls, loading: Entry
) -> None:
    path, process = f"{_ALLOWS}.{name}", service.process
    closing = _closing(service, name)
    if closing is not None:
        process.say(path, False, closing)
        return
    if name in _FAMILIES and _family(service, _FAMILIES[name]) is False:
        process.unknown(path, "by socketcall of a 32-bit interface it is open",
                        "Set SystemCallArchitectures=native.")  # fmt: skip
        return
    open_ = calls.reachable(questions)
    where = calls.entries[-1] if calls.entries else loading
    if open_ is None:
        process.unknown(path, calls.why)
    elif open_ and not calls.entries:
        process.say(path, True, where, "no SystemCallFilter refuses it")
    else:
        process.say(path, open_, where, "by the groups of systemd 252")


def _closing(service: Service, name: str) -> Entry | None:
    """Return a setting of its own that closes a surface on every interface."""
    if name in _DEDICATED:
        return service.on(_DEDICATED[name])
    if name in {"user_namespace", "setns"}:
        kinds = {"user"} if name == "user_namespace" else _KINDS
        return _restricts(service, kinds)
    native = service.last("SystemCallArchitectures")
    if name in _FAMILIES and native is not None and native.value == "native":
        refused = _family(service, _FAMILIES[name]) is False
        return service.all("RestrictAddressFamilies")[-1] if refused else None
    return None


def _family(service: Service, family: str) -> bool | None:
    """Say whether sockets of a family are let through, None where no setting speaks of it."""
    entries = service.all("RestrictAddressFamilies")
    if not entries:
        return None
    inverted = entries[0].value.startswith("~")
    listed: set[str] = set()
    for entry in entries:
        words = set(entry.value.removeprefix("~").split()) - {"none"}
        same = entry.value.startswith("~") == inverted
        listed = listed | words if same else listed - words
    return family in listed if not inverted else family not in listed


def _restricts(service: Service, kinds: set[str]) -> Entry | None:
    """Return where RestrictNamespaces refuses all of some kinds, None where it does not."""
    entries = service.all("RestrictNamespaces")
    allowed: set[str] | None = None
    every = set(_KINDS)
    for entry in entries:
        word = truth(entry.value)
        inverted = entry.value.startswith("~")
        named = set(entry.value.removeprefix("~").split())
        if word is not None:
            allowed = set() if word else every
        elif inverted:
            allowed = (every if allowed is None else allowed) - named
        else:
            allowed = named if allowed is None else allowed | named
    return entries[-1] if allowed is not None and kinds.isdisjoint(allowed) else None
