"""The device cgroup of an OCI bundle: which rules are left once all are applied in their order.

Sources: the OCI runtime specification (config-linux, device whitelist and default devices), runc
(what no rule names is refused; the default devices are allowed at the end).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.probes.oci.bundle import Bundle, flag, number_or, word

ANY = "*"
_ALL_ACCESS = "rwm"
_RUNTIMES = frozenset(
    {("c", "1", "3"), ("c", "1", "5"), ("c", "1", "7"), ("c", "1", "8"), ("c", "1", "9"),
     ("c", "5", "0"), ("c", "5", "1"), ("c", "5", "2"), ("c", "136", ANY)}
)  # fmt: skip
"""What every runtime allows: null, zero, full, random, urandom, tty, console, ptmx and pts."""


_MOST = 256
"""Rules read of one file; an engine writes some twenty."""


class Rule(NamedTuple):
    """One rule that allows something; `kind` is a, b or c, a number `*` any."""

    kind: str
    major: str
    minor: str
    access: str
    node: Node

    @property
    def of_runtime(self) -> bool:
        """Whether every runtime allows as much, or only that nodes are made."""
        return (self.kind, self.major, self.minor) in _RUNTIMES or self.access == "m"

    def covers(self, kind: str, major: int, minor: int) -> bool:
        """Say whether a device is among those that the rule is about."""
        return (
            self.kind in {"a", kind}
            and self.major in {ANY, str(major)}
            and self.minor in {ANY, str(minor)}
        )


def allowed(bundle: Bundle) -> list[Rule]:
    """Return the rules that allow something in the end; raises DocumentError."""
    kept: list[Rule] = []
    entries = bundle.listed("linux", "resources", "devices")
    if len(entries) > _MOST:
        raise entries[_MOST].error(f"more than {_MOST} device rules, not read")
    for entry in entries:
        rule = _rule(entry)
        allow = entry.get("allow")
        if allow is not None and flag(allow):
            kept.append(rule)
        elif rule.kind == "a":
            kept.clear()
        else:
            kept = [left for one in kept if (left := _without(one, rule)) is not None]
    return kept


def allows_all(bundle: Bundle) -> Node | None:
    """Return the rule that opens every device of the host, None if none does."""
    return next((r.node for r in allowed(bundle) if r.kind == "a"), None)


def access_to(rules: Sequence[Rule], kind: str, major: int, minor: int) -> str:
    """Return what the rules allow of a device, in the order r, w, m."""
    letters = {one for rule in rules if rule.covers(kind, major, minor) for one in rule.access}
    return "".join(letter for letter in _ALL_ACCESS if letter in letters)


def _without(rule: Rule, denied: Rule) -> Rule | None:
    """Return what a rule allows after a refusal of the same devices; None for nothing."""
    if rule[:3] != denied[:3]:
        return rule
    access = "".join(letter for letter in rule.access if letter not in denied.access)
    return rule._replace(access=access) if access else None


def _rule(entry: Node) -> Rule:
    kind = word(entry, "type") or "a"
    if kind not in {"a", "b", "c", "u"}:
        raise entry.error("a device rule's type is a, b or c", "See the OCI runtime specification.")
    major, minor = (number_or(entry.get(key), -1) for key in ("major", "minor"))
    # NOTE: with a number, runc and crun take no type for both; all of it is what fails safe.
    return Rule(
        "c" if kind == "u" else kind,
        ANY if major < 0 else str(major),
        ANY if minor < 0 else str(minor),
        word(entry, "access") or _ALL_ACCESS,
        entry,
    )
