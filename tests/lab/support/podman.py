"""A podman API service of the lab's own, with containers made to order.

runc and low limits, since crun and podman's defaults want CAP_SYS_RESOURCE, which not every
machine grants; no network, so that nothing of the host's is changed. Source: podman(1).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from support import processes
from support.folder import lab_folder
from support.image import IMAGE, root_tar

_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--network=none")


@dataclass(frozen=True, slots=True)
class Podman:
    """A running podman service: its folder and its socket."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "podman.sock"

    @property
    def base(self) -> tuple[str, ...]:
        """The podman command with the options that keep it to the lab's folder."""
        return (
            "podman", "--root", f"{self.folder}/root", "--runroot", f"{self.folder}/run",
            "--tmpdir", f"{self.folder}/tmp", "--runtime", "runc", "--cgroup-manager", "cgroupfs",
            "--events-backend", "file",
        )  # fmt: skip

    def address(self, name: str = "*") -> str:
        """Return the isoaudit address of a container here."""
        return f"podman+unix://{self.socket}#{name}"

    def cli(self, *args: str) -> str:
        """Run one podman command in the lab's folder."""
        return processes.run(*self.base, *args)

    def create(self, name: str, options: Sequence[str], state: str = "running") -> None:
        """Make a container from the lab's image and start it if `state` is running."""
        args = [option.replace("{lab}", str(self.folder)) for option in options]
        self.cli("create", "--name", name, *_LIMITS, *args, IMAGE, "sleep", "1d")
        if state == "running":
            self.cli("start", name)


@contextlib.contextmanager
def podman_engine() -> Iterator[Podman]:
    """Start a podman service, with the lab's image loaded, and remove all it made."""
    processes.require("podman", "conmon", "runc", "setpriv")
    with lab_folder("podman") as folder:
        engine = Podman(folder)
        serve = [*engine.base, "system", "service", "--time=0", f"unix://{engine.socket}"]
        process = processes.start(serve, folder / "log")
        try:
            processes.await_ready(
                engine.socket.exists, "podman system service", process, folder / "log"
            )
            engine.cli("import", str(root_tar(folder)), IMAGE)
            yield engine
        finally:
            with contextlib.suppress(processes.LabError):
                engine.cli("rm", "--all", "--force", "--time", "0")
            processes.stop(process)
