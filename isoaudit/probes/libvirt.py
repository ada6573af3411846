"""The probe for virtual machines that libvirt manages, running or only defined."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import (
    Fact,
    FactSet,
    Kind,
    Missing,
    Part,
    Reason,
    Record,
    Target,
    Vantage,
)
from isoaudit.probes.base import Notes, new_kin
from isoaudit.probes.domain_xml import Alike
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.libvirt_shared import Company
from isoaudit.probes.vmm.files import others_may_write
from isoaudit.probes.vmm.joining import joined
from isoaudit.probes.vmm.pid import QemuProcesses
from isoaudit.probes.vmm.process import KERNEL_PATHS, unread, vmm_facts
from isoaudit.transports.base import Files, LibvirtApi, Unreadable
from isoaudit.transports.ptrace import Filters

SYSTEM = "qemu:///system"

_OFF = frozenset({"shut off", "crashed", "no state"})
_HOW = "Run isoaudit as root on the VM's host."
_NOTHING_KEPT = FactSet.of(parts=[Part("snapshot", Vantage.ENGINE, (), kin=new_kin())])


class LibvirtProbe:
    """Reads the domains of one libvirt connection; `files` is this machine if it may be theirs.

    `loaded` reads the seccomp filters of their VMMs, if that is wanted.
    """

    def __init__(self, api: LibvirtApi, files: Files | None, loaded: Filters | None = None) -> None:
        self._api = api
        self._files = files if api.local else None
        self._processes = QemuProcesses(files) if files and api.local else None
        self._machine = Machine(files, loaded) if files else None
        self._domains: dict[str, dict[str, Any]] = {}
        self._company = Company(api)
        self._alike = Alike(api.uri)

    def find(self) -> Sequence[Target]:
        """Return every domain; those proven to be of this machine belong to the host `local`."""
        self._domains = {domain["uuid"]: domain for domain in self._api.domains()}
        self._company.know({uuid: domain["name"] for uuid, domain in self._domains.items()})
        return [self._target(domain) for domain in self._domains.values()]

    def _target(self, domain: dict[str, Any]) -> Target:
        name, uri = domain["name"], self._api.uri
        return Target(
            id=f"libvirt:{name}" if uri == SYSTEM else f"libvirt+{uri}#{name}",
            kind=Kind.VM,
            name=name,
            state=domain["state"],
            handle=domain["uuid"],
            engine=uri,
            host="local" if self._is_here(domain) else None,
        )

    def collect(self, target: Target) -> FactSet:
        """Return what libvirt and, where it runs here, the VMM process tell of one domain.

        Raises TargetError if the domain is gone or libvirt gives no XML that can be read.
        """
        domain = self._known(target.handle)
        live = domain["id"] is not None
        found = self._company.complete(self._configured(domain), target.handle)
        if live and domain["persistent"]:
            found = found.merge(self._stored(target.handle))
        if self._files is not None and target.host is not None:
            found = _with_file_modes(found, self._files)
        return found.merge(self._kept(domain), joined(found, self._process(domain, found)))

    def _configured(self, domain: dict[str, Any]) -> FactSet:
        """Return what libvirt's XML tells: the live one where it runs. Raises TargetError."""
        live = domain["id"] is not None
        try:
            text = self._api.xml(domain["uuid"], inactive=False)
            how = "libvirt live XML" if live else "libvirt stored XML"
            found, still_live = self._alike.read(text, Vantage.ENGINE, how)
        except (Unreadable, DocumentError) as error:
            raise TargetError(error.cause, error.remedy) from error
        if live and not still_live:
            detail = f"{self._api.uri}: {domain['name']} stopped or moved away while it was read"
            raise TargetError(detail, "Scan again.")
        return found.merge(_flags(domain["autostart"], domain["persistent"]))

    def _kept(self, domain: dict[str, Any]) -> FactSet:
        """Return the part `snapshot`: snapshots, and the state that a saved domain resumes from."""
        notes = Notes(Vantage.ENGINE)
        if "saved" not in domain:
            notes.missing("snapshot", Reason.NOT_SUPPORTED, "libvirt lists no snapshots here")
            return notes.factset()
        if not domain["saved"] and not domain["snapshots"]:
            return _NOTHING_KEPT
        records = []
        if domain["saved"]:
            records.append(_snapshot({"name": "managed save", "memory": True, "age": None}))
        try:
            kept = self._api.snapshots(domain["uuid"]) if domain["snapshots"] else []
        except Unreadable as error:
            notes.lacks(error.missing("snapshot", Vantage.ENGINE))
            return notes.factset()
        notes.part("snapshot", [*records, *map(_snapshot, kept)])
        return notes.factset()

    def _known(self, uuid: str) -> dict[str, Any]:
        """Return what libvirt listed of a domain; raises TargetError if it lists none."""
        try:
            if uuid not in self._domains:
                self.find()
            return self._domains[uuid]
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        except KeyError:
            raise TargetError(f"{self._api.uri} has no domain {uuid}", "Scan again.") from None

    def _stored(self, uuid: str) -> FactSet:
        """Return what the stored definition asks for; its gaps say nothing about what runs."""
        try:
            text = self._api.xml(uuid, inactive=True)
            stored, _ = self._alike.read(text, Vantage.DECLARED, "libvirt stored XML")
        except Unreadable as error:
            return FactSet.of(missing=[error.missing("drift", Vantage.DECLARED)])
        except DocumentError as error:
            why = Missing("drift", Reason.PARSE_ERROR, error.cause, error.remedy, Vantage.DECLARED)
            return FactSet.of(missing=[why])
        return FactSet(
            stored.facts,
            {
                name: tuple(
                    Part(p.name, p.vantage, tuple(Record(r.facts) for r in p.records))
                    for p in parts
                )
                for name, parts in stored.parts.items()
            },
        )

    def _is_here(self, domain: dict[str, Any]) -> bool:
        """Say whether the domain is proven to be this machine's: by its process or definition."""
        if self._files is None or self._processes is None:
            return False
        try:
            if domain["id"] is not None:
                return self._processes.find(domain["name"], domain["uuid"]) > 0
            name = domain["name"]
            if self._api.uri != SYSTEM or "/" in name:
                return False
            text = self._files.read_text(f"/etc/libvirt/qemu/{name}.xml")
        except Unreadable:
            return False
        return f"<uuid>{domain['uuid']}</uuid>" in text

    def _process(self, domain: dict[str, Any], found: FactSet) -> FactSet:
        """Return the facts of the VMM process, or why there are none."""
        accelerator = found.facts.get("vm.accelerator")
        kind = accelerator[0].value if accelerator else ""
        if domain["id"] is None or domain["state"] in _OFF:
            return _nothing(Reason.NOT_SUPPORTED, "not running", "Start the VM and scan again.")
        if kind == "lxc":
            why = "a container of libvirt: no VMM, its processes run on the host's kernel"
            return _nothing(Reason.NOT_SUPPORTED, why, "Scan it as proc:* on its host.")
        if kind not in {"kvm", "tcg", "hvf"}:
            return _nothing(Reason.NOT_SUPPORTED, f"a domain of type {kind} has no QEMU process")
        if self._files is None or self._processes is None:
            return _nothing(Reason.OTHER_HOST, "its VMM runs on another machine", _HOW)
        try:
            pid = self._processes.find(domain["name"], domain["uuid"])
        except Unreadable as error:
            return unread(error)
        return vmm_facts(self._files, pid, self._machine)


def _snapshot(told: dict[str, Any]) -> Record:
    notes = Notes(Vantage.ENGINE)
    source = "libvirt snapshots"
    notes.fact("snapshot.name", told["name"], source)
    notes.fact("snapshot.memory", told["memory"], source)
    if told["age"] is None:
        notes.missing("snapshot.age", Reason.NOT_SUPPORTED, "libvirt does not tell its date",
                      "See the date of its file below /var/lib/libvirt.")  # fmt: skip
    else:
        notes.fact("snapshot.age", told["age"], source)
    return notes.record()


@cache
def _flags(autostart: bool, persistent: bool) -> FactSet:
    notes = Notes(Vantage.ENGINE)
    notes.fact("vm.autostart", autostart, "libvirt autostart")
    notes.fact("vm.persistent", persistent, "libvirt list of domains")
    return notes.factset()


@lru_cache(maxsize=64)
def _nothing(reason: Reason, detail: str, how_to_get: str = "") -> FactSet:
    return FactSet.of(missing=[Missing(p, reason, detail, how_to_get) for p in KERNEL_PATHS])


def _with_file_modes(found: FactSet, files: Files) -> FactSet:
    """Add to every boot file who may change it."""
    parts = [
        Part(p.name, p.vantage, tuple(_with_mode(r, files) for r in p.records), p.incomplete)
        for p in found.parts.get("boot_file", ())
        if p.vantage is Vantage.ENGINE
    ]
    return found.merge(FactSet.of(parts=parts))


def _with_mode(record: Record, files: Files) -> Record:
    field, path = "boot_file.others_may_write", str(record.facts["boot_file.path"].value)
    try:
        writable, place = others_may_write(files, path)
    except Unreadable as error:
        entry = error.missing(field, Vantage.KERNEL)
        return Record(record.facts, {**record.missing, field: entry})
    fact = Fact(field, writable, f"stat {place}", Vantage.KERNEL)
    return Record({**record.facts, field: fact}, record.missing)
