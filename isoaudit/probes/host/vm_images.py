"""Who besides root and QEMU's account gets at the files that VMs are made of.

Sources: libvirt's formatstorage (a pool of type dir, fs or netfs has its volumes in target/path)
and formatdomain documents, the comments of the shipped qemu.conf for the folders of saved state;
path_resolution(7), inode(7). Images are looked at by stat alone, never opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.xml import Element, load
from isoaudit.errors import DocumentError
from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host import accounts
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import FileStat, Unreadable

_POOLS = "/etc/libvirt/storage"
_DOMAINS = "/etc/libvirt/qemu"
_DEFAULT_POOL = "/var/lib/libvirt/images"
_STATE = (
    ("/var/lib/libvirt/qemu/nvram", "nvram"),
    ("/var/lib/libvirt/qemu/save", "save"),
    ("/var/lib/libvirt/qemu/snapshot", "snapshot"),
    ("/var/lib/libvirt/qemu/dump", "dump"),
    ("/var/lib/libvirt/qemu/ram", "memory"),
    ("/var/lib/libvirt/swtpm", "tpm"),
)
_MEDIA = (".iso",)
_MOST = 500
_MOST_XML = 300
_DEPTH = 3  # swtpm/UUID/tpm2/tpm2-00.permall
_STICKY = 0o1000


class _Trusted(NamedTuple):
    """Who may have a VM's files: numbers of root and QEMU, or None if QEMU's are not known."""

    uids: frozenset[int] | None
    gids: frozenset[int] | None


class _Found(NamedTuple):
    path: str
    role: str


def note_images(sheet: Sheet) -> None:
    """Note the part image: files of pools, of stored VMs, and of their saved state."""
    gaps: list[Missing] = []
    trusted = _trusted(sheet)
    records: list[Record] = []
    seen_files: set[tuple[int, int]] = set()
    for number, found in enumerate(_all(sheet, gaps)):
        if number >= _MOST:
            detail = f"only the first {_MOST} files of VMs were looked at"
            gaps.append(_gap(sheet, Reason.LIMIT, detail))
            break
        seen = sheet.stat(found.path)
        if isinstance(seen, Unreadable):
            gaps.append(seen.missing("image", sheet.kernel.vantage))
        elif seen is not None and (seen["device"], seen["inode"]) not in seen_files:
            seen_files.add((seen["device"], seen["inode"]))
            if seen["type"] == "file":
                records.append(_record(sheet, found, seen, trusted))
    sheet.kernel.part("image", records, gaps[0] if gaps else None)


def _gap(sheet: Sheet, reason: Reason, detail: str) -> Missing:
    return Missing("image", reason, detail, "", sheet.kernel.vantage)


def _all(sheet: Sheet, gaps: list[Missing]) -> Iterator[_Found]:
    """Yield the files to look at, those that a stored VM names first."""
    for file, root in _documents(sheet, _DOMAINS, gaps):
        yield from _of_domain(root, file)
    folders = [_DEFAULT_POOL]
    for _, root in _documents(sheet, _POOLS, gaps):
        target = root.find("target/path")
        if root.get("type") in {"dir", "fs", "netfs"} and target is not None:
            folders.append(target.text.strip())
    for folder in dict.fromkeys(folders):
        yield from _below(sheet, folder, "", 1, gaps)
    for folder, role in _STATE:
        yield from _below(sheet, folder, role, _DEPTH, gaps)


def _of_domain(root: Element, file: str) -> Iterator[_Found]:
    for disk in root.find_all("devices/disk"):
        for source in _sources(disk):
            path = source.get("file")
            if path.startswith("/"):
                yield _Found(path, "medium" if disk.get("device") == "cdrom" else "disk")
    nvram = root.find("os/nvram")
    if nvram is not None and nvram.text.strip().startswith("/"):
        yield _Found(nvram.text.strip(), "nvram")


def _sources(disk: Element) -> Iterator[Element]:
    """Yield the sources of a disk and of its backing chain."""
    holder: Element | None = disk
    while holder is not None:
        yield from holder.find_all("source")
        holder = holder.find("backingStore")


def _documents(sheet: Sheet, folder: str, gaps: list[Missing]) -> Iterator[tuple[str, Element]]:
    """Yield the XML files of a folder; what cannot be read is a gap."""
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        gaps.append(names.missing("image", sheet.kernel.vantage))
        return
    files = [f"{folder}/{name}" for name in names if name.endswith(".xml")]
    if len(files) > _MOST_XML:
        detail = f"only the first {_MOST_XML} files of {folder} were read"
        gaps.append(_gap(sheet, Reason.LIMIT, detail))
    for file in files[:_MOST_XML]:
        try:
            yield file, load(sheet.whole(file), file)
        except Unreadable as error:
            gaps.append(error.missing("image", sheet.kernel.vantage))
        except DocumentError as error:
            gaps.append(_gap(sheet, Reason.PARSE_ERROR, error.cause))


def _below(
    sheet: Sheet, folder: str, role: str, depth: int, gaps: list[Missing]
) -> Iterator[_Found]:
    """Yield what lies in a folder and, down to `depth`, in those below it; no links are taken."""
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        gaps.append(names.missing("image", sheet.kernel.vantage))
        return
    for name in names:
        path = f"{folder}/{name}"
        seen = sheet.stat(path) if depth > 1 else None
        if seen is None or isinstance(seen, Unreadable) or seen["type"] != "directory":
            medium = "medium" if name.lower().endswith(_MEDIA) else "disk"
            yield _Found(path, role or medium)
        elif not _is_link(sheet, path):
            yield from _below(sheet, path, role, depth - 1, gaps)


def _is_link(sheet: Sheet, path: str) -> bool:
    try:
        sheet.files.read_link(path)
    except Unreadable:
        return False
    return True


def _record(sheet: Sheet, found: _Found, seen: FileStat, trusted: _Trusted) -> Record:
    notes = Notes(sheet.kernel.vantage)
    source = f"stat {found.path}"
    notes.fact("image.path", found.path, source)
    notes.fact("image.role", found.role, source)
    notes.fact("image.owner_uid", seen["uid"], source)
    notes.fact("image.mode", f"{seen['mode']:04o}", source)
    for fact, bits in (("image.others_may_read", 0o4), ("image.others_may_write", 0o2)):
        try:
            answer = _others(sheet, found.path, seen, bits, trusted)
        except Unreadable as error:
            notes.lacks(error.missing(fact, sheet.kernel.vantage))
            continue
        if answer is None:
            detail = f"owner {seen['uid']}, group {seen['gid']}; who runs QEMU is not known"
            notes.missing(fact, Reason.NOT_SUPPORTED, detail, "Set user and group in qemu.conf.")
        else:
            notes.fact(fact, answer[0], answer[1])
    return notes.record()


def _others(
    sheet: Sheet, path: str, seen: FileStat, bits: int, trusted: _Trusted
) -> tuple[bool, str] | None:
    """Return whether others may read (4) or write (2) a file or swap it, and where it shows.

    None if that depends on which account QEMU has. Raises Unreadable.
    """
    granted = _open(seen, bits, trusted)
    source = f"stat {path}: mode {seen['mode']:04o}"
    while path := path.rpartition("/")[0]:
        above = sheet.files.stat(path)
        if bits == 0o2 and granted is not True and not above["mode"] & _STICKY:
            swap = _open(above, 0o2, trusted)
            granted = swap if swap or granted is False else granted
            source = f"stat {path}: mode {above['mode']:04o}" if swap else source
        if _open(above, 0o1, trusted) is False:
            return False, f"stat {path}: mode {above['mode']:04o} lets nobody through"
    return None if granted is None else (granted, source)


def _open(seen: FileStat, bits: int, trusted: _Trusted) -> bool | None:
    """Say whether anyone who is not trusted has these bits; None if who is trusted decides."""
    if seen["mode"] & bits:
        return True
    answer: bool | None = False
    if seen["mode"] & (bits << 6) and seen["uid"] != 0:
        answer = None if trusted.uids is None else seen["uid"] not in trusted.uids
    if answer is not True and seen["mode"] & (bits << 3) and seen["gid"] != 0:
        if trusted.gids is None:
            return None
        return True if seen["gid"] not in trusted.gids else answer
    return answer


def _trusted(sheet: Sheet) -> _Trusted:
    """Return root and the account and group that run QEMU and TPM emulators, as numbers."""
    user, group = sheet.known("host.libvirt.user"), sheet.known("host.libvirt.group")
    try:
        users = accounts.users(sheet)
        groups = {one.name: one.gid for one in accounts.groups(sheet)}
    except Unreadable:
        return _Trusted(None, None)
    uid, gid = _number(user, users), _number(group, groups)
    helpers = ("tss", "swtpm")
    uids = None if uid is None else frozenset({0, uid} | {users[n] for n in helpers if n in users})
    gids = None
    if gid is not None:
        gids = frozenset({0, gid} | {groups[n] for n in helpers if n in groups})
    return _Trusted(uids, gids)


def _number(name: object, known: dict[str, int]) -> int | None:
    """Return an account's or a group's number; libvirt takes a name first, then a number."""
    text = str(name) if name is not None else ""
    return known.get(text, int(text) if text.isdecimal() else None)
