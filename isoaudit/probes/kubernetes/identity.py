"""The service account of a pod: what the same file says of it.

Source: the Kubernetes API reference (PodSpec.serviceAccountName, ServiceAccount).
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.kubernetes.context import Context
from isoaudit.probes.kubernetes.objects import scalar, word

_RIGHTS = "pod.api_rights"


def account_of(context: Context) -> Node | None:
    """Return the pod's service account, if the file declares it."""
    cluster = context.container.pod.cluster
    return cluster.account(*_who(context)) if cluster is not None else None


def note_rights(context: Context) -> None:
    """Note what the file lets the service account do that leads to its node or to other accounts.

    That it is given nothing no file can tell: roles are bound in others, and in the cluster.
    """
    cluster = context.container.pod.cluster
    found = cluster.rights(*_who(context)) if cluster is not None else []
    if found:
        rights = tuple(dict.fromkeys(words for words, _ in found))
        context.facts.say(_RIGHTS, rights, found[0][1])
    else:
        detail = "this file binds no such role to its service account; others may"
        context.facts.beyond(_RIGHTS, detail)


def _who(context: Context) -> tuple[str, str]:
    """Return namespace, as far as it is named, and name of the service account."""
    said = context.of_pod("serviceAccountName") or context.of_pod("serviceAccount")
    namespace = word(context.container.pod.item.get("metadata"), "namespace")
    return namespace, scalar(said) if said is not None else "default"
