"""A QEMU command line, whole or in pieces, and how what stands in it is told.

The words may be those of a process, of a domain's `qemu:commandline`, or of a file: so vantage,
source and place are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from isoaudit.facts.redaction import redact_words
from isoaudit.model import Location, Missing, Reason, Record, Value, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import Options, machine, properties

MARK = "\ue000"
"""Stands in a word of a file for what only a shell would know: the value of a variable."""

_LONGEST = 4096  # PATH_MAX
_MOST_FILES = 64  # block nodes that lie on each other, and devices in a path of buses


@dataclass(frozen=True)
class Line:
    """The options of a QEMU command line.

    `program` is the emulator's name without its folder, "" if it is not known. `whole` says that
    nothing is missing: only then what QEMU adds by itself is there too.
    """

    found: Options
    program: str = ""
    whole: bool = False

    def all(self, *names: str) -> Iterator[tuple[str, str]]:
        """Yield the options of these names, in order."""
        return ((name, value) for name, value in self.found if name in names)

    def has(self, *names: str) -> bool:
        """Say whether one of these options is there."""
        return any(name in names for name, _ in self.found)

    def devices(self) -> Iterator[dict[str, str]]:
        """Yield the properties of every -device, its model under `driver`."""
        return iter(self._devices)

    def device(self, name: str) -> dict[str, str]:
        """Return the -device of an id, nothing if there is none."""
        return self._by_name.get(name, {})

    @cached_property
    def _devices(self) -> list[dict[str, str]]:
        return [properties(value, "driver") for _, value in self.all("device")]

    @cached_property
    def _by_name(self) -> dict[str, dict[str, str]]:
        return {one["id"]: one for one in reversed(self._devices) if "id" in one}

    def by_id(self, option: str, first: str, key: str = "id") -> dict[str, dict[str, str]]:
        """Return what an option defines, by its id."""
        defined = (properties(value, first) for _, value in self.all(option))
        return {one[key]: one for one in defined if key in one}

    @cached_property
    def machine(self) -> str:
        """The machine type, as QEMU picks it where none is asked for; "" if that is not known."""
        if asked := machine(self.found):
            return asked
        x86 = self.program in {"kvm", "qemu-kvm"} or self.program.endswith(("x86_64", "i386"))
        return "pc" if self.whole and x86 else ""


class Origin(NamedTuple):
    """From where a command line was read: how sources call it, and its place if it is a file."""

    vantage: Vantage
    source: str
    location: Location | None = None

    def record(self, option: str = "") -> Jotter:
        """Return what notes one record of a part, read at an option."""
        return Jotter(self, f"{self.source} {option}".rstrip())


class Jotter:
    """Notes the fields of one record, all from the same words."""

    def __init__(self, origin: Origin, source: str) -> None:
        self._origin = origin
        self._source = source
        self._notes = Notes(origin.vantage)

    def fact(self, path: str, value: Value | list[str], why: str = "") -> None:
        """Note a value; `why` tells what it rests on if it does not stand there."""
        source = f"{self._source} ({why})" if why else self._source
        self._notes.fact(path, _shown(value), source, self._origin.location)

    def missing(self, path: str, detail: str, how_to_get: str = "") -> None:
        """Note that the words do not say it."""
        entry = Missing(path, Reason.NOT_DECLARED, detail, how_to_get, self._origin.vantage)
        self._notes.lacks(entry)

    def record(self) -> Record:
        """Return what was noted."""
        return self._notes.record()


def chain(nodes: dict[str, dict[str, str]], first: str, key: str = "file") -> list[dict[str, str]]:
    """Return a node and those below it, as `key` names the next; a ring ends where it closes."""
    found: list[dict[str, str]] = []
    while (node := nodes.get(first)) is not None and node not in found:
        if len(found) >= _MOST_FILES:
            break
        found.append(node)
        first = node.get(key, "")
    return found


def _shown(value: Value | list[str]) -> Value | list[str]:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, (list, tuple)):
        return [_short(word) for word in value]
    return value


def _short(text: str) -> str:
    text = redact_words([text])[0]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (cut)"
