"""What a container may fill of the engine's disk: its writable layer, scratch volumes, its log.

Sources: Docker Engine API (HostConfig), docs.docker.com (storage and log drivers), moby's daemon
(mergeAndVerifyLogConfig), podman 4 and 5 as they answer.
"""

from __future__ import annotations

import re
from typing import Any

from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import BOUNDED_LOG_DRIVERS
from isoaudit.probes.docker.answer import Answer, not_told, unreliable

_PODMAN_SILENT = "podman's docker-compatible API does not tell"
_STORAGE = "container.storage.limit"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def note_storage(notes: Notes, inspect: Answer) -> None:
    """Note the `container.storage.*` and `container.log.*` facts, as far as the answer tells."""
    _note_layer(notes, inspect.below("HostConfig"))
    _note_scratch(notes, inspect)
    _note_log(notes, inspect.below("HostConfig").below("LogConfig"))


def _note_layer(notes: Notes, host: Answer) -> None:
    options, source = optional(host, "StorageOpt"), host.source("StorageOpt")
    if options is None:
        not_told(notes, f"{_STORAGE}.set", host, "StorageOpt")
    else:
        size = options.get("size")
        remark = source if size else f"{source} names no size; the engine gives none by default"
        notes.fact(f"{_STORAGE}.set", bool(size), remark)
        if size and (count := read_size(str(size))) is not None:
            notes.fact(f"{_STORAGE}.bytes", count, source)


def _note_scratch(notes: Notes, inspect: Answer) -> None:
    mounts, path = inspect.objects("Mounts"), "container.storage.scratch_volumes"
    if mounts is None:
        not_told(notes, path, inspect, "Mounts")
        return
    scratch = [m.text("Destination") or "" for m in mounts if _is_scratch(m)]
    notes.fact(path, sorted(scratch), inspect.bare("Mounts"))


def optional(host: Answer, key: str) -> dict[str, Any] | None:
    """Return a table that docker leaves out when it is empty; podman leaves it out always."""
    if host.engine == "docker" and not host.has(key) and host.has("NetworkMode"):
        return {}
    return host.table(key)


def read_size(text: str) -> int | None:
    """Return a size such as `5G` in bytes, units being powers of 1024; None if it is none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))


def _is_scratch(mount: Answer) -> bool:
    """Say whether a mount is a writable volume that nobody named."""
    anonymous = _ANONYMOUS.fullmatch(mount.text("Name") or "")
    return mount.text("Type") == "volume" and bool(anonymous) and mount.flag("RW") is not False


def _note_log(notes: Notes, log: Answer) -> None:
    """Note the log driver; the answer holds the engine's own log options merged in."""
    driver, options = log.text("Type"), log.table("Config")
    if log.engine == "podman" and driver in {"", "json-file"}:
        # NOTE: podman answers json-file without options for k8s-file and journald as well.
        unreliable(notes, "container.log", f"{log.source('Type')}: {_PODMAN_SILENT}")
        return
    if not driver or options is None:
        not_told(notes, "container.log", log, "Type or Config")
        return
    notes.fact("container.log.driver", driver, log.source("Type"))
    bounded = log_is_bounded(driver, str(options.get("max-size") or ""))
    if bounded is None:
        unreliable(notes, "container.log.bounded", f"what the plugin {driver} keeps is not known")
    else:
        notes.fact("container.log.bounded", bounded, log.source("Type, Config.max-size"))


def log_is_bounded(driver: str, largest: str) -> bool | None:
    """Say whether a driver's log stays within a size; `largest` is its max-size, "" if not set.

    None for a driver that is not docker's. One file is kept where `max-file` is not set.
    """
    if driver in BOUNDED_LOG_DRIVERS:
        return True
    if driver not in {"json-file", "k8s-file"}:
        return None
    return bool(largest) and (read_size(largest) or 0) > 0
