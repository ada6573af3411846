"""What the running kernel offers, one fact for each feature: `host.feature.NAME`.

One boolean each, and no list of options: a condition then says what it is about, and each feature
is true, false or unknown by itself. Some show in /proc or /sys whatever is known of the
configuration, and of the others nobody knows anything if it cannot be read. `true` is built in,
loaded, or loaded by the kernel when it is needed. `false` is proven: not built, or a module that
is not installed or kept from being loaded.

Sources: kernel.org kbuild/kconfig and the Kconfig files; proc(5), sysfs ABI documents for what
shows; sysctl/kernel on perf_event_paranoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host.kernel import boot_words, parameter
from isoaudit.probes.host.modules import Modules, offered
from isoaudit.probes.host.protocols import note_protocols
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.kernel_config import KernelConfig
from isoaudit.transports.base import Unreadable

_SYSCTL = "/proc/sys/kernel"


class _Feature(NamedTuple):
    """A feature: the options that build it, each with its module, and a path that shows it.

    `proves` says whether the kernel has that path if and only if it has the feature; otherwise
    its absence says nothing.
    """

    name: str
    options: tuple[tuple[str, str], ...]
    shows: str = ""
    proves: bool = False


def _one(name: str, option: str, module: str = "") -> _Feature:
    return _Feature(name, ((option, module),))


_FEATURES = (
    _Feature("af_alg", tuple((f"CRYPTO_USER_API_{kind.upper()}", f"algif_{kind}")
                             for kind in ("hash", "skcipher", "aead", "rng"))),
    _Feature("af_packet", (("PACKET", "af_packet"),), "/proc/net/packet"),
    _Feature("af_unix", (("UNIX", "unix"),), "/proc/net/unix"),
    _Feature("binfmt_misc", (("BINFMT_MISC", "binfmt_misc"),), "/proc/sys/fs/binfmt_misc/status"),
    _Feature("bpf", (("BPF_SYSCALL", ""),), f"{_SYSCTL}/unprivileged_bpf_disabled"),
    _Feature("bpf_jit", (("BPF_JIT", ""),), "/proc/sys/net/core/bpf_jit_enable"),
    _one("cgroup_bpf", "CGROUP_BPF"),
    _Feature("devmem", (("DEVMEM", ""),), "/sys/class/mem/mem", proves=True),
    _Feature("devport", (("DEVPORT", ""),), "/sys/class/mem/port", proves=True),
    _Feature("esp", (("INET_ESP", "esp4"), ("INET6_ESP", "esp6"))),
    _Feature("fuse", (("FUSE_FS", "fuse"),), "/sys/fs/fuse"),
    _Feature("io_uring", (("IO_URING", ""),), f"{_SYSCTL}/io_uring_disabled"),
    _Feature("kcore", (("PROC_KCORE", ""),), "/proc/kcore", proves=True),
    _Feature("kexec", (("KEXEC", ""), ("KEXEC_FILE", "")), f"{_SYSCTL}/kexec_load_disabled",
             proves=True),
    _Feature("keys", (("KEYS", ""),), "/proc/key-users", proves=True),
    _one("kprobes", "KPROBES"),
    _Feature("ksm", (("KSM", ""),), "/sys/kernel/mm/ksm", proves=True),
    _Feature("modules", (("MODULES", ""),), "/proc/modules", proves=True),
    _one("net_sched", "NET_SCHED"),
    _one("nf_tables", "NF_TABLES", "nf_tables"),
    _Feature("perf_events", (("PERF_EVENTS", ""),), f"{_SYSCTL}/perf_event_paranoid", proves=True),
    _one("sched_core", "SCHED_CORE"),
    _Feature("seccomp_filter", (("SECCOMP_FILTER", ""),), f"{_SYSCTL}/seccomp/actions_avail"),
    _one("strict_devmem", "STRICT_DEVMEM"),
    _Feature("sysrq", (("MAGIC_SYSRQ", ""),), "/proc/sysrq-trigger", proves=True),
    _one("tls", "TLS", "tls"),
    _Feature("uevent_helper", (("UEVENT_HELPER", ""),), "/sys/kernel/uevent_helper", proves=True),
    _Feature("user_namespaces", (("USER_NS", ""),), "/proc/self/ns/user", proves=True),
    _Feature("userfaultfd", (("USERFAULTFD", ""),), "/proc/sys/vm/unprivileged_userfaultfd"),
    _one("vsock", "VSOCKETS", "vsock"),
    _one("watch_queue", "WATCH_QUEUE"),
    _Feature("x_tables", (("NETFILTER_XTABLES", "x_tables"),), "/proc/net/ip_tables_names"),
    _one("xfrm", "XFRM_USER", "xfrm_user"),
)  # fmt: skip

_SWITCHED = {
    "ia32_emulation": ("IA32_EMULATION", "IA32_EMULATION_DEFAULT_DISABLED", "ia32_emulation"),
    "x32": ("X86_X32_ABI", "X86_X32_DISABLED", "syscall.x32"),
}
"""Second tables of system calls: option, option that leaves it off, and boot parameter for it."""

_OFF = frozenset({"0", "n", "no", "off", "false"})
_TRAFFIC = ("NET_SCH_", "NET_CLS_", "NET_ACT_")
_NO_MODULE = frozenset({"NET_CLS_ACT", "NET_CLS_IND", "NET_SCH_DEFAULT"})
_NAMED_OTHERWISE = {"NET_CLS_ROUTE4": "cls_route"}
_LSMS = {
    "apparmor": "SECURITY_APPARMOR",
    "bpf": "BPF_LSM",
    "ipe": "SECURITY_IPE",
    "landlock": "SECURITY_LANDLOCK",
    "loadpin": "SECURITY_LOADPIN",
    "lockdown": "SECURITY_LOCKDOWN_LSM",
    "safesetid": "SECURITY_SAFESETID",
    "selinux": "SECURITY_SELINUX",
    "smack": "SECURITY_SMACK",
    "tomoyo": "SECURITY_TOMOYO",
    "yama": "SECURITY_YAMA",
}


def note_features(sheet: Sheet) -> None:
    """Note what the kernel offers: features, traffic control, namespaces, security modules."""
    modules = Modules(sheet)
    for feature in _FEATURES:
        _note_feature(sheet, modules, feature)
    for name, words in _SWITCHED.items():
        _note_switched(sheet, f"host.feature.{name}", *words)
    _note_bridge_netfilter(sheet)
    _note_namespaces(sheet)
    _note_traffic_control(sheet, modules)
    _note_lsms(sheet)
    note_protocols(sheet, modules)


def _note_feature(sheet: Sheet, modules: Modules, feature: _Feature) -> None:
    """Note a feature from what shows it, else from the options that build it."""
    fact = f"host.feature.{feature.name}"
    seen = sheet.exists(feature.shows) if feature.shows else None
    if seen or (seen is False and feature.proves):
        sheet.kernel.fact(fact, seen, feature.shows if seen else f"{feature.shows} absent")
        return

    def read(config: KernelConfig) -> tuple[bool, str]:
        there = _any_offered(config, modules, feature.options)
        return there, _said(config, [option for option, _ in feature.options], there=there)

    sheet.built(fact, read)


def _any_offered(
    config: KernelConfig, modules: Modules, options: Sequence[tuple[str, str]]
) -> bool:
    """Say whether any of some options is offered; raises Unreadable if that hangs on one alone."""
    refused: Unreadable | None = None
    for option, module in options:
        try:
            if offered(config, modules, option, module):
                return True
        except Unreadable as error:
            refused = refused or error
    if refused is not None:
        raise refused
    return False


def _said(config: KernelConfig, options: list[str], *, there: bool) -> str:
    words = [f"CONFIG_{name}={config[name]}" if name in config else f"no CONFIG_{name}"
             for name in options]  # fmt: skip
    if not there and any(config.get(name) == "m" for name in options):
        words.append("not installed, or kept from being loaded")
    return ", ".join(words)


def _note_switched(sheet: Sheet, fact: str, option: str, left_off: str, word: str) -> None:
    """Note a table of system calls that a boot parameter may switch on or off."""

    def read(config: KernelConfig) -> tuple[bool, str]:
        if config.get(option) != "y":
            return False, f"no CONFIG_{option}"
        off = config.get(left_off) == "y"
        words = f"CONFIG_{option}=y, {'off' if off else 'on'} by default"
        said = parameter(boot_words(sheet), word)
        if said is None:
            return not off, words
        return said.lower() not in _OFF, f"{words}, {word}={said} at boot"

    sheet.built(fact, read)


def _note_bridge_netfilter(sheet: Sheet) -> None:
    """Note whether br_netfilter is loaded: until then a bridge passes nothing to the filter."""
    fact, path = "host.feature.bridge_netfilter", "/proc/sys/net/bridge"
    there = sheet.exists(path)
    if there is None:
        sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, f"{path} cannot be looked at")
    else:
        sheet.kernel.fact(fact, there, path if there else f"{path} absent")


def _note_namespaces(sheet: Sheet) -> None:
    fact, path = "host.kernel.namespaces", "/proc/self/ns"
    try:
        names = sheet.files.list_names(path)
    except Unreadable as error:
        sheet.lacks(fact, error)
        return
    kinds = [name for name in names if not name.endswith("_for_children")]
    sheet.kernel.fact(fact, kinds, path)


def _note_traffic_control(sheet: Sheet, modules: Modules) -> None:
    def read(config: KernelConfig) -> tuple[list[str], str]:
        ways = {
            option: _NAMED_OTHERWISE.get(option, option.removeprefix("NET_").lower())
            for option in config
            if option.startswith(_TRAFFIC) and option not in _NO_MODULE
        }
        there = [name for option, name in ways.items() if offered(config, modules, option, name)]
        return sorted(there), ", ".join(f"CONFIG_{start}*" for start in _TRAFFIC)

    sheet.built("host.kernel.traffic_control", read)


def _note_lsms(sheet: Sheet) -> None:
    def read(config: KernelConfig) -> tuple[list[str], str]:
        there = [name for name, option in _LSMS.items() if config.get(option) == "y"]
        return there, "CONFIG_SECURITY_*, CONFIG_BPF_LSM"

    sheet.built("host.kernel.lsm_built", read)
