"""The documented layouts of tests/recordings/synthetic/runtimes, as evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.probes.kernel.runtimes import Evidence

FOLDER = Path(__file__).parents[2] / "recordings/synthetic/runtimes"


class Layout(NamedTuple):
    name: str
    source: str
    evidence: Evidence
    expect: dict[str, Any]


def layouts() -> list[Layout]:
    """Return every layout, named by its file and its own name."""
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        for case in json.loads(file.read_text()):
            evidence = dict(case["evidence"])
            evidence["cmdline"] = tuple(evidence["cmdline"])
            evidence["parents"] = tuple((comm, tuple(words)) for comm, words in evidence["parents"])
            name = f"{file.stem}: {case['name']}"
            found.append(Layout(name, case["source"], Evidence(**evidence), case["expect"]))
    return found


def layout(name: str) -> Evidence:
    """Return the evidence of one layout."""
    return next(one.evidence for one in layouts() if one.name == name)
