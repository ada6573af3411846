"""Reads TOML configuration of engines, whole trees of it, with distrust.

Sources: toml.io 1.0, containers.conf(5) (drop-ins, `append`), crio.conf.d(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.services import absolute
from isoaudit.transports import Files, Unreadable

Table = dict[str, Any]

_MOST_FILES = 100
_LIMIT = 1_048_576


class Settings:
    """Settings of one program out of several files, the later ones over the earlier ones.

    Every getter takes the keys from the top down and returns None for what is not set, or is of
    another type than asked for.
    """

    def __init__(self, files: Iterable[tuple[str, Table]] = ()) -> None:
        self.data: Table = {}
        self.paths: list[str] = []
        self._layers: list[tuple[str, Table]] = []
        for path, data in files:
            self.add(path, data)

    def add(self, path: str, data: Table) -> None:
        """Lay a file's settings over the ones so far."""
        self.paths.append(path)
        self._layers.append((path, data))
        self.data = merged(self.data, data)

    def source(self, *keys: str) -> str:
        """Return the last file that has a setting, or that none has, for a fact's source."""
        dotted = ".".join(keys)
        for path, data in reversed(self._layers):
            if _at(data, keys) is not None:
                return f"{path} {dotted}"
        return f"{', '.join(self.paths) or 'no configuration file'}: no {dotted}, its default"

    def flag(self, *keys: str) -> bool | None:
        """Return a truth value."""
        value = _at(self.data, keys)
        return value if isinstance(value, bool) else None

    def number(self, *keys: str) -> int | None:
        """Return a whole number."""
        value = _at(self.data, keys)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, *keys: str) -> str | None:
        """Return a text."""
        value = _at(self.data, keys)
        return value if isinstance(value, str) else None

    def texts(self, *keys: str) -> list[str] | None:
        """Return the texts of a list."""
        value = _at(self.data, keys)
        return [one for one in value if isinstance(one, str)] if isinstance(value, list) else None

    def table(self, *keys: str) -> Table:
        """Return a table, an empty one if there is none."""
        value = _at(self.data, keys)
        return value if isinstance(value, dict) else {}


def read_toml(files: Files, path: str) -> Table:
    """Return a TOML file's content; raises Unreadable."""
    import tomllib

    absolute(path, "a program")
    text = files.read_text(path, _LIMIT)
    if len(text) >= _LIMIT:
        raise Unreadable(Reason.LIMIT, f"{path} is longer than 1 MiB")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            Reason.PARSE_ERROR, f"{path}: not valid TOML", "Correct the file."
        ) from error


def read_if_there(files: Files, path: str) -> Table | None:
    """Return a TOML file's content, None if it provably is not there; raises Unreadable."""
    try:
        return read_toml(files, path)
    except Unreadable as error:
        if error.absent:
            return None
        raise


def drop_ins(files: Files, folder: str, suffix: str = "") -> list[str]:
    """Return the paths of a folder's files, sorted, none if it is not there; raises Unreadable."""
    try:
        names = files.list_names(folder)
    except Unreadable as error:
        if error.absent:
            return []
        raise
    found = [f"{folder}/{name}" for name in names if name.endswith(suffix)]
    if len(found) > _MOST_FILES:
        raise Unreadable(Reason.LIMIT, f"{folder} has more than {_MOST_FILES} files")
    return found


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Table:
    """Return two tables as one: tables are joined, everything else of `above` stands.

    A list that ends in `{append = true}` goes on where the one below it ends.
    """
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list) and {"append": True} in value:
            result[key] = [*old, *value]
        else:
            result[key] = value
    return result


def _at(data: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
