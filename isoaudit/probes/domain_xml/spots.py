"""Walks a libvirt document with the name of every place, and notes facts with where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from isoaudit.documents.xml import Element
from isoaudit.facts.redaction import redact_text
from isoaudit.model import Missing, Reason, Record, Value, Vantage
from isoaudit.probes.base import Notes

LIBVIRT_DEFAULT = "libvirt's default"

_LONGEST = 4096
"""Longest value kept, in characters: no path of Linux is longer (PATH_MAX)."""


class Spot(NamedTuple):
    """An element with its path from the domain, as `devices/disk[2]`; the domain's own is ""."""

    element: Element
    path: str = ""

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute's value, or `default`."""
        return self.element.get(attribute, default)

    @property
    def text(self) -> str:
        """The element's text without the blanks around it."""
        return self.element.text.strip()

    def children(self, path: str) -> Iterator[Spot]:
        """Yield the elements below a path; those that have siblings of their name are numbered."""
        # NOTE: a name of a namespace holds slashes itself, and is always the last step.
        name, _, rest = (path, "", "") if path.startswith("{") else path.partition("/")
        same = self.element.named(name)
        if not same:
            return
        shown = name.rpartition("}")[2]
        prefix = f"{self.path}/{shown}" if self.path else shown
        for number, child in enumerate(same, start=1):
            spot = Spot(child, f"{prefix}[{number}]" if len(same) > 1 else prefix)
            if rest:
                yield from spot.children(rest)
            else:
                yield spot

    def child(self, path: str) -> Spot | None:
        """Return the first element below a path, or None."""
        name, _, rest = (path, "", "") if path.startswith("{") else path.partition("/")
        same = self.element.named(name)
        if not same:
            return None  # most of what is asked for is not there
        if len(same) > 1:
            return next(self.children(path), None)
        shown = name.rpartition("}")[2]
        spot = Spot(same[0], f"{self.path}/{shown}" if self.path else shown)
        return spot.child(rest) if rest else spot

    def value(self, path: str, attribute: str, default: str = "") -> str:
        """Return an attribute of the first element below a path, or `default`."""
        spot = self.child(path)
        return spot.get(attribute, default) if spot else default


@dataclass(frozen=True, slots=True)
class Origin:
    """What the document is: how sources call it, its vantage, and whether it is a file.

    libvirt leaves passwords out of what it shows to a read-only connection; a file holds what it
    holds. `positions` says which it is: only a file has lines.
    """

    vantage: Vantage
    prefix: str
    positions: bool

    def source(self, spot: Spot, attribute: str = "", why: str = "") -> str:
        """Return the source text of a value: the place in the XML, and why if it is not there."""
        place = f"{spot.path}{'@' if attribute and spot.path else ''}{attribute}" or "domain"
        return f"{self.prefix} {place}{f' ({why})' if why else ''}"


class Writer:
    """Notes facts of a domain, or of one record, with source and location."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.notes = Notes(origin.vantage)

    def fact(
        self, path: str, value: Value | list[str], spot: Spot, attribute: str = "", why: str = ""
    ) -> None:
        """Note a value read at `spot`; `why` tells a default from what stands there."""
        location = spot.element.location if self.origin.positions else None
        if isinstance(value, str):
            value = shorten(value)
        elif isinstance(value, (list, tuple)):
            value = [shorten(word) for word in value]
        self.notes.fact(path, value, self.origin.source(spot, attribute, why), location)

    def missing(self, path: str, reason: Reason, detail: str, how_to_get: str = "") -> None:
        """Note that the document could say it and does not."""
        self.notes.lacks(Missing(path, reason, detail, how_to_get, self.origin.vantage))

    def new(self) -> Writer:
        """Return a writer for one record of the same document."""
        return Writer(self.origin)

    def record(self) -> Record:
        """Return what was noted as a record."""
        return self.notes.record()


@lru_cache(maxsize=4096)
def shorten(text: str) -> str:
    """Return a value without credentials of known form, and cut where it is absurdly long."""
    text = redact_text(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (cut)"
