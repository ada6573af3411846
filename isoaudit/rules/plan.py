"""What can be known of a check before any target is, worked out once."""

from __future__ import annotations

from isoaudit.facts.vocabulary import root
from isoaudit.regex import regex
from isoaudit.rules.cel import cel_value
from isoaudit.rules.check import Check

PLACEHOLDER = regex(r"\{([a-z][\w.]*)\}")
PID = "process.pid"


class Plan:
    """A check as the judge takes it.

    `reads` holds every path its conditions name, and whether it is a field of the judged records.
    Fields come first, and before other paths those that the check must pass by: they say what is
    wrong, and where; `fields` are these alone. `outside` holds what it
    reads that is no field: targets that agree in the records and in these are judged alike, unless
    it reads pids.
    """

    __slots__ = ("check", "fields", "outside", "params", "reads", "reads_pids", "severity")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.severity = check.severity
        self.params = {f"params.{name}": cel_value(v) for name, v in check.params.items()}
        reads = [
            (path, bool(check.each) and root(path) == check.each) for path in _all_reads(check)
        ]
        wrong = check.passes.reads
        self.reads = tuple(
            sorted(reads, key=lambda read: (not read[1], read[0] not in wrong, read[0]))
        )
        self.fields = tuple(path for path, is_field in self.reads if is_field)
        said = [n for n in PLACEHOLDER.findall(check.message) if root(n) != "params"]
        paths = {path for path, _ in reads} | set(said)
        self.outside = tuple(sorted(path for path in paths if root(path) != check.each))
        self.reads_pids = PID in paths


def _all_reads(check: Check) -> tuple[str, ...]:
    paths = set(check.reads)
    for level in check.levels:
        paths |= set(level.when.reads if level.when else ())
    return tuple(sorted(paths))
