"""Keeps JSON between runs in the user's cache folder, and believes only what the user wrote there.

An entry is used only if the caller owns it and nobody else can write it: who can write it decides
verdicts. Where no cache can be written, everything is worked out anew each time.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

_MAX_BYTES = 64 * 1024 * 1024
_MOST = 16
"""Entries of one kind that stay; each change of a check or of isoaudit makes another."""


def read(name: str) -> Any:
    """Return what was kept under a name, or None if there is nothing that can be trusted."""
    try:
        descriptor = os.open(_path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        seen = os.fstat(descriptor)
        mine = seen.st_uid == os.geteuid() and not seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not mine or not stat.S_ISREG(seen.st_mode) or seen.st_size > _MAX_BYTES:
            return None
        try:
            return json.load(stream)
        except ValueError:
            return None


def write(name: str, data: Any) -> None:
    """Keep JSON data under a name, whole or not at all; failing to is no error."""
    import tempfile

    path = _path(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_uid != os.geteuid():
            return
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as stream:
            json.dump(data, stream)
        os.replace(stream.name, path)
        _drop_old(path)
    except OSError:
        return


def _drop_old(path: Path) -> None:
    """Remove the oldest entries of the kind that was just written, where there are too many."""
    kind = path.name.partition("-")[0]
    entries = [(one.stat().st_mtime_ns, one) for one in path.parent.glob(f"{kind}-*.json")]
    for _, old in sorted(entries, reverse=True)[_MOST:]:
        old.unlink(missing_ok=True)


def _path(name: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "isoaudit" / f"{name}.json"
