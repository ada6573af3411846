"""What isoaudit says of the same containers, from evidence alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from support.docker import Docker

from isoaudit.assess import load_assessor
from isoaudit.audit import Request, collect
from isoaudit.audit.common import Limits
from isoaudit.audit.judging import context_of
from isoaudit.bundle import Evidence
from isoaudit.model.assessment import Assessment
from isoaudit.model.ways import Openness
from isoaudit.targets.address import parse

_SECONDS = 60.0


class Verdict(NamedTuple):
    """What a primitive came to for a container, and by what: facts, or what closes it."""

    state: Openness
    by: str


def verdicts(docker: Docker, *, deep: bool = True) -> dict[str, dict[str, Verdict]]:
    """Return the verdict on every primitive, by container and primitive.

    With `deep` the loaded seccomp filters are read, as the option --deep does.
    """
    found: list[Evidence] = []
    limits = Limits(2, _SECONDS, deep=deep)
    around = collect(Request([parse(docker.address("isolab-w*"))], (), limits), found.append)
    assert around.errors == (), f"not collected: {around.errors}"
    assessor = load_assessor()
    assessed = {
        evidence.target.name: assessor.assess(context_of(evidence, around)) for evidence in found
    }
    return {name: dict(_told(one)) for name, one in assessed.items() if one is not None}


def _told(assessment: Assessment) -> Iterator[tuple[str, Verdict]]:
    """Yield each primitive's verdict."""
    steps = [step for path in assessment.escape_paths for step in path.steps]
    for way in assessment.ways:
        decided = [fact.path for step in steps if step.id == way.id for fact in step.evidence]
        facts = ", ".join(f"`{path}`" for path in sorted(set(decided)))
        yield way.id, Verdict(way.state, way.because or facts)
