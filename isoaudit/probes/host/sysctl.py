"""Kernel settings under /proc/sys and /sys that bear on isolation.

Sources: kernel.org admin-guide/sysctl/kernel and sysctl/user, mm/ksm, sysfs-devices-system-cpu.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_KERNEL = {
    "unprivileged_bpf_disabled": "this kernel has no bpf(2), or is older than 4.4",
    "kptr_restrict": "",
    "dmesg_restrict": "",
    "perf_event_paranoid": "this kernel has no performance events",
    "io_uring_disabled": "this kernel has no io_uring, or is older than 6.6",
}


def note_sysctls(sheet: Sheet) -> None:
    """Note the sysctls, same-page merging and sibling threads."""
    for name, without in _KERNEL.items():
        sheet.note(f"host.sysctl.{name}", f"/proc/sys/kernel/{name}", int, without=without)
    sheet.note(
        "host.sysctl.ptrace_scope",
        "/proc/sys/kernel/yama/ptrace_scope",
        int,
        without="this kernel runs without Yama",
        remedy="Add yama to the lsm= boot parameter.",
    )
    sheet.note("host.sysctl.core_pattern", "/proc/sys/kernel/core_pattern", str)
    _note_unless_built(
        sheet,
        "host.sysctl.max_user_namespaces",
        "/proc/sys/user/max_user_namespaces",
        ("/proc/self/ns/user", 0, "built without user namespaces"),
    )
    _note_unless_built(
        sheet,
        "host.sysctl.modules_disabled",
        "/proc/sys/kernel/modules_disabled",
        ("/proc/modules", 1, "built without loadable modules"),
    )
    sheet.note("host.ksm.running", "/sys/kernel/mm/ksm/run", lambda t: t == "1", if_absent=False)
    _note_smt(sheet)


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


def _note_unless_built(sheet: Sheet, fact: str, path: str, otherwise: tuple[str, int, str]) -> None:
    """Note a sysctl, or its value where a second file's absence proves the feature is not built."""
    witness, value, why = otherwise
    try:
        text = sheet.text(path)
    except Unreadable as error:
        if sheet.absent(error, path) and sheet.exists(witness) is False:
            sheet.kernel.fact(fact, value, f"{path} and {witness} absent: {why}")
        else:
            sheet.lacks(fact, error)
        return
    try:
        sheet.kernel.fact(fact, int(text), path)
    except ValueError:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{path}: {text[:60]!r} is no number")
