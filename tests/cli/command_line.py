"""Runs the command line in this process, over files and recordings made for one test."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isoaudit.cli.app import run
from isoaudit.documents.beside import Beside
from isoaudit.model import Record
from isoaudit.probes import table
from isoaudit.probes.base import Probe
from isoaudit.probes.docker.engine import engine_record
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.probes.table import Opened
from isoaudit.transports import EngineApi, Files
from isoaudit.transports.tape import replay

ROOT = Path(__file__).resolve().parents[2]

CLOSED = "services: {web: {image: web}}\n"
"""Holds the house check ACME-001."""

OPEN = "services: {web: {image: web, privileged: true}}\n"
"""Breaks it."""

UNDECIDED = "services: {web: {image: web, privileged: '${PRIVILEGED}'}}\n"
"""Leaves it undecided."""

CHECK = """
id: ACME-001
title: No container is privileged
severity: {severity}
applies_to: [container]
pass: '!container.privileged'
message: it is privileged
rationale: A privileged container is hardly one at all.
remediation: {{compose: "Remove `privileged`."}}
references: {{acme_rules: ["1.1"]}}
examples:
  - {{name: confined, facts: {{container.privileged: false}}, expect: pass}}
  - {{name: privileged, facts: {{container.privileged: true}}, expect: fail}}
  - {{name: not read, facts: {{}}, expect: unknown}}
"""

PROFILE = """
id: house
title: The house's one check
description: What the tests judge by, whatever the catalogue holds.
include: {ids: [ACME-*]}
gate: {fail_on: critical}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The report document on stdout, which must be the only thing there."""
        document: dict[str, Any] = json.loads(self.out)
        return document


Isoaudit = Callable[..., Ended]
House = Callable[..., list[str]]


def call(capsys: pytest.CaptureFixture[str], *words: str, stdin: bytes | None = None) -> Ended:
    """Run isoaudit as its entry point does."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin or b"")))
        run(list(words))
    out, err = capsys.readouterr()
    return Ended(int(end.value.code or 0), out, err)


def move_in(folder: Path, severity: str, profile: str) -> list[str]:
    """Write a check and a profile of one's own; return the options that judge by them alone.

    Equal ones stand in the same place, so that compiled checks are found in the cache.
    """
    checks = folder / severity
    checks.mkdir(exist_ok=True)
    (checks / "ACME-001.yaml").write_text(CHECK.format(severity=severity))
    chosen = folder / f"{hash(profile)}.yaml"
    chosen.write_text(profile)
    return ["--checks", str(checks), "-p", str(chosen)]


def open_as(monkeypatch: pytest.MonkeyPatch, scheme: str, opened: Callable[[], Opened]) -> None:
    """Have `opened` answer wherever `scheme` is asked for."""
    monkeypatch.setattr(sys.modules[__name__], f"_open_{scheme}", lambda _uri, _timeout: opened(),
                        raising=False)  # fmt: skip
    monkeypatch.setitem(table.LIVE, scheme, f"{__name__}:_open_{scheme}")


def open_file_as(
    monkeypatch: pytest.MonkeyPatch, dialect: str, opener: Callable[[str, str], Probe]
) -> None:
    """Have `opener` read the files of a dialect, by their text and name alone."""

    def read(text: str, shown: str, *_beside: Beside) -> Probe:
        return opener(text, shown)

    monkeypatch.setattr(sys.modules[__name__], f"_read_{dialect}", read, raising=False)
    monkeypatch.setitem(table.FILES, dialect, f"{__name__}:_read_{dialect}")


def open_recording(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have the engine of a recording such as `docker/plain` answer instead of a real one."""
    tapes = json.loads((ROOT / "tests" / "recordings" / f"{name}.json").read_text())

    def opened() -> Opened:
        api = replay(tapes["api"], EngineApi)
        files = replay(tapes["files"], Files)

        def about() -> Record:
            return engine_record(api, files)

        return Opened(DockerProbe(api, files), api.endpoint, api.local, about)

    open_as(monkeypatch, name.partition("/")[0], opened)
