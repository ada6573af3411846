"""Running containers: against the docker SDK listing and inspecting them, by wall time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from measure import HERE, ISOAUDIT, PYTHON, Command, Row, compare

_IMAGE = "lab/busybox"
_PREFIX = f"isobench-{os.getpid()}"
_FLOOR = "docker SDK: list, inspect each"


def rows(runs: int) -> Iterator[Row]:
    """Yield 1, 10 and 100 containers; nothing where no dockerd with the lab's image answers."""
    client = _client()
    if client is None:
        return
    for count in (1, 10, 100):
        with _running(client, count) as prefix:
            floor = Command((PYTHON, str(HERE / "floor_docker.py"), prefix))
            for jobs in (1, 2, 4) if count == 100 else (2,):
                scan = (ISOAUDIT, "scan", f"docker:{prefix}*", "-f", "json", "-j", str(jobs))
                ours, base = compare(Command(scan), floor, runs)
                aim = 1.3 if (count, jobs) == (100, 2) else 0
                work = f"{count} running container{'s' * (count > 1)}, -j {jobs}"
                yield Row(work, "wall", ours, base, _FLOOR, aim)


def _client() -> Any:
    """Return a client of the local dockerd if it has the image, else say why not."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.images.get(_IMAGE)
    except DockerException as error:
        print(f"containers, not measured: {error}", file=sys.stderr, flush=True)
        return None
    return client


@contextmanager
def _running(client: Any, count: int) -> Iterator[str]:
    """Start containers that sleep, and remove them whatever happens."""
    prefix = f"{_PREFIX}-{count}-"
    started: list[Any] = []
    try:
        for number in range(count):
            words = ["/bin/busybox", "sleep", "3600"]
            started.append(
                client.containers.run(
                    _IMAGE, words, name=f"{prefix}{number}", network_mode="none", detach=True
                )
            )
        yield prefix
    finally:
        for container in started:
            container.remove(force=True)
