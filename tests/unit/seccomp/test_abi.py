"""The tables of system calls agree with the kernel's headers and with libseccomp's."""

from __future__ import annotations

import re
from pathlib import Path

import libseccomp_oracle as libseccomp
import pytest

from isoaudit.seccomp.abi import ABIS, ARM, I386, X32, X86_64, interfaces, kernel_options

_HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")
_GENERIC = Path("/usr/include/asm-generic/unistd.h")
_FAULTS = {"sync_file_range2", "arch_specific_syscall", "syscalls"}
"""Macros of the generic header that are no calls of arm64."""


def _defined(header: Path, pattern: str) -> dict[str, int]:
    if not header.exists():
        pytest.skip(f"{header} is not installed (linux-libc-dev)")
    return {name: int(n) for name, n in re.findall(pattern, header.read_text(), re.MULTILINE)}


@pytest.mark.parametrize(
    ("name", "header", "pattern"),
    [
        ("x86_64", _HEADERS / "unistd_64.h", r"^#define __NR_(\w+) (\d+)$"),
        ("i386", _HEADERS / "unistd_32.h", r"^#define __NR_(\w+) (\d+)$"),
        ("x32", _HEADERS / "unistd_x32.h", r"^#define __NR_(\w+) \(__X32_SYSCALL_BIT \+ (\d+)\)$"),
    ],
)
def test_x86_tables_hold_what_the_headers_say(name: str, header: Path, pattern: str) -> None:
    """Every call of the installed headers has the same number here."""
    calls = ABIS[name].calls
    assert {} == {c: n for c, n in _defined(header, pattern).items() if calls.get(c) != n}


def test_arm64_table_holds_what_the_header_says() -> None:
    """Every call of the generic header that is not of 32-bit machines only is here."""
    calls = ABIS["aarch64"].calls
    defined = _defined(_GENERIC, r"^#define __NR_(\w+)\s+(\d+)\s*$")
    wrong = {c: n for c, n in defined.items() if calls.get(c) != n and not c.endswith("64")}
    assert set() == wrong.keys() - _FAULTS


@pytest.mark.parametrize("name", sorted(ABIS))
def test_tables_agree_with_libseccomp(name: str) -> None:
    """A number that libseccomp knows has the same name here."""
    if libseccomp.library() is None:
        pytest.skip("libseccomp is not installed")
    abi = ABIS[name]
    wrong = {}
    for number, call in ((n, c) for c, n in abi.calls.items()):
        known = libseccomp.name_of(name, number | abi.bit)
        if known not in (None, call):
            wrong[number] = (call, known)
    assert {} == wrong


@pytest.mark.parametrize("name", sorted(ABIS))
def test_numbers_are_unique(name: str) -> None:
    """No two calls share a number."""
    calls = ABIS[name].calls
    assert len(calls) == len(set(calls.values()))


@pytest.mark.parametrize("name", ["x86_64", "i386", "aarch64", "arm", "x32"])
def test_tables_reach_current_kernels(name: str) -> None:
    """The newest calls have the same number everywhere."""
    calls = ABIS[name].calls
    assert (449, 468, 469) == tuple(
        calls[c] for c in ("futex_waitv", "file_getattr", "file_setattr")
    )


def test_x32_calls_carry_their_bit() -> None:
    """A filter sees an x32 call by its number with bit 30 set."""
    assert (0x40000000 | 41, None) == (X32.number("socket"), X32.number("vserver"))


def test_arm_has_its_private_calls() -> None:
    """What only 32-bit ARM has lies far above all other calls."""
    assert 0xF0005 == ARM.number("set_tls")


@pytest.mark.parametrize(
    ("options", "command_line", "expected"),
    [
        (None, "", None),
        ({}, "", False),
        ({"CONFIG_IA32_EMULATION": "y"}, "quiet", True),
        ({"CONFIG_IA32_EMULATION": "y"}, "ia32_emulation=0", False),
        ({"CONFIG_IA32_EMULATION": "y"}, "ia32_emulation=off ia32_emulation=on", True),
        ({"CONFIG_IA32_EMULATION": "y"}, "ia32_emulation=perhaps", None),
        ({"CONFIG_IA32_EMULATION": "y"}, "quiet -- ia32_emulation=0", True),
        ({"CONFIG_IA32_EMULATION": "y"}, None, None),
        ({"CONFIG_IA32_EMULATION": "y", "CONFIG_IA32_EMULATION_DEFAULT_DISABLED": "y"}, "", False),
        ({"CONFIG_IA32_EMULATION": "y", "CONFIG_IA32_EMULATION_DEFAULT_DISABLED": "y"},
         "ia32_emulation=1", True),
    ],
)  # fmt: skip
def test_whether_32_bit_programs_run(
    options: dict[str, str] | None, command_line: str | None, expected: bool | None
) -> None:
    """The kernel's configuration and command line decide, and without them it is not known."""
    machine = interfaces("x86_64", options, command_line)
    assert machine is not None
    assert expected is dict(machine.foreign)[I386]


def test_another_machine_has_no_tables() -> None:
    """Of an architecture without tables nothing is said."""
    assert interfaces("riscv64", {}) is None


def test_names_of_one_architecture_are_the_same() -> None:
    """uname's and the engines' spellings mean the same machine."""
    machines = [interfaces(name) for name in ("x86_64", "amd64")]
    assert [X86_64, X86_64] == [m.native for m in machines if m]


def test_options_are_those_that_are_set() -> None:
    """What a configuration says is not set is absent, like what it does not name."""
    text = '#\n# Linux\nCONFIG_TLS=m\n# CONFIG_X is not set\nCONFIG_NR=8\nCONFIG_S="a b"\n'
    assert {"CONFIG_TLS": "m", "CONFIG_NR": "8", "CONFIG_S": '"a b"'} == kernel_options(text)
