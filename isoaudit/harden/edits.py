"""Edits of what a YAML or JSON file declares, on the values themselves.

What comes in through a merge key or an alias belongs to others as well: it is copied before it is
changed, so that an edit changes the one target it is meant for.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from isoaudit.rules.fixes import ADD, DELETE, REMOVE, SET, Edit

_FIRST = ("image", "name", "build")
"""Keys that people expect at the top; what is new goes below them."""


class Effect(Enum):
    """What an edit does to a file: nothing, adds what was not said, or takes what was said away."""

    NOTHING = 0
    ADDS = 1
    TAKES_AWAY = 2


def effect(owner: Mapping[str, Any], edit: Edit) -> Effect:
    """Return what an edit would do to a mapping."""
    parent, key = _reach(owner, edit.path)
    said = parent.get(key) if parent is not None else None
    if edit.operation == SET:
        if said is None:
            return Effect.ADDS
        return Effect.NOTHING if said == edit.value else Effect.TAKES_AWAY
    if edit.operation == ADD:
        return Effect.NOTHING if edit.value in _listed(said) else Effect.ADDS
    if edit.operation == REMOVE:
        hits = any(_is(one, edit.value) for one in _listed(said))
        return Effect.TAKES_AWAY if hits else Effect.NOTHING
    return Effect.NOTHING if parent is None or key not in parent else Effect.TAKES_AWAY


def apply(owner: MutableMapping[str, Any], edit: Edit) -> None:
    """Make an edit on a mapping, creating what is on the way to it."""
    if effect(owner, edit) is Effect.NOTHING:
        return
    *way, key = edit.path.split(".")
    for step in way:
        owner = own_map(owner, step)
    if edit.operation == SET:
        _put(owner, key, edit.value)
    elif edit.operation == ADD:
        _add(_own_list(owner, key), edit.value)
    elif edit.operation == REMOVE:
        several = _own_list(owner, key)
        for index in reversed(range(len(several))):
            if _is(several[index], edit.value):
                del several[index]
        if not several:
            del owner[key]
    elif edit.operation == DELETE:
        del owner[key]


def _reach(owner: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the mapping that holds the last key of a path, None if it is not there."""
    *way, key = path.split(".")
    for step in way:
        below = owner.get(step)
        if not isinstance(below, Mapping):
            return None, key
        owner = below
    return owner, key


def _listed(said: Any) -> list[Any]:
    """Return a value as a list: one that stands alone is a list of one."""
    if said is None:
        return []
    return list(said) if isinstance(said, MutableSequence) else [said]


def _is(element: Any, pattern: str) -> bool:
    """Say whether an element is meant: by the name of a capability, or by a pattern."""
    if not isinstance(element, str):
        return False
    word = element.strip()
    if word.upper().removeprefix("CAP_") == pattern.upper().removeprefix("CAP_"):
        return True
    return fnmatchcase(word.replace("=", ":", 1).replace(" ", ""), pattern)


def own_map(owner: MutableMapping[str, Any], key: str) -> MutableMapping[str, Any]:
    """Return the mapping below a key, made or made its own where it is not."""
    below = owner.get(key)
    if not isinstance(below, MutableMapping):
        below = type(owner)()
    elif _is_shared(owner, key, below):
        below = _unshared(below)
    else:
        return below
    _put(owner, key, below)
    return below


def _own_list(owner: MutableMapping[str, Any], key: str) -> MutableSequence[Any]:
    """Return the list below a key, made or made its own where it is not."""
    said = owner.get(key)
    if isinstance(said, MutableSequence) and not _is_shared(owner, key, said):
        return said
    several: MutableSequence[Any]
    several = _unshared(said) if isinstance(said, MutableSequence) else _listed(said)
    _put(owner, key, several)
    return several


def _add(several: MutableSequence[Any], value: Any) -> None:
    """Add an element at the end, or at the front where a comment follows the last one: it may be
    about what comes after the list."""
    notes = getattr(several, "ca", None)
    followed = notes is not None and len(several) - 1 in notes.items
    several.insert(0 if followed else len(several), value)


def _is_shared(owner: MutableMapping[str, Any], key: str, below: Any) -> bool:
    """Say whether a value has an anchor, or came in through a merge key."""
    anchor = getattr(below, "anchor", None)
    if anchor is not None and getattr(anchor, "value", None):
        return True
    own = getattr(owner, "_ok", None)
    return own is not None and key not in own


def _unshared(value: Any) -> Any:
    copied = copy.deepcopy(value)
    if getattr(copied, "anchor", None) is not None:
        copied.yaml_set_anchor(None)
    return copied


def _put(owner: MutableMapping[str, Any], key: str, value: Any) -> None:
    """Set a key: in its place if it stands there, else below those that come first.

    Not at the end, where the blank line and the comment before the next section would be above it.
    """
    own = getattr(owner, "_ok", owner)
    insert = getattr(owner, "insert", None)
    if key in own or insert is None:
        owner[key] = value
        return
    place = 0
    for index, name in enumerate(own_keys(owner)):
        if name in _FIRST and not isinstance(owner[name], MutableMapping | MutableSequence):
            place = index + 1
            break
    insert(place, key, value)


def own_keys(owner: Mapping[str, Any]) -> list[str]:
    """Return the keys that a mapping has itself, in their order."""
    own = getattr(owner, "_ok", None)
    return [key for key in owner if own is None or key in own]
