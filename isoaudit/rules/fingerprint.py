"""The fingerprint of a finding: the same from run to run as long as it is the same finding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from isoaudit.facts.vocabulary import facts
from isoaudit.model import Fact
from isoaudit.rules.check import Check


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
    words = json.dumps([check.id, target_id, values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
