"""The fact vocabulary: every path a probe may fill and a condition may read."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

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
    neighbour,
    network,
    process,
    vm,
    vmm,
)

_Spec = TypeVar("_Spec", FactSpec, PartSpec)

_TABLES = (
    *(container, limits, network, neighbour, process, mount, host, management, engine),
    *(vm, vmm, files, guest, image, kubernetes),
)


@cache
def facts() -> dict[str, FactSpec]:
    """Return every fact of the vocabulary by its path."""
    return {spec.path: _said(spec, spec.path) for table in _TABLES for spec in table.FACTS}


@cache
def parts() -> dict[str, PartSpec]:
    """Return every part of the vocabulary by its name."""
    return {spec.name: _said(spec, spec.name) for table in _TABLES for spec in table.PARTS}


def _said(spec: _Spec, name: str) -> _Spec:
    """Return an entry with every kind of file that can say it."""
    dialects = files.said_in(name, spec.dialects)
    # Most are said by no further kind, and making an entry anew costs more than finding that out.
    return spec if dialects == spec.dialects else spec._replace(dialects=dialects)


def root(path: str) -> str:
    """Return the first word of a path: the part it belongs to, or whose fact it is."""
    return path.partition(".")[0]
