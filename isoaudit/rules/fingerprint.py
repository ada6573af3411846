"""The fingerprint of a finding: the same from run to run as long as it is the same finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from json.encoder import JSONEncoder
from json.encoder import encode_basestring_ascii as quoted

from isoaudit.facts.vocabulary import facts
from isoaudit.model import Fact
from isoaudit.rules.check import Check

_encode = JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def fingerprint(check: Check, target_id: str, identity: Iterable[Fact]) -> str:
    """Return the SHA-256 of check, target and what identifies the judged record.

    `identity` is the record's facts, of which the vocabulary's identifying ones count, or, without
    a record, the facts that the conditions read. No line, pid, container id or time takes part.
    """
    return of(check.id, quoted(target_id), identity_text(check, identity))


def identity_text(check: Check, identity: Iterable[Fact]) -> str:
    """Return what identifies a record or a set of facts, as text."""
    values = {
        fact.path: fact.value
        for fact in identity
        if not check.each or facts()[fact.path].identifying
    }
    return _encode(values) if values else "{}"


def of(check_id: str, quoted_target: str, identity: str) -> str:
    """Return the fingerprint of a check, a target's quoted id, and an identity as text.

    The same bytes as _encode([check, target, values]), for most findings without a call.
    """
    words = f'["{check_id}",{quoted_target},{identity}]'
    return hashlib.sha256(words.encode("ascii")).hexdigest()
