"""Finds waivers in annotations and labels: of a pod, of a workload, of one container.

`isoaudit/ignore.CAP-003: "reason until 2027-01-31"` is an annotation, and
`isoaudit.ignore.CAP-003=reason until 2027-01-31` a label. What a Dockerfile labels is the image's
word, and no waiver.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import yaml

from isoaudit.documents.yaml import Node, load_all
from isoaudit.documents.yaml_syntax import compose
from isoaudit.errors import DocumentError
from isoaudit.model import InlineWaiver, Location
from isoaudit.model.waiver import WaiverKind
from isoaudit.regex import regex
from isoaudit.rules.inline_words import WHOLE, statement

ANNOTATION = "isoaudit/ignore."
LABEL = "isoaudit.ignore."
_WORD = regex(
    r"""(?P<option>(?:--label|--annotation|-l)(?:=|[ \t]+|[ \t]*\\\r?\n[ \t]*))?
        (?P<outer>["']?)(?:--(?:label|annotation)=)?isoaudit[./]ignore\.
        (?P<check>[A-Za-z0-9_.-]{1,80})=(?P<inner>["']?)""",
    re.VERBOSE,
)
_KEY = regex(r"[ \t]*(?:Label|Annotation)[ \t]*=")
_LONGEST = 2000
_MOST_LINES = 500


def label_waivers(text: str, dialect: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the waivers in a file's annotations and labels, each with the targets it speaks of.

    Raises DocumentError for YAML that is broken.
    """
    if dialect in _READERS and "ignore." in text:
        yield from _READERS[dialect](text, file)


def _kubernetes(text: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the annotations of every object and pod template; they speak of all below it."""
    seen: set[int] = set()
    todo: list[yaml.Node] = list(compose(text, file))[::-1]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += node.value[::-1]
        elif isinstance(node, yaml.MappingNode):
            annotations = _below(_below(node, "metadata"), "annotations")
            yield from _annotated(annotations, _span(node), file)
            todo += [value for _, value in node.value[::-1]]


def _annotated(
    annotations: yaml.Node | None, span: tuple[int, int], file: str
) -> Iterator[InlineWaiver]:
    if not isinstance(annotations, yaml.MappingNode):
        return
    for key, value in annotations.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name.startswith(ANNOTATION) and isinstance(value, yaml.ScalarNode):
            check, line = name.removeprefix(ANNOTATION), key.start_mark.line + 1
            yield _placed(check, value.value, Location(file, line), span, "annotation")


def _below(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _span(node: yaml.MappingNode) -> tuple[int, int]:
    """Return the first and the last line of a mapping."""
    # NOTE: a block ends where the next token begins, in a line that is no longer its own.
    last = node.end_mark.line + 1 if node.flow_style else node.end_mark.line
    return node.start_mark.line + 1, last


def _compose(text: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the labels and annotations of every service, those that merge keys bring included."""
    for document in load_all(text, file):
        services = document.get("services") if document.is_map else None
        for service, (_, node) in services.keyed().items() if services is not None else ():
            for name, words, where in _labels(node):
                for prefix in (LABEL, ANNOTATION):
                    if name.startswith(prefix):
                        check = name.removeprefix(prefix)
                        found = _placed(check, words, where.location, None, "label")
                        yield found._replace(name=service)


def _labels(service: Node) -> Iterator[tuple[str, str, Node]]:
    for word in ("labels", "annotations"):
        # What is malformed is told by whoever reads the service.
        with suppress(DocumentError):
            labels = service.get(word) if service.is_map else None
            if labels is None:
                continue
            if labels.is_map:
                yield from (
                    (name, value.text(), key) for name, (key, value) in labels.keyed().items()
                )
                continue
            for entry in labels.elements():
                name, _, words = entry.text().partition("=")
                yield name, words, entry


def _oci(text: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the annotations of a bundle's config.json."""
    for root in compose(text, file):
        yield from _annotated(_below(root, "annotations"), WHOLE, file)


def _command_lines(text: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the labels that commands ask for; they speak of the command that they are part of."""
    for found in _words(text):
        if found.match["option"]:
            first = _first_line(text, found)
            yield _placed(found.match["check"], found.said, Location(file, found.number),
                          (first, found.number), "label")  # fmt: skip


def _quadlet(text: str, file: str) -> Iterator[InlineWaiver]:
    for found in _words(text):
        if _KEY.match(text, found.begin):
            place = Location(file, found.number)
            yield _placed(found.match["check"], found.said, place, WHOLE, "label")


def _devcontainer(text: str, file: str) -> Iterator[InlineWaiver]:
    for found in _words(text):
        if found.match["outer"] == '"':
            place = Location(file, found.number)
            yield _placed(found.match["check"], found.said, place, WHOLE, "label")


class _Word(NamedTuple):
    """What looks like a label of ours, what it says, its line, and where that line begins."""

    match: re.Match[str]
    said: str
    number: int
    begin: int


def _words(text: str) -> Iterator[_Word]:
    number, begin, counted = 1, 0, 0
    for match in _WORD.finditer(text):
        place = match.start("check")
        number += text.count("\n", counted, place)
        begin = max(begin, text.rfind("\n", counted, place) + 1)
        counted = place
        quote = match["outer"] or match["inner"]
        rest = text[match.end() : match.end() + _LONGEST].partition("\n")[0]
        said = rest.partition(quote)[0] if quote else rest.partition(" ")[0].strip()
        yield _Word(match, said, number, begin)


def _first_line(text: str, found: _Word) -> int:
    """Return the line in which a command begins that goes on over line ends with a backslash."""
    number, begin = found.number, found.begin
    for _ in range(_MOST_LINES):
        before = text[max(0, begin - 3) : max(0, begin - 1)].rstrip("\r")
        if not before.endswith("\\"):
            break
        begin = text.rfind("\n", 0, begin - 1) + 1
        number -= 1
    return number


def _placed(
    check: str, words: str, place: Location, span: tuple[int, int] | None, kind: WaiverKind
) -> InlineWaiver:
    said = statement([check], words, f"{place.file}:{place.line}", kind)
    return said._replace(file=place.file, span=span)


_READERS: dict[str, Callable[[str, str], Iterator[InlineWaiver]]] = {
    "kubernetes": _kubernetes,
    "compose": _compose,
    "oci": _oci,
    "docker_run": _command_lines,
    "systemd": _command_lines,
    "quadlet": _quadlet,
    "devcontainer": _devcontainer,
}
