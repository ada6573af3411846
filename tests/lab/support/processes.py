"""Processes of the lab: started so that they end with it, and ended by pid.

An engine gets SIGTERM from the kernel when the test process dies (`setpriv --pdeathsig`, prctl(2)),
so that a crash of the tests leaves no engine behind; what still stands is swept at the next start
(support.folder).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


class LabError(Exception):
    """The lab cannot be built here: an engine is absent or does not start."""


PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"  # daemons live in sbin


def require(*tools: str) -> None:
    """Raise LabError unless the lab may start engines and each of the tools is here."""
    if os.geteuid() != 0:
        raise LabError("the lab starts engines, which takes root")
    absent = [tool for tool in tools if shutil.which(tool, path=PATH) is None]
    if absent:
        raise LabError(f"not installed: {', '.join(absent)} (sh tools/test-setup.sh)")


def run(*argv: str, timeout: float = 60) -> str:
    """Run a command to its end and return its output; LabError holds what it complained about."""
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=timeout, check=False, env=_environment()
        )
    except FileNotFoundError as gone:
        raise LabError(f"not installed: {argv[0]} (sh tools/test-setup.sh)") from gone
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{' '.join(argv)}: no end after {timeout} s") from late
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise LabError(f"{' '.join(argv)}: {said[-800:]}")
    return done.stdout.decode(errors="replace").strip()


def start(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a long-running process that dies with this one; its output goes to `log`."""
    with log.open("ab") as sink:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *argv],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment(),
        )


def launch(argv: Sequence[str], log: Path) -> None:
    """Run a command that leaves a process behind, which keeps its output open: it goes to `log`."""
    with log.open("ab") as sink:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, timeout=60,
            check=False, env=_environment(),
        )  # fmt: skip
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {log.read_text(errors='replace')[-800:]}")


def await_ready(
    ready: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None, log: Path,
    seconds: float = 30,
) -> None:  # fmt: skip
    """Wait until `ready` holds; LabError with the log's end if it never does."""
    end = time.monotonic() + seconds
    while not ready():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > end:
            tail = log.read_text(errors="replace")[-800:] if log.exists() else "no log"
            why = "ended at once" if ended else f"not ready after {seconds:.0f} s"
            raise LabError(f"{what} {why}: {tail}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """End a started process: SIGTERM, and SIGKILL if that is not enough."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def birth(pid: int) -> str | None:
    """Return the start time of a process (proc(5), stat field 22), which with its pid names it."""
    fields = _stat(pid)
    return fields[19] if fields else None


def naming(text: str) -> set[int]:
    """Return the pids whose command line names `text`, and all their descendants."""
    parents = _parents()
    named = {pid for pid in parents if text.encode() in command_line(pid)}
    return _with_offspring(named, parents)


def offspring(pid: int) -> set[int]:
    """Return a process and all its descendants."""
    return _with_offspring({pid}, _parents())


def _with_offspring(found: set[int], parents: dict[int, int]) -> set[int]:
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parents() -> dict[int, int]:
    """Return the parent of every process but this one and those above it."""
    parents, spared = {}, _ancestors()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in spared:
            continue
        fields = _stat(int(entry.name))
        if fields is not None:
            parents[int(entry.name)] = int(fields[1])
    return parents


def kill(pids: Iterable[int]) -> None:
    """Send SIGKILL to each of the pids and wait up to 5 s until they are gone."""
    left = {pid: birth(pid) for pid in pids}
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    end = time.monotonic() + 5
    while time.monotonic() < end and any(_lives(pid, born) for pid, born in left.items()):
        time.sleep(0.05)


def _environment() -> dict[str, str]:
    """Return this session's environment without what would lead a client to another engine."""
    others = ("DOCKER_", "CONTAINER_", "LIBVIRT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return kept | {"PATH": PATH, "LC_ALL": "C"}


def _lives(pid: int, born: str | None) -> bool:
    fields = _stat(pid)
    return fields is not None and fields[19] == born and fields[0] != "Z"


def _ancestors() -> set[int]:
    """Return this process and those above it: never to be ended, whatever they name."""
    pids, pid = set(), os.getpid()
    while pid > 0:
        pids.add(pid)
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0
    return pids


def command_line(pid: int) -> bytes:
    """Return the words of a process's command line, each with a NUL; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the command name, or None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
