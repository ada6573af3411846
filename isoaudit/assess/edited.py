"""What a target would look like if something were changed: its facts, edited.

An edited value stands in the place of what it replaces and is as sure: it decides as that did, and
what was not read of it no longer leaves it open. Nothing else of the fact set changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from isoaudit.facts.vocabulary import parts, root
from isoaudit.model import Fact, FactSet, Missing, Part, Record, Value, Vantage
from isoaudit.model.words import Word
from isoaudit.rules.context import Context

_HOST, _ENGINE = "host", "engine"


class Operation(Word):
    """What is done: a value is put in place, elements of a list taken out, left alone or added,
    values forgotten that say nothing any more, or whole records dropped."""

    SET = "set"
    WITHOUT = "without"
    WITHIN = "within"
    ADD = "add"
    DROP = "drop"
    FORGET = "forget"


class Edit(NamedTuple):
    """One edit of the fact at `path`, or of the part of that name for `drop`.

    `match` narrows it to records whose fields have these values. `because` becomes the source of
    what is edited.
    """

    operation: Operation
    path: str
    value: Value = ""
    match: tuple[tuple[str, Value], ...] = ()
    because: str = ""


def edited(facts: FactSet, edits: Iterable[Edit]) -> FactSet:
    """Return a fact set with edits made, one after the other.

    A record's field is edited in every record of its part, of each vantage; where a part has no
    record nothing is edited, since nothing is known of what there is.
    """
    for edit in edits:
        if edit.operation is Operation.DROP:
            facts = _dropped(facts, edit)
        elif root(edit.path) in parts():
            facts = _field_edited(facts, edit)
        else:
            facts = _fact_edited(facts, edit)
    return facts


def edited_context(context: Context, edits: Sequence[Edit]) -> Context:
    """Return what would be judged if edits were made to a target, its host and its engine."""
    by_owner: dict[str, list[Edit]] = {}
    for edit in edits:
        whose = root(edit.path)
        by_owner.setdefault(whose if whose in {_HOST, _ENGINE} else "", []).append(edit)
    host, engine = context.around
    if _HOST in by_owner:
        host = edited(host or FactSet(), by_owner[_HOST])
    if _ENGINE in by_owner:
        engine = _record_edited(engine or Record({}), by_owner[_ENGINE])
    own = edited(context.own, by_owner.get("", ()))
    return Context(context.target, own, host, engine)


def _dropped(facts: FactSet, edit: Edit) -> FactSet:
    several = facts.parts.get(edit.path)
    if several is None:
        return facts
    kept = tuple(
        Part(part.name, part.vantage, tuple(r for r in part.records if not _matches(r, edit.match)),
             part.incomplete)
        for part in several
    )  # fmt: skip
    return FactSet(facts.facts, {**facts.parts, edit.path: kept}, facts.missing)


def _field_edited(facts: FactSet, edit: Edit) -> FactSet:
    name = root(edit.path)
    several = facts.parts.get(name)
    if several is None:
        return facts
    changed = tuple(
        Part(
            part.name,
            part.vantage,
            tuple(
                _record_edited(record, [edit], part.vantage)
                if _matches(record, edit.match)
                else record
                for record in part.records
            ),
            part.incomplete,
        )
        for part in several
    )
    return FactSet(facts.facts, {**facts.parts, name: changed}, facts.missing)


def _record_edited(
    record: Record, edits: Iterable[Edit], vantage: Vantage = Vantage.DECLARED
) -> Record:
    fields, missing = dict(record.facts), dict(record.missing)
    for edit in edits:
        if edit.operation is Operation.FORGET:
            fields.pop(edit.path, None)
            continue
        known, unread = fields.get(edit.path), missing.pop(edit.path, None)
        new = _new(edit, (known,) if known else (), (unread,) if unread else (), vantage)
        if new is None:
            if unread is not None:
                missing[edit.path] = unread
            continue
        fields[edit.path] = new
    return Record(fields, missing)


def _fact_edited(facts: FactSet, edit: Edit) -> FactSet:
    if edit.operation is Operation.FORGET:
        kept = {path: several for path, several in facts.facts.items() if path != edit.path}
        return FactSet(kept, facts.parts, facts.missing)
    known, unread = facts.facts.get(edit.path, ()), facts.missing.get(edit.path, ())
    new = _new(edit, known, unread, Vantage.DECLARED)
    if new is None:
        return facts
    missing = {path: entries for path, entries in facts.missing.items() if path != edit.path}
    return FactSet({**facts.facts, edit.path: (new,)}, facts.parts, missing)


def _new(
    edit: Edit, known: Sequence[Fact], unread: Sequence[Missing], least: Vantage
) -> Fact | None:
    """Return the fact that takes the place of others; None if there is no list to edit."""
    value = edit.value
    if edit.operation is not Operation.SET:
        if not known or not isinstance(known[0].value, tuple):
            return None
        value = _listed(edit, known[0].value)
    vantages = [fact.vantage for fact in known]
    vantages += [entry.vantage for entry in unread if entry.vantage is not None]
    vantage = max(vantages, key=lambda one: one.rank, default=least)
    return Fact(edit.path, value, f"if {edit.because}" if edit.because else "if changed", vantage)


def _listed(edit: Edit, old: tuple[str, ...]) -> tuple[str, ...]:
    named = edit.value if isinstance(edit.value, tuple) else (str(edit.value),)
    if edit.operation is Operation.WITHOUT:
        return tuple(one for one in old if one not in named)
    if edit.operation is Operation.WITHIN:
        return tuple(one for one in old if one in named)
    return (*old, *(one for one in named if one not in old))


def _matches(record: Record, match: Iterable[tuple[str, Value]]) -> bool:
    return all(path in record.facts and record.facts[path].value == value for path, value in match)
