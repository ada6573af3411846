"""What the kernel says of its CPUs' flaws.

Source: kernel.org sysfs-devices-system-cpu, admin-guide/hw-vuln, and the kernel's own strings in
arch/x86/kernel/cpu/bugs.c and arch/arm64/kernel/proton-pack.c. A guest's kernel repeats what
its hypervisor lets it see; `cpu_vulnerability.guest_view` marks that.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason, Record, Value
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.transports.base import Unreadable

_FOLDER = "/sys/devices/system/cpu/vulnerabilities"
_SCALARS = {
    "l1tf": "kernels before 4.18 do not report it",
    "itlb_multihit": "kernels before 5.4 do not report it",
    "vmscape": "kernels without the fix of September 2025 do not report it",
    "old_microcode": "kernels before 6.16 do not report it",
}
_VULNERABLE = re.compile(
    r"\bvulnerable\b|(?<!AVX disabled, )\bno microcode\b|\bbut not BHB\b|\bIBPB: disabled\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"\bunknown\b", re.IGNORECASE)


def note_cpu(sheet: Sheet) -> None:
    """Note the part cpu_vulnerability and the texts that checks ask for by name."""
    for name, without in _SCALARS.items():
        sheet.note(f"host.cpu.{name}", f"{_FOLDER}/{name}", str, without=without)
    sheet.note(
        "host.cpu.l1d_flush",
        "/sys/module/kvm_intel/parameters/vmentry_l1d_flush",
        str,
        without="kvm_intel is not loaded",
    )
    try:
        names = sheet.files.list_names(_FOLDER)
    except Unreadable as error:
        for path in ("cpu_vulnerability", "host.cpu.unmitigated"):
            sheet.lacks(path, error, "kernels before 4.15 do not report any")
        return
    unread: list[Unreadable] = []
    virtualized = sheet.known("host.virtualized")
    records = [_record(sheet, name, virtualized, unread) for name in names]
    incomplete = unread_part("cpu_vulnerability", unread, sheet.kernel.vantage)
    sheet.kernel.part("cpu_vulnerability", records, incomplete)
    _note_unmitigated(sheet, records, virtualized)


def _note_unmitigated(sheet: Sheet, records: list[Record], virtualized: Value | None) -> None:
    """Note which flaws are open; that none is can be known on bare hardware only."""
    path = "host.cpu.unmitigated"
    states = {
        str(one.facts["cpu_vulnerability.name"].value): one.facts["cpu_vulnerability.state"].value
        for one in records
        if "cpu_vulnerability.state" in one.facts
    }
    open_ones = tuple(sorted(name for name, found in states.items() if found == "vulnerable"))
    if open_ones:
        sheet.kernel.fact(path, open_ones, _FOLDER)
    elif virtualized is not False:
        sheet.kernel.missing(path, Reason.NOT_SUPPORTED, "a guest sees what its hypervisor lets it",
                             "Run isoaudit on the machine below.")  # fmt: skip
    elif len(states) < len(records):
        sheet.kernel.missing(path, Reason.NOT_SUPPORTED, "the kernel does not tell of each flaw")
    else:
        sheet.kernel.fact(path, (), _FOLDER)


def state(text: str) -> str:
    """Return not_affected, mitigated, vulnerable or unknown for the kernel's own words.

    Any clause that says vulnerable decides: `BHI: Vulnerable` and `KVM: Vulnerable` name a way in
    that the leading `Mitigation:` leaves open, and `SMT vulnerable` says that a sibling thread,
    which may belong to another workload, still reads what the mitigation clears. Some clauses say
    it in other words: `no microcode` (kernels of 2023 wrote it behind `Mitigation: safe RET`, later
    ones call the same state vulnerable; only `AVX disabled` does without), `but not BHB` of arm64,
    and `IBPB: disabled`, which leaves one process to train the branches of the next. Then comes
    `SMT Host state unknown` and its like.
    """
    if _VULNERABLE.search(text):
        return "vulnerable"
    if _UNKNOWN.search(text):
        return "unknown"
    if text.startswith("Not affected"):
        return "not_affected"
    if re.match(r"(?:[\w ]+: )?Mitigation\b", text):
        return "mitigated"
    return "unknown"


def _record(sheet: Sheet, name: str, virtualized: Value | None, unread: list[Unreadable]) -> Record:
    notes = Notes(sheet.kernel.vantage)
    path = f"{_FOLDER}/{name}"
    notes.fact("cpu_vulnerability.name", name, path)
    try:
        text = sheet.text(path)
    except Unreadable as error:
        unread.append(error)
        for field in ("text", "state"):
            notes.lacks(error.missing(f"cpu_vulnerability.{field}", notes.vantage))
    else:
        notes.fact("cpu_vulnerability.text", text, path)
        found = state(text)
        if found == "unknown":
            notes.missing(
                "cpu_vulnerability.state", Reason.NOT_SUPPORTED, f"the kernel says: {text}"
            )
        else:
            notes.fact("cpu_vulnerability.state", found, f"{path}: {text}")
    if virtualized is None:
        notes.missing(
            "cpu_vulnerability.guest_view",
            Reason.NOT_SUPPORTED,
            "it is not known whether the host is itself a guest",
        )
    else:
        notes.fact("cpu_vulnerability.guest_view", virtualized, "host.virtualized")
    return notes.record()
