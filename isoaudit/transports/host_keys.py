"""Decides whether a host's key is the one that is known; never takes one unseen.

Sources: ssh(1) "VERIFYING HOST KEYS", sshconnect.c of OpenSSH.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.host_certificates import require_valid
from isoaudit.transports.known_hosts import AUTHORITY, REVOKED, Known, KnownKey, fingerprint
from isoaudit.transports.local import LocalFiles

_CERTIFICATE = "-cert-v01@openssh.com"
_OF_RSA = frozenset({"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"})
_MOST_SHOWN = 3
_REVOKED_BYTES = 32 * 1_048_576

HOW_TO_KNOW = (
    "Compare the fingerprint on the guest's console (ssh-keygen -lf, dropbearkey -y), and put the"
    " key into known_hosts if it is the guest's own: isoaudit takes none unseen."
)


class Shown(NamedTuple):
    """The key a server showed and proved to hold, and the certificate about it, b"" for none."""

    key_type: str
    blob: bytes
    certificate: bytes = b""


class Vouched(NamedTuple):
    """By what a key was verified: known_hosts, hashed or certificate, and the line that said so."""

    how: str
    place: str


def ordered_algorithms(known: Known, offered: Sequence[str]) -> tuple[str, ...]:
    """Return the host key algorithms to ask for: those that can be verified come first.

    Certificates are asked for only if an authority is known for the host.
    """
    types = {key.key_type for key in known.of("")}
    authority = bool(known.of(AUTHORITY))
    plain = [one for one in offered if not one.endswith(_CERTIFICATE)]
    certificates = [one for one in offered if one.endswith(_CERTIFICATE)] if authority else []
    first = [one for one in plain if one in types or (one in _OF_RSA and types & _OF_RSA)]
    return tuple(dict.fromkeys((*certificates, *first, *plain)))


def verify(shown: Shown, known: Known, name: str, revoked: Sequence[str] = ()) -> Vouched:
    """Return who vouches for a key; raises Unreadable, with both fingerprints where two differ.

    `name` is what the host is known as, `[host]:port` on another port than 22, `revoked` the files
    of RevokedHostKeys.
    """
    said = f"{shown.key_type} {fingerprint(shown.blob)}"
    bad = next((key for key in known.of(REVOKED) if key.blob == shown.blob), None)
    if bad is not None or (place := _revoked_by(shown.blob, revoked)):
        words = f"{name} shows a revoked key, {said} ({bad.place if bad else place})"
        raise Unreadable(Reason.UNREACHABLE, words, "Take it for an attack until it is explained.")
    if shown.certificate and known.of(AUTHORITY):
        return _by_certificate(shown, known, (name, said), revoked)
    same = next((key for key in known.of("") if key.blob == shown.blob), None)
    if same is None:
        raise _refused(known, name, said)
    return Vouched("hashed" if same.hashed else "known_hosts", same.place)


def _by_certificate(
    shown: Shown, known: Known, who: tuple[str, str], revoked: Sequence[str]
) -> Vouched:
    name, said = who
    host = name[1:].partition("]")[0] if name.startswith("[") else name  # it names no ports
    try:
        authority = require_valid(shown.certificate, host)
    except ValueError as error:
        words = f"the certificate of {name} ({said}) is not taken: {error}"
        raise Unreadable(Reason.UNREACHABLE, words, HOW_TO_KNOW) from None
    bad = any(key.blob == authority for key in known.of(REVOKED))
    if bad or _revoked_by(authority, revoked):
        words = f"the certificate of {name} ({said}) is by a revoked authority,"
        words += f" {fingerprint(authority)}"
        raise Unreadable(Reason.UNREACHABLE, words, HOW_TO_KNOW)
    vouching = next((key for key in known.of(AUTHORITY) if key.blob == authority), None)
    if vouching is None:
        ours = _listed(known.of(AUTHORITY))
        words = f"the certificate of {name} ({said}) is by {fingerprint(authority)}, not by {ours}"
        raise Unreadable(Reason.UNREACHABLE, words, HOW_TO_KNOW)
    return Vouched("certificate", vouching.place)


def _refused(known: Known, name: str, said: str) -> Unreadable:
    """Return why a key is not taken: another one is known, or none is."""
    if others := known.of(""):
        words = f"{name} shows another key than is known: {said}, known {_listed(others)}"
        remedy = "Somebody may stand between, or the guest was made anew. " + HOW_TO_KNOW
        return Unreadable(Reason.UNREACHABLE, words, remedy)
    unread = f"; not read: {', '.join(known.unread)}" if known.unread else ""
    words = f"{name} shows a key that is not known: {said}, known none{unread}"
    return Unreadable(Reason.UNREACHABLE, words, HOW_TO_KNOW)


def _listed(keys: Sequence[KnownKey]) -> str:
    shown = [f"{key.key_type} {key.fingerprint} ({key.place})" for key in keys[:_MOST_SHOWN]]
    more = len(keys) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _revoked_by(blob: bytes, files: Sequence[str]) -> str:
    """Return the place that revokes a key, ""; raises Unreadable for a list that is not read."""
    for path in files:
        try:
            text = LocalFiles().read_text(path, _REVOKED_BYTES)
        except Unreadable as error:
            words = f"RevokedHostKeys of ssh_config: {error.cause}"
            raise Unreadable(
                error.reason, words, "Make it readable, as ssh wants it too."
            ) from None
        if text.startswith("SSHKRL"):
            words = f"RevokedHostKeys of ssh_config: {path} is a KRL, which isoaudit does not read"
            raise Unreadable(Reason.NOT_SUPPORTED, words, "Name a list of public keys there.")
        for number, line in enumerate(text.splitlines(), 1):
            if blob in (_decoded(word) for word in line.split()[:2]):
                return f"{path}:{number}"
    return ""


def _decoded(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (ValueError, binascii.Error):
        return b""
