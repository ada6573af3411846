"""Places what files declare on the host they will run on, whose evidence was recorded before.

That a file will run there is taken from whoever named the evidence: the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from isoaudit.audit.common import listed
from isoaudit.bundle import Bundle, Evidence
from isoaudit.errors import UsageError
from isoaudit.facts.engine_defaults import with_engine_defaults
from isoaudit.model import Fact, FactSet, Kind, Missing, Reason, Record

_BY_DIALECT = {
    "compose": "docker",
    "devcontainer": "docker",
    "quadlet": "podman",
    "kubernetes": "cri",
}
"""Whose files these are, where they do not say it themselves."""

_TOLD = "container.engine"
"""The fact by which a file names its engine, as a command line does."""

_NAMES = {"cri": "container engine that Kubernetes starts pods with"}


class Ground(NamedTuple):
    """The host that files will run on, with its engines; `collected_at` is when it was seen."""

    host: Evidence
    engines: tuple[Record, ...]
    collected_at: str

    def placed(self, evidence: Evidence) -> tuple[Evidence, Record | None]:
        """Return what a file declares as it will run there, and the engine that will run it.

        What is no file's is returned as it is.
        """
        target = evidence.target
        if not target.dialect:
            return evidence, None
        target = replace(target, host=self.host.target.id)
        facts = evidence.facts
        if target.kind is not Kind.CONTAINER:
            return replace(evidence, target=target), None
        family = _family(target.dialect, facts)
        engine = self._engine(family) if family else _nobodys(target.dialect)
        if family == "docker":
            facts = with_engine_defaults(facts, engine)
        return replace(evidence, target=target, facts=facts), engine

    def _engine(self, family: str) -> Record:
        """Return the one engine of a family, or the reason why it is not known which it is."""
        found = [record for record in self.engines if _belongs(record, family)]
        if len(found) == 1:
            return found[0]
        name = _NAMES.get(family, family)
        if not found:
            detail = f"the evidence of {self.host.target.name} shows no {name}"
        else:
            places = listed([_text(record, "engine.endpoint") or "one without" for record in found])
            detail = f"{self.host.target.name} has several of {name}: {places}"
        remedy = "Collect it again on the host, as root: isoaudit collect host -o FILE"
        return Record.of((), [Missing("engine", Reason.OTHER_HOST, detail, remedy)])


def ground_of(bundle: Bundle, shown: str) -> Ground:
    """Return the host of a bundle as ground for files; raises UsageError if there is none in it."""
    if bundle.host is None:
        raise UsageError(
            f"{shown}: holds no evidence of a host",
            "Collect it on that host: isoaudit collect host -o FILE",
        )
    asked = tuple(bundle.engines.values())
    known = {_text(record, "engine.endpoint") for record in asked}
    by_files = [
        record
        for part in bundle.host.facts.parts.get("engine", ())
        for record in part.records
        if _text(record, "engine.endpoint") not in known
    ]
    return Ground(bundle.host, (*asked, *by_files), bundle.collected_at)


def _family(dialect: str, facts: FactSet) -> str:
    """Return whose engine runs a file; "" where neither the file nor its kind tells."""
    several: Sequence[Fact] = facts.facts.get(_TOLD, ())
    return str(several[0].value) if several else _BY_DIALECT.get(dialect, "")


def _nobodys(dialect: str) -> Record:
    """Return that it is not told which engine runs a file."""
    detail = f"which engine runs it, a {dialect} file does not tell"
    return Record.of((), [Missing("engine", Reason.OTHER_HOST, detail, "Scan what runs there.")])


def _belongs(record: Record, family: str) -> bool:
    if family == "cri":
        fact = record.facts.get("engine.cri.enabled")
        return fact is not None and fact.value is True
    return _text(record, "engine.name") == family


def _text(record: Record, path: str) -> str:
    fact = record.facts.get(path)
    return str(fact.value) if fact is not None else ""
