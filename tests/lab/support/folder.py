"""Folders of the lab: private to one engine of one test run, and cleared of what a crash left.

They lie in /var/lib, which only root may change: what the tests hand to an engine is as trusted
as on a well-kept host, unless a label says otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support import processes

BASE = Path("/var/lib/isolab")
_OWNER = "owner"


@contextlib.contextmanager
def lab_folder(name: str) -> Iterator[Path]:
    """Give a new folder for an engine; at the end everything that lives in it is ended and gone."""
    if os.geteuid() != 0:
        raise processes.LabError("the lab starts engines, which takes root")
    BASE.mkdir(mode=0o755, exist_ok=True)
    with alone("sweep"):
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=BASE))
        (folder / _OWNER).write_text(f"{os.getpid()} {processes.birth(os.getpid())}")
    folder.chmod(0o711)  # QEMU's own user has to reach its files
    try:
        yield folder
    finally:
        remove(folder)


@contextlib.contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold a lock among all test runs of this machine; wait for it."""
    BASE.mkdir(mode=0o755, exist_ok=True)
    with (BASE / f".{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sweep() -> None:
    """Remove the folders whose test run is no more."""
    for folder in BASE.iterdir():
        if folder.is_dir() and not _owned(folder):
            remove(folder)


def remove(folder: Path) -> None:
    """End every process that names the folder, undo its mounts and delete it."""
    if folder.parent != BASE or not folder.exists():
        return
    processes.kill(processes.naming(str(folder)))
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    for point in reversed([p for p in points if p.startswith(f"{folder}/")]):
        subprocess.run(["umount", "-l", point], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def _owned(folder: Path) -> bool:
    try:
        pid, born = (folder / _OWNER).read_text().split()
    except (OSError, ValueError):
        return False
    return processes.birth(int(pid)) == born
