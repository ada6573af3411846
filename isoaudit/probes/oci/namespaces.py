"""The namespaces of an OCI bundle: new ones, joined ones, and else the runtime's own.

Sources: the OCI runtime specification (config-linux, namespaces): one that is not listed is the
runtime's; moby's libnetwork, whose name for the host's network namespace is `default`.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.oci.bundle import Bundle, text, word
from isoaudit.probes.oci.maps import HOSTS_OWN, Maps, maps_root, read_maps

_KINDS = {"mount": "mnt", "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts",
          "cgroup": "cgroup", "time": "time"}  # fmt: skip
_PATHS = "container.namespace_paths"
_BORROWED = "container.borrowed_namespaces"
_USER = "process.user_namespace"
_RUNTIMES = "not listed: the runtime's own, which is the host's"


def note_namespaces(bundle: Bundle) -> None:
    """Note the namespaces of the process; raises DocumentError for one that stands twice."""
    found: dict[str, Node] = {}
    for entry in bundle.listed("linux", "namespaces"):
        kind = word(entry, "type")
        if kind in found:
            raise entry.error(f"namespace {kind[:40]!r} stands twice", "Remove one of them.")
        found[kind] = entry
    for kind, name in _KINDS.items():
        _note(bundle, f"process.namespaces.{name}", found.get(kind))
    _note_asked(bundle, found.get("cgroup"))
    _note_joined(bundle, found)
    _note_users(bundle, read_maps(bundle))


def _note(bundle: Bundle, path: str, entry: Node | None) -> None:
    process = bundle.process
    if entry is None:
        process.default(path, "host", _RUNTIMES)
        return
    joined = entry.get("path")
    if joined is None or not text(joined):
        process.say(path, "private", entry)
    elif HOSTS_OWN.fullmatch(text(joined)):
        process.say(path, "host", joined, "that path is the host's own")
    else:
        process.unknown(path, "whose namespace that path is, only the host tells")


def _note_asked(bundle: Bundle, entry: Node | None) -> None:
    """Note the cgroup namespace as asked for."""
    path = "container.cgroup_namespace"
    if entry is None:
        bundle.facts.default(path, "host", _RUNTIMES)
    else:
        joined = HOSTS_OWN.fullmatch(word(entry, "path"))
        bundle.facts.say(path, "host" if joined else "private", entry)


def _note_joined(bundle: Bundle, found: dict[str, Node]) -> None:
    """Note the namespaces that are joined by path; whose they are, the path does not say."""
    named = {**_KINDS, "user": "user"}
    joined = [(named.get(kind, kind), entry, word(entry, "path")) for kind, entry in found.items()]
    # NOTE: docker gives the host's network namespace by its own name; nobody asked for a path.
    joined = [one for one in joined if one[2] and not one[2].endswith("/netns/default")]
    if not joined:
        bundle.facts.default(_PATHS, (), "no namespace has a path")
        bundle.facts.default(_BORROWED, (), "no namespace has a path")
        return
    bundle.facts.say(_PATHS, tuple(f"{kind}:{path}" for kind, _, path in joined), joined[0][1])
    bundle.facts.unknown(_BORROWED, "whose the namespaces are that it joins, only the host tells")


def _note_users(bundle: Bundle, maps: Maps) -> None:
    asked, process = "container.user_namespace", bundle.process
    if not maps.private:
        if maps.rootless:
            bundle.facts.unknown(asked, maps.why)
            process.unknown(_USER, maps.why, "Scan the running container.")
        else:
            bundle.facts.default(asked, "default", "no user namespace is listed")
            process.default(_USER, "host", _RUNTIMES)
            for name in ("maps_root", "maps_root_group"):
                process.default(f"{_USER}_{name}", True, "the host's maps every id")
        return
    where = maps.node or bundle.root
    bundle.facts.say(asked, "private", where)
    process.say(_USER, "private", where)
    for name, ranges in (("maps_root", maps.uids), ("maps_root_group", maps.gids)):
        path = f"{_USER}_{name}"
        if maps.why:
            process.unknown(path, maps.why, "Scan the running container.")
        else:
            process.say(path, maps_root(ranges), where, "by the mappings of ids")
    process.beyond(f"{_USER}_shared_ids", "which ids other sandboxes map, the host tells")
