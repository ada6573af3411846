"""The fact vocabulary: every path a probe may fill and a condition may read."""

from __future__ import annotations

from functools import cache

from isoaudit.facts.spec import FactSpec, PartSpec
from isoaudit.facts.vocabulary import container, host, vm


@cache
def facts() -> dict[str, FactSpec]:
    """Return every fact of the vocabulary by its path."""
    specs = (*container.FACTS, *host.FACTS, *vm.FACTS)
    return {spec.path: spec for spec in specs}


@cache
def parts() -> dict[str, PartSpec]:
    """Return every part of the vocabulary by its name."""
    specs = (*container.PARTS, *host.PARTS, *vm.PARTS)
    return {spec.name: spec for spec in specs}


def root(path: str) -> str:
    """Return the first word of a path: the part it belongs to, or whose fact it is."""
    return path.partition(".")[0]
