"""The images that a build takes: those of FROM, of --from, and the frontend of `# syntax=`.

Source: the Dockerfile reference; the OCI distribution specification for the parts of a reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.dockerfile import Dockerfile, Spot
from isoaudit.facts.redaction import redact_text
from isoaudit.model import Record
from isoaudit.probes.declared import record
from isoaudit.probes.dockerfile.stages import SCRATCH, Stage
from isoaudit.probes.dockerfile.words import UNSET

_OPEN = "depends on a variable without a value in the file"
_LONGEST = 512


def images(file: Dockerfile, built: list[Stage]) -> Iterator[Record]:
    """Yield each image once per role, in the order of the file."""
    known: set[tuple[str, str]] = set()
    for reference, role, spot in _named(file, built):
        key = (reference, role)
        if key not in known or UNSET in reference:
            known.add(key)
            yield _image(reference, role, spot)


def _named(file: Dockerfile, built: list[Stage]) -> Iterator[tuple[str, str, Spot]]:
    if file.syntax:
        yield file.syntax, "frontend", file.syntax_spot
    for stage in built:
        if stage.parent is None and stage.base != SCRATCH:
            yield stage.base, "base", stage.spot
        for source in stage.sources:
            if source.stage is None and source.name != SCRATCH:
                name = UNSET if "$" in source.name else source.name
                yield name, "copied", source.spot


def _image(reference: str, role: str, spot: Spot) -> Record:
    name, at, _ = reference.partition("@")
    if UNSET in name or len(reference) > _LONGEST:
        unread = dict.fromkeys(("base_image.reference", "base_image.tag"), _OPEN)
        if not at:
            unread["base_image.pinned"] = _OPEN
        return record(spot, {"base_image.role": role, "base_image.pinned": bool(at)}, unread)
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return record(
        spot,
        {
            "base_image.reference": redact_text(reference.replace(UNSET, "")),
            "base_image.role": role,
            "base_image.pinned": bool(at),
            "base_image.tag": redact_text(tag) if colon else "" if at else "latest",
        },
    )
