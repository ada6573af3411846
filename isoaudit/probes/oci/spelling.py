"""Keys that runtimes read in spellings of their own.

runc, and whatever else reads the file with Go's encoding/json, takes `Mounts` for `mounts`: what
stands there would count, and be overlooked here.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node

_KEYS = (
    "ociVersion process root hostname domainname mounts hooks annotations linux terminal user uid "
    "gid umask additionalGids args env cwd capabilities bounding effective inheritable permitted "
    "ambient rlimits hard soft noNewPrivileges apparmorProfile oomScoreAdj selinuxLabel path "
    "readonly destination type source options prestart createRuntime createContainer "
    "startContainer poststart poststop uidMappings gidMappings containerID hostID size sysctl "
    "resources cgroupsPath namespaces devices seccomp rootfsPropagation maskedPaths readonlyPaths "
    "mountLabel personality timeOffsets major minor fileMode allow access memory limit swap cpu "
    "shares quota period realtimeRuntime cpus pids blockIO unified defaultAction defaultErrnoRet "
    "architectures flags listenerPath listenerMetadata syscalls names action errnoRet args index "
    "value valueTwo op"
)
_SPELLED = {key.lower(): key for key in _KEYS.split()}
_FREE = frozenset({"annotations", "sysctl", "unified", "timeOffsets", "windows", "solaris", "vm",
                   "zos", "freebsd"})  # fmt: skip
"""What holds keys that are anyone's."""


def refuse_other_spellings(root: Node) -> None:
    """Raise DocumentError for a key that is one of the specification's but for capitals."""
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_list:
            todo += node.elements()
        if not node.is_map:
            continue
        for name, (key, value) in node.keyed().items():
            right = _SPELLED.get(name.lower(), name)
            if right != name:
                raise key.error(
                    f"key {name[:40]!r}, which runtimes read as {right!r}", f"Write it {right!r}."
                )
            if name not in _FREE:
                todo.append(value)
