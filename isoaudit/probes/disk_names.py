"""Says by its name whether a device of the host is a whole disk.

Source: the kernel's devices.txt and systemd's rules for /dev/disk.
"""

from __future__ import annotations

import posixpath
import re

_WHOLE = re.compile(
    r"/dev/(?:[svh]d[a-z]{1,3}|xvd[a-z]{1,3}|nvme\d+n\d+|mmcblk\d+|mapper/mpath[a-z]+"
    r"|disk/by-(?:id|path)/(?!dm-|lvm-|md-)(?!.*-part\d+$)[^/]+)"
)
_NOT_WHOLE = re.compile(
    r"/dev/(?:(?:[svh]d[a-z]{1,3}|xvd[a-z]{1,3})\d+|(?:nvme\d+n\d+|mmcblk\d+)p\d+|mapper/.+"
    r"|dm-\d+|loop\d+|zd\d+|zvol/.+|nbd\d+|rbd\d+|rbd/.+"
    r"|disk/by-(?:partuuid|partlabel)/[^/]+|disk/by-(?:id|path)/(?:[^/]+-part\d+|dm-[^/]+))"
)


def whole_disk(path: str) -> bool | None:
    """Say whether a path names a whole disk of a machine; None where its name does not tell."""
    path = "/" + posixpath.normpath(path).lstrip("/")
    if _WHOLE.fullmatch(path):
        return True
    if _NOT_WHOLE.fullmatch(path) or not path.startswith("/dev/"):
        return False
    return None
