"""Facts of the process that runs a virtual machine, and of what serves it.

Sources: proc(5), seccomp(2), namespaces(7), QEMU's security document and invocation manual.
"""

from isoaudit.facts.spec import BOOL, INT, LIST, STRING, VM, VM_FILES, FactSpec, PartSpec

_V, _F = VM, VM_FILES

PARTS = (
    PartSpec("monitor", "Monitor and QMP endpoints of the VMM.", _V, _F),
)  # fmt: skip

FACTS = (
    FactSpec("vmm.name", STRING, "qemu, firecracker, cloud-hypervisor.", _V),
    FactSpec("vmm.pid", INT, "Pid on the host.", _V),
    FactSpec("vmm.uid", INT, "Effective uid on the host.", _V),
    FactSpec("vmm.capabilities.effective", LIST, "Capabilities in force.", _V),
    FactSpec("vmm.capabilities.permitted", LIST, "Capabilities it may raise.", _V),
    FactSpec("vmm.no_new_privileges", BOOL, "Whether exec can add privileges.", _V),
    FactSpec("vmm.seccomp.unfiltered_threads", INT,
             "Threads without a seccomp filter.", _V, unit="threads"),
    FactSpec("vmm.seccomp.mode", STRING, "disabled, strict or filter, of the main thread.", _V),
    FactSpec("vmm.lsm.label", STRING, "LSM label; empty if no LSM is active.", _V),
    FactSpec("vmm.sandbox.options", LIST,
             "Options of -sandbox, as obsolete=deny; empty if it is off.", _V),
    FactSpec("vmm.user_namespace", STRING, "host, or private.", _V),
    FactSpec("monitor.kind", STRING, "qmp, hmp or gdb.", _V, _F, identifying=True),
    FactSpec("monitor.backend", STRING, "unix, tcp, pty, stdio, or other.", _V, _F,
             identifying=True),
    FactSpec("monitor.address", STRING, "Path or host and port.", _V, _F, identifying=True),
)  # fmt: skip
