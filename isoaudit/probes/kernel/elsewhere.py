"""Whether another process of a sandbox sees more of the host than the first one does.

The first process may unmount in a mount namespace of its own what the others go on to see.
Source: mount_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import Missing, Reason, Vantage
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table, inside
from isoaudit.probes.kernel.process import Seen
from isoaudit.transports import Unreadable

_MOST_TABLES = 32


def shown_elsewhere(
    machine: Machine, first: int, processes: Sequence[Seen], table: Table, name: str
) -> Missing | None:
    """Say that a process in another mount namespace has a host path that the first one has not.

    `table` is that of the process `first`, `name` the part that rests on it. Raises Unreadable if
    the host's own mounts cannot be read.
    """
    tables = {str(one.links["mnt"]): one for one in processes}
    main = next((one for one in processes if one.pid == first), None)
    if main is not None:
        tables.pop(str(main.links["mnt"]), None)
    if len(tables) > _MOST_TABLES:
        detail = f"more than {_MOST_TABLES} mount namespaces in it"
        return Missing(name, Reason.LIMIT, detail, "", Vantage.KERNEL)
    for one in tables.values():
        try:
            text = machine.files.read_text(f"/proc/{one.pid}/mountinfo", TABLE_LIMIT)
        except Unreadable as error:
            if error.reason is Reason.VANISHED or error.absent:
                continue
            return error.missing(name, Vantage.KERNEL)
        for mount in machine.layout(text)[0].table.mounts:
            if machine.mounts.path_of(mount) is None:
                continue
            if not any(inside(mount.root, other.root) for other in table.on(mount.device)):
                detail = f"process {one.pid}, in another mount namespace, has {mount.point} too"
                return Missing(name, Reason.NOT_SUPPORTED, detail, "", Vantage.KERNEL)
    return None
