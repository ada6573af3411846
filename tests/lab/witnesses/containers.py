"""Containers of the rows, made side by side, in one engine."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from support.docker import Docker
from support.processes import LabError
from support.profiles import SECCOMP_PROFILES
from witnesses import program
from witnesses.rows import PLAIN, Row

AT_A_TIME = 4
_NEIGHBOUR = "isolab-neighbour"
_BRIDGE = "isolab-witness"
_BRIDGE_NAME = "com.docker.network.bridge.name=isolab-br"  # one for all runs: none are left behind
_USER = "4001:4001"
"""Whose process a neighbour is: no other container of the rows runs as that user."""

_MORE = ("getcwd", "lseek", "mkdir", "open", "rmdir", "setgroups")
"""Calls that runc makes where privileges may still be gained, and the witness."""

_PROFILES = {
    "old_mounts": {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {
                "names": [
                    "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr",
                    "move_mount", "open_tree", "pivot_root", "umount", "umount2",
                ],
                "action": "SCMP_ACT_ERRNO",
            }
        ],
    },
    "no_mounts": {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
            *SECCOMP_PROFILES["tight"]["syscalls"],
            {"names": list(_MORE), "action": "SCMP_ACT_ALLOW"},
        ],
    },
}  # fmt: skip
"""Filters by the name of their file: one that names what it refuses, as of Linux 5.12, and one that
names what it lets through, which no call for mounting is."""


class Ground(NamedTuple):
    """An engine with the containers of its rows.

    `words` fill what stands in braces, `names` are the containers' by what makes them, and
    `unmade` says why one did not start.
    """

    docker: Docker
    words: Mapping[str, str]
    names: Mapping[tuple[str, str, str], str]
    unmade: Mapping[str, str]

    def name(self, row: Row) -> str:
        """Return what the container of a row is called."""
        return self.names[row.container]


@contextlib.contextmanager
def ground(
    docker: Docker, witness: Path, canaries: Mapping[str, str], rows: Sequence[Row]
) -> Iterator[Ground]:
    """Make the containers of these rows, which are all of one engine, and take them away again.

    The engine would end its containers by itself, yet leave the bridge between them to the host.
    """
    try:
        yield _made(docker, witness, canaries, rows)
    finally:
        with contextlib.suppress(LabError):
            docker.remove(*docker.cli("ps", "--all", "--quiet").split())
        with contextlib.suppress(LabError):
            docker.cli("network", "rm", _BRIDGE)


def _made(
    docker: Docker, witness: Path, canaries: Mapping[str, str], rows: Sequence[Row]
) -> Ground:
    program.load(docker, witness)
    for name, profile in _PROFILES.items():
        (docker.folder / f"{name}.json").write_text(json.dumps(profile))
    words = {
        **canaries,
        "lab": str(docker.folder),
        "socket": str(docker.socket),
        "gid": str(docker.socket.stat().st_gid),
    }
    if any(row.engine == PLAIN for row in rows):
        words |= _neighbourhood(docker, Path(canaries["canary"]), canaries["word"])
    made = dict.fromkeys(row.container for row in rows)
    names = {one: f"isolab-w{number:02}" for number, one in enumerate(made, 1)}
    unmade: dict[str, str] = {}

    def make(one: tuple[str, str, str]) -> None:
        _, image, options = one
        try:
            _run(docker, names[one], image, shlex.split(options.format(**words)))
        except LabError as why:
            unmade[names[one]] = str(why)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(make, names))
    return Ground(docker, words, names, unmade)


def _run(
    docker: Docker, name: str, image: str, options: Sequence[str], seconds: str = "1d"
) -> None:
    docker.cli("run", "--detach", "--name", name, *options, program.image(image), "sleep", seconds)


def _neighbourhood(docker: Docker, canary: Path, word: str) -> dict[str, str]:
    """Make a container that others are near to, and a bridge of the lab's own."""
    docker.cli("network", "create", "--internal", "--opt", _BRIDGE_NAME, _BRIDGE)
    _run(docker, _NEIGHBOUR, "plain",
         ["--cap-drop", "ALL", "--user", _USER, "--env", f"W={word}"], "86401")  # fmt: skip
    docker.cli("cp", str(canary / "secret"), f"{_NEIGHBOUR}:/tmp/mark")
    upper = docker.inspect(_NEIGHBOUR)["GraphDriver"]["Data"]["UpperDir"]
    return {
        "neighbour": _NEIGHBOUR,
        "bridge": _BRIDGE,
        "neighbour_file": upper.removeprefix(f"{docker.folder}/data") + "/tmp/mark",
    }
