"""The namespaces of a compose service: what it shares with the host or with another container."""

from __future__ import annotations

import re

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import Word, truth, word
from isoaudit.regex import regex

KEYS = (("pid", "pid"), ("ipc", "ipc"), ("uts", "uts"), ("cgroup", "cgroup"))
_CGROUP = "private on cgroup v2 and the host's on v1: the engine decides"
_BY_PATH = "ns:"
_BY_SERVICE = "service:"
_BY_CONTAINER = "container:"
_OF_THE_HOST = regex(r"ns:/proc/(?:1|self|thread-self)/")
_BY_DEFAULT = {
    None: ("host", "unless the engine remaps users or is an ordinary user's"),
    False: ("host", "unless the engine remaps users"),
    True: ("private", "of the ordinary user who runs the engine"),
}
"""The user namespace where none is asked for, by whether the engine is an ordinary user's."""

_PRIVATE_USER = frozenset({"keep-id", "auto", "nomap", "private"})


def note_namespaces(service: Service) -> None:
    """Note the namespaces of the main process, and those asked for by name."""
    process = service.process
    process.default("process.namespaces.mnt", "private", ENGINE_DEFAULT)
    for key, namespace in KEYS:
        _note_mode(service, f"process.namespaces.{namespace}", service.word(key), key)
    network = network_mode(service)
    _note_mode(service, "process.namespaces.net", network, "network_mode")
    _note_paths(service, network)
    _note_borrowed(service, network)
    _note_shareable(service)
    _note_cgroup(service)
    _note_user_namespace(service)


def _note_mode(service: Service, path: str, mode: Word | None, key: str) -> None:
    process = service.process
    if mode is None and key == "cgroup":
        name = service.key(key)
        process.unknown(path, f"no {name}: {_CGROUP}", f"Set `{name}` to private.")
    elif mode is None:
        process.default(path, "private", f"no {service.key(key)}: {ENGINE_DEFAULT}")
    elif _OF_THE_HOST.match(mode.text):
        process.say(path, "host", mode.node, "that path is the host's own")
    elif mode.text.startswith(_BY_PATH):
        process.unknown(path, "whose namespace that path is, only the host tells")
    elif mode.text.startswith(_BY_CONTAINER):
        process.unknown(path, "whose namespace that container is in, only the host tells")
    elif mode.text.startswith(_BY_SERVICE):
        _note_joined(service, path, mode, key)
    else:
        note(process, path, "host" if mode.text == "host" else "private", mode)


def _note_joined(service: Service, path: str, mode: Word, key: str) -> None:
    """Note the namespace of the service that is joined, which may have joined another's."""
    seen: set[str] = set()
    found: Word | None = mode
    while found is not None and found.known and found.text.startswith(_BY_SERVICE):
        name = found.text.removeprefix(_BY_SERVICE)
        other = service.other(name)
        if other is None or name in seen:
            break
        seen.add(name)
        found = network_mode(other) if key == "network_mode" else other.word(key)
        if found is None and other.inherits:
            service.process.unknown(path, f"{name} {other.inherits}", FOLLOW)
            return
    if found is None or (found.known and found.text != "host" and not _leads_out(found.text)):
        service.process.say(path, "shared", mode.node)
    elif _OF_THE_HOST.match(found.text) or found.text == "host":
        service.process.say(path, "host", mode.node, "that service is in the host's")
    else:
        detail = found.open if found.depends else f"that service is in that of {found.text}"
        service.process.unknown(path, detail, FOLLOW)


def _leads_out(mode: str) -> bool:
    """Say whether a mode names a namespace that the file does not know."""
    return mode.startswith((_BY_PATH, _BY_CONTAINER))


def _note_paths(service: Service, network: Word | None) -> None:
    """Note the namespaces that are joined by path, which may well be the host's."""
    modes = [(name, service.word(key)) for key, name in KEYS] + [("net", network)]
    joined = [(name, mode) for name, mode in modes if mode and mode.text.startswith(_BY_PATH)]
    path = "container.namespace_paths"
    if not joined:
        service.facts.default(path, (), f"no ns:PATH: {ENGINE_DEFAULT}")
        return
    entries = tuple(f"{name}:{mode.text.removeprefix(_BY_PATH)}" for name, mode in joined)
    decisive = next((mode for _, mode in joined if mode.depends), joined[0][1])
    note(service.facts, path, entries, decisive)


def _note_borrowed(service: Service, network: Word | None) -> None:
    """Note the namespaces shared with a container that is no service of this file."""
    path = "container.borrowed_namespaces"
    borrowed: list[str] = []
    unknown, where = "", None
    for kind, mode in [*((name, service.word(key)) for key, name in KEYS), ("net", network)]:
        if mode is None:
            continue
        if mode.depends or mode.text.startswith(_BY_PATH):
            unknown = mode.open if mode.depends else f"whose {mode.text} is, only the host tells"
        elif mode.text.startswith(_BY_CONTAINER):
            name = mode.text.removeprefix(_BY_CONTAINER)
            where = where or mode.node
            verdict = is_own(service, name)
            if verdict is None:
                unknown = f"container {name} may be one of this project"
            elif not verdict:
                borrowed.append(f"{kind}:{name}")
    if unknown and not borrowed:
        service.facts.unknown(path, unknown, FOLLOW)
    elif where is not None:
        service.facts.say(path, tuple(borrowed), where)
    else:
        service.facts.default(path, (), f"no container: {ENGINE_DEFAULT}")


def is_own(service: Service, name: str) -> bool | None:
    """Say whether a container belongs to a service of this file; None if its name only looks so.

    Without a `container_name` it is called PROJECT-SERVICE-1, and the project by the folder.
    """
    services = service.document.get("services")
    for other, node in services.items() if services is not None else ():
        named = node.get("container_name") if node.is_map else None
        if named is not None and word(named).text == name:
            return True
        if re.fullmatch(rf".+[-_]{re.escape(other)}[-_][0-9]+", name):
            return None
    return False


def _note_shareable(service: Service) -> None:
    path, mode = "container.ipc_shareable", service.word("ipc")
    if mode is None:
        service.facts.default(path, False, f"no {service.key('ipc')}: {ENGINE_DEFAULT}")
    else:
        note(service.facts, path, mode.text == "shareable", mode)


def _note_cgroup(service: Service) -> None:
    mode = service.word("cgroup")
    path = "container.cgroup_namespace"
    if mode is None:
        service.facts.default(path, "default", f"no {service.key('cgroup')}: {_CGROUP}")
    else:
        note(service.facts, path, "host" if mode.text == "host" else "private", mode)


def _note_user_namespace(service: Service) -> None:
    asked, held = "container.user_namespace", "process.user_namespace"
    mode = service.word("userns_mode")
    if mode is None:
        remark = f"no {service.key('userns_mode')}: {ENGINE_DEFAULT}"
        service.facts.default(asked, "default", remark)
        kind, why = _BY_DEFAULT[service.origin.rootless]
        service.process.default(held, kind, f"{remark}, {why}")
    elif mode.text == "host" or mode.text.partition(":")[0] in _PRIVATE_USER:
        kind = "host" if mode.text == "host" else "private"
        note(service.facts, asked, kind, mode)
        note(service.process, held, kind, mode)
    else:
        detail = mode.open if mode.depends else "names no mode of docker or podman"
        service.facts.unknown(asked, detail, FOLLOW)
        service.process.unknown(held, detail, FOLLOW)


def network_mode(service: Service) -> Word | None:
    """Return the mode of a service's network, given by itself or by a network it is in."""
    return service.word("network_mode") or _host_network(service)


def _host_network(service: Service) -> Word | None:
    """Return the name of a top-level network by which the service joins the host's, if any.

    A network declared as external under the name `host` is the host's own, whatever the file
    calls it; one without a name has that of its key.
    """
    networks = service.get("networks")
    if networks is None:
        return None
    if networks.is_list:
        named = [(word(element).text, element) for element in networks.elements()]
    else:
        named = [(name, key) for name, (key, _) in networks.keyed().items()]
    for name, node in named:
        declared = service.top_level("networks", name)
        if declared is None or not declared.is_map:
            continue
        real = declared.get("name") or _external_name(declared, node)
        if real is None:
            continue
        said = word(real)
        if said.depends or said.text == "host":
            return said
    return None


def _external_name(declared: Node, key: Node) -> Node | None:
    """Return the name of an external network that has no `name`: the old form's, or its key's."""
    external = declared.get("external")
    if external is None:
        return None
    if external.is_map:
        return external.get("name") or key
    return key if truth(word(external)) else None
