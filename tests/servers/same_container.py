"""One container in every language that can ask for it, and the facts that all must come to.

`facts` are those of the container, and of its main process, that these languages can all say; a
language that cannot say one of them leaves it out, but never says another value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

DEFAULT = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT",
    "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP",
)  # fmt: skip


class Same(NamedTuple):
    """A container as options of `docker run`, as a compose service, and as a pod.

    `container` is what is in the pod's container besides name and image, `pod` what is in its
    specification besides the containers. `mounts` are (source, destination, read-only) of binds.
    """

    run: Sequence[str]
    compose: Mapping[str, Any]
    container: Mapping[str, Any]
    facts: Mapping[str, Any]
    pod: Mapping[str, Any] = {}
    mounts: Sequence[tuple[str, str, bool]] = ()
    runs_here: bool = True


SAME: Mapping[str, Same] = {
    "plain": Same(
        [],
        {},
        # Where docker confines by default, Kubernetes has to be asked.
        {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        {
            "container.privileged": False,
            "container.rootfs.read_only": False,
            "container.limits.memory.set": False,
            "container.limits.cpu.set": False,
            "container.seccomp.profile": "default",
            "container.selinux.disabled": False,
            "container.borrowed_namespaces": (),
            "process.capabilities.bounding": DEFAULT,
            "process.capabilities.effective": DEFAULT,
            "process.no_new_privileges": False,
            "process.seccomp.mode": "filter",
            "process.user_namespace": "host",
            "process.namespaces.mnt": "private",
            "process.namespaces.pid": "private",
            "process.namespaces.net": "private",
            "process.namespaces.ipc": "private",
            "process.namespaces.uts": "private",
        },
    ),
    "hardened": Same(
        ["--user", "1000:1000", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE",
         "--security-opt", "no-new-privileges", "--read-only", "--memory", "64m", "--cpus", "0.5"],
        {"user": "1000:1000", "cap_drop": ["ALL"], "cap_add": ["NET_BIND_SERVICE"],
         "security_opt": ["no-new-privileges:true"], "read_only": True, "mem_limit": "64m",
         "cpus": 0.5},
        {"securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "readOnlyRootFilesystem": True,
                             "allowPrivilegeEscalation": False,
                             "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
         "resources": {"limits": {"memory": "64Mi", "cpu": "500m"}}},
        {
            "container.capabilities.added": ("CAP_NET_BIND_SERVICE",),
            "container.rootfs.read_only": True,
            "container.limits.memory.set": True,
            "container.limits.memory.bytes": 64 * 1024 * 1024,
            "container.limits.cpu.set": True,
            "container.limits.cpu.millicores": 500,
            "process.uid": 1000,
            "process.root_permitted": False,
            "process.capabilities.bounding": ("CAP_NET_BIND_SERVICE",),
            "process.no_new_privileges": True,
        },
    ),
    "limits of an engine": Same(
        ["--pids-limit", "100", "--ulimit", "nofile=1024:1024", "--oom-score-adj", "500",
         "--restart", "on-failure:3", "--log-opt", "max-size=1m"],
        {"pids_limit": 100, "ulimits": {"nofile": 1024}, "oom_score_adj": 500,
         "restart": "on-failure:3", "logging": {"options": {"max-size": "1m"}}},
        {},
        {
            "container.limits.pids.set": True,
            "container.limits.pids.count": 100,
            "process.limits.open_files.count": 1024,
            "process.oom_score_adj": 500,
            "container.log.bounded": True,
        },
    ),
    "privileged": Same(
        ["--privileged"],
        {"privileged": True},
        {"securityContext": {"privileged": True}},
        {
            "container.privileged": True,
            "container.masked_paths": (),
            "container.readonly_paths": (),
            "container.selinux.disabled": True,
            "process.seccomp.mode": "disabled",
        },
        # The lab itself lacks some capabilities, and cannot give them.
        runs_here=False,
    ),
    "the host's namespaces": Same(
        ["--network", "host", "--pid", "host", "--ipc", "host"],
        {"network_mode": "host", "pid": "host", "ipc": "host"},
        {},
        {
            "process.namespaces.net": "host",
            "process.namespaces.pid": "host",
            "process.namespaces.ipc": "host",
        },
        pod={"hostNetwork": True, "hostPID": True, "hostIPC": True},
    ),
    "capabilities of the host's kernel": Same(
        ["--cap-add", "SYS_ADMIN", "--cap-add=NET_ADMIN", "--cap-drop=net_raw"],
        {"cap_add": ["SYS_ADMIN", "CAP_NET_ADMIN"], "cap_drop": ["NET_RAW"]},
        {"securityContext": {"capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN"],
                                              "drop": ["NET_RAW"]}}},
        {
            "container.capabilities.added": ("CAP_NET_ADMIN", "CAP_SYS_ADMIN"),
            "process.capabilities.bounding": (
                *DEFAULT[:8], "CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_SYS_CHROOT",
                "CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP",
            ),
        },
    ),
    "no filter, no label": Same(
        ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
        {"security_opt": ["seccomp:unconfined", "apparmor:unconfined"]},
        {"securityContext": {"seccompProfile": {"type": "Unconfined"},
                             "appArmorProfile": {"type": "Unconfined"}}},
        {
            "container.seccomp.profile": "unconfined",
            "container.apparmor.profile": "unconfined",
            "process.seccomp.mode": "disabled",
        },
    ),
    "folders of the host": Same(
        ["-v", "/etc:/host/etc:ro", "--mount", "type=bind,src=/run,dst=/host/run"],
        {"volumes": ["/etc:/host/etc:ro",
                     {"type": "bind", "source": "/run", "target": "/host/run"}]},
        {"volumeMounts": [{"name": "etc", "mountPath": "/host/etc", "readOnly": True},
                          {"name": "run", "mountPath": "/host/run"}]},
        {},
        pod={"volumes": [{"name": "etc", "hostPath": {"path": "/etc"}},
                         {"name": "run", "hostPath": {"path": "/run"}}]},
        mounts=[("/etc", "/host/etc", True), ("/run", "/host/run", False)],
    ),
}  # fmt: skip


def in_order(value: Any) -> Any:
    """Return a list of words in an order of its own: engines give sets in any."""
    return tuple(sorted(value)) if isinstance(value, list | tuple) else value
