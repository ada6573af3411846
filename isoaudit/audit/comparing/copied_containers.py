"""Copies of a container: its image, command, user and runtime, confined as it is or more.

No environment of the original (it may hold secrets), no mount, device, network or host namespace,
and no capability that the engine does not give by itself.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.confinement import confinement
from isoaudit.audit.comparing.copies import PREFIX, SETTLE
from isoaudit.audit.comparing.measures import Measures, middle, tried, unknown

_ROUNDS = 500_000
_CALLS = 2 * _ROUNDS
"""dd reads a byte and writes it, so many times."""

_LOOP = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={_ROUNDS}")
_SHELLS = ((), ("busybox",))
_GONE = "a copy does not keep running without its mounts, variables and networks"


class _Seen:
    """What the copies showed so far."""

    def __init__(self) -> None:
        self.ready: list[float] = []
        self.used: list[float] = []
        self.calls: list[float] = []


def containers(endpoint: str, name: str, known: Measures, runs: int) -> Measures:
    """Return what is known with what copies of a container showed; raises what the SDK does."""
    import docker

    seen = _Seen()
    client = docker.DockerClient(base_url=endpoint, timeout=60)
    try:
        original = client.api.inspect_container(name)
        for _ in range(runs):
            _one(client, original, seen)
    except RuntimeError as error:
        known = known.noting(str(error))
    finally:
        client.close()
    calls = middle(seen.calls, "copies") if seen.calls else unknown("a dd in the image")
    return known._replace(
        ready=middle(seen.ready, "copies") if seen.ready else None,
        copy_memory=middle(seen.used, "copies") if seen.used else None,
        call=calls,
    )


def options_of(original: dict[str, Any]) -> dict[str, Any]:
    """Return with what a copy of an inspected container is made."""
    config, settings = original["Config"], original["HostConfig"]
    given = {
        "runtime": original.get("OCIRuntime") or settings.get("Runtime"),
        "user": config.get("User"),
    }
    return {
        "command": config.get("Cmd"),
        "entrypoint": config.get("Entrypoint"),
        "environment": [],
        "healthcheck": {"test": ["NONE"]},
        "labels": {"isoaudit.measure": "1"},
        "network_mode": "none",
        **{name: value for name, value in given.items() if value},
        **confinement(settings),
    }


def _one(client: Any, original: dict[str, Any], seen: _Seen) -> None:
    name = f"{PREFIX}{os.urandom(4).hex()}"
    began = time.monotonic()
    try:
        copy = client.containers.create(original["Image"], name=name, **options_of(original))
        copy.start()
        copy.reload()
        took = time.monotonic() - began
        time.sleep(SETTLE)
        copy.reload()
        if not copy.attrs["State"]["Running"]:
            raise RuntimeError(_GONE)
        seen.ready.append(took)
        used = tried(lambda: memory.of_control_group(copy.attrs["State"]["Pid"])).value
        seen.used += [] if used is None else [used]
        seen.calls += _calls(lambda words: _timed(copy, words))
    finally:
        _remove(client, name)


def _remove(client: Any, name: str) -> None:
    """Remove a copy, with the volumes that were made for it since its image declares them."""
    from docker.errors import NotFound

    with contextlib.suppress(NotFound):
        client.api.remove_container(name, v=True, force=True)


def _timed(copy: Any, words: Sequence[str]) -> float | None:
    """Return how long a program ran in a copy, None if it is not there."""
    began = time.monotonic()
    code, _ = copy.exec_run(list(words))
    return time.monotonic() - began if code == 0 else None


def _calls(run: Callable[[Sequence[str]], float | None]) -> list[float]:
    """Return what one system call costs: the loop less starting a program at all."""
    for shell in _SHELLS:
        nothing, loop = run((*shell, "true")), run((*shell, *_LOOP))
        if nothing is not None and loop is not None:
            return [max(0.0, loop - nothing) / _CALLS]
    return []
