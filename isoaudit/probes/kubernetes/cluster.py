"""What a file declares of the cluster around its pods: namespaces, service accounts, their rights.

Only what stands in the same file is known; the rest is in other files, or in the cluster.

Sources: the Kubernetes API reference (ServiceAccount, Role, RoleBinding), the documentation on
RBAC: its default roles, and "Role Based Access Control Good Practices" for what leads further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.kubernetes.objects import Object, scalar, word

_RBAC = "rbac.authorization.k8s.io"
_WRITE = frozenset({"create", "update", "patch"})
_LEADS_FURTHER: dict[str, frozenset[str]] = {
    "pods": frozenset({"create"}),
    "pods/exec": frozenset({"create", "get"}),
    "pods/attach": frozenset({"create", "get"}),
    "pods/ephemeralcontainers": _WRITE,
    "nodes/proxy": frozenset({"create", "get"}),
    "secrets": frozenset({"get", "list", "watch"}),
    "serviceaccounts/token": frozenset({"create"}),
    "serviceaccounts": frozenset({"impersonate"}),
    "users": frozenset({"impersonate"}),
    "groups": frozenset({"impersonate"}),
    "roles": frozenset({"escalate", "bind"}),
    "clusterroles": frozenset({"escalate", "bind"}),
    "persistentvolumes": frozenset({"create"}),
    "certificatesigningrequests/approval": _WRITE,
    "mutatingwebhookconfigurations": _WRITE,
    "validatingwebhookconfigurations": _WRITE,
    **dict.fromkeys(
        ("deployments", "daemonsets", "statefulsets", "replicasets", "replicationcontrollers",
         "jobs", "cronjobs"),
        _WRITE,
    ),
}  # fmt: skip
"""What lets a service account become another one, or put a pod of its choice onto a node."""

_BUILT_IN = {
    "cluster-admin": ("* *",),
    "admin": ("create pods", "get secrets", "impersonate serviceaccounts"),
    "edit": ("create pods", "get secrets", "impersonate serviceaccounts"),
}
"""Roles that every cluster has, with what of them leads further."""

_GROUPS = ("system:serviceaccounts", "system:authenticated")
_MOST = 40
"""Rights named at most."""


class Cluster:
    """The objects of one file that say what its pods may do, by kind and name."""

    def __init__(self, found: Iterable[Object]) -> None:
        self._accounts: dict[tuple[str, str], Node] = {}
        self._roles: dict[tuple[str, str, str], Node] = {}
        self._bindings: list[tuple[str, Node]] = []
        for one in found:
            try:
                self._take(one)
            except DocumentError:
                continue  # what cannot be read is as if it stood in another file

    def _take(self, one: Object) -> None:
        if one.kind == "ServiceAccount" and one.group in {None, ""}:
            self._accounts[one.namespace, one.name] = one.item
        elif one.group not in {None, _RBAC}:
            return
        elif one.kind in {"Role", "ClusterRole"}:
            namespace = one.namespace if one.kind == "Role" else ""
            self._roles[one.kind, namespace, one.name] = one.item
        elif one.kind in {"RoleBinding", "ClusterRoleBinding"}:
            self._bindings.append((one.namespace, one.item))

    def account(self, namespace: str, name: str) -> Node | None:
        """Return a service account that the file declares."""
        return self._accounts.get((namespace, name))

    def rights(self, namespace: str, account: str) -> list[tuple[str, Node]]:
        """Return what the file lets a service account do that leads further, and where.

        `namespace` is "" where the pod names none, which is the one that it is applied to.
        """
        found: list[tuple[str, Node]] = []
        for within, binding in self._bindings:
            try:
                if any(_names(s, within, namespace, account) for s in _subjects(binding)):
                    found += self._granted(within, binding)
            except DocumentError:
                continue
        return found[:_MOST]

    def _granted(self, within: str, binding: Node) -> Iterator[tuple[str, Node]]:
        reference = binding.get("roleRef")
        kind, name = word(reference, "kind"), word(reference, "name")
        role = self._roles.get((kind, within if kind == "Role" else "", name))
        if role is not None:
            yield from _powers(role)
        elif reference is not None and kind == "ClusterRole":
            yield from ((words, reference) for words in _BUILT_IN.get(name, ()))


def _subjects(binding: Node) -> list[Node]:
    found = binding.get("subjects")
    return found.elements() if found is not None else []


def _names(subject: Node, within: str, namespace: str, account: str) -> bool:
    kind, name = word(subject, "kind"), word(subject, "name")
    if kind == "Group":
        return name in {*_GROUPS, f"{_GROUPS[0]}:{namespace}"}
    if kind != "ServiceAccount" or name != account:
        return False
    # NOTE: a chart names its namespace in the subject alone, and leaves the pod's to `-n`.
    its = word(subject, "namespace") or within
    return its == namespace or (namespace == "" and account != "default")


def _powers(role: Node) -> Iterator[tuple[str, Node]]:
    """Yield what of a role leads further, as `VERB RESOURCE`."""
    rules = role.get("rules")
    for rule in rules.elements() if rules is not None else []:
        verbs, resources = set(_words(rule, "verbs")), _words(rule, "resources")
        for resource in resources:
            for verb in sorted(_dangerous(resource, verbs)):
                yield f"{verb} {resource}", rule


def _dangerous(resource: str, verbs: set[str]) -> set[str]:
    if resource == "*":
        return verbs & {"*", "create", "get", "list", "update", "patch", "impersonate"}
    known = _LEADS_FURTHER.get(resource, frozenset())
    return {"*"} if "*" in verbs and known else verbs & known


def _words(rule: Node, key: str) -> list[str]:
    found = rule.get(key)
    return [scalar(entry) for entry in found.elements()] if found is not None else []
