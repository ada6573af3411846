"""Reads a seccomp profile: the JSON that docker and podman take, and the OCI runtime's.

Nothing is guessed: an action, operator or shape that is not known is a ProfileError.
Sources: moby profiles/seccomp (seccomp.go, LoadProfile), OCI runtime-spec config-linux (seccomp).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.errors import IsoauditError
from isoaudit.seccomp import actions

MOST_RULES = 4_096
"""Most rules of one profile; the engines' own have some fifty."""

MOST_NAMES = 4_096
"""Most names of calls in one rule."""

ACTIONS = {
    "SCMP_ACT_KILL": actions.KILL_THREAD,
    "SCMP_ACT_KILL_THREAD": actions.KILL_THREAD,
    "SCMP_ACT_KILL_PROCESS": actions.KILL_PROCESS,
    "SCMP_ACT_TRAP": actions.TRAP,
    "SCMP_ACT_ERRNO": actions.ERRNO,
    "SCMP_ACT_TRACE": actions.TRACE,
    "SCMP_ACT_ALLOW": actions.ALLOW,
    "SCMP_ACT_LOG": actions.LOG,
    "SCMP_ACT_NOTIFY": actions.USER_NOTIF,
}
"""The actions of the OCI runtime specification with what the kernel calls them."""

OPERATORS = frozenset(
    {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
     "SCMP_CMP_MASKED_EQ"}
)  # fmt: skip

ARCHITECTURES = frozenset(
    f"SCMP_ARCH_{name}"
    for name in ("X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL",
                 "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC",
                 "PARISC64", "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB", "NATIVE")
)  # fmt: skip

_MOST = 1 << 64
_EPERM = 1


class ProfileError(IsoauditError):
    """A profile that does not say what it means in words that are known here."""


class Comparison(NamedTuple):
    """One comparison of an argument, `args[argument] operator value`.

    With SCMP_CMP_MASKED_EQ `value` is the mask, and `value_two` what the masked argument equals.
    """

    argument: int
    operator: str
    value: int
    value_two: int


class When(NamedTuple):
    """What a rule depends on beside the call: capabilities, architectures, the kernel's version."""

    capabilities: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    kernel: tuple[int, int] | None = None


class Rule(NamedTuple):
    """One rule: the calls it is about, the filter's answer, and when it applies."""

    names: tuple[str, ...]
    answer: int
    comparisons: tuple[Comparison, ...]
    includes: When
    excludes: When


class Profile(NamedTuple):
    """A profile as written. `default_action` keeps its name, `default` is the kernel's number."""

    default_action: str
    default: int
    architectures: tuple[str, ...]
    by_architecture: tuple[tuple[str, tuple[str, ...]], ...]
    rules: tuple[Rule, ...]
    flags: tuple[str, ...]
    listener: str


def read_profile(data: Any) -> Profile:
    """Return the profile that parsed JSON holds; raises ProfileError."""
    if not isinstance(data, Mapping):
        raise ProfileError("a seccomp profile is a JSON object")
    default = _text(data, "defaultAction")
    listed = _list(data, "syscalls")
    if len(listed) > MOST_RULES:
        raise ProfileError(f"more than {MOST_RULES} rules")
    architectures = tuple(_architecture(name) for name in _texts(data, "architectures"))
    mapped = tuple(_mapped(entry) for entry in _list(data, "archMap"))
    if architectures and mapped:
        raise ProfileError("`architectures` and `archMap` exclude each other")
    return Profile(
        default,
        _answer(default, data.get("defaultErrnoRet")),
        architectures,
        mapped,
        tuple(_rule(entry) for entry in listed),
        _texts(data, "flags"),
        _text(data, "listenerPath", ""),
    )


def _answer(action: str, number: Any) -> int:
    known = ACTIONS.get(action)
    if known is None:
        raise ProfileError(f"unknown action {action!r}")
    if known not in {actions.ERRNO, actions.TRACE}:
        return known
    if number is None:
        return known | _EPERM
    return known | _number(number, "errnoRet", 0xFFFF + 1)


def _rule(entry: Any) -> Rule:
    if not isinstance(entry, Mapping):
        raise ProfileError("an entry of `syscalls` is no object")
    names = _texts(entry, "names")
    single = _text(entry, "name", "")
    if single and names:
        raise ProfileError("`name` and `names` exclude each other")
    names = names or ((single,) if single else ())
    if not names:
        raise ProfileError("a rule names no system call")
    if len(names) > MOST_NAMES:
        raise ProfileError(f"a rule with more than {MOST_NAMES} names")
    return Rule(
        names,
        _answer(_text(entry, "action"), entry.get("errnoRet")),
        tuple(_comparison(one) for one in _list(entry, "args")),
        _when(entry.get("includes")),
        _when(entry.get("excludes")),
    )


def _comparison(entry: Any) -> Comparison:
    if not isinstance(entry, Mapping):
        raise ProfileError("an entry of `args` is no object")
    operator = _text(entry, "op")
    if operator not in OPERATORS:
        raise ProfileError(f"unknown operator {operator!r}")
    return Comparison(
        _number(entry.get("index"), "index", 6),
        operator,
        _number(entry.get("value"), "value", _MOST),
        _number(entry.get("valueTwo", 0), "valueTwo", _MOST),
    )


def _when(entry: Any) -> When:
    if entry is None:
        return When()
    if not isinstance(entry, Mapping):
        raise ProfileError("`includes` and `excludes` are objects")
    unknown = set(entry) - {"caps", "arches", "minKernel"}
    if unknown:
        raise ProfileError(f"unknown condition {sorted(unknown)[0]!r}")
    return When(_texts(entry, "caps"), _texts(entry, "arches"), _kernel(entry.get("minKernel")))


def _kernel(value: Any) -> tuple[int, int] | None:
    if value is None or value == "":
        return None
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise ProfileError(f"minKernel {value!r} is no version of two numbers")
    return int(parts[0]), int(parts[1])


def _mapped(entry: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(entry, Mapping):
        raise ProfileError("an entry of `archMap` is no object")
    others = tuple(_architecture(name) for name in _texts(entry, "subArchitectures"))
    return _architecture(_text(entry, "architecture")), others


def _architecture(name: str) -> str:
    if name not in ARCHITECTURES:
        raise ProfileError(f"unknown architecture {name!r}")
    return name


def _text(data: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = data.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ProfileError(f"`{key}` is no text")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ProfileError(f"`{key}` is no list")
    return value


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _list(data, key)
    if not all(isinstance(value, str) for value in values):
        raise ProfileError(f"`{key}` holds more than texts")
    return tuple(values)


def _number(value: Any, key: str, below: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise ProfileError(f"`{key}` is no whole number below {below}")
    return value
