"""`--simulate`: what a target would come to if an option of its engine, or a fact, were another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from isoaudit.advise.applicable import Applied, applicable, narrowed
from isoaudit.advise.changes import load_changes
from isoaudit.assess import Assessor
from isoaudit.assess.edited import Edit, Operation, edited_context
from isoaudit.errors import UsageError
from isoaudit.facts.vocabulary import facts
from isoaudit.model import Assessment, Kind, Missing, Value
from isoaudit.rules.context import Context

_LISTS = tuple(
    f"process.capabilities.{one}"
    for one in ("effective", "permitted", "bounding", "inheritable", "ambient")
)
_NAMESPACES = {"pid": "pid", "ipc": "ipc", "network": "net", "network_mode": "net", "uts": "uts",
               "cgroup": "cgroup"}  # fmt: skip
_LIMITS = {"pids_limit": "pids", "mem_limit": "memory", "cpus": "cpu"}
_YES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_UNLIMITED = frozenset({"-1", "0", ""})


class Simulated(NamedTuple):
    """A target before and after what was asked for; `idle` are the words that change nothing."""

    words: tuple[str, ...]
    before: Assessment
    after: Assessment
    idle: tuple[str, ...]


def simulate(
    context: Context, before: Assessment, assessor: Assessor, words: Sequence[str]
) -> Simulated:
    """Return what a target comes to if options and facts were as some words say, one by one.

    Raises UsageError for a word that names no option and no fact, or a value that it cannot have.
    """
    idle: list[str] = []
    for word in words:
        edits = edits_of(context, assessor, word)
        if not edits:
            idle.append(word)
        context = edited_context(context, edits)
    after = assessor.assess(context)
    return Simulated(tuple(words), before, before if after is None else after, tuple(idle))


def edits_of(context: Context, assessor: Assessor, word: str) -> tuple[Edit, ...]:
    """Return the edits that one word asks for; raises UsageError for one that asks for none."""
    name, sign, value = word.partition("=")
    name, value = name.strip(), value.strip()
    if not sign or not name:
        raise UsageError(f"{word!r} sets nothing", 'Say it as NAME=VALUE: "cap_drop=ALL".')
    if name in facts():
        found: Sequence[Edit] = [Edit(Operation.SET, name, _value(name, value))]
    elif context.target.kind is Kind.CONTAINER and name in _OPTIONS:
        found = _OPTIONS[name](_Asked(context, assessor, name, value))
    else:
        raise UsageError(f"no option and no fact is called {name!r}", _meant(name, context))
    return tuple(edit._replace(because=word) for edit in found)


class _Asked(NamedTuple):
    """One option with its value, and the target that it is tried on."""

    context: Context
    assessor: Assessor
    name: str
    value: str

    def changes(self, name: str) -> list[Applied]:
        found = applicable(self.context, self.assessor.truths)
        return [one for one in found if one.change.id == name]

    def edits(self, name: str) -> list[Edit]:
        return [edit for one in self.changes(name) for edit in one.edits]

    def flag(self) -> bool:
        """Return the value as yes or no."""
        if self.value.lower() not in _YES:
            raise UsageError(f"{self.name} is never {self.value!r}", "It is true or false.")
        return _YES[self.value.lower()]

    def one_of(self, *words: str) -> str:
        if self.value not in words:
            raise UsageError(f"{self.name} is never {self.value!r} here",
                             f"It is one of: {', '.join(words)}.")  # fmt: skip
        return self.value


def _cap_drop(asked: _Asked) -> list[Edit]:
    if asked.value.upper() == "ALL":
        found = [Edit(Operation.SET, path, ()) for path in _LISTS]
    else:
        gone = _capabilities(asked.value)
        found = [Edit(Operation.WITHOUT, path, gone) for path in _LISTS]
    return [*found, *narrowed(asked.context, asked.assessor.truths, found)]


def _cap_add(asked: _Asked) -> list[Edit]:
    more = _capabilities(asked.value)
    return [Edit(Operation.ADD, path, more) for path in _LISTS[:3]]


def _capabilities(text: str) -> tuple[str, ...]:
    known = load_changes(Kind.CONTAINER).capabilities
    names = [name.strip().upper().removeprefix("CAP_") for name in text.split(",")]
    for name in names:
        if f"CAP_{name}" not in known:
            close = get_close_matches(f"CAP_{name}", known, n=1)
            hint = f"Did you mean {close[0]}?" if close else "capabilities(7) names them."
            raise UsageError(f"no capability is called {name!r}", hint)
    return tuple(f"CAP_{name}" for name in names)


def _user(asked: _Asked) -> list[Edit]:
    name = asked.value.partition(":")[0]
    if name in {"0", "root"}:
        return [Edit(Operation.SET, "process.uid", 0),
                Edit(Operation.SET, "process.root_permitted", True)]  # fmt: skip
    found = asked.edits("non-root")
    if not name.isdecimal():
        return found
    return [e._replace(value=int(name)) if e.path == "process.uid" else e for e in found]


def _privileged(asked: _Asked) -> list[Edit]:
    if asked.flag():
        raise UsageError(
            "privileged=true opens everything: it is not simulated",
            "Simulate what it gives: cap_add=SYS_ADMIN, security_opt=seccomp=unconfined.",
        )
    return asked.edits("not-privileged")


def _security_opt(asked: _Asked) -> list[Edit]:
    kind, _, value = asked.value.replace(":", "=", 1).partition("=")
    if kind == "no-new-privileges":
        return [Edit(Operation.SET, "process.no_new_privileges", value.lower() != "false")]
    if (kind, value) == ("seccomp", "unconfined"):
        return [Edit(Operation.SET, "container.seccomp.profile", "unconfined"),
                Edit(Operation.SET, "process.seccomp.mode", "disabled")]  # fmt: skip
    if (kind, value) == ("apparmor", "unconfined"):
        return [Edit(Operation.SET, "container.apparmor.profile", "unconfined"),
                Edit(Operation.SET, "process.lsm.label", "unconfined"),
                Edit(Operation.SET, "process.apparmor.confined", False)]  # fmt: skip
    if value in {"default", "builtin", "docker-default"} and kind in {"seccomp", "apparmor"}:
        return asked.edits(f"{kind}-default")
    raise UsageError(
        f"security_opt {asked.value!r} is not simulated",
        "There are: no-new-privileges, seccomp=unconfined, seccomp=default, apparmor=unconfined, "
        "apparmor=default.",
    )


def _namespace(asked: _Asked) -> list[Edit]:
    name = _NAMESPACES[asked.name]
    value = "private" if asked.value == "none" and name == "net" else asked.value
    path = f"process.namespaces.{name}"
    value = asked._replace(value=value).one_of("host", "private")
    shared = ("neighbour.through", name)  # nobody is in one of its own, nor in the host's by name
    return [Edit(Operation.SET, path, value), Edit(Operation.DROP, "neighbour", match=(shared,))]


def _userns(asked: _Asked) -> list[Edit]:
    value = asked.one_of("host", "private")
    return [Edit(Operation.SET, "process.user_namespace", value),
            Edit(Operation.SET, "process.user_namespace_maps_root", value == "host")]  # fmt: skip


def _limit(asked: _Asked) -> list[Edit]:
    path = f"container.limits.{_LIMITS[asked.name]}.set"
    return [Edit(Operation.SET, path, asked.value not in _UNLIMITED)]


def _read_only(asked: _Asked) -> list[Edit]:
    return [Edit(Operation.SET, "container.rootfs.read_only", asked.flag())]


def _without(change: str, *fields: str) -> Callable[[_Asked], list[Edit]]:
    """Return what takes out a record that is named by one of its fields, or by several."""

    def edits(asked: _Asked) -> list[Edit]:
        part = fields[0].partition(".")[0]
        found = asked.context.part(part)
        records = () if isinstance(found, Missing) else found.part.records
        named = [
            record
            for record in records
            if any(f in record.facts and record.facts[f].value == asked.value for f in fields)
        ]
        if not named:
            there = [str(r.facts[f].value) for r in records for f in fields[:1] if f in r.facts]
            raise UsageError(f"no {part} there is {asked.value!r}",
                             f"There are: {', '.join(there[:12]) or 'none'}.")  # fmt: skip
        keys = {f"{change}:{record.facts[fields[0]].value}" for record in named}
        return [e for one in asked.changes(change) if one.key in keys for e in one.edits]

    return edits


_OPTIONS: dict[str, Callable[[_Asked], list[Edit]]] = {
    "cap_drop": _cap_drop,
    "cap_add": _cap_add,
    "user": _user,
    "privileged": _privileged,
    "read_only": _read_only,
    "security_opt": _security_opt,
    "userns": _userns,
    "userns_mode": _userns,
    **dict.fromkeys(_NAMESPACES, _namespace),
    **dict.fromkeys(_LIMITS, _limit),
    "device-": _without("remove-device", "device.path", "device.destination"),
    "devices-": _without("remove-device", "device.path", "device.destination"),
    "volume-": _without("remove-mount", "mount.destination", "mount.source"),
    "volumes-": _without("remove-mount", "mount.destination", "mount.source"),
}


def _value(path: str, text: str) -> Value:
    """Return a value of a fact's type; raises UsageError if it is none."""
    spec = facts()[path]
    kind = str(spec.type)
    if kind == "bool" and text.lower() in _YES:
        return _YES[text.lower()]
    if kind == "int" and text.lstrip("-").isdecimal():
        return int(text)
    if kind == "string":
        return text
    if kind.startswith("list"):
        return tuple(one.strip() for one in text.strip("[]").split(",") if one.strip())
    wanted = "true or false" if kind == "bool" else "a whole number"
    raise UsageError(f"{path} is never {text!r}", f"It is {wanted}.")


def _meant(name: str, context: Context) -> str:
    options = tuple(_OPTIONS) if context.target.kind is Kind.CONTAINER else ()
    close = get_close_matches(name, (*options, *facts()), n=1)
    if close:
        return f"Did you mean {close[0]}?"
    shown = ", ".join(options) if options else "facts, as isoaudit explain facts lists them"
    return f"There are: {shown}."
