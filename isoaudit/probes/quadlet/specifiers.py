"""Specifiers of unit files, as far as the file alone says what they come to.

Source: systemd.unit(5), "Specifiers".
"""

from __future__ import annotations

import posixpath
import re

from isoaudit.documents.variables import waiting_for

_SPECIFIER = re.compile(r"%(.)", re.DOTALL)
_OF_THE_SYSTEM = {
    "C": "/var/cache",
    "E": "/etc",
    "L": "/var/log",
    "S": "/var/lib",
    "T": "/tmp",  # noqa: S108 - what systemd puts in
    "V": "/var/tmp",  # noqa: S108
    "h": "/root",
    "t": "/run",
    "u": "root",
    "U": "0",
}


class Specifiers:
    """What specifiers come to in a file. `of_system` says for sure that root's systemd reads it."""

    def __init__(self, file: str, *, of_system: bool) -> None:
        stem = posixpath.basename(file).rpartition(".")[0]
        prefix, at, instance = stem.partition("@")
        self._known = {"%": "%", "N": stem, "n": f"{stem}.service", "p": prefix, "P": prefix}
        if not at or instance:
            self._known |= {"i": instance, "I": instance, "j": prefix.rpartition("-")[2]}
        if of_system:
            self._known |= _OF_THE_SYSTEM

    def filled(self, text: str) -> str:
        """Return a value with its specifiers put in; one that is not known leaves it open."""
        if "%" not in text:
            return text
        return _SPECIFIER.sub(self._one, text)

    def _one(self, match: re.Match[str]) -> str:
        known = self._known.get(match[1])
        return waiting_for(f"%{match[1]}") if known is None else known
