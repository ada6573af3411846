"""Guests over SSH on loopback, side by side: against bare paramiko in as many threads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab_ssh import guests
from measure import HERE, ISOAUDIT, PYTHON, Command, Row, compare

_FLOOR = "paramiko: connect, run `true`, a thread each"


def rows(runs: int) -> Iterator[Row]:
    """Yield 1, 10 and 50 guests; raises Broken where none can be run."""
    for count in (1, 10, 50):
        with tempfile.TemporaryDirectory() as folder, guests(count, Path(folder)) as ports:
            environment = {"HOME": folder, "SSH_AUTH_SOCK": ""}
            floor = Command((PYTHON, str(HERE / "floor_ssh.py"), *map(str, ports)), environment)
            named = [f"ssh://root@127.0.0.1:{port}" for port in ports]
            for name in ("collect", "scan"):
                words = [ISOAUDIT, name, *named, "-o", f"{folder}/out.json"]
                words += ["-f", "json"] if name == "scan" else []
                ours, base = compare(Command(tuple(words), environment), floor, runs)
                aim = 1.2 if (count, name) == (50, "collect") else 0
                work = f"`{name}`, {count} guest{'s' * (count > 1)} over SSH"
                yield Row(work, "wall", ours, base, _FLOOR, aim)
