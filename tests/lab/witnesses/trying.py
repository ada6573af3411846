"""What the witness of a row comes to: it gets through, or what keeps it back."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support import processes
from witnesses.containers import AT_A_TIME, Ground
from witnesses.rows import Row

CROSSED = ""
_APPEARS_WITHIN = 2.0
"""Seconds in which what a witness leaves on the host is there, if it was let through."""


def outcomes(ground: Ground, rows: Sequence[Row]) -> dict[int, str]:
    """Return what each row's witness came to, by number: CROSSED, or the refusal.

    Rows of one way are tried after each other, since they may leave the same file. A witness that
    could not be tried at all says so, which no row expects.
    """
    ways = [list(several) for _, several in itertools.groupby(rows, key=lambda row: row.way)]

    def tried(several: Iterable[Row]) -> dict[int, str]:
        return {row.number: _outcome(ground, row) for row in several}

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return {number: said for one in pool.map(tried, ways) for number, said in one.items()}


def _outcome(ground: Ground, row: Row) -> str:
    name = ground.name(row)
    if name in ground.unmade:
        return f"not made: {ground.unmade[name]}"
    words = {**ground.words, **_groups(ground, name)} if "_group" in row.act else ground.words
    left = Path(row.leaves.format(**words)) if row.leaves else None
    _clear(left)
    done = subprocess.run(
        ["docker", "--host", f"unix://{ground.docker.socket}", "exec", name, "witness",
         *shlex.split(row.act.format(**words))],
        capture_output=True, timeout=60, check=False, env={"PATH": processes.PATH},
    )  # fmt: skip
    said = done.stdout.decode(errors="replace").strip()
    try:
        return _judged(done, said, row, words, left)
    finally:
        _clear(left)


def _judged(
    done: subprocess.CompletedProcess[bytes], said: str, row: Row, words: Mapping[str, str],
    left: Path | None,
) -> str:  # fmt: skip
    """Return CROSSED only with a proof, where there can be one."""
    if done.returncode not in (0, 1):
        return f"not tried: {said} {done.stderr.decode(errors='replace').strip()}"
    if done.returncode == 1:
        return (
            said if left is None or not _holds(left, words["word"]) else f"{said}, yet it is there"
        )
    if row.says and row.says.format(**words) not in said:
        return "not said"
    return CROSSED if left is None else _seen(left, words["word"])


def _seen(left: Path, word: str) -> str:
    """Say whether a file of the host is what a witness was to leave there."""
    end = time.monotonic() + _APPEARS_WITHIN
    while not _holds(left, word):
        if time.monotonic() > end:
            return "not on the host"
        time.sleep(0.02)
    return CROSSED


def _holds(path: Path, word: str) -> bool:
    with contextlib.suppress(OSError):
        return word in path.read_text()
    return False


def _clear(left: Path | None) -> None:
    """Take away what a witness left, or could have."""
    if left is None or not left.exists():
        return
    if os.path.ismount(left.parent):
        processes.run("umount", str(left.parent))
        left.parent.rmdir()
    else:
        left.unlink()


def _groups(ground: Ground, name: str) -> dict[str, str]:
    """Return where a container's control groups lie below the top of their hierarchies."""
    text = Path(f"/proc/{ground.docker.pid(name)}/cgroup").read_text()
    found = re.findall(r"^\d+:([^:]*):(.*)$", text, re.MULTILINE)
    paths = {one: path for names, path in found for one in names.split(",")}
    return {f"{one}_group": paths.get(one, "/") for one in ("devices", "memory")}
