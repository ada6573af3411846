"""Namespaces in a manifest: which level of the Pod Security Standards admission holds them to.

Source: the Kubernetes documentation, Pod Security Admission (labels of namespaces).
"""

from __future__ import annotations

from isoaudit.model import FactSet
from isoaudit.probes.declared import Sheet
from isoaudit.probes.kubernetes.objects import Object, scalar

_LABEL = "pod-security.kubernetes.io/"
_LABELS = {
    "enforce": "privileged",
    "enforce-version": "latest",
    "audit": "privileged",
    "warn": "privileged",
}
_DEFAULT = "unless the API server's admission configuration says otherwise"


def collect_namespace(one: Object) -> FactSet:
    """Return what a Namespace object declares; raises DocumentError if it is malformed."""
    facts = Sheet(one.item)
    facts.say("k8s_namespace.name", one.name, one.item)
    labels = one.item.get("metadata", "labels")
    for key, default in _LABELS.items():
        path = f"k8s_namespace.pod_security.{key.replace('-', '_')}"
        said = labels.get(_LABEL + key) if labels is not None else None
        if said is None:
            facts.default(path, default, f"no label {_LABEL}{key}: Kubernetes default, {_DEFAULT}")
        else:
            facts.say(path, scalar(said), said)
    return facts.factset()
