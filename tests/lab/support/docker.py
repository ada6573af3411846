"""A dockerd of the lab's own, beside any other on the machine, with containers made to order.

Without a bridge and without iptables it changes nothing of the host's network; a container still
has its own network namespace. Source of the options: dockerd(8).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import processes
from support.folder import lab_folder
from support.image import IMAGE, root_tar
from support.labels import Label
from support.profiles import SECCOMP_PROFILES

_QUIET = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
          "--ip-masq=false", "--userland-proxy=false")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Docker:
    """A running dockerd: its folder and its socket."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    def address(self, name: str = "*") -> str:
        """Return the isoaudit address of a container here."""
        return f"docker+unix://{self.socket}#{name}"

    def cli(self, *args: str) -> str:
        """Run one docker command against this engine."""
        return processes.run("docker", "--host", f"unix://{self.socket}", *args)

    def create(
        self,
        name: str,
        options: Sequence[str],
        state: str = "running",
        command: Sequence[str] = ("sleep", "1d"),
    ) -> str:
        """Make a container from the lab's image and bring it to `state`; return its id."""
        args = [self._fill(option) for option in options]
        how = ("create",) if state == "created" else ("run", "--detach")
        made = self.cli(*how, "--name", name, *args, IMAGE, *command)
        if state == "paused":
            self.cli("pause", name)
        return made

    def add(self, label: Label) -> None:
        """Make a labelled container, with the process that is executed in it besides."""
        self.create(label.name, label.options, label.state, label.command)
        if label.gains:
            self.execute(label.name, label.gains)

    def execute(self, name: str, capabilities: Sequence[str]) -> None:
        """Start one more process in a container, with capabilities beside those of its own.

        As `docker exec --privileged` does, save that it names them: all of them would hold some
        that the lab's machine lacks.
        """
        given = [word for name in capabilities for word in ("--cap", f"CAP_{name}")]
        state, container = f"{self.folder}/exec/runtime-runc/moby", self.inspect(name)["Id"]
        argv = ["runc", "--root", state, "exec", "--detach", *given, container, "sleep", "1d"]
        processes.launch(argv, self.folder / "exec.log")

    def pids(self, *names: str) -> list[int]:
        """Return the pids of containers' first processes, as the engine's machine numbers them."""
        told = self.cli("inspect", "--format", "{{.State.Pid}}", *names)
        return [int(word) for word in told.split()]

    def pid(self, name: str) -> int:
        """Return the pid of one container's first process."""
        return self.pids(name)[0]

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what the engine says of a container."""
        found: list[dict[str, Any]] = json.loads(self.cli("inspect", name))
        return found[0]

    def remove(self, *names: str) -> None:
        """Remove containers, running or not."""
        if names:
            self.cli("rm", "--force", "--volumes", *names)

    def _fill(self, option: str) -> str:
        return option.replace("{lab}", str(self.folder)).replace("{socket}", str(self.socket))


@contextlib.contextmanager
def docker_engine(
    settings: Mapping[str, Any] | None = None, within: Sequence[str] = ()
) -> Iterator[Docker]:
    """Start a dockerd, with the lab's image loaded, and stop it with all its containers.

    `settings` are those of its daemon.json: this machine's own is not for the lab. `within` is a
    command that runs dockerd in surroundings of its own, and ends with it.
    """
    processes.require("dockerd", "docker", "containerd", "runc", "setpriv", *within[:1])
    with lab_folder("docker") as folder:
        engine = Docker(folder)
        (folder / "door").mkdir()
        (folder / "daemon.json").write_text(json.dumps(settings or {}))
        process = processes.start([*within, *_command_line(engine)], folder / "log")
        try:
            processes.await_ready(lambda: _answers(engine), "dockerd", process, folder / "log")
            _prepare(engine)
            yield engine
        finally:
            _remove_all(engine)
            _end(process)


def _command_line(engine: Docker) -> list[str]:
    folder = engine.folder
    return [
        "dockerd", "--host", f"unix://{engine.socket}", "--host", f"unix://{folder}/door/docker.sock",
        "--data-root", f"{folder}/data",
        "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/docker.pid",
        "--config-file", f"{folder}/daemon.json", *_QUIET,
    ]  # fmt: skip


def _answers(engine: Docker) -> bool:
    try:
        engine.cli("version")
    except processes.LabError:
        return False
    return True


def _prepare(engine: Docker) -> None:
    """Load the image, and make a mount whose propagation is shared for the containers to use."""
    image = root_tar(engine.folder)
    engine.cli("import", str(image), IMAGE)
    shared = engine.folder / "shared"
    shared.mkdir()
    processes.run("mount", "-t", "tmpfs", "-o", "size=64k", "isolab", str(shared))
    processes.run("mount", "--make-shared", str(shared))
    (engine.folder / "canary").mkdir()
    for name, profile in SECCOMP_PROFILES.items():
        (engine.folder / f"{name}.json").write_text(json.dumps(profile))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End dockerd, also where it runs below a command that ends with it and ignores SIGTERM."""
    for pid in processes.offspring(process.pid) - {process.pid}:
        if processes.command_line(pid).startswith(b"dockerd\0"):
            os.kill(pid, signal.SIGTERM)
    processes.stop(process)


def _remove_all(engine: Docker) -> None:
    """Remove every container at once: dockerd is slow to stop while they run."""
    with contextlib.suppress(processes.LabError):
        engine.remove(*engine.cli("ps", "--all", "--quiet").split())
