"""Reads of a container what its engine keeps of it: its image, its layers, when it was started."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.machines import engine_of, first, is_live
from isoaudit.audit.comparing.measures import Measure, Measures, said, tried, unknown
from isoaudit.model import TargetResult

_LONGEST = 600.0
"""Seconds from being made to being started, beyond which the two were two errands."""

_FILE = "com.docker.compose.project.config_files"
_MOST_PATH = 120


def of_container(result: TargetResult) -> Measures:
    """Return what is known of a container, running or declared."""
    pid = first(result, "container.pid") if is_live(result) else None
    facts = Measures(origin=_pinned(result))
    if isinstance(pid, int) and pid:
        number = pid
        facts = facts._replace(
            boot_id=memory.boot_id(),
            memory=tried(lambda: memory.of_control_group(number)),
            keeper=tried(lambda: memory.of_keeper(number)),
            age=tried(lambda: Measure(memory.age_of(number), "/proc")),
        )
    if not result.target.handle or engine_of(result) not in {"docker", "podman"}:
        return facts
    try:
        return _asked(result.target.engine, result.target.name, facts)
    except Exception as error:
        return facts._replace(image=unknown(said(error)))


def _asked(endpoint: str, name: str, facts: Measures) -> Measures:
    """Ask an engine by requests that only read; raises whatever its SDK does."""
    import docker

    client = docker.DockerClient(base_url=endpoint, timeout=30)
    try:
        inspected = client.api.inspect_container(name)
        image = client.images.get(inspected["Image"]).attrs
        # Only of this one: a size is a walk through a container's files.
        sized = client.api.containers(all=True, size=True, filters={"id": inspected["Id"]})
        shared = tried(lambda: Measure(_shared(client.api, inspected["Image"]), "engine"))
    finally:
        client.close()
    whole = int(image.get("Size", 0))
    layers = (image.get("RootFS") or {}).get("Layers") or []
    own = next((one.get("SizeRw") for one in sized if one["Id"] == inspected["Id"]), None)
    limit = int((inspected.get("HostConfig") or {}).get("Memory") or 0)
    return facts._replace(
        image=Measure(whole, "engine"),
        layers=Measure(len(layers), "engine"),
        unique=shared if shared.value is None else Measure(whole - shared.value, "engine"),
        # An engine leaves out a size of 0.
        writable=Measure(int(own or 0), "engine") if sized else unknown("the engine is silent"),
        limit=Measure(limit, "engine") if limit else None,
        started=tried(lambda: started_of(inspected)),
        system=f"{image.get('Os', '')} {image.get('Architecture', '')}".strip(),
        origin=(*facts.origin, *made_from(inspected, image)),
    )


def _shared(api: Any, image: str) -> int:
    """Return how many bytes of an image other images have too.

    Raises ValueError if the engine does not tell. Of an engine before API 1.42 the parameter has
    no effect: then it counts volumes too, which takes it longer.
    """
    answer = api._get(api._url("/system/df"), params={"type": "image"})
    for one in api._result(answer, json=True).get("Images") or ():
        size = one.get("SharedSize", -1)
        if one.get("Id") == image and isinstance(size, int) and size >= 0:
            return size
    raise ValueError("the engine does not tell what images share")


def started_of(inspected: dict[str, Any]) -> Measure:
    """Return how long it took from being made to running, where it was not made long before."""
    began, made = _time(inspected["State"]["StartedAt"]), _time(inspected["Created"])
    seconds = (began - made).total_seconds()
    if inspected.get("RestartCount") or not 0 <= seconds < _LONGEST:
        return unknown("it was made long before it was last started")
    return Measure(seconds, "engine")


def _time(text: str) -> datetime:
    """Return a time of the engine's, which gives nanoseconds, in UTC or with an offset."""
    whole, dot, rest = text.partition(".")
    if not dot:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    digits = rest[: next((n for n, one in enumerate(rest) if not one.isdigit()), len(rest))]
    zone = rest[len(digits) :].replace("Z", "+00:00") or "+00:00"
    return datetime.fromisoformat(f"{whole}.{digits[:6]:<06}{zone}")


def _pinned(result: TargetResult) -> tuple[str, ...]:
    pinned = first(result, "container.image.pinned")
    if pinned is None:
        return ()
    return ("image pinned by digest" if pinned else "image by name, not by digest",)


def made_from(inspected: dict[str, Any], image: dict[str, Any]) -> tuple[str, ...]:
    """Return what a container was made from, as far as labels and the image's digests tell."""
    labels = (inspected.get("Config") or {}).get("Labels") or {}
    file = str(labels.get(_FILE) or "")[:_MOST_PATH]
    found = [f"declared by {file}"] if file else ["no label names its file"]
    if not image.get("RepoDigests"):
        found.append("image built or loaded here")
    return tuple(found)
