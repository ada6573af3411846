"""What a `.container` file asks podman for, as options of `podman run`.

Source: podman-systemd.unit(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from isoaudit.documents.unit import Entry, Unit
from isoaudit.errors import DocumentError
from isoaudit.model import Location
from isoaudit.probes.compose.origin import PODMAN
from isoaudit.probes.quadlet.keys import CONTAINER, HARMLESS, LABELS, OWN, Form, Key
from isoaudit.probes.quadlet.specifiers import Specifiers
from isoaudit.probes.run_line.options import GLOBALS
from isoaudit.probes.run_line.parse import Given, parse_options, parse_run
from isoaudit.probes.run_line.words import RunWord

SECTION = "Container"
_TRUE, _FALSE = frozenset({"1", "yes", "true", "on"}), frozenset({"0", "no", "false", "off"})
_REMAPPED = {"keep-id": "keep-id", "auto": "auto"}


class Options(NamedTuple):
    """The options that keys come to. `doubt` says why there may be others, `open_end` why what is
    not named need not be podman's own default."""

    given: tuple[Given, ...]
    doubt: str = ""
    open_end: str = ""


class Keys:
    """Reads the keys of one section of a unit."""

    def __init__(self, unit: Unit, section: str, specifiers: Specifiers) -> None:
        self._unit = unit
        self._section = section
        self._specifiers = specifiers

    def options(self) -> Options:
        """Return what a [Container] section asks for, its image and pod aside."""
        given = [*self.named(CONTAINER), *self._user(), *self._remapped()]
        if self.flag("VolatileTmp"):
            entry = self._unit.last(SECTION, "VolatileTmp")
            if entry is not None:
                given.append(Given("tmpfs", RunWord("/tmp:rw,size=512M", entry.location)))  # noqa: S108
        args = self.arguments()
        unknown = self._unknown(frozenset(CONTAINER) | OWN | HARMLESS)
        module = self._unit.last(self._section, "ContainersConfModule")
        open_end = "a module of containers.conf changes what podman does" if module else ""
        before, doubt = self._global_arguments()
        return Options((*before, *given, *args.given), args.doubt or unknown or doubt, open_end)

    def named(self, table: Mapping[str, Key]) -> Iterator[Given]:
        """Yield the options that keys of a table stand for."""
        for name, key in table.items():
            for word in self._values(name, key):
                yield Given(key.option, word)

    def _values(self, name: str, key: Key) -> Iterator[RunWord]:
        entries = self._unit.all(self._section, name)
        if key.form is Form.WORDS:
            for entry in entries:
                yield from (self._placed(w.text, w.location, key.before) for w in entry.words())
        elif key.form is Form.FLAG:
            yield from self._flag(entries[-1:], key.before)
        else:
            for entry in entries if key.form is Form.EACH else entries[-1:]:
                # NOTE: a dash says that a device which is not there is passed by.
                text = entry.value.removeprefix("-") if name == "AddDevice" else entry.value
                yield self._placed(text, entry.location, key.before)

    def _flag(self, entries: Sequence[Entry], before: str) -> Iterator[RunWord]:
        for entry in entries:
            value = truth(entry)
            if before in LABELS:
                if value:
                    yield RunWord(before, entry.location)
            else:
                yield RunWord(f"{before}{str(value).lower()}", entry.location)

    def _placed(self, text: str, where: Location, before: str = "") -> RunWord:
        return RunWord(f"{before}{self._specifiers.filled(text)}", where)

    def word(self, name: str) -> RunWord | None:
        """Return the value of a key that holds one, None if it is not assigned."""
        entry = self._unit.last(self._section, name)
        return self._placed(entry.value, entry.location) if entry is not None else None

    def flag(self, name: str) -> bool:
        """Say whether a key is true; raises DocumentError if it is neither that nor false."""
        entry = self._unit.last(self._section, name)
        return entry is not None and truth(entry)

    def words(self, name: str) -> list[RunWord]:
        """Return the words of all assignments of a key."""
        return [
            self._placed(word.text, word.location)
            for entry in self._unit.all(self._section, name)
            for word in entry.words()
        ]

    def arguments(self) -> Options:
        """Return the options in PodmanArgs, which come behind all others."""
        parsed = parse_run(self.words("PodmanArgs"), PODMAN)
        stray = "a word in PodmanArgs is no option" if parsed.image is not None else ""
        return Options(parsed.options, parsed.doubt or stray)

    def _global_arguments(self) -> tuple[list[Given], str]:
        """Return what GlobalArgs asks for: of podman's own options, the runtime alone counts."""
        parsed = parse_options(self.words("GlobalArgs"), GLOBALS[PODMAN])
        runtime = [given for given in parsed.options if given.name == "runtime"]
        stray = "a word in GlobalArgs is no option" if parsed.image is not None else ""
        return runtime, parsed.doubt or stray

    def _user(self) -> Iterator[Given]:
        """Yield the user, with the group behind it."""
        user, group = self.word("User"), self.word("Group")
        if user is not None and group is not None:
            user = user._replace(text=f"{user.text}:{group.text}")
        if user is not None:
            yield Given("user", user)

    def _remapped(self) -> Iterator[Given]:
        """Yield what RemapUsers, which came before UserNS, stands for."""
        said = self.word("RemapUsers")
        if said is None:
            return
        mode = _REMAPPED.get(said.text)
        if mode is not None:
            yield Given("userns", said._replace(text=mode))
        for key, option in (("RemapUid", "uidmap"), ("RemapGid", "gidmap")):
            for entry in self._unit.all(self._section, key) if said.text == "manual" else ():
                yield Given(option, self._placed(entry.value, entry.location))

    def _unknown(self, known: frozenset[str]) -> str:
        """Return why a key that is not known leaves open what is asked for."""
        for entry in self._unit.entries:
            if entry.section == self._section and entry.key not in known:
                name = entry.key if entry.key.isalnum() else "a key"
                return f"{name} is not known: it may be a key of another version"
        return ""


def truth(entry: Entry) -> bool:
    """Return a value as true or false; raises DocumentError for anything else."""
    text = entry.value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise DocumentError(f"{entry.location}: {entry.key} is true or false",
                        "Correct the file and scan again.")  # fmt: skip
