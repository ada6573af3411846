"""The hooks of an OCI bundle: programs of the host that its runtime starts around the container.

All but `startContainer` run with the runtime's own rights, which are mostly root's. Source: the OCI
runtime specification (config, POSIX-platform hooks).
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record
from isoaudit.probes.declared import record
from isoaudit.probes.oci.bundle import Bundle, path_in
from isoaudit.probes.oci.mounts import written_sources
from isoaudit.probes.writers import folders_above, normal

_STAGES = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart",
           "poststop")  # fmt: skip
_INSIDE = "startContainer"


def note_hooks(bundle: Bundle) -> None:
    """Note the part `hook`."""
    bundle.facts.part("hook", _hooks(bundle))


def _hooks(bundle: Bundle) -> Iterator[Record]:
    folders = written_sources(bundle)
    for stage in _STAGES:
        for node in bundle.listed("hooks", stage):
            yield _hook(node, stage, folders)


def _hook(node: Node, stage: str, folders: frozenset[str]) -> Record:
    path = path_in(node, "path")
    place = normal(path) if path else ""
    inside = stage == _INSIDE
    reached = not inside and not folders.isdisjoint((place, *folders_above(place)))
    where = node.get("path") or node
    return record(
        where,
        {
            "hook.stage": stage,
            "hook.path": place,
            "hook.of_host": not inside,
            "hook.writable_inside": reached,
        },
    )
