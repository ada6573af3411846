"""What a container gets from the pod that it is in.

Sources: podman-systemd.unit(5), [Pod]; podman-pod-create(1): the pod's first container holds the
namespaces that the others share, its ports and its user namespace.
"""

from __future__ import annotations

from isoaudit.documents import made
from isoaudit.probes.compose.origin import PODMAN
from isoaudit.probes.quadlet.container import Keys
from isoaudit.probes.quadlet.keys import SHARED
from isoaudit.probes.quadlet.units import Units, no_unit
from isoaudit.probes.run_line.asked import asked_for
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.draft import Draft
from isoaudit.probes.run_line.finish import INFRA
from isoaudit.probes.run_line.options import SYNTAX
from isoaudit.probes.run_line.parse import Given, parse_options
from isoaudit.probes.run_line.words import RunWord

SECTION = "Pod"
_KEYS = {"net": "network_mode", "ipc": "ipc", "uts": "uts", "pid": "pid", "cgroup": "cgroup"}
_SHARED_BY_DEFAULT = frozenset({"ipc", "net", "uts"})
_OF_THE_POD = frozenset({"network", "pid", "uts", "share", "name", "memory", "cpus"})
"""Options of the pod's own: what it shares is told otherwise, and its limits bound all of it."""

_ALSO = frozenset({"exit-policy", "infra-command", "infra-conmon-pidfile", "infra-image",
                   "infra-name", "restart", "share", "pod-id-file"})  # fmt: skip
_SYNTAX = SYNTAX[PODMAN]._replace(
    values=SYNTAX[PODMAN].values | _ALSO, flags=SYNTAX[PODMAN].flags | {"infra", "share-parent"}
)


def ask_pod(draft: Draft, word: RunWord, units: Units) -> str:
    """Put what a pod brings into the draft of one of its containers, whose own come later.

    Return why there may be more of it, "" if all is known.
    """
    name = word.text
    read = units.read(name) if word.known and name.endswith(".pod") else None
    if read is None:
        for key in ("network_mode", "ipc", "uts", "userns_mode"):
            draft.put_node((key,), no_unit(name if word.known else "the pod", word.location))
        return "the pod is not beside this file: what it brings is not known"
    keys = Keys(read[0], SECTION, read[1])
    args = parse_options(keys.words("PodmanArgs"), _SYNTAX)
    given = [*keys.named(SHARED), *args.options]
    shared = _SHARED_BY_DEFAULT
    infra = Draft(word.location)
    for one in (units.settled(draft, each) for each in given):
        if one.name == "share":
            shared = _shared(one)
        elif one.name in {"network", "pid", "uts"}:
            asked_for(infra, one, PODMAN)
        elif one.name not in _OF_THE_POD:
            asked_for(draft, one, PODMAN)
    for kind in shared & _KEYS.keys():
        draft.put_node((_KEYS[kind],), made.scalar(f"service:{INFRA}", word.location))
    infra.declared_networks = draft.declared_networks
    draft.infra = infra
    stray = "a word in the pod's PodmanArgs is no option" if args.image is not None else ""
    return args.doubt or stray


def _shared(given: Given) -> frozenset[str]:
    """Return the namespaces that `--share` names; with a plus they are added to the usual ones."""
    names = [field.text for field in fields(given.value)]
    added = {name[1:] for name in names if name.startswith("+")}
    plain = {name for name in names if not name.startswith("+")}
    return frozenset(plain | added) if plain else _SHARED_BY_DEFAULT | added
