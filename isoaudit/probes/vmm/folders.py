"""What only the processes beside a VMM, and the files it starts from, tell of its machine.

Which folder a virtiofs share shows stands on its daemon's command line, not on the VMM's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from isoaudit.model import Fact, FactSet, Part, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.probes.vmm.argv import options, properties
from isoaudit.probes.vmm.files import others_may_write
from isoaudit.probes.vmm.helpers import Helper, folder_of, reads_only, serving
from isoaudit.probes.vmm.kinds import kind_of, option_of
from isoaudit.probes.vmm.line import Line
from isoaudit.probes.vmm.pid import argv
from isoaudit.probes.vmm.places import host_path
from isoaudit.transports.base import Unreadable

_ROLES = {"kernel": "kernel", "initrd": "initrd", "dtb": "dtb", "bios": "loader"}


def with_folders(found: FactSet, machine: Machine, pid: int, words: Sequence[str]) -> FactSet:
    """Return the facts of a VMM with the folders that its virtiofs shares show."""
    sockets = _sockets(words)
    part = next((p for p in found.parts.get("share", ()) if p.vantage is Vantage.VMM), None)
    if part is None or not sockets:
        return found
    try:
        helpers = serving(machine, pid, words)
    except Unreadable:
        return found
    records = tuple(_with_folder(record, sockets, helpers) for record in part.records)
    return found.merge(FactSet.of(parts=[replace(part, records=records)]))


def _with_folder(record: Record, sockets: dict[str, str], helpers: list[Helper]) -> Record:
    tag = record.facts["share.target"].value
    path = sockets.get(str(tag), "")
    helper = next((one for one in helpers if path and path in one.sockets), None)
    if helper is None or not (folder := folder_of(helper)):
        return record
    source = f"/proc/{helper.main.pid}/cmdline"
    told = {
        "share.source": Fact("share.source", folder, source, Vantage.VMM),
        "share.read_only": Fact("share.read_only", reads_only(helper), source, Vantage.VMM),
    }
    missing = {path: entry for path, entry in record.missing.items() if path not in told}
    return Record({**record.facts, **told}, missing)


def _sockets(words: Sequence[str]) -> dict[str, str]:
    """Return the sockets of virtiofs shares by mount tag."""
    if kind_of("", words) != "qemu":
        asked = (properties(word) for word in words if word.startswith("tag=") or ",tag=" in word)
        return {one["tag"]: one.get("socket", "") for one in asked if "tag" in one}
    line = Line(options(list(words[1:])))
    chardevs = line.by_id("chardev", "backend")
    return {
        device["tag"]: chardevs.get(device.get("chardev", ""), {}).get("path", "")
        for device in line.devices()
        if device.get("driver", "").startswith("vhost-user-fs") and "tag" in device
    }


def boot_files(machine: Machine, pid: int) -> FactSet:
    """Return the part boot_file of a VMM that no manager describes: what it runs and loads."""
    table: Table | Unreadable
    try:
        table = Table(machine.files.read_text(f"/proc/{pid}/mountinfo", TABLE_LIMIT))
        exe = machine.files.read_link(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        words = argv(machine.files, pid)
    except Unreadable as error:
        return FactSet.of(missing=[error.missing("boot_file", Vantage.KERNEL)])
    named = [("emulator", exe), *_named(words)]
    records = [_boot_file(machine, pid, table, role, path) for role, path in named if path]
    return FactSet.of(parts=[Part("boot_file", Vantage.KERNEL, tuple(records))])


def _named(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    if kind_of("", words) != "qemu":
        for option, role in (("--kernel", "kernel"), ("--initramfs", "initrd"),
                             ("--firmware", "loader")):  # fmt: skip
            yield role, option_of(words, option)
        return
    line = Line(options(list(words[1:])))
    for name, value in line.all(*_ROLES):
        yield _ROLES[name], value
    for _, value in line.all("drive"):
        asked = properties(value)
        if asked.get("if") == "pflash":
            yield "loader", asked.get("file", "")


def _boot_file(machine: Machine, pid: int, table: Table, role: str, path: str) -> Record:
    notes = Notes(Vantage.KERNEL)
    source, field = f"/proc/{pid}/cmdline", "boot_file.others_may_write"
    notes.fact("boot_file.role", role, source)
    notes.fact("boot_file.path", path[:4096], source)
    try:
        if not path.startswith("/"):
            raise Unreadable(Reason.NOT_SUPPORTED, f"{path[:200]} lies in the folder it was"
                             " started in, which may be another by now")  # fmt: skip
        writable, place = others_may_write(machine.files, host_path(machine, table, path))
        notes.fact(field, writable, f"stat {place}")
    except Unreadable as error:
        notes.lacks(error.missing(field, Vantage.KERNEL))
    return notes.record()
