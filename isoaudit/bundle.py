"""Evidence bundles: what was collected in one place, to be judged in another.

A bundle is one JSON document, compressed if its name ends in .gz. It holds the fact sets of the
targets, those of the host they are proven to run on, and what could not be collected.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoaudit import __version__
from isoaudit.documents.limits import MAX_BYTES
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Record, RunError, Target

FORMAT = "1"
_MAX_UNPACKED = 16 * MAX_BYTES
"""Most that is unpacked from one bundle: a fleet's evidence, and the end of a zip bomb."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One target and everything that was seen of it."""

    target: Target
    facts: FactSet


@dataclass(frozen=True, slots=True)
class Bundle:
    """The evidence of one run. `host` is there even where the host itself was not asked for."""

    collected_at: str
    host: Evidence | None
    targets: tuple[Evidence, ...]
    errors: tuple[RunError, ...]
    engines: Mapping[str, Record] = field(default_factory=dict)


def encode(bundle: Bundle, *, compress: bool) -> bytes:
    """Return a bundle as the bytes of its file; the same evidence gives the same bytes."""
    data = {
        "isoaudit_bundle": FORMAT,
        "tool": {"name": "isoaudit", "version": __version__},
        "collected_at": bundle.collected_at,
        "host": _evidence_json(bundle.host) if bundle.host else None,
        "engines": {uri: record.to_json() for uri, record in bundle.engines.items()},
        "targets": [_evidence_json(evidence) for evidence in bundle.targets],
        "errors": [error.to_json() for error in bundle.errors],
    }
    import gzip

    text = json.dumps(data, indent=None if compress else 1).encode()
    return gzip.compress(text, mtime=0) if compress else text


def decode(data: bytes, shown: str) -> Bundle:
    """Return the bundle in a file's bytes; raises DocumentError if it is none, or broken."""
    try:
        content = json.loads(_unpacked(data, shown))
        if content["isoaudit_bundle"] != FORMAT:
            raise DocumentError(
                f"{shown}: evidence bundle of format {content['isoaudit_bundle']!r:.20}",
                "Judge it with the isoaudit that wrote it, or a newer one.",
            )
        return Bundle(
            content["collected_at"],
            _evidence_from(content["host"]) if content["host"] else None,
            tuple(_evidence_from(entry) for entry in content["targets"]),
            tuple(RunError.from_json(entry) for entry in content["errors"]),
            {uri: Record.from_json(entry) for uri, entry in content["engines"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentError(
            f"{shown}: not a whole evidence bundle", "Collect it again: isoaudit collect -o FILE"
        ) from error


def is_bundle(data: bytes) -> bool:
    """Say cheaply whether bytes look like a bundle."""
    return data[:2] == b"\x1f\x8b" or b'"isoaudit_bundle"' in data[:200]


def _unpacked(data: bytes, shown: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"{shown}: larger than {MAX_BYTES // 2**20} MiB, not read",
            "Collect again into a name ending in .gz, or fewer targets at a time.",
        )
    if data[:2] != b"\x1f\x8b":
        return data
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(data, _MAX_UNPACKED)
    except zlib.error as error:
        raise DocumentError(f"{shown}: damaged compression", "Copy or collect it again.") from error
    if inflater.unconsumed_tail:
        raise DocumentError(f"{shown}: unpacks to more than {_MAX_UNPACKED // 2**20} MiB, not read")
    return text


def _evidence_json(evidence: Evidence) -> dict[str, Any]:
    return {"target": evidence.target.to_json(), "facts": evidence.facts.to_json()}


def _evidence_from(data: dict[str, Any]) -> Evidence:
    return Evidence(Target.from_json(data["target"]), FactSet.from_json(data["facts"]))
