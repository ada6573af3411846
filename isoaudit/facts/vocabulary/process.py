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
    VM,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, CONTAINER_FILES
_CV = (*CONTAINER, *VM)

PARTS = (
    PartSpec(
        "process",
        "The processes of the sandbox. Those that agree in user namespace, ids, capability sets, "
        "no-new-privileges, seccomp, LSM label and namespaces are one record. A file gives one "
        "record: the main process as asked for; an engine one more for each exec session.",
        _C,
        _F,
    ),
    PartSpec(
        "drift",
        "Differences between what was asked for and what the kernel shows: one record for each "
        "path that differs. Empty for what does not run. Of a VM: between its stored definition, "
        "the live one and its process.",
        _CV,
    ),
    PartSpec(
        "nested",
        "Sandboxes made inside the sandbox: a user namespace below its own. What their processes "
        "may do, they may do to what that namespace owns, so that they are no part of `process`.",
        _C,
    ),
    PartSpec(
        "descriptor",
        "Open descriptors of its processes that lead to a file outside all of its mounts.",
        _C,
    ),
)

FACTS = (
    FactSpec("process.name", STRING, "Command name of the example process.", _C, _F,
             identifying=True),
    FactSpec("process.names", LIST,
             "Command names of all processes of this record, each once.", _C),
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
             "Names of other sandboxes, outside its own compose project or pod, whose first "
             "process has the same uid as the host sees it: eight at most, empty if none; only "
             "for a uid other than 0.", _C),
    FactSpec("process.exceeds_main", LIST,
             "Capabilities in its effective, permitted or bounding set that the bounding set of "
             "the container's first process lacks; empty if none, as for that process itself.",
             _C),
    FactSpec("process.root_permitted", BOOL,
             "False only if it is proven to run neither as uid 0 of its user namespace nor as the "
             "host's.",
             _C, _F),
    FactSpec("process.set_id_programs", BOOL,
             "Whether its root file system is known to hold a set-user-ID program of root that it "
             "may start; no probe reads this yet, so that it is not known.", _C),
    FactSpec("process.user_namespace", STRING,
             "host (the initial one), or private.", _C, _F),
    FactSpec("process.user_namespace_maps_root", BOOL,
             "Whether uid 0 of the host is mapped into the process's user namespace.",
             _C, (KUBERNETES,)),
    FactSpec("process.user_namespace_maps_root_group", BOOL,
             "Whether gid 0 of the host is mapped into the process's user namespace.",
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
    # Each: whether the filter lets such a call through on any interface (native, 32-bit, x32) that
    # the kernel runs. Capabilities and LSMs may still refuse it.
    FactSpec("process.seccomp.allows.io_uring", BOOL, "Filter lets through: io_uring_setup.", _C),
    FactSpec("process.seccomp.allows.af_alg", BOOL,
             "Filter lets through: sockets of family AF_ALG, the kernel's crypto API.", _C),
    FactSpec("process.seccomp.allows.af_vsock", BOOL,
             "Filter lets through: sockets of family AF_VSOCK, to hypervisors and guests.", _C),
    FactSpec("process.seccomp.allows.user_namespace", BOOL,
             "Filter lets through: making a user namespace: unshare, clone, clone3.", _C),
    FactSpec("process.seccomp.allows.keyring", BOOL,
             "Filter lets through: add_key, request_key, keyctl.", _C),
    FactSpec("process.seccomp.allows.userfaultfd", BOOL, "Filter lets through: userfaultfd.", _C),
    FactSpec("process.seccomp.allows.bpf", BOOL, "Filter lets through: bpf.", _C),
    FactSpec("process.seccomp.allows.perf", BOOL, "Filter lets through: perf_event_open.", _C),
    FactSpec("process.seccomp.allows.mount", BOOL,
             "Filter lets through: mounting, unmounting, pivot_root.", _C),
    FactSpec("process.seccomp.allows.module", BOOL,
             "Filter lets through: loading and removing modules.", _C),
    FactSpec("process.seccomp.allows.kexec", BOOL,
             "Filter lets through: kexec_load, kexec_file_load.", _C),
    FactSpec("process.seccomp.allows.open_by_handle", BOOL,
             "Filter lets through: open_by_handle_at.", _C),
    FactSpec("process.seccomp.allows.ptrace", BOOL,
             "Filter lets through: ptrace, process_vm_readv, process_vm_writev.", _C),
    FactSpec("process.seccomp.allows.raw_io", BOOL, "Filter lets through: iopl, ioperm.", _C),
    FactSpec("process.seccomp.allows.setns", BOOL, "Filter lets through: setns.", _C),
    FactSpec("process.seccomp.allows.reboot", BOOL, "Filter lets through: reboot.", _C),
    FactSpec("process.seccomp.allows.swap", BOOL, "Filter lets through: swapon, swapoff.", _C),
    FactSpec("process.seccomp.allows.acct", BOOL, "Filter lets through: acct.", _C),
    FactSpec("process.seccomp.allows.quota", BOOL,
             "Filter lets through: quotactl, quotactl_fd.", _C),
    FactSpec("process.seccomp.allows.clock", BOOL, "Filter lets through: setting the clock.", _C),
    FactSpec("process.seccomp.allows.syslog", BOOL,
             "Filter lets through: reading the kernel's log.", _C),
    FactSpec("process.seccomp.allowed", LIST,
             "Native system calls that pass whatever their arguments; only with --deep.", _C),
    FactSpec("process.seccomp.by_argument", LIST,
             "Native system calls that pass with some arguments, as `clone: flags & 0x7e020000 == "
             "0`; only with --deep.", _C),
    FactSpec("process.seccomp.foreign_calls", LIST,
             "Calls that pass on another interface and are refused natively, as i386:mount, or "
             "reach what is closed natively, as i386:socketcall; only with --deep.", _C),
    FactSpec("process.seccomp.foreign_surfaces", LIST,
             "Those of `process.seccomp.allows` that only another interface opens; only with "
             "--deep.", _C),
    FactSpec("process.seccomp.default_action", STRING,
             "What becomes of a call the filter does not name: allow, log, trace, notify, errno, "
             "trap, kill_thread, kill_process.", _C),
    FactSpec("process.seccomp.exploits_reachable", INT,
             "Exploits of a public corpus (kernelCTF) whose calls the filter and whose "
             "capabilities the process leave; it orders configurations, it is no probability.",
             _C, unit="of 78"),
    FactSpec("process.seccomp.exploits_reachable_here", INT,
             "Those of them whose kernel options this kernel is built with.", _C, unit="of 78"),
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
    FactSpec("process.namespaces.shared_with", LIST,
             "Whose namespaces it shares, as KIND:NAME, NAME being a container id cut short or the "
             "name of a process; empty if none.", _C),
    FactSpec("process.root_is_host", BOOL,
             "Whether its root directory is the root of the host.", _C),
    # -- drift -----------------------------------------------------------------------------------
    FactSpec("drift.path", STRING, "The fact that differs.", _CV, identifying=True),
    FactSpec("drift.subject", STRING,
             "The process, mount or device it is about; empty for the target as a whole.", _CV,
             identifying=True),
    FactSpec("drift.asked", STRING, "What was asked for, as text.", _CV, identifying=True),
    FactSpec("drift.found", STRING,
             "What the kernel shows, as text; of capability sets those beyond what was asked for.",
             _CV, identifying=True),
    FactSpec("drift.weaker", BOOL, "Whether that protects less than what was asked for.", _CV),
    # -- nested, descriptor ----------------------------------------------------------------------
    FactSpec("nested.name", STRING, "Command name of the example process.", _C, identifying=True),
    FactSpec("nested.pid", INT, "Pid of the example process on the host.", _C),
    FactSpec("nested.count", INT, "How many processes are in it.", _C, unit="processes"),
    FactSpec("descriptor.process", STRING, "Command name of the process that holds it open.", _C,
             identifying=True),
    FactSpec("descriptor.path", STRING, "Where it leads, as the kernel names it.", _C,
             identifying=True),
    FactSpec("descriptor.of_host", BOOL, "Whether that is on a mount of the host's own.", _C),
    FactSpec("descriptor.kind", STRING,
             "What a path of the host's is: file, directory, device, or other.", _C),
)  # fmt: skip
