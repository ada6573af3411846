"""How the host's own SSH server lets people in.

Source: sshd_config(5): of a keyword the first value stands, ListenAddress adds up, Include takes
files in place, a Match block holds for some connections only. What it sets is not judged here.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_FILE = "/etc/ssh/sshd_config"
_PROGRAMS = ("/usr/sbin/sshd", "/usr/bin/sshd")
_MOST_FILES = 64
_DEFAULTS = {"permitrootlogin": "prohibit-password", "passwordauthentication": "yes"}
_FACTS = ("listen_addresses", "ports", "permit_root_login", "password_authentication")


def note_sshd(sheet: Sheet) -> None:
    """Note whether OpenSSH's server is here, where it listens and how it lets people in."""
    there = [sheet.exists(path) for path in _PROGRAMS]
    if None in there:
        detail = "/usr/sbin cannot be read"
        sheet.kernel.missing("host.sshd.present", Reason.PERMISSION_DENIED, detail)
        return
    source = ", ".join(_PROGRAMS) + ("" if any(there) else " absent")
    sheet.kernel.fact("host.sshd.present", any(there), source)
    if not any(there):
        return
    try:
        settings = list(_settings(sheet, _FILE, []))
    except Unreadable as error:
        if not error.absent:
            for name in _FACTS:
                sheet.declared.lacks(error.missing(f"host.sshd.{name}", sheet.declared.vantage))
            return
        settings = []
    _note(sheet, settings)


def _note(sheet: Sheet, settings: list[tuple[str, str, str]]) -> None:
    first: dict[str, tuple[str, str]] = {}
    listed: dict[str, list[str]] = {"listenaddress": [], "port": []}
    for key, value, path in settings:
        first.setdefault(key, (value, path))
        if key in listed:
            listed[key].append(value)
    listed["port"] = listed["port"] or ["22"]
    for fact, key in (("listen_addresses", "listenaddress"), ("ports", "port")):
        source = f"{first[key][1]} {key}" if key in first else f"{_FILE} does not set {key}"
        sheet.declared.fact(f"host.sshd.{fact}", listed[key], source)
    for fact, key in (
        ("permit_root_login", "permitrootlogin"),
        ("password_authentication", "passwordauthentication"),
    ):
        value, path = first.get(key, (_DEFAULTS[key], f"{_FILE}: OpenSSH's default of"))
        word = value.lower()
        told = word != "no" if fact == "password_authentication" else word
        sheet.declared.fact(f"host.sshd.{fact}", told, f"{path} {key}")


def _settings(sheet: Sheet, path: str, read: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield keyword, value and file of what holds for every connection; raises Unreadable."""
    if path in read:
        return
    if len(read) >= _MOST_FILES:
        raise Unreadable(Reason.LIMIT, f"{_FILE} includes more than {_MOST_FILES} files")
    read.append(path)
    for line in sheet.whole(path, 262_144).splitlines():
        words = line.partition("#")[0].replace("=", " ", 1).split(None, 1)
        if len(words) != 2:
            continue
        key, value = words[0].lower(), words[1].strip().strip('"')
        if key == "match":
            return
        if key != "include":
            yield key, value, path
            continue
        for pattern in value.split():
            for included in _matching(sheet, pattern):
                yield from _settings(sheet, included, read)


def _matching(sheet: Sheet, pattern: str) -> list[str]:
    """Return the files that an Include names, by name; raises Unreadable."""
    full = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
    folder, _, name = full.rpartition("/")
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        raise names
    return [f"{folder}/{one}" for one in names if fnmatch.fnmatchcase(one, name)]
