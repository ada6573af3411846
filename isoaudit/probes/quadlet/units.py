"""The units that lie beside a Quadlet file, and what names of them stand for.

Source: podman-systemd.unit(5): a volume, network, image or container may be named by its unit.
"""

from __future__ import annotations

from isoaudit.documents import made, unit
from isoaudit.documents.beside import Beside
from isoaudit.documents.unit import Unit
from isoaudit.documents.variables import waiting_for
from isoaudit.documents.yaml import Node
from isoaudit.model import Location
from isoaudit.probes.quadlet.container import truth
from isoaudit.probes.quadlet.specifiers import Specifiers
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.draft import Draft, mapping_of
from isoaudit.probes.run_line.parse import Given
from isoaudit.probes.run_line.words import RunWord
from isoaudit.probes.systemd_file.drop_ins import with_drop_ins

_PREFIX = "systemd-"
_BUILT = (".image", ".build")


class Units:
    """Reads the units that a Quadlet file names, in its own folder."""

    def __init__(self, beside: Beside | None, *, of_system: bool) -> None:
        self._beside = beside
        self._of_system = of_system

    def read(self, name: str) -> tuple[Unit, Specifiers] | None:
        """Return a unit beside the file with its drop-ins, None if it is not there to be read."""
        if self._beside is None or "/" in name:
            return None
        found = self._beside.read(name)
        if found.why:
            return None
        loaded = unit.load(found.text, found.shown)
        whole = with_drop_ins(loaded, self._beside)
        return whole, Specifiers(found.shown, of_system=self._of_system)

    def settled(self, draft: Draft, given: Given) -> Given:
        """Return an option with the names of units in it replaced by what they stand for."""
        word = given.value
        if given.name == "volume":
            source, colon, rest = word.text.partition(":")
            if source.endswith(".volume"):
                name = self._volume(draft, source, word)
                return given._replace(value=word._replace(text=f"{name}{colon}{rest}"))
        if given.name == "network":
            name, colon, rest = word.text.partition(":")
            if name.endswith(".network"):
                name = self._network(draft, name, word)
                return given._replace(value=word._replace(text=f"{name}{colon}{rest}"))
            if name.endswith(".container"):
                text = f"container:{self._name(name, 'Container', 'ContainerName')}"
                return given._replace(value=word._replace(text=text))
        if given.name == "mount" and ".volume" in word.text:
            several = [self._mount_field(draft, field) for field in fields(word)]
            return given._replace(value=word._replace(text=",".join(several)))
        return given

    def image(self, word: RunWord) -> RunWord:
        """Return an image; one that a unit names is not known."""
        if word.text.endswith(_BUILT):
            return word._replace(text=waiting_for(f"the unit {word.text}"))
        return word

    def _mount_field(self, draft: Draft, field: RunWord) -> str:
        key, equals, value = field.text.partition("=")
        if key in {"source", "src"} and value.endswith(".volume"):
            return f"{key}{equals}{self._volume(draft, value, field)}"
        return f'"{field.text}"' if "," in field.text else field.text

    def _name(self, name: str, section: str, key: str) -> str:
        """Return what podman calls what a unit makes."""
        read = self.read(name)
        entry = read[0].last(section, key) if read is not None else None
        if entry is not None and read is not None:
            return read[1].filled(entry.value)
        return f"{_PREFIX}{name.rpartition('.')[0]}"

    def _volume(self, draft: Draft, name: str, word: RunWord) -> str:
        """Declare the volume of a unit, which may be a host path; return its name."""
        real = self._name(name, "Volume", "VolumeName")
        draft.volumes[real] = self._declared(name, "Volume", word) or _external(word)
        return real

    def _network(self, draft: Draft, name: str, word: RunWord) -> str:
        real = self._name(name, "Network", "NetworkName")
        draft.declared_networks[real] = self._declared(name, "Network", word) or _external(word)
        return real

    def _declared(self, name: str, section: str, word: RunWord) -> Node | None:
        """Return what a unit says of its volume or network, None if it is not there."""
        read = self.read(name)
        if read is None:
            return None
        found, specifiers = read
        if found.all(section, "PodmanArgs"):
            return _external(word)
        entries: dict[str, RunWord | Node] = {}
        for key, option in (
            ("Device", "device"),
            ("Type", "type"),
            ("Options", "o"),
            ("Driver", "driver"),
            ("Internal", "internal"),
        ):
            entry = found.last(section, key)
            if entry is None:
                continue
            text = str(truth(entry)).lower() if key == "Internal" else entry.value
            entries[option] = RunWord(specifiers.filled(text), entry.location)
        device = entries.pop("device", None)
        others: dict[str, RunWord | Node] = {
            key: entries.pop(key) for key in ("type", "o") if key in entries
        }
        if section == "Volume" and device is not None:
            made_with = {**others, "device": device}
            entries["driver_opts"] = mapping_of(made_with, device.location)
        return mapping_of(entries, _place(found, word))


def _place(found: Unit, word: RunWord) -> Location:
    return found.sections[0][1] if found.sections else word.location


def _external(word: RunWord) -> Node:
    entry = {"external": word._replace(text="true")}
    return mapping_of(entry, word.location)


def no_unit(name: str, where: Location) -> Node:
    """Return a value that a unit decides which is not there to be read."""
    return made.scalar(waiting_for(f"{name[:80]}, which is not beside this file"), where)
