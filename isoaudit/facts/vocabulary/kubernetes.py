"""Facts that only Kubernetes has words for: fields of a pod, and what surrounds it in its cluster.

Sources: the Kubernetes API reference (PodSpec, Container, Namespace), the Pod Security Standards,
the Kubernetes documentation on RBAC and on Pod Security admission.
"""

from isoaudit.facts.spec import (
    BOOL,
    CONTAINER,
    KUBERNETES,
    LIST,
    NAMESPACE,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _N, _K = CONTAINER, NAMESPACE, (KUBERNETES,)

PARTS = (
    PartSpec(
        "pod_field",
        "Fields of a pod and of one of its containers that the Pod Security Standards restrict: "
        "those that are set, each where it is set, and those that must be and are not.",
        _C,
        _K,
    ),
)

FACTS = (
    FactSpec("pod_field.path", STRING,
             "Where it stands in the pod, as spec.containers[web].securityContext.procMount.",
             _C, _K, identifying=True),
    FactSpec("pod_field.name", STRING,
             "Which field it is, wherever it stands: hostNetwork, hostPID, hostIPC, privileged, "
             "procMount, runAsUser, runAsNonRoot, allowPrivilegeEscalation, capabilities.add, "
             "capabilities.drop, seccompProfile.type, appArmorProfile.type, seLinuxOptions.type, "
             "seLinuxOptions.user, seLinuxOptions.role, windowsOptions.hostProcess, hostPort, "
             "volume, sysctl, host (of a probe or lifecycle hook), annotation.seccomp, "
             "annotation.apparmor.",
             _C, _K),
    FactSpec("pod_field.values", LIST,
             "What it is set to, as it is written; of a volume its type, of a sysctl its name; "
             "empty if it is not set.", _C, _K, identifying=True),
    FactSpec("pod.os", STRING, "Operating system as spec.os.name says; empty if it does not.",
             _C, _K),
    FactSpec("pod.host_users", BOOL, "False only if the pod says hostUsers: false.", _C, _K),
    FactSpec("pod.container_type", STRING,
             "container, init, sidecar (an init container that restarts always) or ephemeral.",
             _C, _K),
    FactSpec("pod.namespace", STRING,
             "Namespace it is put into; absent if the object names none.", _C, _K),
    FactSpec("pod.node_name", STRING,
             "Node it is put on past the scheduler (spec.nodeName); empty if none.", _C, _K),
    FactSpec("pod.control_plane", LIST,
             "What lets it onto nodes of the control plane, or sends it there: taints it "
             "tolerates, labels of nodes it selects; * for a toleration of everything.", _C, _K),
    FactSpec("pod.shares_processes", BOOL,
             "Whether the containers of the pod share one PID namespace (shareProcessNamespace).",
             _C, _K),
    FactSpec("pod.secret_variables", LIST,
             "Environment variables whose values come from Secrets, by name; NAME/* for all keys "
             "of the Secret NAME.", _C, _K),
    FactSpec("pod.unset_security", LIST,
             "Of runAsNonRoot, allowPrivilegeEscalation, capabilities.drop, seccompProfile and "
             "readOnlyRootFilesystem those that neither container nor pod sets.", _C, _K),
    FactSpec("pod.image_volumes", LIST,
             "Images that are mounted as volumes, as they are named.", _C, _K),
    FactSpec("pod.api_rights", LIST,
             "What its service account may do, by roles in the same file, that leads to the node "
             "or to other accounts, as `create pods`, `get secrets`.", _C, _K),
    FactSpec("container.image.pull_policy", STRING,
             "Always, IfNotPresent or Never, the API's default filled in.", _C, _K),
    FactSpec("mount.sub_path", BOOL,
             "Whether only a path inside the volume is mounted (subPath, subPathExpr).", _C, _K),
    # -- namespace -------------------------------------------------------------------------------
    FactSpec("k8s_namespace.name", STRING, "What the namespace is called.", _N, _K),
    FactSpec("k8s_namespace.pod_security.enforce", STRING,
             "Level of the Pod Security Standards that its pods are held to: privileged, baseline "
             "or restricted.", _N, _K),
    FactSpec("k8s_namespace.pod_security.enforce_version", STRING,
             "Version of the standard that holds, as v1.29, or latest.", _N, _K),
    FactSpec("k8s_namespace.pod_security.audit", STRING,
             "Level that pods are only noted for in the audit log.", _N, _K),
    FactSpec("k8s_namespace.pod_security.warn", STRING,
             "Level that whoever makes a pod is only warned of.", _N, _K),
)  # fmt: skip
