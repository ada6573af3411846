"""A child of the benchmark `assessment`: reads targets, then does one kind of work on them, once.

`judge_bundle.py nothing|checks|ways PATH...`: what surrounds the work is the same for all three.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from isoaudit.assess import load_assessor
from isoaudit.audit.files import file_units, read_unit
from isoaudit.audit.judging import Around, context_of
from isoaudit.bundle import Bundle, Evidence
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.context import Context
from isoaudit.rules.judge import Judge
from isoaudit.rules.select import select
from isoaudit.targets.address import parse


def main() -> None:
    """Read every target, then judge it by all checks, assess it, or leave it."""
    work, *paths = sys.argv[1:]
    contexts = list(_contexts(paths))
    judge = Judge(select(("default",), load_catalogue()).checks)
    assessor = load_assessor()
    for context in contexts:
        if work == "checks":
            judge.judge(context)
        elif work == "ways":
            assessor.assess(context)


def _contexts(paths: list[str]) -> Iterator[Context]:
    units, _ = file_units([parse(path) for path in paths], None)
    for unit in units:
        for entry in read_unit(unit):
            if isinstance(entry, Bundle):
                around = Around(entry.host, entry.engines)
                yield from (context_of(target, around) for target in entry.targets)
            elif isinstance(entry, Evidence):
                yield context_of(entry, Around())


if __name__ == "__main__":
    main()
