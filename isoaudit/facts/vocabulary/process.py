"""Facts of the processes of a container or sandbox.

Sources: capabilities(7), namespaces(7), user_namespaces(7), credentials(7), proc(5), seccomp(2).
"""

from isoaudit.facts.spec import (
    BOOL,
    CONTAINER,
    CONTAINER_FILES,
    INT,
    KUBERNETES,
    LIST,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, CONTAINER_FILES

PARTS = (
    PartSpec(
        "process",
        "The processes of the sandbox. Those that agree in user namespace, ids, capability sets, "
        "no-new-privileges, seccomp, LSM label and namespaces are one record. A file gives one "
        "record: the main process as asked for; an engine one more for each exec session.",
        _C,
        _F,
    ),
)

FACTS = (
    FactSpec("process.name", STRING, "Command name of the example process.", _C, _F,
             identifying=True),
    FactSpec("process.pid", INT, "Pid of the example process on the host.", _C),
    FactSpec("process.count", INT, "How many processes agree with this record.", _C,
             unit="processes"),
    FactSpec("process.main", BOOL, "Whether the container's first process is among them.", _C, _F,
             identifying=True),
    FactSpec("process.uid", INT, "Effective uid inside the user namespace.", _C, _F),
    FactSpec("process.host_uid", INT, "Effective uid as the host sees it.", _C),
    FactSpec("process.host_account", STRING,
             "Account of the host with the process's effective uid as the host sees it; empty if "
             "/etc/passwd has none.", _C),
    FactSpec("process.host_groups", LIST,
             "Groups of the host that open more than their members' own files and that the process "
             "is in, by its own or a supplementary gid as the host sees it: root, docker, podman, "
             "disk, kvm, libvirt, shadow, adm, systemd-journal, lxd, incus, incus-admin; empty if "
             "none. A file or an engine can only name root (gid 0).", _C, _F),
    FactSpec("process.uid_shared_with", LIST,
             "Names of other sandboxes, outside its own compose project or pod, with a process of "
             "the same uid as the host sees it; empty if none.", _C),
    FactSpec("process.exceeds_main", LIST,
             "Capabilities in its effective, permitted or bounding set that the bounding set of "
             "the container's first process lacks; empty if none, as for that process itself.",
             _C),
    FactSpec("process.root_permitted", BOOL,
             "False only if the process is proven not to run as uid 0 of its user namespace.",
             _C, _F),
    FactSpec("process.user_namespace", STRING,
             "host (the initial one), or private.", _C, _F),
    FactSpec("process.user_namespace_maps_root", BOOL,
             "Whether uid 0 of the host is mapped into the process's user namespace.",
             _C, (KUBERNETES,)),
    FactSpec("process.user_namespace_shared_ids", BOOL,
             "Whether ids of the host that are mapped into its user namespace are mapped into that "
             "of another sandbox, too; known for a user namespace of its own.", _C, (KUBERNETES,)),
    FactSpec("process.capabilities.effective", LIST, "Capabilities in force (CapEff).", _C, _F),
    FactSpec("process.capabilities.permitted", LIST, "Capabilities it may raise (CapPrm).", _C, _F),
    FactSpec("process.capabilities.inheritable", LIST, "Capabilities kept over exec (CapInh).", _C),
    FactSpec("process.capabilities.bounding", LIST,
             "Upper limit of what exec can give (CapBnd).", _C, _F),
    FactSpec("process.capabilities.ambient", LIST, "Capabilities every exec gets (CapAmb).", _C),
    FactSpec("process.no_new_privileges", BOOL,
             "Whether exec can no longer add privileges (PR_SET_NO_NEW_PRIVS).", _C, _F),
    FactSpec("process.seccomp.mode", STRING, "disabled, strict or filter.", _C, _F),
    FactSpec("process.seccomp.filters", INT, "Number of loaded filters.", _C, unit="filters"),
    FactSpec("process.lsm.label", STRING, "Label of the active LSM; empty if none is active.", _C),
    FactSpec("process.apparmor.confined", BOOL,
             "Whether AppArmor confines it: declared as not unconfined, or seen in enforce mode.",
             _C, _F),
    FactSpec("process.selinux.type", STRING, "SELinux type of the process.", _C),
    FactSpec("process.selinux.categories", LIST,
             "Categories of its SELinux level as the kernel writes them, c12 or c0.c1023; empty if "
             "none.", _C),
    FactSpec("process.selinux.categories_shared", BOOL,
             "Whether a process of another sandbox, outside its own pod, has the same categories.",
             _C),
    FactSpec("process.namespaces.mnt", STRING, "host, private, or shared (with another sandbox).",
             _C, _F),
    FactSpec("process.namespaces.pid", STRING, "host, private, or shared.", _C, _F),
    FactSpec("process.namespaces.net", STRING, "host, private, or shared.", _C, _F),
    FactSpec("process.namespaces.ipc", STRING, "host, private, or shared.", _C, _F),
    FactSpec("process.namespaces.uts", STRING, "host, private, or shared.", _C, _F),
    FactSpec("process.namespaces.cgroup", STRING, "host, private, or shared.", _C, _F),
    FactSpec("process.namespaces.time", STRING, "host, private, or shared.", _C),
    FactSpec("process.root_is_host", BOOL,
             "Whether its root directory is the root of the host.", _C),
)  # fmt: skip
