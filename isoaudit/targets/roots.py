"""Says by the keys of its documents what a YAML or JSON file is, where a look at it leaves doubt.

A key can be written so that no search finds it (escapes, tags, `? key`, aliases, other line ends),
and the words of one kind of file can stand inside another. Whoever wants a file to be passed by
does either; so such a file is composed, as the tool that takes it would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from isoaudit.documents.yaml_syntax import compose
from isoaudit.errors import DocumentError
from isoaudit.regex import regex

_VEIL = regex(
    r"""^[ \t]*+(?:-[ \t]++)*+(?:\?[ \t\r\n]|\*\S{1,80}[ \t]++:|[!&]\S{0,80}[ \t]++\S)
      | [{,][ \t]*+(?:\?[ \t]|\*\S{1,80}[ \t]++:|[!&]\S{0,80}[ \t]++\S|<<[ \t]*:)
      | ^<<[ \t]*:
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Before a key: `? key`, an alias, a tag or an anchor; or keys that are merged in."""

_MARKS = ("? ", "?\n", "?\t", "?\r", "*", "!", "&", "<<")
"""Without one of them there is no veil, and a text is not searched for it."""

_ESCAPED = regex(r"""\\[^"\n]{1,80}"[ \t]*:""")
_LINE_END = regex(r"\r(?!\n)|[\x85\u2028\u2029]")
_MERGE = "<<"
_MOST = 1000
_SERVICE_KEYS = frozenset({"image", "build", "extends"})


def veiled(text: str) -> bool:
    """Say whether a key may be written so that a search for its name does not find it."""
    return (
        (any(mark in text for mark in _MARKS) and _VEIL.search(text) is not None)
        or ("\\" in text and _ESCAPED.search(text) is not None)
        or (("\r" in text or not text.isascii()) and _LINE_END.search(text) is not None)
    )


def kind_by_roots(text: str, name: str, *, of_compose: bool) -> str | None:
    """Return the dialect, `bundle` or `result` that the documents' own keys tell, else None.

    `of_compose` says that its name is one of compose: then a service needs no further proof. What
    cannot be composed is of no kind.
    """
    try:
        roots = [dict(_pairs(node)) for node in _roots(compose(text, name))]
    except DocumentError:
        return None
    if of_compose and any(_ANY_OF_COMPOSE & root.keys() for root in roots):
        return "compose"
    for dialect, wanted in _KINDS:
        for root in roots:
            if wanted <= root.keys() and (dialect != "compose" or _has_service(root["services"])):
                return dialect
    return None


_ANY_OF_COMPOSE = frozenset({"services", "include"})
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("kubernetes", frozenset({"apiVersion", "kind"})),
    ("compose", frozenset({"services"})),
    ("oci", frozenset({"ociVersion"})),
    ("firecracker", frozenset({"boot-source"})),
    ("bundle", frozenset({"isoaudit_bundle"})),
    ("result", frozenset({"schema_version"})),
)


def _roots(nodes: list[yaml.Node]) -> Iterator[yaml.Node]:
    """Yield the documents, and of one that is a list what is in it."""
    for node in nodes:
        if isinstance(node, yaml.SequenceNode):
            yield from node.value
        else:
            yield node


def _pairs(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys of a mapping with their values, those that are merged in first."""
    found: list[tuple[str, yaml.Node]] = []
    todo, seen = [node], 0
    while todo and seen < _MOST:
        one = todo.pop()
        seen += 1
        if isinstance(one, yaml.SequenceNode):
            todo += one.value
        elif isinstance(one, yaml.MappingNode):
            for key, value in one.value:
                if isinstance(key, yaml.ScalarNode):
                    found.append((key.value, value))
                    todo += [value] if key.value == _MERGE else []
    yield from reversed(found)


def _has_service(services: yaml.Node) -> bool:
    """Say whether a mapping holds what only services of compose are."""
    return any(
        not _SERVICE_KEYS.isdisjoint(dict(_pairs(service))) for _, service in _pairs(services)
    )
