"""What the mounts of a container in a pod amount to together, and to its node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.declared import not_declarable, record
from isoaudit.probes.defaults import leads_to_cgroups
from isoaudit.probes.kubernetes.context import DEFAULT, Context
from isoaudit.probes.writers import THIS_CONTAINER, folders_above

_WRITABLE = "container.cgroup_writable"


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount while it is read: its fields, and why some of them are open."""

    entry: Node
    fields: dict[str, Value]
    unread: dict[str, str | Missing]

    @property
    def writable_source(self) -> str:
        """The path of the node that it lets write to, "" if there is none."""
        source = self.fields.get("mount.source")
        written = self.fields.get("mount.read_only") is False
        return source if written and isinstance(source, str) else ""

    def record(self) -> Record:
        """Return the mount as a record."""
        return record(self.entry, self.fields, self.unread)


def note_company(mounts: Sequence[Mount]) -> None:
    """Set what each mount shares with others, as far as the file tells."""
    folders = {mount.writable_source for mount in mounts} - {""}
    for mount in mounts:
        kind, path = mount.fields.get("mount.kind"), "mount.shared_with"
        if kind in {"bind", "volume"} and path not in mount.fields:
            mount.unread[path] = not_declarable(path, "who else mounts it, the node tells")
        if kind != "bind":
            continue
        path, source = "mount.source_writers", mount.fields.get("mount.source")
        if isinstance(source, str) and not folders.isdisjoint(folders_above(source)):
            mount.fields[path] = (THIS_CONTAINER,)
        else:
            why = "whose the folders above it are, the node tells"
            mount.unread[path] = not_declarable(path, why)


def note_host_side(context: Context, mounts: Sequence[Mount]) -> None:
    """Note what is done to the node for the mounts: labels, and write access to its cgroups."""
    facts = context.facts
    facts.default("container.relabelled_paths", (), "a pod cannot ask for that of a hostPath")
    bound = next((m.entry for m in mounts if _binds_cgroups(m)), None)
    decisive = context.privileged or bound
    unread = next((m for m in mounts if "mount.source" in m.unread), None)
    if context.container.pod.windows:
        facts.unknown(_WRITABLE, "a pod for Windows, which has nothing of that kind")
    elif decisive is not None:
        facts.say(_WRITABLE, True, decisive)
    elif unread is not None:
        facts.unknown(_WRITABLE, "which path of the node one of the mounts is, is not known")
    else:
        facts.default(_WRITABLE, False, f"read-only: {DEFAULT}")


def _binds_cgroups(mount: Mount) -> bool:
    return mount.writable_source != "" and leads_to_cgroups(mount.writable_source)
