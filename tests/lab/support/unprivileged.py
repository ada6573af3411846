"""Runs a command as a user without any rights, who can still read the code that is tested.

Python and the checkout may lie where root alone may go, as under /root. In a mount namespace of the
command's own, such a folder is covered by one that shows nothing but these.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from support import processes
from support.folder import ROOT, lab_folder

_GO_AHEAD = 0o001  # others may pass through

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
"""The words that run a command as a user who owns nothing and is in no group."""


@contextlib.contextmanager
def laid_open() -> Iterator[list[str]]:
    """Give the words that run a command where any user can read the code; to be put first."""
    processes.require("setpriv", "unshare")
    with lab_folder("nobody") as folder:
        cache = folder / "cache"
        cache.mkdir(mode=0o1777)
        cache.chmod(0o1777)
        yield [*_surroundings(folder), "env", f"HOME={cache}", f"XDG_CACHE_HOME={cache}"]


def _surroundings(folder: Path) -> list[str]:
    """Return the command that lays open what the code needs, below every folder that is closed."""
    steps = []
    for closed, needed in _closed().items():
        stage = folder / "stage"
        stage.mkdir(exist_ok=True)
        steps += [f"mount -t tmpfs -o mode=755,size=1m isolab {_word(stage)}"]
        for path in needed:
            inside = stage / path.relative_to(closed)
            steps += [f"mkdir -p {_word(inside)}", f"mount --bind {_word(path)} {_word(inside)}"]
        steps += [f"mount --move {_word(stage)} {_word(closed)}"]
    words = "; ".join([*steps, "cd /", 'exec "$@"'])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", words, "sh"]


def _closed() -> dict[Path, set[Path]]:
    """Return the outermost folders that others may not pass, each with the paths needed in it."""
    found: dict[Path, set[Path]] = {}
    for path in {ROOT, Path(sys.prefix), Path(sys.base_prefix)}:
        real = path.resolve()
        for folder in reversed((real, *real.parents)):
            if not folder.stat().st_mode & _GO_AHEAD:
                if folder == real:
                    raise processes.LabError(f"only its owner may read {real}")
                found.setdefault(folder, set()).add(real)
                break
    return found


def _word(path: Path) -> str:
    return shlex.quote(str(path))
