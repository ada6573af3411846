"""What a made-up host's kernel offers: features, modules, rare protocols."""

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
    "kernel/crypto/af_alg.ko:\nkernel/net/sched/sch_qfq.ko:\nkernel/net/sched/cls_route.ko:\n",
}


def host(root: Path, options: str, files: dict[str, str | None] | None = None) -> Files:
    built_with(root, options)
    return tree(root, {**MODULAR, **(files or {})})


def protocols(files: Files) -> tuple[str, ...]:
    return tuple(value(collect(files), "host.kernel.rare_protocols"))


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


RARE = "CAN=m IP_SCTP=m TLS=m TIPC=n RDS=y CRYPTO_USER_API=m N_GSM=m"


def test_rare_protocols(tmp_path: Path) -> None:
    """Built in or loadable counts, not built does not."""
    assert ("af_alg", "can", "n_gsm", "rds", "sctp") == protocols(host(tmp_path, RARE))


@pytest.mark.parametrize(
    ("gone", "rule"),
    [
        ("sctp", "install sctp /bin/false\n"),
        ("sctp", "install sctp /usr/bin/true\n"),
        ("sctp", "blacklist sctp\n"),
        ("af_alg", "install af-alg \\\n /bin/false\n"),
        ("can", "alias net-pf-29 off\n"),
        ("can", "alias net-pf-* off\n"),
    ],
)
def test_rules_that_keep_a_protocol_out(gone: str, rule: str, tmp_path: Path) -> None:
    """modprobe.d refuses a module, hides it from requests by alias, or sends an alias nowhere."""
    files = host(tmp_path, RARE, {"/etc/modprobe.d/rare.conf": f"# why\n\n{rule}"})
    assert gone not in protocols(files)


@pytest.mark.parametrize(
    "rule",
    ["install sctp /sbin/modprobe -i sctp\n", "#install sctp /bin/false\n", "options sctp x=1\n",
     "blacklist sctp2\n", "alias net-pf-2-proto-132-type-1 sctp\n"],
)  # fmt: skip
def test_rules_that_keep_nothing_out(rule: str, tmp_path: Path) -> None:
    """Other lines about a module leave it loadable."""
    assert "sctp" in protocols(host(tmp_path, RARE, {"/etc/modprobe.d/rare.conf": rule}))


def test_a_blacklist_does_not_hold_back_a_request_by_name(tmp_path: Path) -> None:
    """Traffic control asks for its modules by name: only `install` refuses these."""
    rule = {"/etc/modprobe.d/x.conf": "blacklist sch_qfq\ninstall cls_route /bin/false\n"}
    facts = collect(host(tmp_path, "NET_SCH_QFQ=m NET_CLS_ROUTE4=m", rule))
    assert ("sch_qfq",) == value(facts, "host.kernel.traffic_control")


def test_of_two_files_with_one_name_the_first_counts(tmp_path: Path) -> None:
    """A file in /etc takes the place of the shipped one."""
    rules = {
        "/usr/lib/modprobe.d/sctp-blacklist.conf": "blacklist sctp\n",
        "/etc/modprobe.d/sctp-blacklist.conf": "# needed here\n",
    }
    assert "sctp" in protocols(host(tmp_path, RARE, dict(rules)))


@pytest.mark.parametrize(
    "word", ["module_blacklist=sctp,can", "modprobe.blacklist=can modprobe.blacklist=sctp"]
)
def test_modules_named_at_boot(word: str, tmp_path: Path) -> None:
    """Kernel and kmod take lists from the command line."""
    found = protocols(host(tmp_path, RARE, {"/proc/cmdline": f"{word}\n"}))
    assert {"sctp", "can"} & set(found) == set()


def test_a_loaded_module_is_there_whatever_the_rules_say(tmp_path: Path) -> None:
    """A rule that came later does not unload."""
    files = {"/proc/modules": "sctp 1 0 - Live 0x0\n", "/etc/modprobe.d/x.conf": "blacklist sctp\n"}
    assert "sctp" in protocols(host(tmp_path, RARE, dict(files)))


def test_no_more_modules(tmp_path: Path) -> None:
    """Once loading is closed, only what is built in or loaded is there."""
    files = {"/proc/sys/kernel/modules_disabled": "1\n"}
    assert ("rds",) == protocols(host(tmp_path, RARE, dict(files)))


def test_line_disciplines_may_be_kept_for_the_privileged(tmp_path: Path) -> None:
    """With ldisc_autoload 0 an ordinary process gets none of them loaded."""
    files = {"/proc/sys/dev/tty/ldisc_autoload": "0\n"}
    assert "n_gsm" not in protocols(host(tmp_path, RARE, dict(files)))


@pytest.mark.parametrize("closed", [LIB, "/etc/modprobe.d", "/proc/modules", "/proc/cmdline"])
def test_rules_that_cannot_be_read_leave_it_open(closed: str, tmp_path: Path) -> None:
    """Without the whole picture no protocol is called absent."""
    files = host(tmp_path, RARE, {"/etc/modprobe.d/x.conf": ""})
    facts = collect(Locked(files, closed))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.kernel.rare_protocols")


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
