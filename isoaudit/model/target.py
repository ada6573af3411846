"""A target: one container, virtual machine or host, by what it is called and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isoaudit.model import reading
from isoaudit.model.evidence import Location
from isoaudit.model.words import Kind


@dataclass(frozen=True, slots=True)
class Target:
    """What is audited. `id` is stable from run to run; `handle` is what the probes ask for.

    `dialect` names the language of a declaring file ("compose", "kubernetes", "libvirt_xml") and
    is "" for what is live. `engine` is the endpoint that listed a live target. `host` is the id of
    the host it is proven to run on, or None: a file runs nowhere yet, a remote engine elsewhere.
    """

    id: str
    kind: Kind
    name: str
    state: str
    handle: str = ""
    dialect: str = ""
    engine: str = ""
    host: str | None = None
    location: Location | None = None
    aliases: tuple[str, ...] = ()

    @property
    def has_boundary(self) -> bool:
        """Whether there is a wall around it: not of a host, nor of an image that nothing runs."""
        return self.kind in {Kind.CONTAINER, Kind.VM} and self.dialect != "dockerfile"

    def to_json(self) -> dict[str, Any]:
        """Return the target as the report document and an evidence bundle hold it."""
        source: dict[str, Any] = {"engine": self.engine, "host": self.host}
        if self.location is not None:
            source = {"file": self.location.file, "line": self.location.line}
        return {
            "id": self.id,
            "aliases": list(self.aliases),
            "kind": self.kind.value,
            "name": self.name,
            "state": self.state,
            "dialect": self.dialect,
            "host": self.host,
            "source": source,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Target:
        """Rebuild a target from `to_json`; its handle is gone, since nothing is read again."""
        source = data["source"]
        location: Location | None = None
        if "file" in source:
            line = reading.number_or_none(source, "line")
            location = Location(reading.text(source, "file"), line)
        return Target(
            id=reading.text(data, "id"),
            kind=Kind(data["kind"]),
            name=reading.text(data, "name"),
            state=reading.text(data, "state"),
            dialect=reading.text(data, "dialect"),
            engine=reading.text(source, "engine") if "engine" in source else "",
            host=None if data["host"] is None else reading.text(data, "host"),
            location=location,
            aliases=reading.texts(data, "aliases"),
        )
