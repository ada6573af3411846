"""The kernel: release, whether upstream's fixes can be read off it, command line, reboot.

Sources: kernel.org admin-guide/kernel-parameters, admin-guide/hw-vuln (attack_vector_controls for
`mitigations=auto,no_…`), update-notifier's /run/reboot-required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from isoaudit.model import Reason
from isoaudit.probes.host.identity import os_release
from isoaudit.probes.host.kernel_fixes import NEWEST_FIX, OLDEST, Version, known_vulnerable
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_RELEASE = "/proc/sys/kernel/osrelease"
_COMMAND_LINE = "/proc/cmdline"
_PLAIN = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-(?:custom|local|vanilla|mainline))?")
_BASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_PLAIN_BUT_PATCHED = frozenset({"nixos", "openwrt", "cos", "chromeos", "wolfi", "bottlerocket"})
"""Distributions whose own kernels may carry a release like upstream's."""

_RELEVANT = re.compile(
    r"mitigations|k?pti|nopti|(?:no)?spec|ssbd|mds|l1tf|l1d_flush|tsx|tsa|mmio_stale_data|retbleed"
    r"|srbds|gather_data_sampling|reg_file_data_sampling|indirect_target_selection|vmscape"
    r"|no_entry_flush|no_uaccess_flush|nosmt|nosmep|nosmap|nokaslr|kaslr|dis_ucode_ldr"
    r"|microcode|clearcpuid|intel_iommu|amd_iommu|iommu|arm_smmu|kvm|lockdown|lsm|security"
    r"|apparmor|selinux|enforcing|init_on_|slab_nomerge|slub_debug|page_alloc\.shuffle|vfio"
    r"|randomize_kstack_offset|vsyscall|norandmaps|nomodule|module\.sig_enforce|debugfs"
    r"|systemd\.unified_cgroup_hierarchy|cgroup_|ima_|integrity_audit|slab_merge|slub_nomerge"
    r"|ia32_emulation|syscall\.x32|module_blacklist|modprobe\.blacklist|pcie_acs_override"
)
_OFF = frozenset(
    {
        "nopti",
        "pti=off",
        "kpti=0",
        "kpti=off",
        "nospectre_v1",
        "nospectre_v2",
        "nospectre_bhb",
        "spectre_v2=off",
        "spectre_v2_user=off",
        "spectre_bhi=off",
        "nospec_store_bypass_disable",
        "spec_store_bypass_disable=off",
        "ssbd=force_off",
        "mds=off",
        "l1tf=off",
        "tsx_async_abort=off",
        "mmio_stale_data=off",
        "retbleed=off",
        "srbds=off",
        "spec_rstack_overflow=off",
        "gather_data_sampling=off",
        "reg_file_data_sampling=off",
        "indirect_target_selection=off",
        "tsa=off",
        "vmscape=off",
        "kvm.nx_huge_pages=off",
        "kvm.nx_huge_pages=never",
        "kvm_intel.vmentry_l1d_flush=never",
        "no_entry_flush",
        "no_uaccess_flush",
        "nosmep",
        "nosmap",
        "nokaslr",
        "dis_ucode_ldr",
    }
)
_NO_VECTOR = re.compile(r"mitigations=(?:.*,)?(?:off|no_\w+)(?:,.*)?")


def note_kernel(sheet: Sheet) -> None:
    """Note the kernel's release, known flaws, command line and whether it waits for a reboot."""
    sheet.note("host.kernel.version", "/proc/sys/kernel/version", str)
    _note_command_line(sheet)
    try:
        release = sheet.text(_RELEASE)
    except Unreadable as error:
        for name in ("release", "upstream", "known_vulnerable", "reboot_required"):
            sheet.lacks(f"host.kernel.{name}", error)
        return
    sheet.kernel.fact("host.kernel.release", release, _RELEASE)
    _note_flaws(sheet, release)


def is_upstream(release: str, distribution: str) -> bool:
    """Say whether a release certainly is an upstream one: X.Y.Z, and no distribution's habit."""
    return bool(_PLAIN.fullmatch(release)) and distribution not in _PLAIN_BUT_PATCHED


def relevant_words(command_line: str) -> list[str]:
    """Return the kernel's own parameters that bear on isolation; what follows `--` is init's."""
    words = command_line.split()
    if "--" in words:
        words = words[: words.index("--")]
    return [word for word in words if _RELEVANT.match(word.lower().replace("-", "_"))]


def parameter(words: Iterable[str], name: str) -> str | None:
    """Return what the last of some boot parameters sets; "" for one without a value, else None.

    To the kernel, dashes and underscores of a parameter's name are the same.
    """
    found: str | None = None
    for word in words:
        key, _, value = word.partition("=")
        if key.replace("-", "_") == name:
            found = value.strip('"')
    return found


def boot_words(sheet: Sheet) -> list[str]:
    """Return the words of the kernel command line that bear on isolation; raises Unreadable."""
    return relevant_words(sheet.whole(_COMMAND_LINE))


def disabled_mitigations(words: list[str]) -> list[str]:
    """Return those words that switch a mitigation off, some attack vectors' ones included."""
    return [word for word in words if _switches_off(word)]


def _switches_off(word: str) -> bool:
    name, equals, value = word.lower().partition("=")
    # NOTE: to the kernel, dashes and underscores of a parameter's name are the same.
    same = name.replace("-", "_") + equals + value.replace("-", "_")
    return same in _OFF or bool(_NO_VECTOR.fullmatch(same))


def _note_command_line(sheet: Sheet) -> None:
    try:
        words = boot_words(sheet)
    except Unreadable as error:
        sheet.lacks("host.kernel.command_line", error)
        sheet.lacks("host.kernel.disabled_mitigations", error)
        return
    sheet.kernel.fact("host.kernel.command_line", words, _COMMAND_LINE)
    off = disabled_mitigations(words)
    sheet.kernel.fact("host.kernel.disabled_mitigations", off, _COMMAND_LINE)


def _note_flaws(sheet: Sheet, release: str) -> None:
    try:
        _, values = os_release(sheet)
        distribution = values.get("ID", "")
    except Unreadable as error:
        if not error.absent:
            sheet.lacks("host.kernel.upstream", error)
            sheet.lacks("host.kernel.known_vulnerable", error)
            return
        distribution = ""
    upstream = is_upstream(release, distribution)
    source = f"{_RELEASE} {release}"
    sheet.kernel.fact("host.kernel.upstream", upstream, source)
    _note_known_vulnerable(sheet, release, upstream, source)


def _note_known_vulnerable(sheet: Sheet, release: str, upstream: bool, source: str) -> None:
    fact = "host.kernel.known_vulnerable"
    base = base_version(release)
    if base is None:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{release!r} has no version in it")
    elif base >= NEWEST_FIX:
        sheet.kernel.fact(fact, [], f"{source}: newer than every listed fix, whoever built it")
    elif not upstream:
        sheet.kernel.missing(
            fact,
            Reason.NOT_SUPPORTED,
            f"{release}: a distribution's patches are not visible in its version",
            "Compare the kernel package with the distribution's security tracker.",
        )
    elif base < OLDEST:
        sheet.kernel.missing(
            fact,
            Reason.NOT_SUPPORTED,
            f"{release}: fixes of branches before {OLDEST[0]}.{OLDEST[1]} are not listed",
            "Move to a supported kernel.",
        )
    else:
        sheet.kernel.fact(fact, known_vulnerable(base), source)


def base_version(release: str) -> Version | None:
    """Return the upstream version that a release starts with, or None."""
    found = _BASE.match(release)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
