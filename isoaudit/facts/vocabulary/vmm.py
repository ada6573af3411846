"""Facts of the process that runs a virtual machine, and of what serves it.

Sources: proc(5), seccomp(2), namespaces(7), capabilities(7), unix(7), QEMU's security document and
invocation manual.
"""

from isoaudit.facts.spec import BOOL, INT, LIST, STRING, VM, VM_FILES, FactSpec, PartSpec
from isoaudit.facts.vocabulary import process

_V, _F = VM, VM_FILES

PARTS = (
    PartSpec("monitor", "Monitor and QMP endpoints of the VMM.", _V, _F),
    PartSpec("control_end", "UNIX sockets on which the VMM listens: monitors, APIs, consoles.", _V),
    PartSpec("vmm_listener", "TCP and UDP ports on which the VMM listens.", _V),
    PartSpec("vmm_descriptor",
             "Open files, folders and devices of the VMM that neither its command line nor its "
             "being a VMM explains.", _V),
    PartSpec("helper",
             "Processes that serve the VMM: virtiofsd, swtpm, vhost-user back ends, passt. Of one "
             "that forks, the child that serves.", _V),
)  # fmt: skip

_SECCOMP = tuple(
    FactSpec(f"vmm.{spec.path.partition('.')[2]}", spec.type, spec.meaning, _V, unit=spec.unit)
    for spec in process.FACTS
    if spec.path.startswith("process.seccomp.")
    and spec.path not in {"process.seccomp.mode", "process.seccomp.profile"}
)
"""What is told of the filters of a VMM is what is told of those of any process."""

_NAMESPACES = tuple(
    FactSpec(f"vmm.namespaces.{kind}", STRING,
             f"Whose {kind} namespace it is in: host, private, or shared with others.", _V)
    for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup", "time")
)  # fmt: skip

FACTS = (
    FactSpec("vmm.name", STRING,
             "qemu, firecracker, cloud-hypervisor, crosvm, stratovirt, dragonball; or the "
             "program's own name.", _V),
    FactSpec("vmm.manager", STRING,
             "Who started it, as its command line shows: libvirt, kata; empty if neither.", _V),
    FactSpec("vmm.pid", INT, "Pid on the host.", _V),
    FactSpec("vmm.uid", INT, "Effective uid on the host.", _V),
    FactSpec("vmm.gid", INT, "Effective gid on the host.", _V),
    FactSpec("vmm.root_permitted", BOOL,
             "Whether it is root, may become so, or holds a capability.", _V),
    FactSpec("vmm.powerful_groups", LIST,
             "Groups of the host that open more than their members' own files and that it is in, "
             "as root, docker, disk, kvm, libvirt; empty if none.", _V),
    FactSpec("vmm.uid_shared_with", LIST,
             "Names of other VMMs with the same uid on the host: eight at most, empty if none.",
             _V),
    FactSpec("vmm.capabilities.effective", LIST, "Capabilities in force.", _V),
    FactSpec("vmm.capabilities.permitted", LIST, "Capabilities it may raise.", _V),
    FactSpec("vmm.capabilities.inheritable", LIST, "Capabilities kept for programs it starts.", _V),
    FactSpec("vmm.capabilities.bounding", LIST, "Capabilities it could gain by exec at most.", _V),
    FactSpec("vmm.capabilities.ambient", LIST, "Capabilities that any program it starts has.", _V),
    FactSpec("vmm.no_new_privileges", BOOL, "Whether exec can add privileges.", _V),
    FactSpec("vmm.seccomp.unfiltered_threads", INT,
             "Threads without a seccomp filter.", _V, unit="threads"),
    FactSpec("vmm.seccomp.mode", STRING, "disabled, strict or filter, of the main thread.", _V),
    FactSpec("vmm.seccomp.option", STRING,
             "What the command line of a small VMM makes of its built-in filters: default, custom, "
             "log or off. Not told of QEMU, see vmm.sandbox.options.", _V),
    *_SECCOMP,
    FactSpec("vmm.lsm.label", STRING, "LSM label; empty if no LSM is active.", _V),
    FactSpec("vmm.lsm.label_shared_with", LIST,
             "Names of other VMMs with the same LSM label: eight at most, empty if none; only "
             "where an LSM labels processes.", _V),
    FactSpec("vmm.landlock", BOOL,
             "Whether cloud-hypervisor was told to confine itself with Landlock; of a process the "
             "kernel does not show it.", _V),
    FactSpec("vmm.sandbox.options", LIST,
             "Options of -sandbox, as obsolete=deny; empty if it is off.", _V),
    FactSpec("vmm.user_namespace", STRING, "host, or private.", _V),
    *_NAMESPACES,
    FactSpec("vmm.root_is_host", BOOL, "Whether its root is the host's.", _V),
    FactSpec("vmm.root", STRING, "Folder of the host that is its root.", _V),
    FactSpec("vmm.devices", LIST,
             "Device nodes in its /dev by the host's names, but for null and its kin and for "
             "terminals; /dev alone stands for all of the host's.", _V),
    FactSpec("vmm.cgroup.own", BOOL,
             "Whether it is below the root group of each hierarchy that can limit it.", _V),
    FactSpec("vmm.cgroup.dedicated", BOOL,
             "Whether nobody but it and its helpers is in its control groups.", _V),
    FactSpec("vmm.limits.memory.set", BOOL, "Whether its control group limits memory.", _V),
    FactSpec("vmm.limits.memory.bytes", INT, "The lowest memory limit.", _V, unit="bytes"),
    FactSpec("vmm.limits.memory.oom_kill_disabled", BOOL,
             "Whether the OOM killer is off for its control group.", _V),
    FactSpec("vmm.limits.pids.set", BOOL, "Whether its control group limits processes.", _V),
    FactSpec("vmm.limits.pids.count", INT, "The lowest limit of processes.", _V, unit="processes"),
    FactSpec("vmm.limits.cpu.set", BOOL, "Whether its control group limits CPU time.", _V),
    FactSpec("vmm.limits.open_files.set", BOOL, "Whether open files are limited.", _V),
    FactSpec("vmm.limits.open_files.count", INT, "Most open files.", _V, unit="files"),
    FactSpec("vmm.limits.core.set", BOOL, "Whether the size of core files is limited.", _V),
    FactSpec("vmm.limits.core.bytes", INT, "Largest core file.", _V, unit="bytes"),
    FactSpec("vmm.dump_guest_core", BOOL,
             "Whether QEMU leaves the guest's memory in its core dumps (dump-guest-core).", _V),
    FactSpec("vmm.coredump_filter", BOOL,
             "Whether the kernel puts anonymous memory into its core dumps.", _V),
    FactSpec("vmm.exe_deleted", BOOL,
             "Whether the file that it runs was deleted or replaced since it was started.", _V),
    FactSpec("vmm.program_others_may_write", BOOL,
             "Whether anyone but root may change the file it runs or a folder above it.", _V),
    FactSpec("vmm.jail_others_may_write", BOOL,
             "Whether anyone but root may change a folder above its jail; false without one.", _V),
    FactSpec("vmm.vhost_workers", INT,
             "Threads of the kernel that serve its virtio devices (vhost).", _V, unit="threads"),
    # -- monitors, sockets, ports ----------------------------------------------------------------
    FactSpec("monitor.kind", STRING, "qmp, hmp or gdb.", _V, _F, identifying=True),
    FactSpec("monitor.backend", STRING, "unix, tcp, pty, stdio, or other.", _V, _F,
             identifying=True),
    FactSpec("monitor.address", STRING, "Path or host and port.", _V, _F, identifying=True),
    FactSpec("control_end.path", STRING, "Path, or @ and an abstract name.", _V, identifying=True),
    FactSpec("control_end.abstract", BOOL, "Whether it has no path, and so no permissions.", _V),
    FactSpec("control_end.named", BOOL, "Whether the command line names it.", _V),
    FactSpec("control_end.mode", STRING, "Permission bits in octal, as 0750.", _V),
    FactSpec("control_end.anyone_may_connect", BOOL,
             "Whether every user of the host can connect to it, or put another in its place.", _V),
    FactSpec("vmm_listener.protocol", STRING, "tcp or udp.", _V, identifying=True),
    FactSpec("vmm_listener.address", STRING, "Address.", _V, identifying=True),
    FactSpec("vmm_listener.port", INT, "Port.", _V, identifying=True),
    FactSpec("vmm_listener.exposure", STRING, "loopback, address, or all.", _V),
    # -- descriptors -----------------------------------------------------------------------------
    FactSpec("vmm_descriptor.path", STRING, "Where it leads.", _V, identifying=True),
    FactSpec("vmm_descriptor.kind", STRING, "file, directory, device, socket, pipe, or other.", _V,
             identifying=True),
    FactSpec("vmm_descriptor.explained", BOOL,
             "False; missing for a file that an image may lie on.", _V),
    # -- helpers ---------------------------------------------------------------------------------
    FactSpec("helper.kind", STRING, "Its program, as virtiofsd, swtpm, passt.", _V,
             identifying=True),
    FactSpec("helper.pid", INT, "Pid on the host of the process that serves.", _V),
    FactSpec("helper.folder", STRING, "Folder of the host that a virtiofsd shows.", _V,
             identifying=True),
    FactSpec("helper.sandbox", STRING,
             "What its options ask for: namespace, chroot, none, or default.", _V),
    FactSpec("helper.socket", STRING, "Its socket; empty if none is known.", _V),
    FactSpec("helper.anyone_may_connect", BOOL,
             "Whether every user of the host can connect to its socket.", _V),
    FactSpec("helper.uid", INT, "Effective uid on the host.", _V),
    FactSpec("helper.capabilities", LIST, "Capabilities in force.", _V),
    FactSpec("helper.privileged", BOOL, "Whether it holds or may raise a capability.", _V),
    FactSpec("helper.no_new_privileges", BOOL, "Whether exec can add privileges.", _V),
    FactSpec("helper.seccomp", STRING, "disabled, strict or filter.", _V),
    FactSpec("helper.namespaces", LIST, "Its own namespaces: mnt, pid, net, ipc, uts, user.", _V),
    FactSpec("helper.root_is_host", BOOL, "Whether its root is the host's.", _V),
)  # fmt: skip
