"""What else of a guest bears on its isolation: cloud data, disk encryption, clock, engines, filter.

Sources: cloud-init's documents (instance data, user data), cryptsetup(8) (UUIDs begin with CRYPT-),
systemd-timesyncd(8), chronyc(1), adjtimex(2), nft(8), iptables(8).
"""

from __future__ import annotations

import re

from isoaudit.model import Reason, Record
from isoaudit.probes.guest.agents import process_names
from isoaudit.probes.guest.answers import MORE_RIGHTS, Pages
from isoaudit.probes.guest.notes import Guest, integer, record
from isoaudit.probes.guest.places import CLOUD_FILES
from isoaudit.probes.guest.rights import mode_of
from isoaudit.transports.base import Unreadable

_CLOCKS = {
    "chronyd": "chrony",
    "systemd-timesyn": "systemd-timesyncd",
    "ntpd": "ntpd",
    "ntpsec": "ntpsec",
    "openntpd": "openntpd",
    "ptp4l": "ptp4l",
    "phc2sys": "phc2sys",
    "VBoxService": "VirtualBox service",
    "vmtoolsd": "open-vm-tools",
}
_UNSYNC = 0x40
_ENGINES = {
    "docker.sock": "docker",
    "podman.sock": "podman",
    "containerd.sock": "containerd",
    "crio.sock": "cri-o",
}
_FAMILIES = ("ip", "ip6")
_TABLE = re.compile(r"table (\w+) [^{]*\{")
_HOOK = re.compile(r"type filter hook input priority [^;]+;(?: policy (\w+);)?")
_DROP = re.compile(r"\s*(?:counter(?: packets \d+ bytes \d+)? )?(?:drop|reject.*)\s*")


def note_surroundings(guest: Guest) -> None:
    """Note cloud files, the metadata service, disks, clock, container engines and the filter."""
    with guest.missing_if_unreadable("guest_cloud_file"):
        _note_cloud_files(guest)
    with guest.missing_if_unreadable("guest.cloud.metadata_reachable"):
        _note_metadata(guest)
    with guest.missing_if_unreadable("guest.disk_encryption.root", "guest.disk_encryption.volumes"):
        _note_disks(guest)
    with guest.missing_if_unreadable("guest.time.synchronized", "guest.time.daemons"):
        _note_clock(guest)
    with guest.missing_if_unreadable("guest_engine"):
        _note_engines(guest)
    with guest.missing_if_unreadable("guest.firewall.default_open"):
        _note_firewall(guest)


def _note_cloud_files(guest: Guest) -> None:
    seen = guest.pages("cloud")
    records: list[Record] = []
    unread: Unreadable | None = None
    for path in CLOUD_FILES:
        page = seen.file(path)
        if page.word == "absent":
            continue
        try:
            rights = mode_of(page.text())
        except Unreadable as error:
            unread = unread or error
            continue
        private = rights.uid == 0 and rights.mode & 0o077 == 0 and not rights.extended
        records.append(record("guest_cloud_file", path, path=path, owner_uid=rights.uid,
                              mode=f"{rights.mode:04o}", private=private))  # fmt: skip
    guest.part("guest_cloud_file", records, unread)


def _note_metadata(guest: Guest) -> None:
    if "metadata" not in guest.answers:
        raise Unreadable(Reason.NOT_REQUESTED, "the guest would send a packet to 169.254.169.254",
                         "Add --deep.")  # fmt: skip
    seen, source = guest.pages("metadata"), "a request to http://169.254.169.254/"
    if seen.marked("answers"):
        guest.notes.fact("guest.cloud.metadata_reachable", True, source)
    elif seen.marked("silent"):
        guest.notes.fact("guest.cloud.metadata_reachable", False, f"{source}: no answer in 3 s")
    elif seen.marked("failed"):
        raise Unreadable(Reason.NOT_SUPPORTED, "the guest's curl or wget failed before it asked")
    else:
        raise Unreadable(Reason.TOOL_ABSENT, "the guest has neither curl nor wget")


def _note_disks(guest: Guest) -> None:
    seen = guest.pages("disks")
    crypt = [
        path.removesuffix("/uuid")
        for path, page in seen.files.items()
        if path.endswith("/dm/uuid") and page.lines and page.lines[0].startswith("CRYPT-")
    ]
    names = [seen.files.get(f"{path}/name") for path in crypt]
    shown = sorted(one.lines[0][:80] for one in names if one is not None and one.lines)
    guest.notes.fact("guest.disk_encryption.volumes", shown, "/sys/block/dm-*/dm")
    words = [block.rest for block in seen.marked("root")]
    if "device" in words:
        encrypted = "crypt" in words
        guest.notes.fact("guest.disk_encryption.root", encrypted, "the devices below /")
    else:
        guest.unknown("guest.disk_encryption.root", "/ of the guest is on no block device")


def _note_clock(guest: Guest) -> None:
    seen = guest.pages("clock")
    names, hidden = process_names(guest.pages("processes"))
    daemons = sorted({_CLOCKS[name] for name in names if name in _CLOCKS})
    devices = [page.lines[0].strip()[:60] for path, page in seen.files.items()
               if path.startswith("/sys/class/ptp/") and page.lines]  # fmt: skip
    if daemons or hidden is None:
        guest.notes.fact("guest.time.daemons", daemons + devices, "processes, /sys/class/ptp")
    else:
        guest.lacks("guest.time.daemons", hidden)
    path, flag = "guest.time.synchronized", "/run/systemd/timesync/synchronized"
    kernel = re.search(r"status:\s+(\d{1,9})", "\n".join(seen.file("kernel").lines))
    chrony = "\n".join(seen.file("chrony").lines)
    if kernel is not None:
        value = integer(kernel[1]) & _UNSYNC == 0
        guest.notes.fact(path, value, f"adjtimex status {kernel[1]}")
    elif re.search(r"Leap status\s*:", chrony):
        guest.notes.fact(path, "Normal" in chrony or "second" in chrony, f"chronyc: {chrony[:60]}")
    elif seen.is_there(flag):
        guest.notes.fact(path, True, flag)
    elif hidden is None and not daemons and not devices:
        guest.notes.fact(path, False, "no process that is known to set the clock")
    else:
        raise Unreadable(Reason.TOOL_ABSENT, "nothing in the guest tells whether its clock is set",
                         "In the guest: timedatectl, or chronyc tracking")  # fmt: skip


def _note_engines(guest: Guest) -> None:
    seen = guest.pages("engines")
    records = [
        record("guest_engine", path, name=_ENGINES[path.rpartition("/")[2]], socket=path[:200])
        for path, page in seen.files.items()
        if page.word in {"ok", "closed"} and path.rpartition("/")[2] in _ENGINES
    ]
    denied = seen.denied()
    if denied is not None or _other_accounts(seen, guest):
        where = denied.rest if denied is not None else "/run/user of other accounts"
        unread = Unreadable(Reason.PERMISSION_DENIED, f"{where} may not be read", MORE_RIGHTS)
    else:
        unread = None
    guest.part("guest_engine", records, unread)


def _other_accounts(seen: Pages, guest: Guest) -> bool:
    """Say whether accounts are logged in whose own engines only they and root can see."""
    accounts = {line for line in seen.file("/run/user").lines if line}
    uid = guest.notes.value("guest.account.uid")
    return uid != 0 and bool(accounts - {str(uid)})


def _note_firewall(guest: Guest) -> None:
    """Note the families of which what no rule names is let in."""
    seen, fact = guest.pages("firewall"), "guest.firewall.default_open"
    if seen.marked("closed") and "rules" in seen.files:
        seen.file("rules").text()
    closed: set[str] = set()
    rules = seen.files.get("nft")
    if rules is not None:
        closed |= _nft_closed(rules.text())
    for family in _FAMILIES:
        page = seen.files.get(f"legacy-{family}")
        if page is not None and _legacy_closed(page.text().splitlines()):
            closed.add(family)
    left = [family for family in _FAMILIES if family not in closed]
    if left and not _all_shown(seen):
        raise Unreadable(Reason.TOOL_ABSENT, "the guest has no nft or iptables to show its rules")
    guest.notes.fact(fact, left, "nft list ruleset, iptables -S INPUT")


def _all_shown(seen: Pages) -> bool:
    """Say whether no rules were left out: those of nf_tables, and of the older tables in use."""
    for family in _FAMILIES:
        table = seen.files.get(f"/proc/net/{family}_tables_names")
        if table is None or table.word not in {"ok", "absent"}:
            return False
        if "filter" in table.lines and f"legacy-{family}" not in seen.files:
            return False
    # NOTE: nf_tables may be built in, which /sys/module does not show; nft could have filled it.
    without = seen.is_there("/sys/module/nf_tables") is False and not seen.marked("tool")
    return "nft" in seen.files or without


def _nft_closed(text: str) -> set[str]:
    """Return the families for which a chain at the input hook ends in dropping.

    Line by line, each looked at once: an expression over the whole text would be a way for a guest
    to keep isoaudit busy.
    """
    closed: set[str] = set()
    covers: set[str] = set()
    chain: list[str] | None = None
    for line in text.splitlines():
        if table := _TABLE.match(line):
            covers = set(_FAMILIES) if table[1] == "inet" else {table[1]} & set(_FAMILIES)
            chain = None
        elif line.startswith("\tchain "):
            chain = []
        elif line == "\t}" and chain is not None:
            if _drops(chain):
                closed |= covers
            chain = None
        elif chain is not None:
            chain.append(line)
    return closed


def _drops(chain: list[str]) -> bool:
    """Say whether a chain stands at the input hook and drops what none of its rules took."""
    hook = next(filter(None, map(_HOOK.search, chain)), None)
    return hook is not None and (hook[1] == "drop" or bool(_DROP.fullmatch(chain[-1])))


def _legacy_closed(lines: list[str]) -> bool:
    last = lines[-1].strip() if lines else ""
    return "-P INPUT DROP" in lines or bool(re.fullmatch(r"-A INPUT -j (?:DROP|REJECT.*)", last))
