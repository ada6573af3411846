"""Evidence bundles: what was collected in one place, to be judged in another.

A bundle is one JSON document, compressed if its name ends in .gz. It holds the fact sets of the
targets, those of the host they are proven to run on, and what could not be collected. A part that
several targets share, as sandboxes made alike share their mounts, is written once and referred to.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from isoaudit import __version__
from isoaudit.documents.limits import MAX_BYTES
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, InlineWaiver, Part, Record, RunError, Target
from isoaudit.model.encoding import Encoder

FORMAT = "2"
_READABLE = ("1", FORMAT)
"""In format 1 every part stood in full with its target."""

_BEGINNING = re.compile(rb'\s{0,200}\{\s{0,200}"isoaudit_bundle"')
"""How a bundle begins. The word further in is anybody's: of a manifest's annotation, say."""

_LEVEL = 6
"""Compression: evidence repeats itself, and level 9 takes three times as long for 3 % less."""

_GZIP = 31  # zlib's word for a gzip header without name and time

_REMEMBERED = 1024
"""Parts that later targets may refer to; they are kept alive that long."""

_MAX_UNPACKED = 16 * MAX_BYTES
"""Most that is unpacked from one bundle: a fleet's evidence, and the end of a zip bomb."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One target and everything that was seen of it.

    `said` are the waivers in the files that declare it. A bundle does not hold them: it is made
    where evidence is, and waived is where it is judged.
    """

    target: Target
    facts: FactSet
    said: tuple[InlineWaiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """The evidence of one run. `host` is there even where the host itself was not asked for."""

    collected_at: str
    host: Evidence | None
    targets: tuple[Evidence, ...]
    errors: tuple[RunError, ...]
    engines: Mapping[str, Record] = field(default_factory=dict)


class Writer:
    """Writes a bundle target by target, so that memory does not grow with their number.

    One line a target, so that an uncompressed bundle can be looked at and compared.
    """

    def __init__(self, stream: BinaryIO, collected_at: str, *, compress: bool) -> None:
        self._stream = stream
        self._zip = zlib.compressobj(_LEVEL, wbits=_GZIP) if compress else None
        self._encoder = _PartsOnce()
        self.count = 0
        head = {
            "isoaudit_bundle": FORMAT,
            "tool": {"name": "isoaudit", "version": __version__},
            "collected_at": collected_at,
        }
        self._write(f'{json.dumps(head)[:-1]},\n"targets": [')

    def add(self, evidence: Evidence) -> None:
        """Write one target."""
        between = ",\n" if self.count else "\n"
        self._write(between + self._text(evidence))
        self.count += 1

    def close(
        self, host: Evidence | None, engines: Mapping[str, Record], errors: Iterable[RunError]
    ) -> None:
        """Write what surrounds the targets, and the end. The stream stays open."""
        uris = ", ".join(f"{json.dumps(u)}: {json.dumps(r.to_json())}" for u, r in engines.items())
        rows = ",\n".join(json.dumps(error.to_json()) for error in errors)
        self._write(
            f'\n],\n"host": {self._text(host) if host else "null"},\n'
            f'"engines": {{{uris}}},\n"errors": [\n{rows}\n]}}\n'
        )
        if self._zip is not None:
            self._stream.write(self._zip.flush())

    def _text(self, evidence: Evidence) -> str:
        self._encoder.next_target()
        target = json.dumps(evidence.target.to_json())
        return f'{{"target": {target}, "facts": {self._encoder.factset(evidence.facts)}}}'

    def _write(self, text: str) -> None:
        data = text.encode()
        self._stream.write(data if self._zip is None else self._zip.compress(data))


class _PartsOnce(Encoder):
    """Writes a part in full where it is met first, and its number from then on."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[int, tuple[Part, int]] = {}
        self._next = 0

    def part(self, part: Part) -> str:
        """Return the text of a part, or of a reference to it."""
        known = self._numbers.get(id(part))
        if known is not None:
            return f'{{"same_as": {known[1]}}}'
        if len(self._numbers) >= _REMEMBERED:
            self._numbers.clear()
        self._numbers[id(part)] = (part, self._next)
        self._next += 1
        return f'{{"number": {self._next - 1}, {super().part(part)[1:]}'


def encode(bundle: Bundle, *, compress: bool) -> bytes:
    """Return a bundle as the bytes of its file; the same evidence gives the same bytes."""
    stream = io.BytesIO()
    writer = Writer(stream, bundle.collected_at, compress=compress)
    for evidence in bundle.targets:
        writer.add(evidence)
    writer.close(bundle.host, bundle.engines, bundle.errors)
    return stream.getvalue()


def decode(data: bytes, shown: str) -> Bundle:
    """Return the bundle in a file's bytes; raises DocumentError if it is none, or broken."""
    try:
        content = json.loads(_unpacked(data, shown))
        if content["isoaudit_bundle"] not in _READABLE:
            raise DocumentError(
                f"{shown}: evidence bundle of format {content['isoaudit_bundle']!r:.20}",
                "Judge it with the isoaudit that wrote it, or a newer one.",
            )
        parts: dict[int, Part] = {}
        targets = tuple(_evidence_from(entry, parts) for entry in content["targets"])
        return Bundle(
            content["collected_at"],
            _evidence_from(content["host"], parts) if content["host"] else None,
            targets,
            tuple(RunError.from_json(entry) for entry in content["errors"]),
            {uri: Record.from_json(entry) for uri, entry in content["engines"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentError(
            f"{shown}: not a whole evidence bundle", "Collect it again: isoaudit collect -o FILE"
        ) from error


def is_bundle(data: bytes) -> bool:
    """Say cheaply whether bytes look like a bundle."""
    return data[:2] == b"\x1f\x8b" or _BEGINNING.match(data) is not None


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


def _evidence_from(data: dict[str, Any], known: dict[int, Part]) -> Evidence:
    """Return the evidence of one target; `known` are the numbered parts met so far."""
    facts = data["facts"]
    several = [
        _part_from(name, part, known) for name, parts in facts["parts"].items() for part in parts
    ]
    rest = FactSet.from_json({**facts, "parts": {}})
    return Evidence(Target.from_json(data["target"]), rest.merge(FactSet.of(parts=several)))


def _part_from(name: str, data: dict[str, Any], known: dict[int, Part]) -> Part:
    if "same_as" in data:
        part = known[data["same_as"]]
        if part.name != name:
            raise ValueError(f"part {data['same_as']} is no {name}")
        return part
    part = Part.from_json(name, data)
    if "number" in data:
        known[data["number"]] = part
    return part
