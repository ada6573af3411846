"""Start-up, and one small file: against the bare interpreter, by CPU time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from generate import compose_file
from measure import ISOAUDIT, PYTHON, Command, Row, compare, once

_BARE = Command((PYTHON, "-c", "pass"))


def rows(runs: int) -> Iterator[Row]:
    """Yield `--version`, one compose file with checks compiled, and the same with none."""
    several = max(runs, 15)  # each takes milliseconds
    ours, floor = compare(Command((ISOAUDIT, "--version")), _BARE, several)
    yield Row("`isoaudit --version`", "cpu", ours, floor, "`python -c pass`", 4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "web.compose.yaml")
        path.write_text(compose_file(0))
        for form, aim in (("json", 12), ("table", 15)):
            scan = (ISOAUDIT, "scan", str(path), "-f", form)
            ours, floor = compare(Command(scan), _BARE, several)
            yield Row(f"one compose file, {form}", "cpu", ours, floor, "`python -c pass`", aim)
        yield _cold((ISOAUDIT, "scan", str(path), "-f", "json"), Path(folder), runs)


def _cold(scan: tuple[str, ...], folder: Path, runs: int) -> Row:
    """Return the same scan without any compiled check, as after every upgrade."""
    samples = []
    for number in range(runs):
        empty = {"XDG_CACHE_HOME": str(folder / f"cache-{number}")}
        samples.append((once(Command(scan, empty)), once(_BARE)))
    middling = sorted(samples, key=lambda pair: pair[0].cpu)[len(samples) // 2]
    return Row("the same, checks not yet compiled", "cpu", *middling, "`python -c pass`")
