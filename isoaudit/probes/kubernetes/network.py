"""The kernel parameters of a pod, and the names it adds to its hosts file.

Source: the Kubernetes API reference, PodSecurityContext and HostAlias.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record
from isoaudit.probes.declared import record
from isoaudit.probes.kubernetes.context import DEFAULT, Context
from isoaudit.probes.kubernetes.objects import scalar

_ALIASES = "container.network.host_aliases"
_FORWARDING = "container.network.forwarding"
_FORWARDING_NAMES = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")


def note_network(context: Context) -> None:
    """Note the part `sysctl`, forwarding where a sysctl sets it, and names that lead to the host.

    A pod names addresses, and which of them is its node's only the cluster knows.
    """
    facts = context.facts
    entries = list(_sysctls(context))
    facts.part("sysctl", (_sysctl(name, value) for name, value in entries))
    asked = next((value for name, value in entries if name in _FORWARDING_NAMES), None)
    if asked is not None:
        facts.say(_FORWARDING, scalar(asked).strip() != "0", asked)
    aliases = context.of_pod("hostAliases")
    if aliases is None or not aliases.elements():
        facts.default(_ALIASES, (), f"no hostAliases: {DEFAULT}")
    else:
        detail = "hostAliases: whether one of the addresses is the node's, the file does not tell"
        facts.unknown(_ALIASES, detail)


def _sysctls(context: Context) -> Iterator[tuple[str, Node]]:
    security = context.container.pod.security
    found = security.get("sysctls") if security is not None else None
    for entry in found.elements() if found is not None else []:
        name, value = entry.get("name"), entry.get("value")
        if name is None or value is None:
            raise entry.error("a sysctl needs a name and a value")
        # NOTE: Kubernetes takes slashes for dots, as sysctl(8) does.
        yield scalar(name).replace("/", "."), value


def _sysctl(name: str, value: Node) -> Record:
    return record(value, {"sysctl.name": name, "sysctl.value": scalar(value).strip()})
