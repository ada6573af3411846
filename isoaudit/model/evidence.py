"""Evidence: one observed value, or the reason why there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from isoaudit.model import reading
from isoaudit.model.words import Reason, Vantage

Value = bool | int | str | tuple[str, ...]
"""What a fact may hold. Lists are tuples, so that every value is frozen and can be a key."""


class Location(NamedTuple):
    """A place in a file, counted from 1; `line` and `column` are None for a file as a whole."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)

    def to_json(self) -> dict[str, Any]:
        """Return the location as the report document holds it."""
        return {"file": self.file, "line": self.line, "column": self.column}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Location:
        """Rebuild a location from `to_json`."""
        return Location(
            reading.text(data, "file"),
            reading.number_or_none(data, "line"),
            reading.number_or_none(data, "column"),
        )


class Fact(NamedTuple):
    """One value of one vocabulary path, with what was read and from where."""

    path: str
    value: Value
    source: str
    vantage: Vantage
    location: Location | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fact without its path, which is the key it stands under."""
        data: dict[str, Any] = {
            "value": list(self.value) if isinstance(self.value, tuple) else self.value,
            "source": self.source,
            "vantage": self.vantage.value,
        }
        if self.location is not None:
            data["location"] = self.location.to_json()
        return data

    @staticmethod
    def from_json(path: str, data: dict[str, Any]) -> Fact:
        """Rebuild a fact from its path and `to_json`."""
        value = data["value"]
        if not isinstance(value, bool | int | str):
            value = reading.texts(data, "value")
        location = data.get("location")
        return Fact(
            path,
            value,
            reading.text(data, "source"),
            Vantage(data["vantage"]),
            Location.from_json(location) if location else None,
        )


class Missing(NamedTuple):
    """A path, a part or a whole branch of paths that was not read, why, and what would settle it.

    `vantage` is the vantage that exists for it and stayed dark: where it outranks the value that
    was read, that value may make a check fail and cannot make it pass.
    """

    path: str
    reason: Reason
    detail: str = ""
    how_to_get: str = ""
    vantage: Vantage | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the report document holds it."""
        return {
            "path": self.path,
            "reason": self.reason.value,
            "detail": self.detail,
            "how_to_get": self.how_to_get,
            "vantage": self.vantage.value if self.vantage else None,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Missing:
        """Rebuild an entry from `to_json`."""
        vantage = data.get("vantage")
        return Missing(
            reading.text(data, "path"),
            Reason(data["reason"]),
            reading.text(data, "detail"),
            reading.text(data, "how_to_get"),
            Vantage(vantage) if vantage else None,
        )
