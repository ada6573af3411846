"""Containers of an engine with docker's API: what the engine says, and what the kernel shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isoaudit.errors import TargetError
from isoaudit.model import Fact, FactSet, Kind, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer
from isoaudit.probes.docker.company import Around, note_engine, note_neighbours
from isoaudit.probes.docker.executions import exec_records
from isoaudit.probes.docker.limits import note_limits, note_process_limits
from isoaudit.probes.docker.mount_points import Beside, Devices, volume_devices
from isoaudit.probes.docker.mounts import note_parts
from isoaudit.probes.docker.neighbours import Neighbours, note_borrowed
from isoaudit.probes.docker.network import Networks, note_network
from isoaudit.probes.docker.options import (
    EngineDefaults,
    read_defaults,
    read_security_options,
)
from isoaudit.probes.docker.process import process_record
from isoaudit.probes.docker.settings import note_settings
from isoaudit.probes.docker.storage import note_storage
from isoaudit.probes.docker.waivers import note_waivers
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.kernel.census import gone
from isoaudit.probes.kernel.sandbox import belongs, dark
from isoaudit.transports import EngineApi, Files, Unreadable
from isoaudit.transports.ptrace import Filters

_DEFAULT_ENDPOINTS = {
    "docker": {"unix:///var/run/docker.sock", "unix:///run/docker.sock"},
    "podman": {"unix:///run/podman/podman.sock", "unix:///var/run/podman/podman.sock"},
}
_LOCAL_HOST = "local"


class DockerProbe:
    """The containers of one engine. `files` are those of this machine; without, /proc is not read.
    `loaded` reads seccomp filters there, if that is wanted.

    A target's host is this machine only by proof: a process here whose control group carries the
    id of a container of this engine. A unix socket alone proves nothing, it may lead elsewhere.
    """

    def __init__(
        self, api: EngineApi, files: Files | None = None, loaded: Filters | None = None
    ) -> None:
        self._api = api
        self._files = files if api.local else None
        self._loaded = loaded
        self._defaults: EngineDefaults | None = None
        self._machine: Machine | None = None
        self._devices: Devices | None = None
        self._networks: Networks | None = None
        self._neighbours = Neighbours()

    def find(self) -> Sequence[Target]:
        """Return the engine's containers in every state, by name; raises TargetError."""
        try:
            listed = self._api.containers()
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        self._machine = None if self._files is None else Machine(self._files, self._loaded)
        self._devices = self._networks = None
        if self._machine is not None:
            # NOTE: who asks is not who is asked about: its rights are those an audit needs.
            listed = [entry for entry in listed if entry.get("Id") not in self._machine.own_ids]
        self._neighbours = Neighbours(listed)
        ids = [entry["Id"] for entry in listed if isinstance(entry.get("Id"), str)]
        host = _LOCAL_HOST if self._runs_here(ids) else None
        targets = [self._target(entry, host) for entry in listed]
        return sorted((t for t in targets if t is not None), key=lambda target: target.id)

    def collect(self, target: Target) -> FactSet:
        """Return what the engine says of a container and, if it runs here, what the kernel shows.

        Raises TargetError if the engine does not know it any more or does not answer.
        """
        try:
            raw = self._api.inspect(target.handle)
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        inspect = Answer(raw, "", self._api.engine)
        asked = self._engine_facts(target, inspect)
        seen = self._kernel_facts(target, inspect, asked)
        return _with_runtime(asked.merge(seen, self._company_facts(inspect, seen)))

    def _company_facts(self, inspect: Answer, seen: FactSet) -> FactSet:
        """Return which neighbours a container has, by what engine and kernel say of all."""
        notes = Notes(Vantage.ENGINE)
        around = Around(self._neighbours, self.address, inspect)
        note_engine(notes, around)
        note_neighbours(notes, around, seen)
        return notes.factset()

    def _runs_here(self, ids: list[str]) -> bool:
        """Say whether a process of this machine is proven to be in one of the containers."""
        if self._machine is None or not ids:
            return False
        try:
            return not set(ids).isdisjoint(self._machine.containers)
        except Unreadable:
            return False

    def _target(self, entry: dict[str, Any], host: str | None) -> Target | None:
        """Return the target of one list entry; an entry without an id names nothing."""
        handle, state = entry.get("Id"), entry.get("State")
        if not isinstance(handle, str) or not handle:
            return None
        names = entry.get("Names")
        full = [n for n in names if isinstance(n, str)] if isinstance(names, list) else []
        # Links of the legacy bridge show as /OTHER/ALIAS; the own name has one slash.
        own = [name.removeprefix("/") for name in full if name.count("/") <= 1]
        name = own[0] if own else handle[:12]
        return Target(
            id=self.address(name),
            kind=Kind.CONTAINER,
            name=name,
            state=state if isinstance(state, str) and state else "unknown",
            handle=handle,
            engine=self._api.endpoint,
            host=host,
        )

    def address(self, name: str) -> str:
        """Return the id of a container of this engine by its name."""
        engine, endpoint = self._api.engine, self._api.endpoint
        if endpoint in _DEFAULT_ENDPOINTS.get(engine, set()):
            return f"{engine}:{name}"
        return f"{engine}+{endpoint}#{name}"

    def _engine_facts(self, target: Target, inspect: Answer) -> FactSet:
        notes = Notes(Vantage.ENGINE)
        options = read_security_options(inspect.below("HostConfig").names("SecurityOpt") or [])
        defaults = self._engine_defaults()
        note_settings(notes, inspect, options, defaults)
        note_limits(notes, inspect, defaults)
        note_storage(notes, inspect)
        note_borrowed(notes, inspect, self._neighbours)
        note_waivers(notes, inspect, self._api)
        process = Notes(Vantage.ENGINE)
        note_process_limits(process, inspect)
        record = process_record(process, inspect, options, defaults)
        sessions, incomplete = exec_records(self._api, inspect, options, defaults)
        notes.part("process", [record, *sessions], incomplete)
        note_network(notes, inspect, self)
        # Of what runs here the kernel shows the mounts, with the host's folders behind them.
        runs = inspect.below("State").flag("Running") is not False
        files = None if runs or target.host is None else self._files
        note_parts(notes, inspect, Beside(self._volumes, self._neighbours, files))
        return notes.factset()

    def _volumes(self) -> Devices:
        """Return the host path behind every volume, or why the engine does not tell."""
        if self._devices is None:
            try:
                self._devices = volume_devices(self._api.volumes())
            except Unreadable as error:
                self._devices = error
        return self._devices

    def networks(self) -> Networks:
        """Return the engine's networks, or why it does not tell."""
        if self._networks is None:
            try:
                self._networks = self._api.networks()
            except Unreadable as error:
                self._networks = error
        return self._networks

    def other(self, container: str) -> Answer | Unreadable:
        """Return what the engine says of another container, or why it does not tell."""
        try:
            return Answer(self._api.inspect(container), "", self._api.engine)
        except Unreadable as error:
            return error

    def _engine_defaults(self) -> EngineDefaults:
        if self._defaults is None:
            try:
                self._defaults = read_defaults(self._api.info(), self._version())
            except Unreadable:
                # What rests on them is noted as missing by whoever needs it.
                self._defaults = EngineDefaults()
        return self._defaults

    def _version(self) -> dict[str, Any] | None:
        try:
            return self._api.version()
        except Unreadable:
            return None

    def _kernel_facts(self, target: Target, inspect: Answer, asked: FactSet) -> FactSet:
        """Return the kernel's word, nothing where that vantage cannot exist, or why it is dark."""
        state = inspect.below("State")
        pid = state.number("Pid")
        if self._files is None or not pid or pid < 0 or state.flag("Running") is False:
            return FactSet()
        machine = self._machine or Machine(self._files, self._loaded)
        self._machine = machine
        sandbox = Sandbox(pid, inspect.text("Id") or target.handle)
        try:
            if not belongs(machine, sandbox):
                return self._not_here(target, sandbox)
        except Unreadable as error:
            return dark(error)
        return read_sandbox(machine, sandbox, self._asked(inspect, sandbox.id, asked))

    def _not_here(self, target: Target, sandbox: Sandbox) -> FactSet:
        """Return nothing for another machine's process; for one that was here, that it is gone."""
        if target.host is None:
            return FactSet()
        return dark(gone(sandbox.pid))

    def _asked(self, inspect: Answer, container: str, asked: FactSet) -> Asked:
        host = inspect.below("HostConfig")
        mounts = inspect.objects("Mounts") or []
        binds = {m.text("Destination") for m in mounts if m.text("Type") == "bind"}
        root = self._engine_defaults().data_root
        return Asked(
            container=container,
            binds=frozenset(b.rstrip("/") for b in binds if b),
            volumes=f"{root.rstrip('/')}/volumes" if root else "",
            masked=tuple(host.names("MaskedPaths") or ()),
            readonly=tuple(host.names("ReadonlyPaths") or ()),
            filter=_of_filter(asked),
            peers=self._neighbours.peers(container),
            devices=_given(asked),
            shared=_shared(asked),
        )


def _of_filter(asked: FactSet) -> tuple[Fact, ...]:
    """Return what follows from the seccomp profile that the main process was asked to have."""
    record = asked.parts["process"][0].records[0]
    found = (fact for path, fact in record.facts.items() if path.startswith("process.seccomp."))
    return tuple(fact for fact in found if fact.path != "process.seccomp.mode")


def _given(asked: FactSet) -> frozenset[str] | None:
    """Return the paths inside of the devices that a container was given, None if it is not told.

    A bind of the host's nodes, or of a folder of them, gives them as well.
    """
    devices, mounts = (asked.parts.get(name) for name in ("device", "mount"))
    if devices is None or mounts is None:
        return None
    listed = [*(devices[0].records), *(mounts[0].records)]
    fields = ("device.destination", "mount.destination")
    paths = (record.facts[f].value for record in listed for f in fields if f in record.facts)
    return frozenset(str(path).rstrip("/") for path in paths if str(path).startswith("/dev"))


def _shared(asked: FactSet) -> tuple[tuple[str, Fact], ...]:
    """Return by container path what the engine says of who else mounts it."""
    found = []
    for record in asked.parts["mount"][0].records if "mount" in asked.parts else ():
        place, fact = (record.facts.get(f"mount.{name}") for name in ("destination", "shared_with"))
        if place is not None and fact is not None:
            found.append((str(place.value).rstrip("/"), fact))
    return tuple(found)


def _with_runtime(found: FactSet) -> FactSet:
    """Return the evidence with the runtime that podman asked for, which its API does not tell.

    conmon, which podman starts for each container, is told the runtime by name.
    """
    path, seen = "container.runtime", found.facts.get("container.runtime_seen")
    platform = found.facts.get("container.platform")
    if path in found.facts or not seen or not platform or platform[0].value != "podman":
        return found
    fact = Fact(path, seen[0].value, f"conmon --runtime: {seen[0].source}", Vantage.KERNEL)
    return found.merge(FactSet.of([fact]))
