"""What the other processes of a sandbox see, where they have mounts of their own.

The first process may unmount in a mount namespace of its own what the others go on to see.
Source: mount_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isoaudit.model import Missing, Reason, Vantage
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table, inside
from isoaudit.probes.kernel.process import Seen
from isoaudit.transports import Unreadable

_MOST_TABLES = 32


def other_tables(
    machine: Machine, first: int, processes: Sequence[Seen]
) -> dict[int, Table] | Unreadable:
    """Return `{pid: its mounts}`, of one process in each mount namespace but the first process's.

    Or why that cannot be told of one that is there.
    """
    ones = {str(one.links["mnt"]): one for one in processes}
    main = next((one for one in processes if one.pid == first), None)
    if main is not None:
        ones.pop(str(main.links["mnt"]), None)
    if len(ones) > _MOST_TABLES:
        return Unreadable(Reason.LIMIT, f"more than {_MOST_TABLES} mount namespaces in it")
    found: dict[int, Table] = {}
    for one in ones.values():
        try:
            text = machine.files.read_text(f"{one.folder}/mountinfo", TABLE_LIMIT)
        except Unreadable as error:
            if error.reason is Reason.VANISHED or error.absent:
                continue
            return error
        found[one.thread or one.pid] = machine.layout(text)[0].table
    return found


def shown_elsewhere(
    machine: Machine, others: Mapping[int, Table] | Unreadable, table: Table, name: str
) -> Missing | None:
    """Say that another process has a host path among its mounts that the first one has not.

    `table` is that of the first process, `name` the part that rests on it. Raises Unreadable if
    the host's own mounts cannot be read.
    """
    if isinstance(others, Unreadable):
        return others.missing(name, Vantage.KERNEL)
    for pid, other in others.items():
        for mount in other.mounts:
            if machine.mounts.path_of(mount) is None:
                continue
            if not any(inside(mount.root, own.root) for own in table.on(mount.device)):
                detail = f"process {pid}, in another mount namespace, has {mount.point} too"
                return Missing(name, Reason.NOT_SUPPORTED, detail, "", Vantage.KERNEL)
    return None
