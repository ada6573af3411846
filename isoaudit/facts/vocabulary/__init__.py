"""The fact vocabulary: every path a probe may fill and a condition may read."""

from __future__ import annotations

from functools import cache

from isoaudit.facts.spec import FactSpec, PartSpec
from isoaudit.facts.vocabulary import (
    container,
    engine,
    files,
    guest,
    host,
    image,
    kubernetes,
    limits,
    management,
    mount,
    network,
    process,
    vm,
    vmm,
)

_TABLES = (
    *(container, limits, network, process, mount, host, management, engine),
    *(vm, vmm, files, guest, image, kubernetes),
)


@cache
def facts() -> dict[str, FactSpec]:
    """Return every fact of the vocabulary by its path."""
    return {
        spec.path: spec._replace(dialects=files.said_in(spec.path, spec.dialects))
        for table in _TABLES
        for spec in table.FACTS
    }


@cache
def parts() -> dict[str, PartSpec]:
    """Return every part of the vocabulary by its name."""
    return {
        spec.name: spec._replace(dialects=files.said_in(spec.name, spec.dialects))
        for table in _TABLES
        for spec in table.PARTS
    }


def root(path: str) -> str:
    """Return the first word of a path: the part it belongs to, or whose fact it is."""
    return path.partition(".")[0]
