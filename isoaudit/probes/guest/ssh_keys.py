"""Keys of a guest by their fingerprints: its own as a host, those that let in, those it holds.

No key leaves the guest: it hashes them itself. Sources: sshd(8) AUTHORIZED_KEYS, RFC 4253 6.6,
ssh-keygen(1) for the form of a fingerprint.
"""

from __future__ import annotations

import base64
import hashlib
import re

from isoaudit.model import Reason, Record
from isoaudit.probes.guest.answers import Block, Pages
from isoaudit.probes.guest.notes import Guest, record
from isoaudit.probes.guest.rights import mode_of
from isoaudit.probes.guest.sshd_config import is_asked
from isoaudit.transports.base import Unreadable

_EMPTY = hashlib.sha256(b"").hexdigest()
_HASH = re.compile(r"[0-9a-f]{64}")
_HOMES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_USUAL = {"none", *_HOMES, *(f"%h/{name}" for name in _HOMES)}
_PARTS = ("guest_host_key", "guest_authorized_keys", "guest_own_key")


def note_ssh_keys(guest: Guest) -> None:
    """Note host keys, the keys that let somebody in, and the private keys that lie in homes."""
    with guest.missing_if_unreadable(*_PARTS):
        seen = guest.pages("keys")
        hidden = _hidden(seen)
        with guest.missing_if_unreadable("guest_host_key"):
            if seen.file("/etc/ssh").word == "absent":
                raise Unreadable(Reason.NOT_SUPPORTED, "no /etc/ssh in the guest; the key that "
                                 "isoaudit was shown is guest.connection.fingerprint")  # fmt: skip
            guest.part("guest_host_key", [one for block in seen.marked("host")
                                          for one in _host_keys(block)])  # fmt: skip
        with guest.missing_if_unreadable("guest_authorized_keys"):
            logins = [_login(block) for block in seen.marked("login")]
            guest.part("guest_authorized_keys", logins, hidden or _elsewhere(guest))
        with guest.missing_if_unreadable("guest_own_key"):
            own = [one for block in seen.marked("own") for one in _own_keys(block)]
            guest.part("guest_own_key", own, hidden or _unnamed(seen))


def fingerprint(digest: str) -> str:
    """Return SHA256:… as ssh-keygen shows it, of a hash in hexadecimal; raises Unreadable."""
    if not _HASH.fullmatch(digest) or digest == _EMPTY:
        raise Unreadable(Reason.TOOL_ABSENT, "the guest has no base64 or no sha256sum")
    return "SHA256:" + base64.b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _keys(block: Block) -> list[tuple[str, str]]:
    """Return type and fingerprint of the keys of a file; raises Unreadable."""
    rows = [line.split(" ") for line in block.lines if line.startswith("key ")]
    return [(row[1][:64], fingerprint(row[2])) for row in rows if len(row) == 3]


def _host_keys(block: Block) -> list[Record]:
    return [
        record("guest_host_key", block.rest[:200], type=kind, fingerprint=shown)
        for kind, shown in _keys(block)
    ]


def _own_keys(block: Block) -> list[Record]:
    account, _, path = block.rest.partition(" ")
    return [
        record("guest_own_key", path[:200], account=account[:64], path=path[:400],
               type=kind, fingerprint=shown)
        for kind, shown in _keys(block)
    ]  # fmt: skip


def _login(block: Block) -> Record:
    """Return the record of one authorized_keys file; raises Unreadable."""
    account, _, rest = block.rest.partition(" ")
    uid, _, path = rest.partition(" ")
    rights = {line.partition(" ")[0]: line.partition(" ")[2] for line in block.lines}
    file, folder = mode_of(rights.get("file", "")), mode_of(rights.get("folder", ""))
    owners = {"0", uid}
    private = (
        all(one.mode & 0o022 == 0 and str(one.uid) in owners for one in (file, folder))
        and not file.extended
    )
    return record("guest_authorized_keys", path[:200], account=account[:64], path=path[:400],
                  mode=f"{file.mode:04o}", folder_mode=f"{folder.mode:04o}", private=private,
                  fingerprints=[shown for _, shown in _keys(block)])  # fmt: skip


def _hidden(seen: Pages) -> Unreadable | None:
    """Return why there may be more keys than were shown."""
    passwd = seen.file("/etc/passwd")
    if passwd.cut:
        return Unreadable(Reason.LIMIT, "the guest has more than 200 accounts with a home")
    denied = seen.denied()
    if denied is None:
        return None
    try:
        denied.text()
    except Unreadable as error:
        return error
    return None


def _unnamed(seen: Pages) -> Unreadable | None:
    """Return which private key has no public half beside it: its fingerprint is not to be had."""
    for block in seen.marked("bare"):
        words = f"{block.rest.partition(' ')[2][:120]} has no .pub beside it"
        return Unreadable(Reason.NOT_SUPPORTED, words, "ssh-keygen -y -f KEY > KEY.pub")
    return None


def _elsewhere(guest: Guest) -> Unreadable | None:
    """Return why keys may let in that lie elsewhere than in ~/.ssh/authorized_keys."""
    try:
        pages = guest.pages("sshd")
    except Unreadable as error:
        return error
    lines = [line for one in pages.blocks for line in one.lines]
    for line in lines:
        keyword, *values = re.split(r"[\s=]+", line.strip())
        if keyword.lower() == "include" and not all(is_asked(word) for word in values):
            return Unreadable(Reason.NOT_SUPPORTED, f"{line.strip()[:120]}: it may name keys too")
        if keyword.lower() in {"authorizedkeysfile", "authorizedkeyscommand"} and (
            {word.strip('"').lower() for word in values} - _USUAL
        ):
            return Unreadable(Reason.NOT_SUPPORTED, f"sshd takes keys by {line.strip()[:120]} too")
    closed = (page for path, page in pages.files.items() if path.endswith("sshd_config"))
    denied = next((page for page in closed if page.word == "closed"), None)
    if denied is not None:
        return Unreadable(Reason.PERMISSION_DENIED, f"{denied.rest} may not be read: it may name "
                          "other files of keys")  # fmt: skip
    return None
