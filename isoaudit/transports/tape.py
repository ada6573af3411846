"""Records what a transport answered, and plays it back without the machine it came from.

A tape is JSON: for every call its method and arguments, and the answer or the error. Transports
redact before they answer, so a tape holds no secret. Tests replay tapes of real engines.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable

_Transport = TypeVar("_Transport")

Tape = dict[str, Any]
"""`{"attributes": {name: value}, "calls": {key: {"answer": …} or {"error": …}}}`"""


def record(transport: _Transport, tape: Tape, attributes: tuple[str, ...] = ()) -> _Transport:
    """Return a transport that answers as `transport` does and writes every answer to `tape`."""
    tape["attributes"] = {name: getattr(transport, name) for name in attributes}
    tape.setdefault("calls", {})
    return cast("_Transport", _Recorder(transport, tape))


def replay(tape: Tape, _like: type[_Transport]) -> _Transport:
    """Return a transport that answers from `tape`; what was never asked is `not_supported`."""
    return cast("_Transport", _Player(tape))


class _Recorder:
    def __init__(self, transport: Any, tape: Tape) -> None:
        self._transport = transport
        self._tape = tape

    def __getattr__(self, name: str) -> Any:
        if name in self._tape["attributes"]:
            return self._tape["attributes"][name]

        def call(*args: Any, **kwargs: Any) -> Any:
            key = _key(name, args, kwargs)
            try:
                answer = getattr(self._transport, name)(*args, **kwargs)
            except Unreadable as error:
                self._tape["calls"][key] = {
                    "error": [error.reason.value, error.cause, error.remedy, error.absent]
                }
                raise
            self._tape["calls"][key] = {"answer": answer}
            return answer

        return call


class _Player:
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __getattr__(self, name: str) -> Any:
        if name in self._tape["attributes"]:
            return self._tape["attributes"][name]

        def call(*args: Any, **kwargs: Any) -> Any:
            key = _key(name, args, kwargs)
            entry = self._tape["calls"].get(key)
            if entry is None:
                raise Unreadable(Reason.NOT_SUPPORTED, f"not on the recording: {key}")
            if "error" in entry:
                reason, cause, remedy, absent = entry["error"]
                raise Unreadable(Reason(reason), cause, remedy, absent=absent)
            return entry["answer"]

        return call


def _key(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return json.dumps([name, *args, *(kwargs[key] for key in sorted(kwargs))])
