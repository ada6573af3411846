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
    values = {
        fact.path: fact.value
        for fact in identity
        if not check.each or facts()[fact.path].identifying
    }
    known = _encode(values) if values else "{}"
    # The same bytes as _encode([check.id, target_id, values]), for most findings without a call.
    words = f"[{quoted(check.id)},{quoted(target_id)},{known}]"
    return hashlib.sha256(words.encode("ascii")).hexdigest()
