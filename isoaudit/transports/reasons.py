"""What an error of the system says about evidence: denied, absent, vanished, or something else."""

from __future__ import annotations

import errno

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable


def unreadable(error: OSError, path: str) -> Unreadable:
    """Return the Unreadable that stands for a system error on `path`."""
    words = f"{path}: {(error.strerror or str(error)).lower()}"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Unreadable(Reason.PERMISSION_DENIED, words, "Run isoaudit as root.")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return Unreadable(Reason.NOT_SUPPORTED, words, absent=True)
    if error.errno == errno.ESRCH:
        return Unreadable(Reason.VANISHED, words, "Scan again: the process ended meanwhile.")
    return Unreadable(Reason.NOT_SUPPORTED, words)
