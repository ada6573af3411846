"""The same 1,000 manifests against checkov with its defaults, where it is installed.

It is no dependency: put it on PATH, or name it in CHECKOV. It runs once, which takes minutes; its
downloads are switched off, its own exit code is 1 where it found something.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from files import folder_of
from generate import manifest
from measure import ISOAUDIT, Broken, Command, Row, middle, once


def rows(runs: int) -> Iterator[Row]:
    """Yield isoaudit against checkov: at most a twentieth of its time."""
    program = os.environ.get("CHECKOV") or shutil.which("checkov")
    if program is None:
        raise Broken("checkov is not installed (on PATH, or named in CHECKOV)")
    with folder_of(manifest, "deployment-{}.yaml", 1000) as folder:
        words = (program, "-d", folder, "--compact", "--quiet", "--framework", "kubernetes",
                 "--skip-download")  # fmt: skip
        floor = once(Command(words))
        scan = Command((ISOAUDIT, "scan", folder, "-j", "2", "-f", "json"))
        once(scan)
        ours = middle([once(scan) for _ in range(min(3, runs))])
    yield Row("1,000 Kubernetes manifests, -j 2", "wall", ours, floor, "`checkov -d`, once", 0.05)
