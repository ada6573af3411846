"""Reads of a container what its engine keeps of it: its image, its layers, when it was started."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.machines import engine_of, is_live
from isoaudit.audit.comparing.measures import Measure, Measures, tried, unknown
from isoaudit.model import Fact, TargetResult

_PID = "container.pid"
_NO_ENGINE = "no engine was asked"


def of_container(result: TargetResult) -> Measures:
    """Return what is known of a container, running or declared."""
    target = result.target
    pid = _number(result, _PID) if is_live(result) else None
    facts = Measures(digest=_pinned(result))
    if pid:
        facts = facts._replace(
            boot_id=memory.boot_id(),
            memory=tried(lambda: memory.of_control_group(pid)),
        )
    if not target.handle or engine_of(result) not in {"docker", "podman"}:
        return facts
    try:
        asked = _asked(target.engine, target.name)
    except Exception as error:
        lines = str(error).splitlines()
        return facts._replace(image=unknown(lines[0][:120] if lines else "not answered"))
    return facts._replace(**asked)


def _asked(endpoint: str, name: str) -> dict[str, Any]:
    """Ask an engine by requests that only read; raises whatever its SDK does."""
    import docker

    client = docker.DockerClient(base_url=endpoint, timeout=30)
    try:
        inspected = client.api.inspect_container(name)
        image = client.images.get(inspected["Image"]).attrs
        sizes = {one["Id"]: one for one in client.api.containers(all=True, size=True)}
        usage = {one["Id"]: one for one in client.api.df().get("Images") or ()}
    finally:
        client.close()
    own = sizes.get(inspected["Id"], {})
    shared = usage.get(inspected["Image"], {}).get("SharedSize", -1)
    whole = int(image.get("Size", 0))
    layers = (image.get("RootFS") or {}).get("Layers") or []
    return {
        "image": Measure(whole, "engine"),
        "layers": Measure(len(layers), "engine"),
        "unique": Measure(whole - shared, "engine") if shared >= 0 else unknown("engine silent"),
        "writable": Measure(int(own.get("SizeRw") or 0), "engine"),
        "started": tried(lambda: _started(inspected)),
        "system": f"{image.get('Os', '')} {image.get('Architecture', '')}".strip(),
    }


def _started(inspected: dict[str, Any]) -> Measure:
    """Return how long it took from being made to running, where it was not made long before."""
    began, made = _time(inspected["State"]["StartedAt"]), _time(inspected["Created"])
    seconds = (began - made).total_seconds()
    if inspected.get("RestartCount") or not 0 <= seconds < _LONGEST:
        return unknown("it was made long before it was started")
    return Measure(seconds, "engine: Created, StartedAt")


_LONGEST = 600.0


def _time(text: str) -> datetime:
    """Return a time of the engine's, which gives nanoseconds."""
    whole, _, rest = text.partition(".")
    digits = "".join(one for one in rest if one.isdigit())[:6] or "0"
    return datetime.fromisoformat(f"{whole.rstrip('Z')}.{digits:<06}+00:00")


def _number(result: TargetResult, path: str) -> int | None:
    fact = _fact(result, path)
    return fact.value if fact is not None and isinstance(fact.value, int) else None


def _fact(result: TargetResult, path: str) -> Fact | None:
    several = result.facts.facts.get(path)
    return several[0] if several else None


def _pinned(result: TargetResult) -> str:
    fact = _fact(result, "container.image.pinned")
    if fact is None:
        return ""
    return "image pinned by digest" if fact.value else "image by tag, not by digest"
