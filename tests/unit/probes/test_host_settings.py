"""Settings of made-up hosts: sysctls, and what makes bugs of memory handling hard to use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_trees import Locked, built_with, collect, reason, tree, value

from isoaudit.model import Reason
from isoaudit.probes.host.kernel import parameter

NET = {
    "/proc/sys/net/core/dev_weight": "64\n",
    "/proc/sys/net/core/bpf_jit_harden": "1\n",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "0\n",
    "/proc/sys/net/ipv4/conf/default/rp_filter": "2\n",
    "/proc/sys/net/ipv4/conf/all/route_localnet": "0\n",
    "/proc/sys/net/ipv4/conf/default/route_localnet": "0\n",
}


@pytest.mark.parametrize(
    ("closed", "setting", "options"),
    [
        (1, "unprivileged_bpf_disabled", "BPF_SYSCALL=n"),
        (2, "io_uring_disabled", "IO_URING=n"),
        (0, "unprivileged_userfaultfd", "USERFAULTFD=n"),
        (0, "sysrq", "MAGIC_SYSRQ=n"),
        (1, "kexec_load_disabled", "KEXEC=n"),
        (1, "modules_disabled", "MODULES=n"),
        (3, "perf_event_paranoid", "PERF_EVENTS=n"),
        (0, "max_user_namespaces", "USER_NS=n"),
    ],
)
def test_what_is_not_built_is_closed(
    closed: int, setting: str, options: str, tmp_path: Path
) -> None:
    """A kernel without a feature needs no switch for it, and the source says why."""
    built_with(tmp_path, options)
    fact = collect(tree(tmp_path)).facts[f"host.sysctl.{setting}"][0]
    assert closed == fact.value
    assert "absent" in fact.source


@pytest.mark.parametrize(
    ("expected", "setting"),
    [(0, "ptrace_scope"), (1, "unprivileged_userns_clone"),
     (0, "apparmor_restrict_unprivileged_userns")],
)  # fmt: skip
def test_a_switch_that_the_kernel_lacks(expected: int, setting: str, tmp_path: Path) -> None:
    """Without Yama, Debian's patch or AppArmor's switch the kernel does what it always did."""
    assert expected == value(collect(tree(tmp_path)), f"host.sysctl.{setting}")


def test_io_uring_without_a_switch_is_open(tmp_path: Path) -> None:
    """Kernels before 6.6 that have io_uring have it for everyone."""
    built_with(tmp_path, "IO_URING=y")
    assert 0 == value(collect(tree(tmp_path)), "host.sysctl.io_uring_disabled")


@pytest.mark.parametrize(
    "setting", ["io_uring_disabled", "unprivileged_bpf_disabled", "unprivileged_userfaultfd"]
)
def test_a_missing_switch_of_an_unknown_feature_is_unknown(setting: str, tmp_path: Path) -> None:
    """Nobody knows whether the feature or only its switch is not there."""
    facts = collect(tree(tmp_path))
    assert Reason.NOT_SUPPORTED == reason(facts, f"host.sysctl.{setting}")


@pytest.mark.parametrize("setting", ["protected_fifos", "legacy_tiocsti", "ldisc_autoload"])
def test_switches_younger_than_the_kernel_are_unknown(setting: str, tmp_path: Path) -> None:
    """A version floor is no finding."""
    facts = collect(tree(tmp_path))
    assert Reason.NOT_SUPPORTED == reason(facts, f"host.sysctl.{setting}")


@pytest.mark.parametrize("setting", ["kernel/yama/ptrace_scope", "kernel/sysrq"])
def test_a_refused_setting_is_unknown(setting: str, tmp_path: Path) -> None:
    """A lack of rights never is absence."""
    facts = collect(Locked(tree(tmp_path), f"/proc/sys/{setting}"))
    name = setting.rpartition("/")[2]
    assert Reason.PERMISSION_DENIED == reason(facts, f"host.sysctl.{name}")


@pytest.mark.parametrize(
    ("expected", "mask"),
    [
        ((), "0"),
        (("sync", "remount", "reboot"), "176"),
        (("log level", "keyboard", "sync", "remount", "reboot", "nice"), "438"),
        (("log level", "keyboard", "dump", "sync", "remount", "signal", "reboot", "nice"), "1"),
    ],
)
def test_sysrq_keys(expected: tuple[str, ...], mask: str, tmp_path: Path) -> None:
    """A mask is told in words; 1 is no bit but all of them."""
    files = {"/proc/sys/kernel/sysrq": f"{mask}\n", "/proc/sysrq-trigger": ""}
    assert expected == value(collect(tree(tmp_path, dict(files))), "host.sysctl.sysrq_keys")


def test_what_a_new_interface_gets(tmp_path: Path) -> None:
    """The stricter of all and default counts, as distributions set only one of them."""
    facts = collect(tree(tmp_path, dict(NET)))
    assert (2, 0, 1) == tuple(
        value(facts, f"host.sysctl.{name}")
        for name in ("rp_filter", "route_localnet", "bpf_jit_harden")
    )


def test_the_network_of_a_container_is_not_the_hosts(tmp_path: Path) -> None:
    """In a network namespace of its own isoaudit does not take what it sees for the host's."""
    facts = collect(tree(tmp_path, {**NET, "/proc/sys/net/core/dev_weight": None}))
    for name in ("rp_filter", "route_localnet", "bpf_jit_harden", "bridge_nf_call_iptables"):
        assert Reason.NOT_SUPPORTED == reason(facts, f"host.sysctl.{name}")


def test_a_kernel_that_compiles_no_bpf(tmp_path: Path) -> None:
    """What does not exist needs no hardening."""
    built_with(tmp_path, "BPF_JIT=n")
    facts = collect(tree(tmp_path, {**NET, "/proc/sys/net/core/bpf_jit_harden": None}))
    assert 2 == value(facts, "host.sysctl.bpf_jit_harden")


def test_parameters_of_the_boot_loader() -> None:
    """The last one counts, dashes are underscores, and a bare word has an empty value."""
    words = ["vsyscall=none", "slab-nomerge", "vsyscall=emulate", "init_on_alloc=1"]
    assert ("emulate", "", None) == tuple(
        parameter(words, name) for name in ("vsyscall", "slab_nomerge", "nosmt")
    )


BUILT = (
    "INIT_ON_ALLOC_DEFAULT_ON=y SLAB_MERGE_DEFAULT=y SHUFFLE_PAGE_ALLOCATOR=y "
    "RANDOMIZE_KSTACK_OFFSET=y RANDOMIZE_KSTACK_OFFSET_DEFAULT=n LEGACY_VSYSCALL_XONLY=y"
)


@pytest.mark.parametrize(
    ("expected", "options", "words"),
    [
        ((True, False, True, False, "xonly"), BUILT, ""),
        (
            (False, True, False, True, "none"),
            BUILT,
            "init_on_alloc=0 page_alloc.shuffle=1 slab_nomerge randomize_kstack_offset=on "
            "vsyscall=none",
        ),
        (
            (False, False, True, False, "none"),
            "SLAB_MERGE_DEFAULT=y",
            "page_alloc.shuffle=1 randomize_kstack_offset=on",
        ),
        ((False, False, False, False, "emulate"), "LEGACY_VSYSCALL_EMULATE=y", ""),
    ],
)
def test_memory_hardening(
    expected: tuple[Any, ...], options: str, words: str, tmp_path: Path
) -> None:
    """What was built stands until a boot parameter says otherwise; what is not built cannot be."""
    built_with(tmp_path, options)
    files = {"/proc/cmdline": f"{words}\n", "/proc/sys/kernel/arch": "x86_64\n"}
    facts = collect(tree(tmp_path, dict(files)))
    names = ("init_on_alloc", "page_shuffle", "slab_merge", "stack_offset_random", "vsyscall")
    assert expected == tuple(value(facts, f"host.kernel.{name}") for name in names)


def test_boot_parameters_decide_without_the_options(tmp_path: Path) -> None:
    """What is said at boot is known; what hangs on the options too is not."""
    words = "init_on_alloc=1 slab_nomerge randomize_kstack_offset=on page_alloc.shuffle=0"
    facts = collect(tree(tmp_path, {"/proc/cmdline": f"{words}\n"}))
    assert True is value(facts, "host.kernel.init_on_alloc")
    assert False is value(facts, "host.kernel.slab_merge")
    assert False is value(facts, "host.kernel.page_shuffle")
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.stack_offset_random")


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        (True, {}),
        (True, {"/proc/modules": "", "/sys/module/module/parameters/sig_enforce": "Y\n"}),
        (False, {"/proc/modules": "", "/sys/module/module/parameters/sig_enforce": "N\n"}),
        (False, {"/proc/modules": ""}),
    ],
)
def test_module_signatures(expected: bool, files: dict[str, str | None], tmp_path: Path) -> None:
    """Enforced, checked only, not checked; and no module at all is no unsigned one."""
    assert expected == value(collect(tree(tmp_path, files)), "host.kernel.module_signatures")
