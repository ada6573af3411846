"""A guest's kernel: what the host's topics say of a host, said of the guest by the guest.

The same readers go over the files that the guest showed, and what they note as `host.` is noted as
`guest.`, from the guest's vantage.
"""

from __future__ import annotations

from isoaudit.facts.vocabulary import facts
from isoaudit.model import Fact, FactSet, Missing, Part, Reason, Record, Value, Vantage
from isoaudit.probes.guest.answers import GuestFiles, Pages
from isoaudit.probes.guest.notes import LARGEST, SHOWN, Guest
from isoaudit.probes.host.cpu import note_cpu
from isoaudit.probes.host.features import note_features
from isoaudit.probes.host.firmware import note_firmware
from isoaudit.probes.host.identity import note_identity
from isoaudit.probes.host.kernel import note_kernel
from isoaudit.probes.host.kvm import note_kvm
from isoaudit.probes.host.mac import note_mac
from isoaudit.probes.host.reboot import note_reboot
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.sysctl import note_sysctls
from isoaudit.transports.base import Unreadable

_TOPICS = (
    note_identity,
    note_kernel,
    note_reboot,
    note_mac,
    note_features,
    note_sysctls,
    note_cpu,
    note_kvm,
    note_firmware,
)
_QUESTIONS = ("kernel", "vulnerabilities", "built", "reboot", "virtualization")
_SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_PARTS = {"cpu_vulnerability": "guest_vulnerability"}
_NEVER = ("guest_vulnerability.guest_view",)


def read_kernel(guest: Guest) -> FactSet:
    """Return what the guest's kernel says of itself and of its CPUs."""
    several: list[Pages] = []
    refused: Unreadable | None = None
    for name in _QUESTIONS:
        try:
            several.append(guest.pages(name))
        except Unreadable as error:
            refused = refused or error
    _decode_secure_boot(several)
    sheet = Sheet(GuestFiles(several, refused).as_files())
    for note in _TOPICS:
        note(sheet)
    return _as_the_guests(sheet.declared.factset(), sheet.kernel.factset())


def _decode_secure_boot(several: list[Pages]) -> None:
    """Make of the digit that was told the bytes that the variable holds: attributes, then value."""
    for one in several:
        page = one.files.get(_SECURE_BOOT)
        if page is not None and page.lines in (["0"], ["1"]):
            page.lines = [f"\6\0\0\0{chr(int(page.lines[0]))}"]


def _as_the_guests(*sets: FactSet) -> FactSet:
    """Return evidence about a host as a guest's about itself; of two values the later counts."""
    found: list[Fact] = []
    parts: list[Part] = []
    missing: list[Missing] = []
    for one in sets:
        found += [_fact(fact) for several in one.facts.values() for fact in several]
        parts += [_part(part) for several in one.parts.values() for part in several]
        missing += [_missing(entry) for several in one.missing.values() for entry in several]
    known = facts()
    missing += [_no_number(fact) for fact in found if _is_too_large(fact.value)]
    found = [fact for fact in found if not _is_too_large(fact.value)]
    there = {fact.path for fact in found}
    return FactSet.of(
        [fact for fact in found if fact.path in known],
        [part for part in parts if part.name in _PARTS.values()],
        [
            entry
            for entry in missing
            if entry.path not in there and (entry.path in known or entry.path in _PARTS.values())
        ],
    )


def _path(path: str) -> str:
    first, dot, rest = path.partition(".")
    return f"{'guest' if first == 'host' else _PARTS.get(first, first)}{dot}{rest}"


def _fact(fact: Fact) -> Fact:
    return Fact(_path(fact.path), _bounded(fact.value), fact.source[:SHOWN], Vantage.GUEST)


def _missing(entry: Missing) -> Missing:
    return entry._replace(
        path=_path(entry.path), detail=entry.detail[:SHOWN], vantage=Vantage.GUEST
    )


def _is_too_large(value: Value) -> bool:
    return isinstance(value, int) and abs(value) > LARGEST


def _no_number(fact: Fact) -> Missing:
    words = f"{fact.source}: what the guest says is no number that a kernel has"
    return Missing(fact.path, Reason.PARSE_ERROR, words, "", Vantage.GUEST)


def _part(part: Part) -> Part:
    records = tuple(
        Record.of(
            [one for one in map(_fact, record.facts.values()) if one.path not in _NEVER],
            [one for one in map(_missing, record.missing.values()) if one.path not in _NEVER],
        )
        for record in part.records
    )
    cut = _missing(part.incomplete) if part.incomplete else None
    return Part(_PARTS.get(part.name, part.name), Vantage.GUEST, records, cut)


def _bounded(value: Value) -> Value:
    if isinstance(value, str):
        return value[:SHOWN]
    if isinstance(value, tuple):
        return tuple(word[:SHOWN] for word in value[:SHOWN])
    return value
