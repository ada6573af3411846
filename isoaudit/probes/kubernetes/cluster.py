"""What a file declares of the cluster around its pods: namespaces, service accounts, their rights.

Only what stands in the same file is known; the rest is in other files, or in the cluster.

Sources: the Kubernetes API reference (ServiceAccount, Role, RoleBinding), the documentation on
RBAC: its default roles, and "Role Based Access Control Good Practices" for what leads further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from isoaudit.documents.limits import MAX_NODES
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

_ANYTHING = frozenset({"create", "get", "list", "update", "patch", "impersonate"})
"""What leads further where it is allowed on every kind of object."""

_BUILT_IN = {
    "cluster-admin": ("* *",),
    "admin": ("create pods", "get secrets", "impersonate serviceaccounts"),
    "edit": ("create pods", "get secrets", "impersonate serviceaccounts"),
}
"""Roles that every cluster has, with what of them leads further."""

_ACCOUNT = "ServiceAccount"
_GROUPS = ("system:serviceaccounts", "system:authenticated")
_MOST = 40
"""Rights named at most."""

_Right = tuple[str, Node]


class Cluster:
    """The objects of one file that say what its pods may do, by kind and name.

    A file may name many of each, so that nothing here is looked through once for each pod; what
    lists of aliases name beyond MAX_NODES is not looked at.
    """

    def __init__(self, found: Iterable[Object]) -> None:
        self._accounts: dict[tuple[str, str], Node] = {}
        self._roles: dict[tuple[str, str, str], Node] = {}
        self._bound: dict[tuple[str, ...], list[tuple[str, Node]]] = {}
        self._left = MAX_NODES
        self._known: dict[tuple[str, ...], list[_Right]] = {}
        for one in found:
            try:
                self._take(one)
            except DocumentError:
                continue  # what cannot be read is as if it stood in another file

    def _take(self, one: Object) -> None:
        if one.kind == _ACCOUNT and one.group in {None, ""}:
            self._accounts[one.namespace, one.name] = one.item
        elif one.group not in {None, _RBAC}:
            return
        elif one.kind in {"Role", "ClusterRole"}:
            namespace = one.namespace if one.kind == "Role" else ""
            self._roles[one.kind, namespace, one.name] = one.item
        elif one.kind in {"RoleBinding", "ClusterRoleBinding"}:
            found = one.item.get("subjects")
            for subject in found.elements() if found is not None else []:
                self._bind(one.namespace, one.item, subject)

    def _bind(self, within: str, binding: Node, subject: Node) -> None:
        kind, name = word(subject, "kind"), word(subject, "name")
        keys: list[tuple[str, ...]] = [(kind, name)]
        if kind == _ACCOUNT:
            keys.append((kind, name, word(subject, "namespace") or within))
        self._left -= 1
        for key in keys if self._left >= 0 else ():
            self._bound.setdefault(key, []).append((within, binding))

    def account(self, namespace: str, name: str) -> Node | None:
        """Return a service account that the file declares."""
        return self._accounts.get((namespace, name))

    def rights(self, namespace: str, account: str) -> list[tuple[str, Node]]:
        """Return what the file lets a service account do that leads further, and where.

        `namespace` is "" where the pod names none, which is the one that it is applied to.
        """
        # NOTE: a chart names its namespace in the subject alone, and leaves the pod's to `-n`.
        loose = namespace == "" and account != "default"
        own = (_ACCOUNT, account) if loose else (_ACCOUNT, account, namespace)
        keys = [own, *(("Group", f"{name}:{namespace}") for name in _GROUPS[:1]),
                *(("Group", name) for name in _GROUPS)]  # fmt: skip
        return [right for key in keys for right in self._through(key)][:_MOST]

    def _through(self, key: tuple[str, ...]) -> list[_Right]:
        """Return what is granted to one subject, worked out once."""
        known = self._known.get(key)
        if known is None:
            bindings = self._bound.get(key, ())
            several = (self._granted(within, binding) for within, binding in bindings)
            known = self._known[key] = list(islice(chain.from_iterable(several), _MOST))
        return known

    def _granted(self, within: str, binding: Node) -> list[_Right]:
        try:
            reference = binding.get("roleRef")
            kind, name = word(reference, "kind"), word(reference, "name")
            key = (kind, within if kind == "Role" else "", name)
            if key in self._roles:
                if key not in self._known:
                    self._known[key] = list(islice(self._powers(self._roles[key]), _MOST))
                return self._known[key]
            if reference is not None and kind == "ClusterRole":
                return [(words, reference) for words in _BUILT_IN.get(name, ())]
        except DocumentError:
            pass  # what cannot be read is as if it stood in another file
        return []

    def _powers(self, role: Node) -> Iterator[_Right]:
        """Yield what of a role leads further, as `VERB RESOURCE`."""
        rules = role.get("rules")
        for rule in rules.elements() if rules is not None else []:
            verbs, resources = _words(rule, "verbs"), _words(rule, "resources")
            self._left -= 1 + len(verbs) + len(resources)
            if self._left < 0:
                return
            for resource in resources:
                yield from ((f"{v} {resource}", rule) for v in _dangerous(resource, set(verbs)))


def _dangerous(resource: str, verbs: set[str]) -> list[str]:
    known = _ANYTHING if resource == "*" else _LEADS_FURTHER.get(resource, frozenset())
    return ["*"] if "*" in verbs and known else sorted(verbs & known)


def _words(rule: Node, key: str) -> list[str]:
    found = rule.get(key)
    return [scalar(entry) for entry in found.elements()] if found is not None else []
