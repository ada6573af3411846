"""Service units of systemd: the containers that they start, and how they confine themselves.

Sources: systemd.service(5), systemd.exec(5), systemd.resource-control(5), systemd.unit(5). What
neither starts a container nor confines itself is no target: it is a process of the host.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from isoaudit.documents import unit as units
from isoaudit.documents.beside import Beside
from isoaudit.documents.unit import Unit
from isoaudit.errors import TargetError
from isoaudit.facts.redaction import looks_secret
from isoaudit.model import FactSet, Kind, Location, Missing, Record, Target
from isoaudit.probes.declared import not_declared, record
from isoaudit.probes.run_line.origins import DIALECT as OF_LINES
from isoaudit.probes.systemd_file.confinement import note_confinement
from isoaudit.probes.systemd_file.credentials import note_credentials
from isoaudit.probes.systemd_file.devices import note_devices
from isoaudit.probes.systemd_file.drop_ins import with_drop_ins
from isoaudit.probes.systemd_file.engine_line import Line, container_lines
from isoaudit.probes.systemd_file.filters import note_filters
from isoaudit.probes.systemd_file.limits import note_limits
from isoaudit.probes.systemd_file.mounts import note_mounts
from isoaudit.probes.systemd_file.namespaces import note_namespaces
from isoaudit.probes.systemd_file.service import SECTION, Command, Service, command

DIALECT = "systemd"

_OF_USERS = "/systemd/user/"
_ELSEWHERE = ("EnvironmentFile", "PassEnvironment")


class SystemdFileProbe:
    """Reads one service unit with the drop-ins beside it; `shown` is the path it is named by."""

    def __init__(self, text: str, shown: str, beside: Beside | None = None) -> None:
        own = units.load(text, shown)
        self._unit = with_drop_ins(own, beside) if beside is not None else own
        self._shown = shown
        self._of_user = _OF_USERS in f"/{shown}"
        self._lines: dict[str, Line] = {}

    def find(self) -> Sequence[Target]:
        """Return the containers it starts, else the service if it confines itself, else nothing.

        Raises DocumentError for a command line that cannot be split.
        """
        if not self._unit.has(SECTION):
            return []
        lines = container_lines(self._unit, self._of_user)
        if lines:
            return [self._container(line, number, len(lines)) for number, line in enumerate(lines)]
        # Whether it is meant to be confined: what its command or manager makes of that is judged.
        if Service(self._unit, None, of_user=False).confined() is None:
            return []
        return [self._target(self._shown, self._name(), self._service().anchor.location)]

    def collect(self, target: Target) -> FactSet:
        """Return what the unit asks for; raises DocumentError where a value is malformed."""
        line = self._lines.get(target.handle)
        if line is not None:
            return line.facts(target.name)
        if target.handle != self._shown or not self._unit.has(SECTION):
            raise TargetError(f"{self._shown}: no service {target.handle!r}", "Scan it anew.")
        service = self._service()
        service.facts.say("container.platform", DIALECT, service.anchor, "a service")
        note_credentials(service)
        note_namespaces(service)
        note_filters(service)
        note_confinement(service)
        note_mounts(service)
        note_devices(service)
        note_limits(service)
        service.facts.part("environment", _environment(self._unit), _more(self._unit))
        service.facts.part("sysctl", [])
        service.facts.part("process", [service.process.record()])
        return service.facts.factset()

    def _service(self) -> Service:
        """Return the service as it holds for the first command that it starts."""
        return Service(self._unit, self._started(), of_user=self._of_user)

    def _started(self) -> Command | None:
        """Return its main command; of several, which run one after another, one with full
        privileges counts before the others."""
        found = [c for e in self._unit.all(SECTION, "ExecStart") if (c := command(e)) is not None]
        full = next((one for one in found if one.full), None)
        return full or (found[0] if found else None)

    def _name(self) -> str:
        return posixpath.basename(self._shown).removesuffix(".service") or self._shown

    def _container(self, line: Line, number: int, count: int) -> Target:
        name = line.name or self._name()
        handle = self._shown if count == 1 else f"{self._shown}#{name}"
        if handle in self._lines and self._lines[handle].entry is not line.entry:
            handle = f"{handle}~{number + 1}"
        self._lines[handle] = line
        # What stands there is a command line: it can say what such a one can, and is mended so.
        return self._target(handle, name, line.entry.location, OF_LINES)

    def _target(self, handle: str, name: str, where: Location, dialect: str = DIALECT) -> Target:
        return Target(
            id=f"{DIALECT}:{handle}",
            kind=Kind.CONTAINER,
            name=name[:255],
            state="declared",
            handle=handle,
            dialect=dialect,
            location=where,
        )


def _environment(unit: Unit) -> Iterator[Record]:
    for entry in unit.all(SECTION, "Environment"):
        for word in entry.words():
            name, _, value = word.text.partition("=")
            secret = looks_secret(name, value)
            yield record(word, {"environment.name": name, "environment.secret": secret})


def _more(unit: Unit) -> Missing | None:
    """Return why there may be more variables than the unit itself sets."""
    for key in _ELSEWHERE:
        if unit.all(SECTION, key):
            return not_declared("environment", f"{key}: its variables are not in the unit")
    return None
