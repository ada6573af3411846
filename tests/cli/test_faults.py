"""Faults of isoaudit's own and of its surroundings: they cost one target, never the run."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from command_line import CLOSED, ROOT, Isoaudit, open_as, open_file_as, open_recording

from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.open import open_compose
from isoaudit.probes.table import Opened
from isoaudit.rules.judge import Judge


class BrokenProbe:
    """Finds two targets; one cannot be collected for a reason nobody thought of."""

    def find(self) -> Sequence[Target]:
        return [Target(f"docker:{n}", Kind.CONTAINER, n, "running", n) for n in ("bad", "good")]

    def collect(self, target: Target) -> FactSet:
        if target.name == "bad":
            raise ZeroDivisionError("of \x1b[2Jcourse")
        return FactSet()


def test_a_probe_that_crashes_costs_its_target(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row that owns up to it; the others are audited."""
    open_as(monkeypatch, "docker", lambda: Opened(BrokenProbe(), "unix:///x"))

    ended = isoaudit("scan", "docker:", "-f", "json", "--fail-on", "never")

    (row,) = ended.report["errors"]
    assert 4 == ended.code
    assert ["docker:good"] == [target["id"] for target in ended.report["targets"]]
    assert ("docker:bad", "collect") == (row["target"], row["stage"])
    assert "a fault of isoaudit's own: ZeroDivisionError" in row["message"]


def test_a_file_probe_that_crashes_costs_its_file(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files are audited."""

    def opener(text: str, shown: str) -> object:
        return BrokenProbe() if shown == "bad.yaml" else open_compose(text, shown)

    open_file_as(monkeypatch, "compose", opener)  # type: ignore[arg-type]
    (here / "bad.yaml").write_text(CLOSED)
    (here / "good.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")

    assert 4 == ended.code
    assert ["docker:bad"] == [row["target"] for row in ended.report["errors"]]
    assert "compose:good.yaml#web" in [target["id"] for target in ended.report["targets"]]


def test_a_judge_that_crashes_costs_its_target(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in judging is a row too."""
    judge = Judge.judge

    def sometimes(self: Judge, context: object) -> object:
        if "bad" in context.target.name:  # type: ignore[attr-defined]
            raise KeyError("web")
        return judge(self, context)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "judge", sometimes)
    (here / "compose.yaml").write_text("services: {bad: {image: a}, good: {image: b}}\n")

    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")

    assert 4 == ended.code
    assert ["good"] == [target["name"] for target in ended.report["targets"]]
    assert ["judge"] == [row["stage"] for row in ended.report["errors"]]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_worker_that_dies_is_one_row(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the kernel kills it for want of memory: the run ends, incomplete."""

    def dying(text: str, shown: str) -> object:
        if shown == "13.yaml":
            os._exit(9)
        return open_compose(text, shown)

    open_file_as(monkeypatch, "compose", dying)  # type: ignore[arg-type]
    for number in range(30):
        (here / f"{number}.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", "-j", "2", "--fail-on", "never")

    (row,) = ended.report["errors"]
    assert 4 == ended.code
    assert "a worker died" in row["message"]


def test_a_discovered_engine_that_fails_leaves_the_run_whole(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asked for it: a row says why, and the code stays 0."""

    def refuse() -> Opened:
        raise TargetError("unix:///x: permission denied", "Run as root.")

    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    monkeypatch.setattr("isoaudit.transports.endpoints._sockets", lambda *_: iter(()))
    monkeypatch.setattr("isoaudit.targets.discover.available_uris", list)
    monkeypatch.setattr("isoaudit.targets.discover.sandboxes", list)
    open_as(monkeypatch, "docker", refuse)

    discovered = isoaudit("scan", "-f", "json", "--fail-on", "never")
    named = isoaudit("scan", "docker:", "-f", "json", "--fail-on", "never")

    assert (0, ["host"]) == (discovered.code, [t["kind"] for t in discovered.report["targets"]])
    assert ["unix:///x: permission denied"] == [e["message"] for e in discovered.report["errors"]]
    assert 4 == named.code


@pytest.fixture
def closed_late() -> Iterator[None]:
    """Let threads that were left behind end, and sockets go that docker's SDK forgot to close."""
    yield
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in left:
        thread.join(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("closed_late")
@pytest.mark.parametrize("kind", ["missing", "regular file", "folder"])
def test_a_socket_that_is_none_is_a_clear_line(isoaudit: Isoaudit, here: Path, kind: str) -> None:
    """What is at the address is no engine; no traceback, no library's words."""
    path = here / "engine.sock"
    if kind == "regular file":
        path.write_text("")
    if kind == "folder":
        path.mkdir()

    ended = isoaudit("scan", f"docker+unix://{path}#web", "-f", "json", "--timeout", "5")

    (row,) = ended.report["errors"]
    assert (4, "connect") == (ended.code, row["stage"])
    assert row["message"].startswith(f"unix://{path}: ")
    assert "HTTPConnection" not in row["message"]
    assert row["how_to_get"]


@pytest.mark.usefixtures("closed_late")
def test_an_engine_that_answers_beside_one_that_does_not(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken target never stops the others."""
    open_recording(monkeypatch, "docker/plain")
    (here / "broken.yaml").write_text("services: [\n")

    ended = isoaudit("scan", "docker:isorec-plain", "broken.yaml", "podman+unix:///no/such#x",
                     "-f", "json", "--fail-on", "never")  # fmt: skip

    assert (4, 2) == (ended.code, len(ended.report["errors"]))
    assert ["docker:isorec-plain"] == [target["id"] for target in ended.report["targets"]]


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[Path, socket.socket]]:
    """Give a UNIX socket that takes connections and never answers."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(16)
        server.settimeout(20)
        yield path, server


@pytest.mark.usefixtures("closed_late")
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_engine_that_never_answers_costs_its_time_and_one_row(
    isoaudit: Isoaudit, here: Path, silent: tuple[Path, socket.socket], engine: str
) -> None:
    """A file beside it is audited, and the row says how long was waited."""
    (here / "compose.yaml").write_text(CLOSED)
    begun = time.monotonic()

    ended = isoaudit("scan", f"{engine}+unix://{silent[0]}#x", "compose.yaml", "--timeout", "1",
                     "-f", "json", "--fail-on", "never")  # fmt: skip

    (row,) = ended.report["errors"]
    assert (4, ["web"]) == (ended.code, [target["name"] for target in ended.report["targets"]])
    assert "1 s" in row["message"] or "in time" in row["message"]
    assert "--timeout" in row["how_to_get"]
    assert time.monotonic() - begun < 5


def _start(*words: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "isoaudit", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_ctrl_c_ends_a_run_that_waits(here: Path, silent: tuple[Path, socket.socket]) -> None:
    """At once, with 130, and without a traceback."""
    path, server = silent
    process = _start("scan", f"docker+unix://{path}#x", "--timeout", "60", folder=here)
    connection, _ = server.accept()

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)

    connection.close()
    assert (130, b"") == (process.returncode, out)
    assert b"Traceback" not in err


@pytest.mark.parametrize("words", [("checks", "list"), ("scan", "compose.yaml", "-f", "json")])
def test_a_reader_that_goes_away_is_no_verdict(here: Path, words: tuple[str, ...]) -> None:
    """As in `isoaudit checks list | head -1`: 141, as of other programs, and no complaint."""
    (here / "compose.yaml").write_text(CLOSED)
    process = _start(*words, folder=here)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    with process.stderr as stderr:
        assert b"" == stderr.read()
    assert 141 == process.wait(10)
