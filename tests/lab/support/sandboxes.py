"""Sandboxes without an engine: what tools make of namespaces, filters and users alone.

Every one runs `sleep` under a tool that stays in the foreground above it. Most of them share the
control group of the tests with one another, as they do wherever no engine and no systemd gives
them one. Sources: unshare(1), bwrap(1), systemd-nspawn(1), firejail(1), lxc.container.conf(5).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import leftovers, processes
from support.folder import lab_folder
from support.image import root_folder
from support.labels import Label

_TOOLS = {"bwrap", "firejail", "lxc-start", "nsenter", "systemd-nspawn", "unshare"}
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")

_LXC = """\
lxc.rootfs.path = dir:{root}
lxc.uts.name = {name}
lxc.net.0.type = empty
lxc.init.cmd = /bin/sleep 1d
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc:mixed sys:ro
"""
"""A container as the templates of lxc make it, without a network to set up on the host."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: the pid of the program it is for, and those of all that is in it."""

    name: str
    pid: int
    pids: frozenset[int]


def told_of(
    report: Mapping[str, Any], boxes: Mapping[str, Sandbox]
) -> dict[str, list[dict[str, Any]]]:
    """Return what a report tells of each sandbox: the targets that hold one of its processes."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in boxes}
    for target in report["targets"]:
        pids = pids_of(target)
        for name, box in boxes.items():
            if pids & box.pids:
                found[name].append(target)
    return found


def pids_of(target: Mapping[str, Any]) -> set[int]:
    """Return the pids that a target's facts name: an example of every kind of its processes."""
    named = (
        record[f"{part}.pid"]["value"]
        for part in ("process", "nested")
        for record in target["facts"].get(part, ())
        if f"{part}.pid" in record
    )
    return set(named)


@contextlib.contextmanager
def sandboxes(labels: Iterable[Label]) -> Iterator[Mapping[str, Sandbox]]:
    """Start the sandbox of every label, by name, and end all of their processes afterwards."""
    wanted = list(labels)
    words = {word for label in wanted for word in (*label.command, *label.beside)}
    processes.require("setpriv", *_TOOLS & words)
    with (
        leftovers.removed(words),
        lab_folder("sandboxes") as folder,
        contextlib.ExitStack() as stack,
    ):
        shutil.copy(shutil.which("sleep") or "/bin/sleep", folder / "sleep")
        yield {label.name: _sandbox(label, folder, stack) for label in wanted}


def _sandbox(label: Label, folder: Path, stack: contextlib.ExitStack) -> Sandbox:
    places = {
        "name": label.name, "sleep": f"{folder}/sleep", "lxc": f"{folder}/lxc",
        "python": sys.executable, "support": str(Path(__file__).parent),
    }  # fmt: skip
    if {"{root}", "{lxc}"} & set(label.command):
        places["root"] = str(root_folder(folder / f"{label.name}-root"))
    if "{lxc}" in label.command:
        config = folder / "lxc" / label.name / "config"
        config.parent.mkdir(parents=True)
        config.write_text(_LXC.format_map(places))
    pid, pids = _run(label.command, places, folder, stack)
    if label.beside:
        places["pid"] = str(pid)
        pids |= _run(label.beside, places, folder, stack)[1]
    return Sandbox(label.name, pid, frozenset(pids))


def _run(
    command: Sequence[str], places: Mapping[str, str], folder: Path, stack: contextlib.ExitStack
) -> tuple[int, set[int]]:
    """Start a command and wait for its sleep; return that one's pid and all that are set apart."""
    words = [word.format_map(places) for word in command]
    log = folder / f"{places['name']}.log"
    process = processes.start(words, log)
    stack.callback(_end, process)
    processes.await_ready(lambda: bool(_sleeping(process.pid)), places["name"], process, log)
    (pid,) = _sleeping(process.pid)
    return pid, {pid} | {one for one in processes.offspring(process.pid) if _is_apart(one)}


def _sleeping(pid: int) -> list[int]:
    """Return the processes below one, or itself, that run sleep."""
    found = []
    for one in processes.offspring(pid):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{one}/comm").read_text() == "sleep\n":
                found.append(one)
    return found


def _is_apart(pid: int) -> bool:
    """Say whether a process has a namespace that is not the host's, or hides which it has."""
    try:
        return any(
            os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")
            for kind in _NAMESPACES
        )
    except OSError:
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    processes.kill(processes.offspring(process.pid))
    process.wait()
