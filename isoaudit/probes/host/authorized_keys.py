"""Which SSH keys let into accounts of the host, by their fingerprints alone.

Sources: sshd(8) AUTHORIZED_KEYS FILE FORMAT, sshd_config(5) AuthorizedKeysFile, passwd(5),
RFC 4253 6.6 for the form of a key, ssh-keygen(1) for that of a fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from isoaudit.model import Reason
from isoaudit.probes.host.accounts import PASSWD
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_FACT = "host.ssh.authorized_fingerprints"
_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_MOST_HOMES = 200
_KEY = re.compile(
    r"(?:^|\s)(?:ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9]+|sk-[a-z0-9@.-]+)[ \t]+(AAAA[A-Za-z0-9+/]+=*)"
)
_NO_LOGIN = ("/nologin", "/false")
_CONFIG = "/etc/ssh/sshd_config"
_READ_TOO = (f"{_CONFIG}.d/", "sshd_config.d/")
_USUAL = {"none", *_FILES, *(f"%h/{name}" for name in _FILES)}


def note_authorized_keys(sheet: Sheet) -> None:
    """Note the fingerprints of the keys in the homes of accounts that may log in."""
    try:
        _refuse_other_places(sheet)
        homes = _homes(sheet)
        found = {one for home in homes for name in _FILES for one in _keys(sheet, home, name)}
    except Unreadable as error:
        sheet.declared.lacks(error.missing(_FACT, sheet.declared.vantage))
        return
    source = f"{_FILES[0]} in {len(homes)} homes of {PASSWD}"
    sheet.declared.fact(_FACT, sorted(found), source)


def _refuse_other_places(sheet: Sheet) -> None:
    """Raise Unreadable if sshd takes keys from elsewhere too, or if that cannot be told."""
    folder = f"{_CONFIG}.d"
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        raise names
    for path in (_CONFIG, *(f"{folder}/{name}" for name in names if name.endswith(".conf"))):
        try:
            lines = sheet.whole(path).splitlines()
        except Unreadable as error:
            if error.absent:
                continue
            raise
        for line in lines:
            keyword, *values = re.split(r"[\s=]+", line.strip())
            if _may_lead_elsewhere(keyword.lower(), values):
                raise Unreadable(Reason.NOT_SUPPORTED, f"{path} has {line.strip()[:120]}: keys "
                                 "elsewhere are not looked at")  # fmt: skip


def _may_lead_elsewhere(keyword: str, values: list[str]) -> bool:
    """Say whether a line of sshd_config names other files of keys, or a file that might."""
    if keyword == "include":
        return any(not word.strip('"').startswith(_READ_TOO) for word in values)
    return keyword in {"authorizedkeysfile", "authorizedkeyscommand"} and bool(
        {word.strip('"') for word in values} - _USUAL
    )


def _homes(sheet: Sheet) -> list[str]:
    """Return the homes of accounts with a shell; raises Unreadable."""
    rows = [line.split(":") for line in sheet.whole(PASSWD).splitlines()]
    homes = dict.fromkeys(
        row[5].rstrip("/")
        for row in rows
        if len(row) == 7 and row[5].startswith("/") and not row[6].endswith(_NO_LOGIN)
    )
    if len(homes) > _MOST_HOMES:
        raise Unreadable(Reason.LIMIT, f"{PASSWD} has more than {_MOST_HOMES} homes")
    return list(homes)


def _keys(sheet: Sheet, home: str, name: str) -> list[str]:
    """Return the fingerprints of a file, none if it is not there; raises Unreadable."""
    try:
        text = sheet.whole(f"{home}/{name}")
    except Unreadable as error:
        if error.absent:
            return []
        raise
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    keys = [found[1] for line in lines if (found := _KEY.search(line))]
    return [_fingerprint(key) for key in keys]


def _fingerprint(key: str) -> str:
    """Return SHA256:… of a key in base64; raises Unreadable."""
    try:
        blob = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise Unreadable(Reason.PARSE_ERROR, "authorized_keys holds what is no key") from error
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
