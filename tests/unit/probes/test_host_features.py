"""What a made-up host's kernel offers, and what it provably does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, built_with, collect, reason, tree, value

from isoaudit.model import Reason, Vantage
from isoaudit.transports.base import Files

LIB = "/lib/modules/6.1.0-18-amd64/modules.dep"
MODULAR = {
    "/proc/modules": "tls 151552 0 - Live 0x0\n",
    "/proc/sys/kernel/modules_disabled": "0\n",
    LIB: "kernel/net/tls/tls.ko:\nkernel/net/sctp/sctp.ko.xz: kernel/lib/libcrc32c.ko.xz\n"
    "kernel/net/can/can.ko.zst:\nkernel/drivers/tty/n_gsm.ko:\nkernel/crypto/algif_hash.ko:\n"
    "kernel/crypto/af_alg.ko:\nkernel/net/dccp/dccp.ko.xz:\n"
    "kernel/net/dccp/dccp_ipv4.ko.xz: kernel/net/dccp/dccp.ko.xz\n"
    "kernel/net/sched/sch_qfq.ko:\nkernel/net/sched/cls_route.ko:\n",
}


def host(root: Path, options: str, files: dict[str, str | None] | None = None) -> Files:
    built_with(root, options)
    return tree(root, {**MODULAR, **(files or {})})


@pytest.mark.parametrize(
    ("expected", "options"),
    [(True, "TLS=y"), (True, "TLS=m"), (False, "TLS=n"), (False, "NET=y")],
)
def test_a_feature_from_the_options(expected: bool, options: str, tmp_path: Path) -> None:
    """Built in or a module that is there; not set and not known to this kernel are the same."""
    assert expected == value(collect(host(tmp_path, options)), "host.feature.tls")


def test_a_module_that_is_not_installed(tmp_path: Path) -> None:
    """What was built as a module and left out of the installation is not there."""
    facts = collect(host(tmp_path, "VSOCKETS=m NF_TABLES=y"))
    assert False is value(facts, "host.feature.vsock")
    assert "not installed" in facts.facts["host.feature.vsock"][0].source


def test_any_of_several_options_is_enough(tmp_path: Path) -> None:
    """One kind of AF_ALG socket is a way to all that is behind it."""
    options = "CRYPTO_USER_API_HASH=m CRYPTO_USER_API_AEAD=n"
    assert True is value(collect(host(tmp_path, options)), "host.feature.af_alg")


@pytest.mark.parametrize(
    ("feature", "path"),
    [
        ("devmem", "/sys/class/mem/mem/uevent"),
        ("kcore", "/proc/kcore"),
        ("sysrq", "/proc/sysrq-trigger"),
        ("uevent_helper", "/sys/kernel/uevent_helper"),
        ("perf_events", "/proc/sys/kernel/perf_event_paranoid"),
        ("kexec", "/proc/sys/kernel/kexec_load_disabled"),
        ("keys", "/proc/key-users"),
    ],
)
def test_features_that_show_by_themselves(feature: str, path: str, tmp_path: Path) -> None:
    """Whatever is known of the options, what is there is offered and what is not is not."""
    fact = f"host.feature.{feature}"
    without, there = tmp_path / "without", tmp_path / "there"
    without.mkdir()
    there.mkdir()
    assert False is value(collect(tree(without)), fact)
    assert True is value(collect(tree(there, {path: "0\n"})), fact)


def test_hidden_features_are_not_absent(tmp_path: Path) -> None:
    """A path that may not be looked at proves nothing, and without options nothing is known."""
    facts = collect(Locked(tree(tmp_path), "/sys/class/mem"))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.feature.devmem")


def test_an_unmounted_sysfs_proves_nothing(tmp_path: Path) -> None:
    """Without /sys nothing of it is absent; the options may still tell."""
    built_with(tmp_path, "DEVMEM=y")
    gone: dict[str, str | None] = {
        "/sys/kernel/mm/ksm/run": None,
        "/sys/kernel/security/lsm": None,
        "/sys/kernel/security/lockdown": None,
        "/sys/module/apparmor/parameters/enabled": None,
    }
    assert True is value(collect(tree(tmp_path, gone)), "host.feature.devmem")


def test_without_options_a_feature_is_unknown(tmp_path: Path) -> None:
    """What shows nowhere else hangs on the configuration, and its reason says so."""
    facts = collect(tree(tmp_path))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.feature.tls")
    assert "config" in facts.missing["host.feature.tls"][0].detail


def test_options_from_a_file_are_declared(tmp_path: Path) -> None:
    """The file beside the kernel is no word of the kernel."""
    files = {"/boot/config-6.1.0-18-amd64": "CONFIG_TLS=y\n"}
    fact = collect(tree(tmp_path, files)).facts["host.feature.tls"][0]
    assert (True, Vantage.DECLARED) == (fact.value, fact.vantage)


@pytest.mark.parametrize(
    ("expected", "options", "word"),
    [
        (True, "IA32_EMULATION=y", ""),
        (False, "IA32_EMULATION=y", "ia32_emulation=off"),
        (False, "IA32_EMULATION=y IA32_EMULATION_DEFAULT_DISABLED=y", ""),
        (True, "IA32_EMULATION=y IA32_EMULATION_DEFAULT_DISABLED=y", "ia32_emulation=1"),
        (False, "IA32_EMULATION=n", "ia32_emulation=on"),
    ],
)
def test_the_32_bit_calls(expected: bool, options: str, word: str, tmp_path: Path) -> None:
    """Built is not enough: they may be off at boot."""
    files = host(tmp_path, options, {"/proc/cmdline": f"quiet {word}\n"})
    assert expected == value(collect(files), "host.feature.ia32_emulation")


@pytest.mark.parametrize(("expected", "word"), [(False, ""), (True, "syscall.x32=y")])
def test_debians_x32(expected: bool, word: str, tmp_path: Path) -> None:
    """Debian builds the x32 calls and leaves them off."""
    options = "X86_X32_ABI=y X86_X32_DISABLED=y"
    files = host(tmp_path, options, {"/proc/cmdline": f"{word}\n"})
    assert expected == value(collect(files), "host.feature.x32")


def test_traffic_control(tmp_path: Path) -> None:
    """Built-in and installed schedulers and classifiers are named as their modules are."""
    options = "NET_SCH_HTB=y NET_SCH_QFQ=m NET_SCH_HFSC=m NET_CLS_ROUTE4=m NET_CLS_FW=n NET_CLS=y"
    facts = collect(host(tmp_path, options))
    assert ("cls_route", "sch_htb", "sch_qfq") == value(facts, "host.kernel.traffic_control")


def test_built_security_modules(tmp_path: Path) -> None:
    """They are told whether they are active or not."""
    options = "SECURITY_SELINUX=y SECURITY_APPARMOR=n BPF_LSM=y"
    assert ("bpf", "selinux") == value(collect(host(tmp_path, options)), "host.kernel.lsm_built")


def test_namespaces(tmp_path: Path) -> None:
    """Every kind a process has one of, the ones for children aside."""
    files = {f"/proc/self/ns/{kind}": "" for kind in ("mnt", "pid", "pid_for_children", "user")}
    facts = collect(tree(tmp_path, dict(files)))
    assert ("mnt", "pid", "user") == value(facts, "host.kernel.namespaces")


@pytest.mark.parametrize(
    ("feature", "path"),
    [("kcore", "/proc/kcore"), ("sysrq", "/proc/sysrq-trigger"), ("modules", "/proc/modules"),
     ("kexec", "/proc/sys/kernel/kexec_load_disabled"), ("ksm", "/sys/kernel/mm")],
)  # fmt: skip
def test_what_is_refused_makes_no_feature_absent(feature: str, path: str, tmp_path: Path) -> None:
    """A path that may not be looked at is no proof that the kernel has no such thing."""
    facts = collect(Locked(tree(tmp_path), path))
    assert f"host.feature.{feature}" not in facts.facts
    assert f"host.feature.{feature}" in facts.missing
