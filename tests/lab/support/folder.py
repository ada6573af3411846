"""Folders of the lab: private to one engine of one test run, and cleared of what a crash left.

They lie where only root may change anything and where no check expects system files: what a test
hands to an engine is a finding only if its label says so.
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

ROOT = Path(__file__).resolve().parents[3]
"""The checkout whose code is tested."""

BASE = Path("/var/isolab")
_OWNER = "owner"


@contextlib.contextmanager
def lab_folder(name: str) -> Iterator[Path]:
    """Give a new folder for an engine; at the end everything that lives in it is ended and gone."""
    with _alone():
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=BASE))
        (folder / _OWNER).write_text(f"{os.getpid()} {processes.birth(os.getpid())}")
    folder.chmod(0o711)  # QEMU's own user has to reach its files
    try:
        yield folder
    finally:
        remove(folder)
        with contextlib.suppress(OSError):
            BASE.rmdir()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other test runs of this machine from making or sweeping folders meanwhile."""
    BASE.mkdir(mode=0o755, exist_ok=True)
    lock = os.open(BASE, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        BASE.mkdir(mode=0o755, exist_ok=True)  # its last user may just have removed it
        yield
    finally:
        os.close(lock)


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
