"""Makes changes of a target: those that apply to it, each with the edits that it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.advise.changes import Change, Changes, load_changes
from isoaudit.assess.asked import view_of
from isoaudit.assess.edited import Edit, Operation
from isoaudit.assess.truth import Truths, View
from isoaudit.assess.words import filled
from isoaudit.facts.vocabulary import parts, root
from isoaudit.model import Missing, Record, Value
from isoaudit.rules.context import Context, Seen
from isoaudit.rules.data import frozen

_LISTS = {"without": Operation.WITHOUT, "within": Operation.WITHIN, "add": Operation.ADD}
_ALLOWS = "process.seccomp.allows."
_HELD = ("process.capabilities.effective", "process.capabilities.permitted")
_MAC = "host.mac.module"
_MOST_RECORDS = 64
"""Records of one part that become changes of their own: nobody reads more."""


class Applied(NamedTuple):
    """A change as it would be made of one target."""

    change: Change
    key: str
    title: str
    edits: tuple[Edit, ...]
    cost: int
    how: str
    may_break: str

    @property
    def touches(self) -> frozenset[str]:
        """The paths and parts that it edits."""
        return frozenset(edit.path for edit in self.edits)


class _Chosen(NamedTuple):
    """What a change is of: a record, and the elements of a list."""

    view: View
    record: Record | None = None
    value: tuple[str, ...] = ()


def applicable(context: Context, truths: Truths) -> tuple[Applied, ...]:
    """Return the changes that apply to a target, in the order of their files."""
    known = load_changes(context.target.kind)
    maker = _Maker(context, truths, known)
    return tuple(one for change in known.changes for one in maker.of(change))


def narrowed(context: Context, truths: Truths, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return what fewer capabilities also close where the engine's own filter is on."""
    maker = _Maker(context, truths, load_changes(context.target.kind))
    return tuple(maker.narrowed(edits))


class _Maker:
    def __init__(self, context: Context, truths: Truths, known: Changes) -> None:
        self._context = context
        self._truths = truths
        self._known = known

    def of(self, change: Change) -> Iterator[Applied]:
        for chosen in self._chosen(change):
            edits = self._edits(change, chosen)
            if edits:
                yield self._applied(change, chosen, edits)

    def _applied(self, change: Change, chosen: _Chosen, edits: Sequence[Edit]) -> Applied:
        dialect = self._context.target.dialect or self._context.target.id.partition(":")[0]
        words = ", ".join(chosen.value)
        title, how, may_break = (
            filled(text.replace("{value}", words), chosen.view)
            for text in (change.title, _how(change, dialect), change.may_break)
        )
        fields = [_text(chosen.record, path) for path in change.by]
        key = ":".join([change.id, *fields, *chosen.value])
        told = tuple(edit._replace(because=title) for edit in edits)
        return Applied(change, key, title, told, self._known.cost(change), how, may_break)

    def _chosen(self, change: Change) -> Iterator[_Chosen]:
        view = view_of(self._context)
        if change.of or change.each:
            name = change.of or change.each
            views = [(record, view.beside(name, record)) for record in self._records(name)]
            held = [(record, one) for record, one in views if self._holds(change, one)]
            if change.of:
                yield from (_Chosen(one, record) for record, one in held)
            elif held:
                yield _Chosen(view)
        elif self._holds(change, view):
            values = self._values(change)
            if values is None:
                yield _Chosen(view)
            else:
                yield from (_Chosen(view, None, value) for value in values)

    def _holds(self, change: Change, view: View) -> bool:
        if change.when is None:
            return True
        return self._truths.of(change.when, view, trusting=True).value is True

    def _records(self, name: str) -> Sequence[Record]:
        found = self._context.part(name)
        return () if isinstance(found, Missing) else found.part.records[:_MOST_RECORDS]

    def _values(self, change: Change) -> list[tuple[str, ...]] | None:
        if change.values is None:
            return None
        held = {one for path in change.values.paths for one in self._listed(path)}
        found = [one for one in change.values.among if one in held]
        if change.values.together:
            return [tuple(found)] if found else []
        return [(one,) for one in found]

    def _listed(self, path: str) -> Iterator[str]:
        """Yield the elements of a list, or of that of every record."""
        if root(path) in parts():
            values = [
                record.facts[path].value
                for record in self._records(root(path))
                if path in record.facts
            ]
        else:
            seen = self._context.fact(path)
            values = [seen.fact.value] if isinstance(seen, Seen) else []
        for value in values:
            if isinstance(value, tuple):
                yield from value

    def _edits(self, change: Change, chosen: _Chosen) -> list[Edit]:
        found = [edit for data in change.edits for edit in self._edit(change, chosen, data)]
        if any("filter" in data for data in change.edits):
            return [*found, *self._filtered(found)]
        return [*found, *self.narrowed(found)]

    def _edit(self, change: Change, chosen: _Chosen, data: Mapping[str, Any]) -> Iterator[Edit]:
        if "last" in data and len(self._records(data["last"])) > 1:
            return
        if "only" in data and isinstance(self._context.fact(data["only"]), Missing):
            return
        match = _match(change, chosen.record) if data.get("chosen") else ()
        if "drop" in data:
            yield from self._drops(data, match, chosen)
        elif "confined" in data:
            yield from self._confined()
        for path, value in data.get("set", {}).items():
            for where in self._where(path, data, match):
                yield Edit(Operation.SET, path, frozen(value), where)
        for word, operation in _LISTS.items():
            for path, value in data.get(word, {}).items():
                yield Edit(operation, path, self._expanded(value, chosen), match)

    def _where(
        self, path: str, data: Mapping[str, Any], match: tuple[tuple[str, Value], ...]
    ) -> Iterator[tuple[tuple[str, Value], ...]]:
        """Yield what narrows an edit: nothing, the chosen record, or those of `where`."""
        if "where" not in data:
            yield match
            return
        yield from (_all_of(record) for record in self._where_true(root(path), data["where"]))

    def _where_true(self, part: str, source: str) -> Iterator[Record]:
        condition = self._known.conditions[source]
        view = view_of(self._context)
        for record in self._records(part):
            if self._truths.of(condition, view.beside(part, record), trusting=True).value:
                yield record

    def _drops(
        self, data: Mapping[str, Any], match: tuple[tuple[str, Value], ...], chosen: _Chosen
    ) -> Iterator[Edit]:
        part = data["drop"]
        if match:
            yield Edit(Operation.DROP, part, match=match)
        elif "where" in data:
            for record in self._where_true(part, data["where"]):
                yield Edit(Operation.DROP, part, match=_all_of(record))
        elif "under" in data:
            folder, field = _text(chosen.record, data["under"]).rstrip("/"), data["field"]
            for record in self._records(part):
                place = _text(record, field)
                if folder and (place == folder or place.startswith(folder + "/")):
                    yield Edit(Operation.DROP, part, match=((field, place),))

    def _filtered(self, edits: Sequence[Edit]) -> Iterator[Edit]:
        """Yield what shows that the engine's own filter is on, for the capabilities then left."""
        yield Edit(Operation.SET, "process.seccomp.mode", "filter")
        yield Edit(Operation.FORGET, "process.seccomp.exploits_reachable")
        is_live = not self._context.target.dialect
        for name, needed in self._known.default_filter.items():
            path = _ALLOWS + name
            for record in self._records("process"):
                # A file does not say what a filter lets through: there the profile's name decides.
                if is_live or path in record.facts:
                    allowed = bool(needed) and not _left(record, edits).isdisjoint(needed)
                    yield Edit(Operation.SET, path, allowed, _all_of(record))

    def _confined(self) -> Iterator[Edit]:
        """Yield what shows that the engine's own profile is on; no more than is known of a host."""
        seen = self._context.fact(_MAC)
        module = str(seen.fact.value) if isinstance(seen, Seen) else ""
        if isinstance(seen, Missing):
            yield Edit(Operation.FORGET, "process.apparmor.confined")
        for path, value in self._known.confined.get(module, {}).items():
            yield Edit(Operation.SET, path, frozen(value))

    def narrowed(self, edits: Sequence[Edit]) -> Iterator[Edit]:
        """Yield what fewer capabilities close of a default filter, which asks for them."""
        lost = {edit.path for edit in edits if edit.path in _HELD}
        seen = self._context.fact("container.seccomp.profile")
        if not lost or not isinstance(seen, Seen) or seen.fact.value != "default":
            return
        for record in self._records("process"):
            left = _left(record, edits)
            for name, needed in self._known.default_filter.items():
                fact = record.facts.get(_ALLOWS + name)
                if fact is not None and fact.value is True and needed and left.isdisjoint(needed):
                    yield Edit(Operation.SET, fact.path, False)
                    yield Edit(Operation.FORGET, "process.seccomp.exploits_reachable")

    def _expanded(self, value: Any, chosen: _Chosen) -> Value:
        """Return a value with the elements in it that stand for others."""
        several = value if isinstance(value, list) else [value]
        found: list[str] = []
        for one in several:
            if one == "$value":
                found += chosen.value
            elif str(one).startswith("$"):
                found += self._listed(one[1:])
            else:
                found.append(str(one))
        return tuple(found)


def _left(record: Record, edits: Sequence[Edit]) -> frozenset[str]:
    """Return the capabilities that a process has once edits are made."""
    from isoaudit.assess.edited import edited
    from isoaudit.model import FactSet, Part, Vantage

    facts = FactSet.of((), [Part("process", Vantage.KERNEL, (record,))])
    ours = [edit._replace(match=()) for edit in edits if edit.path in _HELD]
    (part,) = edited(facts, ours).parts["process"]
    return _held(part.records[0])


def _held(record: Record) -> frozenset[str]:
    found: set[str] = set()
    for path in _HELD:
        fact = record.facts.get(path)
        if fact is not None and isinstance(fact.value, tuple):
            found |= set(fact.value)
    return frozenset(found)


def _match(change: Change, record: Record | None) -> tuple[tuple[str, Value], ...]:
    if record is None:
        return ()
    return tuple((path, record.facts[path].value) for path in change.by if path in record.facts)


def _all_of(record: Record) -> tuple[tuple[str, Value], ...]:
    """Return what tells a record from others: where it is, or whose it is."""
    wanted = ("process.pid", "process.name", "mount.destination", "device.path",
              "device_rule.type", "device_rule.major", "device_rule.minor")  # fmt: skip
    return tuple((path, record.facts[path].value) for path in wanted if path in record.facts)


def _how(change: Change, dialect: str) -> str:
    """Return the change in the words of a dialect; a running engine's are those of its options."""
    known = {"docker": "docker_run", "podman": "docker_run", "libvirt": "libvirt_xml"}
    return change.how.get(dialect) or change.how.get(known.get(dialect, ""), "")


def _text(record: Record | None, path: str) -> str:
    fact = record.facts.get(path) if record is not None else None
    return str(fact.value) if fact is not None else ""
