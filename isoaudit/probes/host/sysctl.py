"""Kernel settings under /proc/sys and /sys that bear on isolation.

Where the kernel lacks what a setting is about, the fact holds the value that means "closed", and
its source says so; where it lacks only the setting, the value that the kernel behaves like.

Sources: kernel.org admin-guide/sysctl (kernel, fs, vm, net, user), networking/ip-sysctl, LSM/Yama,
mm/ksm, sysfs-devices-system-cpu. unprivileged_userns_clone is Debian's patch, and
apparmor_restrict_unprivileged_userns is AppArmor's.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable


class _Setting(NamedTuple):
    """A setting: its file below /proc/sys, and what it means that the kernel has no such file.

    `closed` is its value if the kernel is proven to lack `feature`; `without` its value if the file
    provably is not there and the feature is; None if that says nothing, for the reason `why`.
    """

    name: str
    path: str
    feature: str = ""
    closed: int | None = None
    without: int | None = None
    why: str = ""


_SETTINGS = (
    _Setting("unprivileged_bpf_disabled", "kernel/unprivileged_bpf_disabled", "bpf", 1,
             why="kernels before 4.4 have no such switch"),
    _Setting("kptr_restrict", "kernel/kptr_restrict"),
    _Setting("dmesg_restrict", "kernel/dmesg_restrict"),
    _Setting("perf_event_paranoid", "kernel/perf_event_paranoid", "perf_events", 3),
    _Setting("io_uring_disabled", "kernel/io_uring_disabled", "io_uring", 2, 0),
    _Setting("io_uring_group", "kernel/io_uring_group",
             why="this kernel has no io_uring, or is older than 6.6"),
    _Setting("ptrace_scope", "kernel/yama/ptrace_scope", without=0),
    _Setting("randomize_va_space", "kernel/randomize_va_space"),
    _Setting("sysrq", "kernel/sysrq", "sysrq", 0),
    _Setting("max_user_namespaces", "user/max_user_namespaces", "user_namespaces", 0),
    _Setting("unprivileged_userns_clone", "kernel/unprivileged_userns_clone", without=1),
    _Setting("apparmor_restrict_unprivileged_userns",
             "kernel/apparmor_restrict_unprivileged_userns", without=0),
    _Setting("modules_disabled", "kernel/modules_disabled", "modules", 1),
    _Setting("kexec_load_disabled", "kernel/kexec_load_disabled", "kexec", 1),
    _Setting("protected_symlinks", "fs/protected_symlinks"),
    _Setting("protected_hardlinks", "fs/protected_hardlinks"),
    _Setting("protected_fifos", "fs/protected_fifos", why="kernels before 4.19 have none"),
    _Setting("protected_regular", "fs/protected_regular", why="kernels before 4.19 have none"),
    _Setting("mmap_min_addr", "vm/mmap_min_addr"),
    _Setting("unprivileged_userfaultfd", "vm/unprivileged_userfaultfd", "userfaultfd", 0,
             why="kernels before 5.2 let everyone use it"),
    _Setting("legacy_tiocsti", "dev/tty/legacy_tiocsti", why="kernels before 6.2 always allow it"),
    _Setting("ldisc_autoload", "dev/tty/ldisc_autoload", why="kernels before 5.1 always load"),
)  # fmt: skip

_CONF = "/proc/sys/net/ipv4/conf"
_INITIAL = "/proc/sys/net/core/dev_weight"
"""Only the initial network namespace has this file: in another, the settings are not the host's."""


def note_sysctls(sheet: Sheet) -> None:
    """Note the sysctls, what sysrq allows, same-page merging and sibling threads."""
    for setting in _SETTINGS:
        _note_setting(sheet, setting)
    sheet.note("host.sysctl.core_pattern", "/proc/sys/kernel/core_pattern", str)
    _note_sysrq_keys(sheet)
    _note_network(sheet)
    sheet.note("host.ksm.running", "/sys/kernel/mm/ksm/run", lambda t: t == "1", if_absent=False)
    _note_smt(sheet)


def _note_setting(sheet: Sheet, setting: _Setting) -> None:
    fact, path = f"host.sysctl.{setting.name}", f"/proc/sys/{setting.path}"
    try:
        text = sheet.text(path)
    except Unreadable as error:
        _note_without(sheet, setting, fact, error)
        return
    try:
        sheet.kernel.fact(fact, int(text), path)
    except ValueError:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{path}: {text[:60]!r} is no number")


def _note_without(sheet: Sheet, setting: _Setting, fact: str, error: Unreadable) -> None:
    """Note what it means that a setting cannot be read."""
    path = f"/proc/sys/{setting.path}"
    built = sheet.known(f"host.feature.{setting.feature}") if setting.feature else True
    if not sheet.absent(error, path) or built is None:
        sheet.lacks(fact, error, setting.why)
    elif not built and setting.closed is not None:
        sheet.kernel.fact(fact, setting.closed, f"{path} absent: no {setting.feature} here")
    elif setting.without is not None:
        sheet.kernel.fact(fact, setting.without, f"{path} absent: this kernel has no such switch")
    else:
        sheet.lacks(fact, error, setting.why)


_KEYS = {
    2: "log level",
    4: "keyboard",
    8: "dump",
    16: "sync",
    32: "remount",
    64: "signal",
    128: "reboot",
    256: "nice",
}


def _note_sysrq_keys(sheet: Sheet) -> None:
    """Note which groups of key combinations `kernel.sysrq` leaves on; 1 means all of them."""
    fact, mask = "host.sysctl.sysrq_keys", sheet.known("host.sysctl.sysrq")
    if not isinstance(mask, int):
        sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, "kernel.sysrq is not known")
        return
    keys = [name for bit, name in _KEYS.items() if mask == 1 or mask & bit]
    sheet.kernel.fact(fact, keys, f"host.sysctl.sysrq {mask}")


def _note_network(sheet: Sheet) -> None:
    """Note the settings of the network, unless isoaudit has a network of its own."""
    names = ("bpf_jit_harden", "rp_filter", "route_localnet",
             "bridge_nf_call_iptables", "bridge_nf_call_ip6tables")  # fmt: skip
    there = sheet.exists(_INITIAL)
    if not there:
        why = f"{_INITIAL} {'absent' if there is False else 'cannot be looked at'}"
        for name in names:
            sheet.kernel.missing(f"host.sysctl.{name}", Reason.NOT_SUPPORTED,
                                 f"{why}: this is not the host's network namespace",
                                 "Run isoaudit on the host itself.")  # fmt: skip
        return
    _note_setting(sheet, _Setting(names[0], "net/core/bpf_jit_harden", "bpf_jit", 2))
    for name in names[1:3]:
        _note_strictest(sheet, name)
    for name in names[3:]:
        path = f"net/bridge/{name.replace('_', '-')}"
        _note_setting(sheet, _Setting(name, path, why="br_netfilter is not loaded"))


def _note_strictest(sheet: Sheet, name: str) -> None:
    """Note the larger of `all` and `default`: the kernel uses the larger of `all` and its own.

    A new interface, as each container brings one, begins with `default`.
    """
    fact, paths = f"host.sysctl.{name}", (f"{_CONF}/all/{name}", f"{_CONF}/default/{name}")
    try:
        found = max(int(sheet.text(path)) for path in paths)
    except Unreadable as error:
        sheet.lacks(fact, error)
    except ValueError:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{paths[0]} is no number")
    else:
        sheet.kernel.fact(fact, found, " and ".join(paths))


def _note_smt(sheet: Sheet) -> None:
    """Note whether siblings share cores; a guest's `no` is about its virtual CPUs only."""
    fact, path = "host.smt.active", "/sys/devices/system/cpu/smt/active"
    try:
        text = sheet.text(path)
    except Unreadable as error:
        sheet.lacks(fact, error, "kernels before 4.19 and some architectures do not show it")
        return
    if text == "1":
        sheet.kernel.fact(fact, True, path)
    elif text != "0":
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{path}: {text[:60]!r} is unexpected")
    elif sheet.known("host.virtualized") is False:
        sheet.kernel.fact(fact, False, path)
    else:
        sheet.kernel.missing(
            fact,
            Reason.NOT_SUPPORTED,
            "a guest does not see whether the physical cores below it share threads",
            "Audit the machine that runs this guest.",
        )
