"""Engines that are not as they come: one that remaps users and misnames a runtime, one far away.

The remapped ids need entries in /etc/subuid and /etc/subgid. They are laid over the machine's own
files in a mount namespace that only dockerd has, as support.libvirt does with its paths. An engine
of another machine is one whose pids are numbered in another pid namespace: what its API tells of
them leads to other processes here.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support import processes
from support.docker import Docker, docker_engine

FIRST_ID = 500_000
"""What uid 0 of a remapped container is on the host."""

_USER = "65534:65534"  # moby looks the ids up in /etc/passwd and /etc/group: nobody, everywhere
_IDS = f"65534:{FIRST_ID}:65536\n"


@contextlib.contextmanager
def remapping_engine() -> Iterator[Docker]:
    """Start a dockerd whose containers have user namespaces, with runc registered as `runsc`."""
    runc = shutil.which("runc", path=processes.PATH)
    settings = {"userns-remap": _USER, "runtimes": {"runsc": {"path": runc}}}
    with tempfile.TemporaryDirectory() as folder:
        ids = Path(folder, "ids")
        ids.write_text(_IDS)
        with docker_engine(settings, _over(ids, "/etc/subuid", "/etc/subgid")) as engine:
            yield engine


@contextlib.contextmanager
def far_engine() -> Iterator[Docker]:
    """Start a dockerd that numbers its processes in a pid namespace of its own."""
    with docker_engine(within=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]) as it:
        yield it


def _over(file: Path, *paths: str) -> list[str]:
    """Return the command that runs another with a file laid over these paths."""
    steps = [f"mount --bind {shlex.quote(str(file))} {path}" for path in paths]
    words = "; ".join([*steps, 'exec "$@"'])
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-ec", words, "sh"]
