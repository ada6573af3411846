"""Fills facts into the words of a primitive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isoaudit.assess.truth import View
from isoaudit.model import Fact, Missing, Value
from isoaudit.rules.plan import PLACEHOLDER

_SHOWN = 120
_NOT_KNOWN = "not known"


def filled(text: str, view: View, evidence: Iterable[Fact] = ()) -> str:
    """Return a text with the values of facts put in for {fact.path}."""
    if "{" not in text:
        return text
    known = {fact.path: fact.value for fact in evidence}

    def value(match: Any) -> str:
        path = match[1]
        if path in known:
            return shown(known[path])
        seen = view.seen(path)
        return _NOT_KNOWN if isinstance(seen, Missing) else shown(seen.fact.value)

    return PLACEHOLDER.sub(value, text)


def shown(value: Value) -> str:
    """Return a value for people, cut short."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if not text:
        return "none"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
