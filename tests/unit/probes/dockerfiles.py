"""Dockerfiles as text, and what the probe reads of them."""

from __future__ import annotations

from typing import Any

from isoaudit.model import FactSet
from isoaudit.probes.dockerfile.probe import DockerfileProbe


def collected(text: str) -> FactSet:
    """Return what the probe reads of a text."""
    probe = DockerfileProbe(text, "Dockerfile")
    (target,) = probe.find()
    return probe.collect(target)


def facts(text: str) -> dict[str, Any]:
    """Return the facts by path."""
    return {path: several[0].value for path, several in collected(text).facts.items()}


def missing(text: str) -> set[str]:
    """Return the paths that are left open."""
    return {entry.path for entry in collected(text).all_missing()}


def records(text: str, part: str) -> list[dict[str, Any]]:
    """Return the records of a part."""
    (found,) = collected(text).parts[part]
    return [{path: fact.value for path, fact in record.facts.items()} for record in found.records]


def step(line: str, prefix: str = "FROM a\n") -> dict[str, Any]:
    """Return the last step of a file, without the part's name."""
    found = records(prefix + line, "build_step")[-1]
    return {path.removeprefix("build_step."): value for path, value in found.items()}
