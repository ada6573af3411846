"""Tapes of the lab's engines: where they lie, and how one answers in place of the engine.

A tape file holds two tapes, `api` (what the engine said) and `files` (what the machine's files
held); the host is read from the same files. See isoaudit.transports.tape for their form.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.command import Run
from support.folder import ROOT

from isoaudit.cli.app import run
from isoaudit.probes import table
from isoaudit.probes.docker.engine import engine_record
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.probes.host import HostProbe
from isoaudit.probes.libvirt import LibvirtProbe
from isoaudit.probes.table import Opened
from isoaudit.transports import EngineApi, Files, LibvirtApi
from isoaudit.transports.tape import Tape, replay

ENGINES = ("docker", "podman", "libvirt")
TAPES = ROOT / "tests" / "recordings" / "lab"
SAMPLE = ROOT / "examples" / "evidence" / "lab.json.gz"
SAMPLED = {
    "docker": ("plain", "hardened", "socket", "privileged"),
    "libvirt": ("legacy", "lean"),
}

Tapes = Mapping[str, Tape]
Opener = Callable[[], Opened]


def tape_file(engine: str) -> Path:
    """Return where the tapes of an engine lie."""
    return TAPES / f"{engine}.json.gz"


@cache
def tapes(engine: str) -> Tapes:
    """Return the tapes of an engine as they were recorded."""
    loaded: Tapes = json.loads(gzip.decompress(tape_file(engine).read_bytes()))
    return loaded


def opened(engine: str, api: Any, files: Files) -> Opened:
    """Return the probe of an engine over any transports, as isoaudit.probes.open does."""
    if engine == "libvirt":
        return Opened(LibvirtProbe(api, files), api.uri, api.local)
    return Opened(
        DockerProbe(api, files), api.endpoint, api.local, lambda: engine_record(api, files)
    )


def replayed(engine: str, on: Tapes) -> Opener:
    """Return what opens an engine from its tapes."""
    like = LibvirtApi if engine == "libvirt" else EngineApi
    return lambda: opened(engine, replay(on["api"], like), replay(on["files"], Files))


def replayed_host(on: Tapes) -> Opener:
    """Return what opens the host that an engine was recorded on."""
    return lambda: Opened(HostProbe(replay(on["files"], Files)))


@contextlib.contextmanager
def in_place(**openers: Opener) -> Iterator[None]:
    """Have these answer wherever isoaudit opens what they are named for: `host`, `docker` …"""
    here = sys.modules[__name__]
    with pytest.MonkeyPatch.context() as patch:
        for scheme, opener in openers.items():
            name = f"_open_{scheme}"
            patch.setattr(here, name, _whatever_is_asked(opener), raising=False)
            patch.setitem(table.LIVE, scheme, f"{__name__}:{name}")
        # The engines of the machine that replays are not those of the recording.
        patch.setattr("isoaudit.targets.discover.find_endpoints", list)
        yield


def _whatever_is_asked(opener: Opener) -> Callable[[str, float], Opened]:
    return lambda _uri, _timeout: opener()


def isoaudit(*words: str) -> tuple[int, str]:
    """Run the command in this process; return its exit code and what it said on stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as said, pytest.raises(SystemExit) as end:
        run(list(words))
    return int(end.value.code or 0), said.getvalue()


def scan(*words: str) -> Run:
    """Run `isoaudit scan WORDS` in this process and return its report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        begun = time.monotonic()
        code, said = isoaudit("scan", *words, "-f", "json", "-o", str(path))
        seconds = time.monotonic() - begun
        assert path.exists(), f"exit {code}, no report:\n{said}"
        return Run(code, json.loads(path.read_text()), said, seconds)


def write_sample() -> None:
    """Collect the sample evidence of examples/ anew from the tapes, by the real command."""
    addresses = [f"{engine}:isolab-{name}" for engine in SAMPLED for name in SAMPLED[engine]]
    openers = {engine: replayed(engine, tapes(engine)) for engine in SAMPLED}
    SAMPLE.parent.mkdir(exist_ok=True)
    with in_place(host=replayed_host(tapes("docker")), **openers):
        code, said = isoaudit("collect", "host", *addresses, "-o", str(SAMPLE))
    assert code == 0, said
