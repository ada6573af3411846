"""The probe of scripts and files that hold a cloud-hypervisor command line.

Source: cloud-hypervisor --help, its docs/{device_model,memory,cpu,tpm,intel_tdx}.md. The words mean
what they mean on the command line of a process (`probes/vmm/small.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import FactSet, Kind, Reason, Record, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import properties
from isoaudit.probes.vmm.kinds import option_of
from isoaudit.probes.vmm.line import MARK
from isoaudit.probes.vmm.small import small_facts
from isoaudit.probes.vmm_files.filled_in import settled
from isoaudit.probes.vmm_files.sheet import clean, file_name
from isoaudit.probes.vmm_files.shell import Command, commands

_NAME = "cloud-hypervisor"
_PROGRAM = re.compile(r"\bcloud-hypervisor(?:-static)?(?![\w.-])")
_SIZE = re.compile(r"([0-9]{1,12})([KMGT]?)")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_NUMBER = re.compile(r"[0-9]{1,6}")
_BOOT = {"--kernel": "kernel", "--initramfs": "initrd", "--firmware": "loader"}
_DEFAULT = "cloud-hypervisor's default"
_PARTS = {"--disk": "disk", "--net": "interface", "--fs": "share", "--device": "host_device",
          "--serial": "character_device", "--console": "character_device"}  # fmt: skip
_ALL = frozenset({*_PARTS.values(), "boot_file", "vm.devices"})
_SIZES = frozenset({"--cpus", "--memory"})
_ON = frozenset({"on", "true"})


class _Words(NamedTuple):
    """A command's words as far as they are known, and the parts that the others may touch."""

    known: tuple[str, ...]
    whole: bool
    open_ended: frozenset[str]


class CloudHypervisorProbe:
    """Reads the commands of a file's text; raises DocumentError if there is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        found = commands(text, shown, _PROGRAM)
        if not found:
            raise DocumentError(
                f"{shown}: no command in it starts cloud-hypervisor",
                "Name a script with a line such as cloud-hypervisor --disk …",
            )
        name = file_name(shown)
        self._found: dict[str, Command] = {}
        for command in found:
            taken = name in self._found
            self._found[f"{name}-{command.location.line}" if taken else name] = command

    def find(self) -> Sequence[Target]:
        """Return one target per command, in the file's order."""
        alone = len(self._found) == 1
        path = f"cloud_hypervisor:{self._shown}"
        return [
            Target(path if alone else f"{path}#{name}", Kind.VM, name, "declared", name,
                   "cloud_hypervisor", location=command.location)
            for name, command in self._found.items()
        ]  # fmt: skip

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one VM; raises TargetError if it has none of it."""
        command = self._found.get(target.handle)
        if command is None:
            raise TargetError(f"{self._shown}: no VM {target.handle!r} in it")
        source = f"{self._shown}:{command.location.line}"
        words = _known(command.words)
        notes = Notes(Vantage.DECLARED)
        notes.fact("vmm.name", _NAME, source)
        notes.fact("vmm.manager", "", f"{source}: started by hand")
        notes.fact("vm.accelerator", "kvm", f"{source} ({_DEFAULT})")
        _note_size(notes, words, source)
        notes.part("boot_file", _boot_files(words.known, source))
        notes.part("character_device", _ports(words.known, source))
        if words.whole:
            _note_trust(notes, words.known, source)
        hard = small_facts(_NAME, list(words.known), source)
        found = notes.factset().merge(hard if words.whole else _without_defaults(hard))
        return settled(found, command.location, words.open_ended)


def _known(words: Sequence[str]) -> _Words:
    """Return the words without those that are filled in, but for values that have a name."""
    kept: list[str] = []
    open_ended = frozenset[str]()
    whole, option = True, ""
    for word in words:
        option = word.partition("=")[0] if word.startswith("--") else option
        if MARK not in word:
            kept.append(word)
            continue
        value = word.partition("=")[2] if word.startswith("--") else word
        if kept and kept[-1] == option and option not in _PARTS:
            kept.pop()  # or the next word would pass for its value
        named = all("=" in item.partition(MARK)[0] for item in value.split(",") if MARK in item)
        if MARK in option or word == MARK:
            whole, open_ended = False, _ALL
        elif option in _PARTS:
            open_ended |= {_PARTS[option], "vm.devices"}
            kept += [word] if named else []
        elif option in _SIZES and named:
            kept += [word] if word.startswith("--") else [option, word]
        elif option in _BOOT:
            open_ended |= {"boot_file"}
        else:
            whole, open_ended = False, _ALL
    return _Words(tuple(kept), whole, open_ended)


def _without_defaults(found: FactSet) -> FactSet:
    """Leave out what holds only because nothing else was asked for."""
    kept = [facts[0] for path, facts in found.facts.items() if path == "vm.devices"]
    return FactSet.of(kept, [parts[0] for parts in found.parts.values()])


def _note_size(notes: Notes, words: _Words, source: str) -> None:
    memory = properties(option_of(words.known, "--memory"))
    size = _SIZE.fullmatch(memory.get("size", "512M" if words.whole else ""))
    if size:
        notes.fact("vm.memory.bytes", int(size[1]) * _UNITS[size[2]], f"{source} --memory")
    if words.whole and MARK not in str(memory):
        merged = memory.get("mergeable") in _ON
        notes.fact("vm.memory.shared_pages", merged, f"{source} --memory mergeable")
    cpus = properties(option_of(words.known, "--cpus")).get("boot", "1" if words.whole else "")
    if _NUMBER.fullmatch(cpus):
        notes.fact("vm.vcpus", int(cpus), f"{source} --cpus")
    if words.whole:
        notes.fact("vm.cpu.mode", "host-passthrough", f"{source} ({_DEFAULT})")


def _note_trust(notes: Notes, words: Sequence[str], source: str) -> None:
    has_chip = any(word.partition("=")[0] == "--tpm" for word in words)
    notes.fact("vm.tpm", "emulated" if has_chip else "none", f"{source} --tpm")
    platform = properties(option_of(words, "--platform"))
    kinds = [kind for key, kind in (("tdx", "tdx"), ("sev_snp", "sev-snp"))
             if platform.get(key) in _ON]  # fmt: skip
    notes.fact("vm.launch_security.type", kinds[0] if kinds else "none", f"{source} --platform")
    if option_of(words, "--kernel"):
        notes.fact("vm.secure_boot", False, f"{source} --kernel: started without any firmware")
    else:
        notes.missing("vm.secure_boot", Reason.NOT_DECLARED, "the firmware's image decides")
    for part in ("graphics", "shared_memory"):
        notes.part(part, ())


def _boot_files(words: Sequence[str], source: str) -> Iterator[Record]:
    for option, role in _BOOT.items():
        if path := option_of(words, option):
            notes = Notes(Vantage.DECLARED)
            notes.fact("boot_file.role", role, f"{source} {option}")
            notes.fact("boot_file.path", clean(path), f"{source} {option}")
            yield notes.record()


def _ports(words: Sequence[str], source: str) -> Iterator[Record]:
    """Yield the serial port and the console, as far as they are asked for."""
    for option in ("--serial", "--console"):
        kind, _, place = option_of(words, option).partition("=")
        if kind in {"", "off", "null"}:
            continue
        notes = Notes(Vantage.DECLARED)
        backend = {"tty": "stdio", "socket": "unix"}.get(kind, kind)
        notes.fact("character_device.role", option[2:], f"{source} {option}")
        notes.fact("character_device.name", "0", f"{source} {option}")
        notes.fact("character_device.backend", backend, f"{source} {option}")
        notes.fact("character_device.address", clean(place), f"{source} {option}")
        yield notes.record()
