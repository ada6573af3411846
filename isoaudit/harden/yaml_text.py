"""Edits compose files and Kubernetes manifests: comments, order and quotes stay as they are.

ruamel.yaml keeps them from reading to writing. Where it would still write a line in another shape
than the author did, only the lines that differ because of the edits are taken over.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, NamedTuple

from isoaudit.errors import DocumentError
from isoaudit.harden import edits
from isoaudit.harden.edits import Effect
from isoaudit.model import Location, Target
from isoaudit.rules.fixes import CUT, Edit

_POD = "pod."
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_WIDEST = 1_000_000
_INDENTED_LIST = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?: *#[^\n]*\n| *\n)*( *)- ",
                            re.MULTILINE)  # fmt: skip
_INDENTED_MAP = re.compile(r"^([^\s#-][^\n]*):[ \t]*(?:#[^\n]*)?\n(?: *#[^\n]*\n| *\n)*( +)[^\s#-]",
                           re.MULTILINE)  # fmt: skip


_Place = tuple[int, int]


class _Element(NamedTuple):
    """Something inside a mapping or list; `trail` leads from the document to what holds it."""

    trail: list[Any]
    key: str | int
    value: Any

    def now_at(self) -> str | int | None:
        """Return where it stands now, None if it is gone: others before it may be."""
        holder = self.trail[-1]
        if isinstance(holder, MutableSequence):
            return next((i for i, one in enumerate(holder) if one is self.value), None)
        return self.key if self.key in holder else None


class YamlFile:
    """One YAML or JSON file that is edited in memory; `shown` is what errors call it."""

    def __init__(self, text: str, shown: str) -> None:
        self._windows = "\r\n" in text
        text = text.replace("\r\n", "\n")
        self._text = text = text if text.endswith("\n") else f"{text}\n"
        self._shown = shown
        self._documents = _load(text, shown)
        self._untouched = "" if _is_json(text) else _dump(self._documents, text)
        self._maps = {
            _from_zero((one[-1].lc.line, one[-1].lc.col)): one for one in _walk(self._documents)
        }
        self._elements: dict[_Place, _Element] = {}
        for where, element in _elements(self._documents):
            # NOTE: a mapping in a list begins where its first key does: the mapping is meant.
            self._elements.setdefault(where, element)

    def effect(self, target: Target, edit: Edit, evidence: Location | None) -> Effect | None:
        """Return what an edit would do, None if there is nothing here that it could change."""
        if edit.operation == CUT:
            return Effect.TAKES_AWAY if self._element(evidence) else None
        owner, inner = self._owner(target, edit)
        return None if owner is None else edits.effect(owner, inner)

    def apply(self, target: Target, edit: Edit, evidence: Location | None) -> None:
        """Make an edit."""
        if edit.operation == CUT:
            self._cut(evidence)
            return
        owner, inner = self._owner(target, edit)
        if owner is not None:
            edits.apply(owner, inner)

    def text(self) -> str:
        """Return the file as it is after the edits."""
        if _is_json(self._text):
            return _as_json(self._documents[0], self._text, self._shown)
        edited = _dump(self._documents, self._text)
        whole = with_notes(self._text, _carried_over(self._text, self._untouched, edited))
        whole = above_notes(self._text, whole)
        return whole.replace("\n", "\r\n") if self._windows else whole

    def _owner(self, target: Target, edit: Edit) -> tuple[MutableMapping[str, Any] | None, Edit]:
        """Return the mapping that declares the target, or its pod, and the edit as that sees it."""
        if target.dialect == "compose":
            return self._service(target.handle), edit
        place = target.location
        trail = self._maps.get((place.line or 0, place.column or 0)) if place else None
        if trail is None or not isinstance(trail[-1], MutableMapping):
            return None, edit
        if not edit.path.startswith(_POD):
            return trail[-1], edit
        pod = next((one for one in reversed(trail[:-1]) if _holds_containers(one)), None)
        return pod, edit._replace(path=edit.path.removeprefix(_POD))

    def _service(self, name: str) -> MutableMapping[str, Any] | None:
        for document in self._documents:
            services = document.get("services") if isinstance(document, Mapping) else None
            found = services.get(name) if isinstance(services, Mapping) else None
            if isinstance(found, MutableMapping) and isinstance(services, MutableMapping):
                return edits.own_map(services, name)
        return None

    def _element(self, evidence: Location | None) -> _Element | None:
        """Return what stands at a place of this file inside a mapping or list, if it still does."""
        if evidence is None or evidence.file != self._shown:
            return None
        found = self._elements.get((evidence.line or 0, evidence.column or 0))
        return found if found is not None and found.now_at() is not None else None

    def _cut(self, evidence: Location | None) -> None:
        found = self._element(evidence)
        if found is None:
            return
        holder = found.trail[-1]
        del holder[found.now_at()]
        if not holder:
            _drop(found.trail)


def _drop(trail: list[Any]) -> None:
    """Take an empty list or mapping out of the mapping that holds it."""
    *_, owner, empty = [None, *trail]
    if isinstance(owner, MutableMapping):
        for key in [key for key in edits.own_keys(owner) if owner[key] is empty]:
            del owner[key]


def _holds_containers(one: Any) -> bool:
    return isinstance(one, Mapping) and any(key in one for key in _CONTAINERS)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in {"{", "["}


def _load(text: str, shown: str) -> list[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    reader = YAML()
    reader.preserve_quotes = True
    try:
        documents = list(reader.load_all(text))
    except (YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f"{shown}:{line + 1}" if line is not None else shown
        raise DocumentError(f"{where}: cannot be read for editing",
                            "See what `isoaudit scan` says of it.") from error  # fmt: skip
    for trail in _walk(documents):
        anchor = getattr(trail[-1], "anchor", None)
        if anchor is not None and anchor.value:
            anchor.always_dump = True
    return documents


def _dump(documents: list[Any], text: str) -> str:
    from ruamel.yaml import YAML

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = _WIDEST
    mapping = _INDENTED_MAP.search(text)
    step = len(mapping[2]) if mapping else 2
    listed = _INDENTED_LIST.search(text)
    offset = max(0, len(listed[2]) - len(listed[1])) if listed else 2
    writer.indent(mapping=step, sequence=offset + 2, offset=offset)
    writer.explicit_start = text.lstrip().startswith("---")
    out = io.StringIO()
    writer.dump_all(documents, out)
    return out.getvalue()


def _as_json(document: Any, text: str, shown: str) -> str:
    step = re.search(r"\n([ \t]+)\S", text)
    indent: str | None = step[1] if step else None
    try:
        return json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    except (ValueError, TypeError) as error:
        raise DocumentError(
            f"{shown}: holds a value that JSON cannot be written with",
            f"Change it by hand: isoaudit scan {shown} -v says how.",
        ) from error


def _carried_over(original: str, untouched: str, edited: str) -> str:
    """Return the original with the lines that the edits changed, all others as they were.

    Where a changed place cannot be found in the original, the file is returned as it was written.
    """
    if untouched == original:
        return edited
    before, plain, after = (
        text.splitlines(keepends=True) for text in (original, untouched, edited)
    )
    where: dict[int, int] = {}
    for _, a, z, b, y in difflib.SequenceMatcher(None, plain, before, False).get_opcodes():
        if z - a == y - b:
            # Equal, or the same lines in another shape: quotes, blanks, a folded line that is not.
            where |= {a + i: b + i for i in range(z - a)}
    where[len(plain)] = len(before)
    lines, done = [], 0
    for tag, a, z, b, y in difflib.SequenceMatcher(None, plain, after, False).get_opcodes():
        if tag == "equal":
            continue
        start, end = _between(where, a, z)
        if start is None or end is None or start < done:
            return edited
        lines += before[done:start] + after[b:y]
        done = end
    return "".join(lines + before[done:])


def with_notes(original: str, edited: str) -> str:
    """Return an edited text with the blank lines and comments that went with what was above them.

    A comment that is indented less than what was taken out is about what comes next.
    """
    before, after = original.splitlines(keepends=True), edited.splitlines(keepends=True)
    lines: list[str] = []
    for _, a, z, b, y in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        lines += after[b:y]
        taken = before[a:z] if a < z and before[a:z] != after[b:y] else []
        notes = 0
        while notes < len(taken) and _is_note(taken[-1 - notes], taken[0]):
            notes += 1
        kept = taken[len(taken) - notes :]
        if notes and after[b:y][-notes:] != kept:
            lines += kept
    return "".join(lines)


def above_notes(original: str, edited: str) -> str:
    """Return an edited text with what was put in above the comments and blank lines before it.

    They are about what comes next, and a waiver among them waives there. What they only seem to be,
    as in a block of text, stays where it is: the text must come to the same.
    """
    before, after = original.splitlines(keepends=True), edited.splitlines(keepends=True)
    lines: list[str] = []
    for tag, a, _, b, y in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        notes = 0
        while tag == "insert" and notes < a and _is_blank_or_comment(before[a - 1 - notes]):
            notes += 1
        if notes and lines[-notes:] == before[a - notes : a]:
            lines[-notes:] = [*after[b:y], *before[a - notes : a]]
        else:
            lines += after[b:y]
    moved = "".join(lines)
    return moved if moved == edited or _events(moved) == _events(edited) else edited


def _is_blank_or_comment(line: str) -> bool:
    return line.lstrip()[:1] in {"", "#"}


def _events(text: str) -> list[tuple[object, ...]] | None:
    """Return what a YAML text comes to, wherever it stands; None for what is none."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [
            (type(one), *(getattr(one, name, None) for name in ("anchor", "tag", "value")))
            for one in yaml.parse(text, Loader=loader)
        ]
    except yaml.YAMLError:
        return None


def _is_note(line: str, first: str) -> bool:
    text = line.lstrip()
    indented = len(line) - len(text)
    return not text or (text.startswith("#") and indented < len(first) - len(first.lstrip()))


def _between(where: dict[int, int], a: int, z: int) -> tuple[int | None, int | None]:
    """Return where lines a to z lie in the original, if all of them are there."""
    if a == z:
        # Lines are put in: after the line before them, which must be there.
        place = where.get(a - 1)
        return (0, 0) if a == 0 else (None, None) if place is None else (place + 1, place + 1)
    places = [where.get(index) for index in range(a, z)]
    first = places[0]
    if first is None or places != list(range(first, first + len(places))):
        return None, None
    return first, first + len(places)


def _walk(documents: list[Any]) -> Iterator[list[Any]]:
    """Yield every mapping and list with those around it, each once."""
    seen: set[int] = set()
    waiting: list[list[Any]] = [[document] for document in documents]
    while waiting:
        trail = waiting.pop()
        one = trail[-1]
        if not isinstance(one, Mapping | MutableSequence) or id(one) in seen:
            continue
        seen.add(id(one))
        yield trail
        below = (one[key] for key in edits.own_keys(one)) if isinstance(one, Mapping) else one
        waiting.extend([*trail, value] for value in below)


def _elements(documents: list[Any]) -> Iterator[tuple[_Place, _Element]]:
    """Yield the place of every key and value inside a mapping or list, with what holds it."""
    for trail in _walk(documents):
        holder: Any = trail[-1]
        if isinstance(holder, Mapping):
            places: Any = trail[-1].lc
            for key in edits.own_keys(holder):
                if places.data is None or key not in places.data:
                    continue  # of an ordered map (!!omap) ruamel.yaml keeps no places
                found = _Element(trail, key, holder[key])
                yield _from_zero(places.key(key)), found
                if not isinstance(found.value, Mapping | MutableSequence):
                    yield _from_zero(places.value(key)), found
        else:
            for index, value in enumerate(holder):
                if holder.lc.data is None or index not in holder.lc.data:
                    continue
                yield _from_zero(holder.lc.item(index)), _Element(trail, index, value)


def _from_zero(place: tuple[int, int]) -> tuple[int, int]:
    return place[0] + 1, place[1] + 1
