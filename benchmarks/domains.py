"""Domains of libvirt: what 180 further ones cost, against libvirt-python's list and XMLDesc.

(many minus few) / (their difference), of isoaudit and of the floor alike: neither start-up nor the
host is in it. The domains are shut off; by wall time, as libvirtd does a part of the work.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from measure import HERE, ISOAUDIT, PYTHON, Broken, Command, Row, Sample, compare

_FEW = 20
_MORE = 180
_FLOOR = "libvirt-python: list, XMLDesc each"


def rows(runs: int) -> Iterator[Row]:
    """Yield collect and scan; raises Broken where no libvirtd can be started."""
    few, many = (_measured(count, runs) for count in (_FEW, _FEW + _MORE))
    for name, aim in (("collect", 3.0), ("scan", 8.0)):
        ours, floor = (_each(many[name][i], few[name][i]) for i in (0, 1))
        yield Row(f"`{name}`, each of {_MORE} further domains", "wall", ours, floor, _FLOOR, aim)


def _each(many: Sample, few: Sample) -> Sample:
    return Sample((many.cpu - few.cpu) / _MORE, (many.wall - few.wall) / _MORE, many.megabytes)


def _measured(count: int, runs: int) -> dict[str, tuple[Sample, Sample]]:
    with _defined(count) as uri, tempfile.TemporaryDirectory() as folder:
        floor = Command((PYTHON, str(HERE / "floor_libvirt.py"), uri))
        found = {}
        for name in ("collect", "scan"):
            words = [ISOAUDIT, name, f"libvirt+{uri}#*", "-o", f"{folder}/out.json"]
            words += ["-f", "json"] if name == "scan" else []
            found[name] = compare(Command(tuple(words)), floor, runs)
        return found


@contextmanager
def _defined(count: int) -> Iterator[str]:
    """Give the URI of a libvirtd with this many domains, and end it whatever happens."""
    words = [PYTHON, str(HERE / "lab_libvirt.py"), str(count)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stdin and lab.stdout and lab.stderr
        try:
            uri = lab.stdout.readline().strip()
            if not uri:
                lines = lab.stderr.read().strip().splitlines() or ["no word why"]
                raise Broken(f"no libvirtd with domains: {lines[-1]}")
            yield uri
        finally:
            lab.stdin.close()
            lab.wait()
