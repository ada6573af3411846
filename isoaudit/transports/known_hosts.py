"""Who vouches for a host's key: the lines of known_hosts that are about it.

paramiko's reader passes by the markers @revoked and @cert-authority in silence, so that a revoked
key would be taken; therefore our own. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.transports.base import Unreadable
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.ssh_patterns import matches_any

REVOKED, AUTHORITY = "@revoked", "@cert-authority"
_MOST_BYTES = 32 * 1_048_576
_SSH_PORT = 22


class KnownKey(NamedTuple):
    """A line that is about a host: `marker` is "", @revoked or @cert-authority."""

    marker: str
    key_type: str
    blob: bytes
    hashed: bool
    place: str

    @property
    def fingerprint(self) -> str:
        """The key's hash as ssh-keygen(1) shows it."""
        return fingerprint(self.blob)


class Known(NamedTuple):
    """The lines about a host, and the files that could not be read, with why."""

    keys: tuple[KnownKey, ...]
    unread: tuple[str, ...] = ()

    def of(self, marker: str) -> tuple[KnownKey, ...]:
        """Return the lines with a marker, "" for those without."""
        return tuple(key for key in self.keys if key.marker == marker)


def fingerprint(blob: bytes) -> str:
    """Return the hash of a public key as ssh(1) and ssh-keygen(1) show it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def known_of(files: Sequence[str], host: str, port: int, *, aliased: bool) -> Known:
    """Return the lines about a host. An alias stands without a port.

    A host on another port than 22 is `[host]:port`; only where that is on no line at all, lines
    with the bare name count, as with ssh.
    """
    lines, unread = _lines(files)
    bare = host.lower()
    if aliased or port == _SSH_PORT:
        return Known(tuple(_about(lines, bare)), unread)
    exact = tuple(_about(lines, f"[{bare}]:{port}"))
    known = any(key.marker == "" for key in exact)
    # A revoked key stays revoked, by whichever name.
    with_bare = [key for key in _about(lines, bare) if not known or key.marker == REVOKED]
    return Known((*exact, *with_bare), unread)


def _about(lines: Sequence[tuple[str, str]], name: str) -> Iterator[KnownKey]:
    for place, line in lines:
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) < 3 or marker not in {"", REVOKED, AUTHORITY}:
            continue
        hosts, key_type, encoded = words[:3]
        hashed = hosts.startswith("|1|")
        if not (_is_hash_of(hosts, name) if hashed else matches_any(name, hosts.split(","))):
            continue
        try:
            blob = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            continue
        yield KnownKey(marker, key_type, blob, hashed, place)


def _is_hash_of(text: str, name: str) -> bool:
    """Say whether `|1|salt|hash` hides this name: HMAC-SHA1 by the salt."""
    try:
        salt, told = (base64.b64decode(part) for part in text[3:].split("|"))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), told)


def _lines(files: Sequence[str]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Return every line with its place, and what of the files could not be read."""
    found: list[tuple[str, str]] = []
    unread: list[str] = []
    for path in dict.fromkeys(files):
        try:
            text = LocalFiles().read_text(path, _MOST_BYTES)
        except Unreadable as error:
            if not error.absent and path != "/dev/null":
                unread.append(error.cause)
            continue
        numbered = enumerate(text.splitlines(), 1)
        found += [
            (f"{path}:{n}", line) for n, line in numbered if line.strip()[:1] not in {"", "#"}
        ]
    return found, tuple(unread)
