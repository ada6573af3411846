"""Holds a document that was read to the shape it must have, with the place of what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoaudit.errors import UsageError

REMEDY = "Give a file that isoaudit wrote with -f json, unchanged."


class Every:
    """A map with any keys, whose values all have one shape."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class Nullable:
    """A value that may be null."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class Optional:
    """The value of a key that may be absent."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


def require(value: Any, shape: Any, where: str = "") -> None:
    """Raise UsageError unless `value` has `shape`.

    A shape is a type, a tuple of types and lists to choose from, `[shape]` for a list,
    `{key: shape}` for a map with at least these keys, or one of the classes above. Further keys
    are let through: later versions add some.
    """
    if isinstance(shape, Optional):
        require(value, shape.shape, where)
    elif isinstance(shape, Nullable):
        if value is not None:
            require(value, shape.shape, where)
    elif isinstance(shape, list):
        for index, one in enumerate(_as(list, value, where)):
            require(one, shape[0], f"{where}[{index}]")
    elif isinstance(shape, Every):
        for key, one in _as(dict, value, where).items():
            require(one, shape.shape, f"{where}.{key}")
    elif isinstance(shape, dict):
        _require_keys(_as(dict, value, where), shape, where)
    elif isinstance(shape, tuple):
        _require_one(value, shape, where)
    else:
        _as(shape, value, where)


def _require_keys(value: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> None:
    for key, one in shape.items():
        if key in value:
            require(value[key], one, f"{where}.{key}" if where else key)
        elif not isinstance(one, Optional):
            raise UsageError(f"not a report of isoaudit: {where or 'it'} has no {key!r}", REMEDY)


def _require_one(value: Any, shapes: tuple[Any, ...], where: str) -> None:
    for shape in shapes:
        if _is(shape, value):
            return require(value, shape, where)
    wanted = " or ".join(dict.fromkeys(map(_name, shapes)))
    raise UsageError(f"not a report of isoaudit: {where or 'it'} is no {wanted}", REMEDY)


def _as(kind: type, value: Any, where: str) -> Any:
    if not _is(kind, value):
        raise UsageError(f"not a report of isoaudit: {where or 'it'} is no {_name(kind)}", REMEDY)
    return value


def _is(kind: Any, value: Any) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list)
    # NOTE: a bool is an int to Python; no count, line or second of ours is true.
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def _name(kind: Any) -> str:
    return "list" if isinstance(kind, list) else _NAMES[kind]


_NAMES = {str: "text", int: "number", float: "number", bool: "truth value", list: "list",
          dict: "map"}  # fmt: skip
