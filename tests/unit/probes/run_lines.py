"""Reads the words of a command line and gives what they ask for in the plainest form."""

from __future__ import annotations

import shlex

from declared_facts import Seen, seen

from isoaudit.model import Location
from isoaudit.probes.run_line.origins import run_origin
from isoaudit.probes.run_line.parse import called
from isoaudit.probes.run_line.service import Asked, service_facts, service_node
from isoaudit.probes.run_line.words import RunWord


def words(line: str) -> list[RunWord]:
    """Return the words of a line; `${NAME}` in it is a variable, and `…` after it many words."""
    return [
        RunWord(text.removesuffix("…"), Location("run.sh", 1, at), several=text.endswith("…"))
        for at, text in enumerate(shlex.split(line), 1)
    ]


def asked(line: str) -> tuple[Asked, str]:
    """Return what a line asks for, and of which engine."""
    found = called(words(line))
    assert found is not None
    return service_node(found.words, found.engine, Location("run.sh", 1, 1)), found.engine


def run(line: str, *, rootless: bool | None = None) -> Seen:
    """Return the facts of a line."""
    found, engine = asked(line)
    return seen(service_facts(found, found.name or engine, run_origin(engine, rootless)))
