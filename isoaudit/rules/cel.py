"""The Common Expression Language, behind one door.

Nothing else imports `cel_expr_python`, so another CEL library could take its place. Facts are typed
variables under their dotted paths; parameters are variables under `params.NAME`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from isoaudit.errors import IsoauditError
from isoaudit.facts.spec import FactType
from isoaudit.facts.vocabulary import facts
from isoaudit.model import Value

# Not compiled here: conditions that are kept compiled need neither.
_WORD = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"""
_POSITION = r"<input>:(\d+):(\d+): (.*)"
_INT_MAX = 2**63 - 1


class ConditionError(ValueError):
    """A condition does not compile; `line` and `column` count from 1 inside the condition."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(problem)
        self.line = line
        self.column = column


class Condition(NamedTuple):
    """A compiled condition: its text, the fact paths it reads, and the library's own program."""

    source: str
    reads: tuple[str, ...]
    program: bytes


def compile_condition(source: str, params: Mapping[str, Value]) -> Condition:
    """Compile a condition that must come to true or false.

    Raises ConditionError for a syntax error, an unknown fact or parameter, or a wrong type.
    """
    cel = _library()
    environment = _environment(tuple(sorted((name, _type_of(v)) for name, v in params.items())))
    try:
        expression = environment.compile(source)
    except RuntimeError as error:
        raise _condition_error(str(error)) from error
    if expression.return_type() != cel.Type.BOOL:
        raise ConditionError(
            f"comes to {expression.return_type().name().lower()}, not to true or false"
        )
    return Condition(source, tuple(sorted(_reads(source))), expression.serialize())


class Evaluator:
    """Evaluates compiled conditions; keeps each program loaded after its first use."""

    def __init__(self) -> None:
        self._environment = _library().NewEnv()
        self._bool = _library().Type.BOOL
        self._programs: dict[bytes, Any] = {}

    def evaluate(self, condition: Condition, values: Mapping[str, Any]) -> bool | str:
        """Return true or false, or the library's words for why it came to neither.

        `values` holds CEL values (see `cel_value`) of those variables that are known. An absent
        one is an error in CEL, which `&&` and `||` absorb where the other side decides.
        """
        program = self._programs.get(condition.program)
        if program is None:
            program = self._environment.deserialize(condition.program)
            self._programs[condition.program] = program
        try:
            result = program.eval(data=values)
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            return str(error) or "the condition could not be evaluated"
        value = result.value()
        if result.type() == self._bool:
            return bool(value)
        return str(value)


def cel_value(value: Value) -> Any:
    """Return a fact's value as CEL takes it: tuples as lists, integers clamped to 64 bits."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_INT_MAX - 1, min(_INT_MAX, value))
    return value


def library_stamp() -> str:
    """Return what tells this build of the CEL library from another, for cache keys.

    The installed file stands for the version: reading package metadata costs more than a scan.
    """
    path = _library().__file__
    seen = os.stat(path)
    return f"{path} {seen.st_size} {seen.st_mtime_ns}"


@cache
def _library() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError as error:
        raise IsoauditError(
            "the CEL library (cel-expr-python) is not available for this Python and platform",
            "It has wheels for glibc Linux on x86-64 and aarch64 (none for musl, as on Alpine): "
            "run isoaudit on such a system, or audit from one what `isoaudit collect` wrote.",
        ) from error
    return cel


@cache
def _environment(params: tuple[tuple[str, FactType], ...]) -> Any:
    cel = _library()
    types = {
        FactType.BOOL: cel.Type.BOOL,
        FactType.INT: cel.Type.INT,
        FactType.STRING: cel.Type.STRING,
        FactType.LIST: cel.Type.List(cel.Type.STRING),
    }
    variables = {path: types[spec.type] for path, spec in facts().items()}
    variables |= {f"params.{name}": types[kind] for name, kind in params}
    return cel.NewEnv(variables=variables)


def _type_of(value: Value) -> FactType:
    if isinstance(value, bool):
        return FactType.BOOL
    if isinstance(value, int):
        return FactType.INT
    return FactType.STRING if isinstance(value, str) else FactType.LIST


def _reads(source: str) -> Iterable[str]:
    """Return the vocabulary paths a condition names: the longest match of each dotted word."""
    known = facts()
    found: set[str] = set()
    for match in re.finditer(_WORD, source):
        words = (match[2] or "").split(".")
        for end in range(len(words), 0, -1):
            path = ".".join(words[:end])
            if path in known:
                found.add(path)
                break
    return found


def _condition_error(message: str) -> ConditionError:
    match = re.search(_POSITION, message)
    if match is None:
        return ConditionError(message.splitlines()[0])
    problem = match[3].replace(" (in container '')", "")
    unknown = re.search(r"undeclared reference to '([^']+)'", problem)
    if unknown:
        problem = _unknown_name(unknown[1])
    return ConditionError(problem, int(match[1]), int(match[2]))


def _unknown_name(name: str) -> str:
    if name.startswith("params."):
        return f"no parameter {name!r}: declare it under `params`"
    from difflib import get_close_matches

    close = get_close_matches(name, list(facts()), n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]!r}?" if close else "; `isoaudit explain facts` lists them"
    return f"no fact {name!r}{hint}"
