"""Facts of what a container may use up of its host: memory, CPU, disk, logs, open files.

Sources: cgroups(7), the kernel's cgroup documentation (v1 and v2), getrlimit(2), proc(5), the
Docker Engine API reference, the Compose specification, the Kubernetes API reference.
"""

from isoaudit.facts.spec import (
    BOOL,
    COMPOSE,
    CONTAINER,
    CONTAINER_FILES,
    INT,
    LIST,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, CONTAINER_FILES
_D = (COMPOSE,)

PARTS: tuple[PartSpec, ...] = ()

FACTS = (
    FactSpec("container.limits.memory.oom_kill_disabled", BOOL,
             "Whether the kernel may not kill it when its memory runs out.", _C, _D),
    FactSpec("container.limits.swap.set", BOOL, "Whether its use of swap is limited.", _C, _D),
    FactSpec("container.limits.swap.bytes", INT,
             "Swap that it may use beyond its memory limit; only if limited.", _C, _D,
             unit="bytes"),
    FactSpec("container.limits.cpu.millicores", INT,
             "CPU time it may use, 1000 being one CPU; only if limited.", _C, _F,
             unit="thousandths of a CPU"),
    FactSpec("container.limits.cpu.pinned", BOOL,
             "Whether it may run on some of the host's CPUs only (a cpuset).", _C, _F),
    FactSpec("container.limits.cpu.realtime", BOOL,
             "Whether its settings grant real-time scheduling: a budget of its control group, or "
             "an rtprio limit above 0.", _C, _D),
    FactSpec("container.limits.block_io.set", BOOL,
             "Whether reads or writes of a block device are limited in bytes or operations a "
             "second; a weight is no limit.", _C, _D),
    FactSpec("container.storage.limit.set", BOOL,
             "Whether what it writes to the host's disk beside its volumes is limited in size.",
             _C, _F),
    FactSpec("container.storage.limit.bytes", INT, "That limit; only if set.", _C, _F,
             unit="bytes"),
    FactSpec("container.storage.scratch_volumes", LIST,
             "Where it has writable scratch volumes on the host's disk without a size: anonymous "
             "volumes, an emptyDir.", _C, _F),
    FactSpec("container.cgroup.parent", STRING,
             "Control group it was asked to be put below; empty for the engine's own.", _C, _D),
    FactSpec("container.cgroup.own", BOOL,
             "Whether it has a control group of its own, instead of the host's root group.",
             _C, _D),
    FactSpec("container.restart_retries", INT,
             "How often a failed container is started again at most; 0 for no end.", _C, _D),
    FactSpec("container.log.driver", STRING, "Log driver: json-file, local, journald, none …",
             _C, _D),
    FactSpec("container.log.bounded", BOOL,
             "Whether the log that the engine keeps of it is bounded in size.", _C, _D),
    FactSpec("process.limits.open_files.set", BOOL,
             "Whether the number of open files is limited (hard limit, RLIMIT_NOFILE).", _C, _D),
    FactSpec("process.limits.open_files.count", INT, "That limit; only if set.", _C, _D,
             unit="files"),
    FactSpec("process.limits.locked_memory.set", BOOL,
             "Whether memory that cannot be swapped is limited (hard limit, RLIMIT_MEMLOCK).",
             _C, _D),
    FactSpec("process.limits.locked_memory.bytes", INT, "That limit; only if set.", _C, _D,
             unit="bytes"),
    FactSpec("process.limits.core.set", BOOL,
             "Whether the size of core dumps is limited (hard limit, RLIMIT_CORE).", _C, _D),
    FactSpec("process.limits.core.bytes", INT, "That limit, 0 for no dumps; only if set.",
             _C, _D, unit="bytes"),
    FactSpec("process.oom_score_adj", INT,
             "What is added to its score when the kernel chooses whom to kill for memory, -1000 "
             "(never this one) to 1000.", _C, _D),
)  # fmt: skip
