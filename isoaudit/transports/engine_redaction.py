"""Takes secrets out of what an engine answers: environment, command lines, labels, options.

Sources: Docker Engine API (ContainerInspect, ContainerList, SystemInfo), podman's inspect.
"""

from __future__ import annotations

from typing import Any

from isoaudit.facts.engine_address import VARIABLES, engine_address
from isoaudit.facts.redaction import (
    PLAIN,
    SECRET,
    looks_secret,
    redact_assignment,
    redact_text,
    redact_words,
)

_WORDS = frozenset(
    {"Cmd", "Entrypoint", "Args", "CreateCommand", "Test", "Shell", "OnBuild", "Command"}
    | {"arguments", "runtimeArgs"}  # of an exec session, of a registered runtime
)
_OPTIONS = frozenset({"Labels", "Annotations", "Options", "DriverOpts", "Config", "Opts"})
_OPTION_WORDS = frozenset({"Labels", "Options"})
_OUTPUT = frozenset({"Log"})
_SHORTEST = 7  # `://a:b@`, the shortest text that a known format of secrets matches


def redact_inspect(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of an inspection without environment values or what looks secret."""
    redacted: dict[str, Any] = _redact(answer)
    return redacted


def redact_listed(answer: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of the container list; its command line goes, for it comes unsplit."""
    redacted: dict[str, Any] = _redact({k: v for k, v in answer.items() if k != "Command"})
    if "Command" in answer:
        redacted["Command"] = PLAIN
    return redacted


def redact_engine(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of /info or /version; proxies may carry passwords, labels tokens."""
    redacted: dict[str, Any] = _redact(answer)
    return redacted


def _redact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _redact_entry(key, entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_redact(entry) for entry in value]
    if isinstance(value, str) and len(value) >= _SHORTEST:
        return redact_text(value)
    return value


def _redact_entry(key: str, value: Any) -> Any:
    """Return one value of an object redacted by what its key says it is."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if key == "Env":
        return _environment(_strings(value)) if isinstance(value, list) else _hidden(value)
    if key in _WORDS or (key in _OPTION_WORDS and isinstance(value, list)):
        return redact_words(_strings(value)) if isinstance(value, list) else _hidden(value)
    if key in _OUTPUT:
        return None
    if key in _OPTIONS and isinstance(value, dict):
        return {name: _redact_option(name, entry) for name, entry in value.items()}
    return _redact(value)


def _environment(entries: list[str]) -> list[str]:
    """Return variables without their values; of one that names an engine the address stays."""
    redacted = []
    for entry in entries:
        name, _, value = entry.partition("=")
        address = engine_address(value) if name in VARIABLES else ""
        redacted.append(f"{name}={address}" if address else redact_assignment(entry))
    return redacted


def _redact_option(name: str, value: Any) -> Any:
    """Return one label or driver option; mount options may hold `password=` after a comma."""
    if not isinstance(value, str) or name == "Env" or name in _WORDS:
        return _redact_entry(name, value)
    if looks_secret(name, value):
        return SECRET
    return redact_words([value])[0]


def _strings(values: list[Any]) -> list[str]:
    return [entry for entry in values if isinstance(entry, str)]


def _hidden(value: Any) -> Any:
    """Return null for null, and PLAIN for what is not the list it should be."""
    return None if value is None else PLAIN
