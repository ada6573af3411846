"""Guests over SSH on loopback, side by side: against bare paramiko in as many threads.

The guests' own work is done on the same processors here, which it is not where they are guests:
the floor has it done as well, by the very script that isoaudit sends.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab_ssh import guests
from measure import HERE, ISOAUDIT, PYTHON, Broken, Command, Row, compare

_FLOOR = "paramiko: connect, run the same script, a thread each"


def rows(runs: int) -> Iterator[Row]:
    """Yield 1, 10 and 50 guests; raises Broken where none can be run."""
    with tempfile.TemporaryDirectory() as place:
        script = _captured(Path(place))
        for count in (1, 10, 50):
            with tempfile.TemporaryDirectory() as home, guests(count, Path(home)) as ports:
                few = runs if count < 50 else min(runs, 3)  # each of these takes seconds
                yield from _compared(count, ports, home, script, few)


def _compared(count: int, ports: list[int], home: str, script: Path, runs: int) -> Iterator[Row]:
    environment = {"HOME": home, "SSH_AUTH_SOCK": ""}
    words = (PYTHON, str(HERE / "floor_ssh.py"), str(script), *map(str, ports))
    floor = Command(words, environment)
    named = [f"ssh://root@127.0.0.1:{port}" for port in ports]
    for name in ("collect", "scan"):
        ours = [ISOAUDIT, name, *named, "-o", f"{home}/out.json"]
        ours += ["-f", "json"] if name == "scan" else []
        taken, base = compare(Command(tuple(ours), environment), floor, runs)
        aim = 1.2 if (count, name) == (50, "collect") else 0
        work = f"`{name}`, {count} guest{'s' * (count > 1)} over SSH"
        yield Row(work, "wall", taken, base, _FLOOR, aim)


def _captured(folder: Path) -> Path:
    """Return the file with what isoaudit sends to a guest, taken by a guest that only keeps it."""
    home, script = folder / "home", folder / "script"
    home.mkdir()
    with guests(1, home, "-c", f"cat > {script}") as (port,):
        words = [ISOAUDIT, "collect", f"ssh://root@127.0.0.1:{port}", "-o", f"{folder}/out.json"]
        environment = {**os.environ, "HOME": str(home), "SSH_AUTH_SOCK": ""}
        subprocess.run(words, env=environment, capture_output=True, check=False)
    if not script.exists():
        raise Broken("isoaudit sends no script to a guest")
    return script
