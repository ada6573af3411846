"""What a command line asks for, as the service of a compose file that asks for the same.

Sources: docs.docker.com (docker container run), podman-run(1). What the options of a line have in
common with compose is most of it; the readers in `probes/compose` make the facts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.model import FactSet, Location
from isoaudit.probes.compose.declare import declared_facts
from isoaudit.probes.compose.origin import Origin
from isoaudit.probes.compose.service import Service
from isoaudit.probes.run_line.asked import asked_for
from isoaudit.probes.run_line.draft import Draft
from isoaudit.probes.run_line.finish import finish
from isoaudit.probes.run_line.parse import Parsed, parse_run
from isoaudit.probes.run_line.words import RunWord

_FILLED_IN = re.compile(r"\$\{[^{}]*\}")


class Asked(NamedTuple):
    """What the words of a line ask for.

    `node` is the service, `document` what a compose file would have around it. `name` is `--name`,
    else the last name of the image, "" if neither is known. `doubt` says why there may be more to
    it than the words that are known, "" if nothing is hidden.
    """

    node: Node
    document: Node
    name: str
    doubt: str
    parsed: Parsed


def service_node(
    words: Sequence[RunWord],
    engine: str,
    where: Location,
    *,
    has_image: bool = True,
    moved: bool = False,
) -> Asked:
    """Return what the words after `run` or `create` ask an engine for.

    `where` is the place of the line as a whole. `has_image` is false for options alone, as
    `runArgs` of a devcontainer: every word is an option then, or may hide some. `moved` says that
    relative paths lead from a folder that is not known.
    """
    parsed = parse_run(words, engine)
    draft = Draft(where, moved=moved)
    for given in parsed.options:
        asked_for(draft, given, engine)
    doubt = parsed.doubt
    image = parsed.image
    if image is not None and not has_image:
        doubt, image = doubt or "a word among the options is none", None
    if image is not None:
        draft.put(("image",), image)
    document = finish(draft, engine, parsed.command)
    return Asked(draft.build(), document, _name(draft, image), doubt, parsed)


def service_facts(asked: Asked, name: str, origin: Origin) -> FactSet:
    """Return the facts of what was asked for; raises DocumentError for a value no engine takes."""
    key = made.scalar(name, asked.node.location)
    if asked.doubt:
        origin = replace(origin, doubt=asked.doubt)
    return declared_facts(Service(name, key, asked.node, asked.document, origin))


def _name(draft: Draft, image: RunWord | None) -> str:
    """Return `--name`, else the last name of the image, without what is not known."""
    if draft.name is not None and draft.name.known and draft.name.text:
        return draft.name.plain
    if image is None:
        return ""
    repository = _FILLED_IN.sub("", image.text).partition("@")[0]
    return repository.rpartition("/")[2].partition(":")[0]
