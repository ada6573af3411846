"""Reads an engine's JSON with distrust: null, absent keys and wrong types never become a value."""

from __future__ import annotations

from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.base import Notes

PODMAN_SILENT = "podman's docker-compatible API does not tell"
_NOT_TOLD = "Audit the running container as root, or use an engine that tells."


class Answer:
    """One object of an engine's answer, with the name it is quoted by (`HostConfig`).

    Every getter returns None for what is absent or of another type. A null is Go's zero value:
    false, 0, an empty text or an empty list.
    """

    def __init__(self, data: Any, name: str, engine: str) -> None:
        self._data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.name = name
        self.engine = engine

    def source(self, key: str) -> str:
        """Return what a fact of `key` gives as its source."""
        return f"{self.engine} inspect {self.name}.{key}" if self.name else self.bare(key)

    def bare(self, key: str) -> str:
        """Return the source of a key at the top of the answer."""
        return f"{self.engine} inspect {key}"

    def below(self, key: str) -> Answer:
        """Return the object under `key`, an empty one if there is none."""
        name = f"{self.name}.{key}" if self.name else key
        return Answer(self._data.get(key), name, self.engine)

    def raw(self, key: str) -> Any:
        """Return the value under `key` as it is."""
        return self._data.get(key)

    def has(self, key: str) -> bool:
        """Say whether the answer has the key at all."""
        return key in self._data

    def flag(self, key: str) -> bool | None:
        """Return a truth value."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return False
        return value if isinstance(value, bool) else None

    def number(self, key: str) -> int | None:
        """Return a whole number."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return 0
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, key: str) -> str | None:
        """Return a text."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return ""
        return value if isinstance(value, str) else None

    def names(self, key: str) -> list[str] | None:
        """Return a list of texts; None if anything in it is none."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            return None
        return list(value)

    def objects(self, key: str) -> list[Answer] | None:
        """Return a list of objects; None if anything in it is none."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            return None
        name = f"{self.name}.{key}" if self.name else key
        return [Answer(entry, f"{name}[{i}]", self.engine) for i, entry in enumerate(value)]

    def table(self, key: str) -> dict[str, Any] | None:
        """Return an object as it is."""
        value = self._data.get(key, _ABSENT)
        if value is None:
            return {}
        return value if isinstance(value, dict) else None


_ABSENT = object()


def not_told(notes: Notes, path: str, answer: Answer, key: str) -> None:
    """Note that the engine's answer lacks what `path` needs."""
    detail = f"{answer.source(key)} is not in the engine's answer"
    notes.missing(path, Reason.NOT_SUPPORTED, detail, _NOT_TOLD)


def unreliable(notes: Notes, path: str, detail: str) -> None:
    """Note that the engine's answer has a value that does not mean what it says."""
    notes.missing(path, Reason.NOT_SUPPORTED, detail, _NOT_TOLD)
