"""The probe of files that hold a QEMU command line: scripts, single commands, -readconfig files.

Source: qemu(1). The words mean what they mean on the command line of a process (`probes/vmm`); who
runs the script, and as which user, it does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import FactSet, Kind, Location, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import Options, monitors, options, properties, sandbox, value_of
from isoaudit.probes.vmm.devices import PARTS, hardware
from isoaudit.probes.vmm.line import MARK, Line, Origin
from isoaudit.probes.vmm.screens import screens
from isoaudit.probes.vmm.settings import note_settings
from isoaudit.probes.vmm_files.filled_in import settled
from isoaudit.probes.vmm_files.qemu_config import is_configuration, read_configuration
from isoaudit.probes.vmm_files.qemu_records import boot_files, monitor_record
from isoaudit.probes.vmm_files.sheet import file_name
from isoaudit.probes.vmm_files.shell import Command, commands

_PROGRAM = re.compile(r"\bqemu-(?:system-[a-z0-9_]+|kvm)\b")
_ALL_PARTS = frozenset({*PARTS, "monitor", "graphics", "boot_file", "vm.devices"})
_KEPT = frozenset({"device", "drive", "netdev", "nic", "net", "blockdev", "fsdev", "virtfs"})
"""Options of which something is told although one of their named values is filled in later."""

_SCALAR = frozenset({"m", "smp", "cpu", "accel", "uuid", "machine", "M", "name"})
"""Options that say one thing each: a value that is filled in is then missing, and no more."""

_HARMLESS = frozenset({"mac", "addr", "serial", "bootindex", "guest-cid"})
"""Properties of a device on which nothing else rests."""

_PORTS = frozenset({"character_device", "monitor"})
_DRIVES_OF = frozenset({"bios", "pflash", "drive"})
_SCREENS = frozenset({"graphics", "vm.devices"})
_CARDS = frozenset({"interface", "vm.devices"})
_DRIVES = frozenset({"disk", "vm.devices", "boot_file"})
_TOUCHES = {
    **dict.fromkeys(("chardev", "serial", "parallel", "monitor", "mon", "qmp", "qmp-pretty"),
                    _PORTS),
    **dict.fromkeys(("vnc", "spice", "display", "vga"), _SCREENS),
    **dict.fromkeys(("netdev", "nic", "net"), _CARDS),
    **dict.fromkeys(("drive", "blockdev", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd",
                     "pflash"), _DRIVES),
    **dict.fromkeys(("fsdev", "virtfs"), frozenset({"share", "vm.devices"})),
    **dict.fromkeys(("kernel", "initrd", "dtb", "bios"), frozenset({"boot_file"})),
    **dict.fromkeys(("append", "pidfile", "sandbox", "runas", "D", "rtc", "boot", "smbios",
                     "fw_cfg", "k", "loadvm"), frozenset()),
}  # fmt: skip
"""Which parts a variable in an option leaves open; one that is not here may touch all of them."""


class _Words(NamedTuple):
    """A command's options as far as they are known, and what the others may touch."""

    found: Options
    whole: bool
    open_ended: frozenset[str]
    dropped: frozenset[str] = frozenset()


class QemuProbe:
    """Reads the QEMU commands of a file's text; raises DocumentError if there is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._is_configuration = is_configuration(text)
        self._found: dict[str, Command] = {}
        self._configuration: Options = []
        if self._is_configuration:
            self._configuration = read_configuration(text, shown)
            return
        found = commands(text, shown, _PROGRAM)
        if not found:
            raise DocumentError(
                f"{shown}: no command in it starts QEMU",
                "Name a script or file with a line such as qemu-system-x86_64 -m 1G …",
            )
        for command in found:
            self._found[_name(command, self._found, file_name(shown))] = command

    def find(self) -> Sequence[Target]:
        """Return one target per command, in the file's order."""
        if self._is_configuration:
            asked = properties(value_of(self._configuration, "name") or "", "guest")
            name = asked.get("guest") or file_name(self._shown)
            return [self._target(f"qemu:{self._shown}", name[:255], Location(self._shown, 1, 1))]
        alone = len(self._found) == 1
        return [
            self._target(
                f"qemu:{self._shown}" + ("" if alone else f"#{name}"), name, command.location
            )
            for name, command in self._found.items()
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one VM; raises TargetError if it has none of it."""
        if self._is_configuration:
            words = _Words(self._configuration, False, _ALL_PARTS)
            return _facts(words, "", Location(self._shown, 1, 1))
        command = self._found.get(target.handle)
        if command is None:
            raise TargetError(f"{self._shown}: no VM {target.handle!r} in it")
        return _facts(_known(command.words), command.program, command.location)

    def _target(self, identity: str, name: str, where: Location) -> Target:
        return Target(identity, Kind.VM, name, "declared", name, "qemu", location=where)


def _name(command: Command, taken: dict[str, Command], file: str) -> str:
    """Return the guest's name, or the file's where none is told, with the line if it is taken."""
    asked = value_of(_known(command.words).found, "name") or ""
    name = properties(asked, "guest").get("guest", "")[:200]
    name = file if not name or MARK in name else name
    while name in taken:
        name = f"{name}-{command.location.line}"
    return name


def _known(words: Sequence[str]) -> _Words:
    """Return the options of a command; a word that no option takes is an image, as -hda names it.

    Where a whole word is filled in, or the value of an option that may define anything, nothing is
    known to be all there is. A variable without quotes is taken for one word all the same.
    """
    whole, open_ended = True, frozenset[str]()
    kept: Options = []
    dropped: set[str] = set()
    for name, value in _pairs(words):
        if MARK not in name + value or name in _SCALAR or _is_harmless(name, value):
            kept.append((name, value))
            continue
        if name in _KEPT and _is_named(value):
            kept.append((name, value))
        elif name not in _TOUCHES:
            whole = False
        dropped.add(name)
        open_ended |= _TOUCHES.get(name, _ALL_PARTS)
    return _Words(kept, whole, open_ended, frozenset(dropped))


def _is_harmless(name: str, value: str) -> bool:
    items = (item.partition("=") for item in value.split(",") if MARK in item)
    return name == "device" and all(key in _HARMLESS for key, _, _ in items)


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values; an option that is filled in has the mark as its name."""
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            yield (MARK, "") if MARK in word else ("hda", word)
            continue
        ((name, value),) = options([word, *left[:1]])[:1]
        if value and left:
            left.pop(0)
        yield (MARK, "") if MARK in name else (name, value)


def _is_named(value: str) -> bool:
    """Say whether every mark in a list of properties is in the value of a named one."""
    return all(MARK not in item.partition("=")[0] for item in value.split(","))


def _facts(words: _Words, program: str, where: Location) -> FactSet:
    source = f"{where.file}:{where.line}"
    found, whole = words.found, words.whole
    line = Line(found, program, whole)
    notes = Notes(Vantage.DECLARED)
    notes.fact("vmm.name", "qemu", source)
    notes.fact("vmm.manager", "", f"{source}: QEMU is started by hand")
    note_settings(notes, line, source, firmware_is_known=words.dropped.isdisjoint(_DRIVES_OF))
    if "sandbox" not in words.dropped and (whole or line.has("sandbox")):
        notes.fact("vmm.sandbox.options", sandbox(found), f"{source} -sandbox")
    seen = monitors(found, whole=whole)
    if whole or any(one.kind == "gdb" for one in seen):
        notes.fact("vm.debug_stub", any(one.kind == "gdb" for one in seen), source)
    notes.part("monitor", [monitor_record(one, source) for one in seen])
    notes.part("graphics", screens(found, source))
    notes.part("boot_file", boot_files(line, source))
    hard = hardware(line, Origin(Vantage.DECLARED, source, where))
    return settled(notes.factset().merge(hard), where, words.open_ended)
