"""Modules of made-up hosts: which the kernel could load, and which are kept from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, built_with, collect, reason, tree, value

from isoaudit.model import Reason
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


def protocols(files: Files) -> tuple[str, ...]:
    return tuple(value(collect(files), "host.kernel.rare_protocols"))


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


@pytest.mark.parametrize(
    ("expected", "rule"),
    [(("dccp",), ""), ((), "install dccp /bin/false\n"), (("dccp",), "blacklist dccp\n")],
)
def test_what_a_module_is_built_on_may_be_refused(
    expected: tuple[str, ...], rule: str, tmp_path: Path
) -> None:
    """The module that is asked for cannot be loaded without another that is refused."""
    files = host(tmp_path, "IP_DCCP=m", {"/etc/modprobe.d/x.conf": rule})
    assert expected == protocols(files)


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
