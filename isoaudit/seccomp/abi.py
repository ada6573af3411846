"""The system-call interfaces of a kernel: which there are, how a filter tells them, their calls.

Sources: the tables name theirs; AUDIT_ARCH values are of include/uapi/linux/audit.h. An x86-64
kernel may run i386 and x32 programs too, an arm64 kernel 32-bit ARM ones: a filter that overlooks
such an interface leaves it open, whatever it says of the native one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"

X32_BIT = 0x40000000
"""What an x32 call's number carries on top; its AUDIT_ARCH value is x86-64's."""


class Abi(NamedTuple):
    """One interface: its name, AUDIT_ARCH value, bit on top of numbers, and width in bits."""

    name: str
    audit: int
    bit: int = 0
    width: int = 64

    @property
    def calls(self) -> Mapping[str, int]:
        """Return the numbers of its calls by their names, without the bit on top."""
        return _calls(self.name)

    def number(self, call: str) -> int | None:
        """Return a call's number as a filter sees it, None if the interface has no such call."""
        number = self.calls.get(call)
        return None if number is None else number | self.bit


X86_64 = Abi("x86_64", 0xC000003E)
I386 = Abi("i386", 0x40000003, width=32)
X32 = Abi("x32", 0xC000003E, X32_BIT)
AARCH64 = Abi("aarch64", 0xC00000B7)
ARM = Abi("arm", 0x40000028, width=32)

ABIS = {abi.name: abi for abi in (X86_64, I386, X32, AARCH64, ARM)}

_FOREIGN = {"x86_64": (I386, X32), "aarch64": (ARM,), "i386": (), "arm": ()}
_SAME = {"amd64": "x86_64", "arm64": "aarch64", "i686": "i386", "i586": "i386", "armv7l": "arm"}
_OPTIONS = {
    "i386": ("CONFIG_IA32_EMULATION",),
    "x32": ("CONFIG_X86_X32_ABI", "CONFIG_X86_X32"),
    "arm": ("CONFIG_COMPAT",),
}


class Interfaces(NamedTuple):
    """The interfaces of one machine: the native one, and the others with whether they are there.

    None where it is not known: what only such an interface lets through is not known either.
    """

    native: Abi
    foreign: tuple[tuple[Abi, bool | None], ...] = ()

    def possible(self) -> tuple[tuple[Abi, bool | None], ...]:
        """Return every interface that may be there, the native one first."""
        others = tuple(pair for pair in self.foreign if pair[1] is not False)
        return ((self.native, True), *others)


def interfaces(
    machine: str, options: Mapping[str, str] | None = None, command_line: str | None = None
) -> Interfaces | None:
    """Return the interfaces of a machine by its `uname -m`, None for one without tables here.

    `options` are those of the kernel's configuration (`CONFIG_X: y`, absent if not set), None if
    it could not be read. `command_line` switches i386 off with ia32_emulation=0, on with =1.
    """
    native = ABIS.get(_SAME.get(machine, machine))
    if native is None or native is X32:
        return None
    found = tuple(
        (abi, _present(abi, options, command_line)) for abi in _FOREIGN.get(native.name, ())
    )
    return Interfaces(native, found)


def kernel_options(text: str) -> dict[str, str]:
    """Return the options of a kernel's configuration file that are set, as `{CONFIG_X: y}`."""
    pairs = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
    return {name: value for name, equals, value in pairs if equals}


def _present(abi: Abi, options: Mapping[str, str] | None, command_line: str | None) -> bool | None:
    if options is None:
        return None
    if not any(options.get(name) == "y" for name in _OPTIONS[abi.name]):
        return False
    if abi is not I386:
        return True
    return _ia32(options, command_line)


def _ia32(options: Mapping[str, str], command_line: str | None) -> bool | None:
    """Say whether a kernel that can run i386 programs does (kernel-parameters, ia32_emulation)."""
    if command_line is None:
        return None
    words = command_line.split(" -- ", 1)[0].split()
    asked = [word.partition("=")[2] for word in words if word.startswith("ia32_emulation=")]
    if not asked:
        return options.get("CONFIG_IA32_EMULATION_DEFAULT_DISABLED") != "y"
    last = asked[-1].lower()
    if last in {"1", "y", "yes", "on", "t", "true"}:
        return True
    return False if last in {"0", "n", "no", "off", "f", "false"} else None


@cache
def _calls(name: str) -> Mapping[str, int]:
    calls: dict[str, int] = json.loads((_DATA / f"calls_{name}.json").read_text())["calls"]
    return calls
