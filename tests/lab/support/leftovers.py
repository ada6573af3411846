"""What firejail, lxc and systemd-nspawn leave on a machine where they ran, and how it goes away.

Only what was not there before is removed. What that is stands in a file while the tools run, so
that the next run can take it away after one that crashed.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from support import processes

_RUN = {
    "firejail": Path("/run/firejail"),
    "lxc-start": Path("/run/lxc"),
    "systemd-nspawn": Path("/run/systemd/nspawn"),
}
"""Where each tool keeps what it knows of the sandboxes that run."""

_GROUPS = ("lxc.monitor.isolab-lxc", "lxc.payload.isolab-lxc", "lxc.pivot", "payload", "supervisor")
"""Control groups that lxc and systemd-nspawn make at the top of every hierarchy."""

_TOPS = Path("/sys/fs/cgroup")
_NOTED = Path("/run/isolab-leftovers")


@contextlib.contextmanager
def removed(tools: Set[str]) -> Iterator[None]:
    """Remove what the tools among these words leave behind, on a machine that did not have it."""
    if tools.isdisjoint(_RUN):
        yield
        return
    own = {path for path in _places() if not path.exists()} | _noted()
    _NOTED.write_text("".join(f"{path}\n" for path in sorted(own)))
    try:
        yield
    finally:
        _remove(own)
        _NOTED.unlink()


def _places() -> Iterator[Path]:
    tops = [_TOPS, *(path for path in _TOPS.glob("*") if path.is_dir())]
    yield from _RUN.values()
    yield from (top / name for top in tops for name in _GROUPS)


def _noted() -> set[Path]:
    """Return what a run that crashed would have removed."""
    return {Path(line) for line in _NOTED.read_text().splitlines()} if _NOTED.exists() else set()


def _remove(own: set[Path]) -> None:
    for tool, path in _RUN.items():
        if path in own and not processes.naming(tool):  # else somebody has begun to use it
            _unmount_below(path)
            shutil.rmtree(path, ignore_errors=True)
    _remove_groups(path for path in own if path.is_relative_to(_TOPS) and path.exists())


def _unmount_below(path: Path) -> None:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for point in reversed([line.split()[4] for line in lines]):
        if point.startswith(f"{path}/"):
            subprocess.run(["umount", "-l", point], check=False, capture_output=True)


def _remove_groups(folders: Iterable[Path]) -> None:
    """Remove groups, the inner ones first; one of a process just killed may still be busy."""
    inner = [path for top in folders for path in (top, *top.rglob("*")) if path.is_dir()]
    end = time.monotonic() + 2
    for folder in sorted(inner, reverse=True):
        while folder.exists() and time.monotonic() < end:
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.02)
