"""Reads values back from JSON that a stranger may have written; each raises ValueError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(data: Mapping[str, Any], key: str) -> str:
    """Return the text under a key."""
    value = data[key]
    if isinstance(value, str):
        return value
    raise ValueError(f"{key} is no text")


def number_or_none(data: Mapping[str, Any], key: str) -> int | None:
    """Return the whole number under a key, or None for null."""
    value = data[key]
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{key} is no whole number")


def flag(data: Mapping[str, Any], key: str) -> bool:
    """Return the boolean under a key."""
    value = data[key]
    if isinstance(value, bool):
        return value
    raise ValueError(f"{key} is neither true nor false")


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the list of texts under a key."""
    value = data[key]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError(f"{key} is no list of texts")
