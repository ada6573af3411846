"""Facts of the workloads beside a container, and of the engine that it is told to ask.

Sources: the Docker Engine API reference, the Compose specification, the Kubernetes API reference,
namespaces(7), docs.docker.com (DOCKER_HOST).
"""

from isoaudit.facts.spec import (
    BOOL,
    CONTAINER,
    CONTAINER_FILES,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, CONTAINER_FILES

PARTS = (
    PartSpec("neighbour",
             "Workloads of the same engine, project or pod that it shares a namespace or a "
             "writable volume with; over a network those alone that hold an engine's socket, or "
             "that it is told to ask as an engine. A record for each way to one; at most 64.",
             _C, _F),
)  # fmt: skip

FACTS = (
    FactSpec("container.engine_address", STRING,
             "Where its variables (DOCKER_HOST, CONTAINER_HOST, BUILDKIT_HOST) say that an engine "
             "answers: scheme, host and port or a socket's path; empty if none is set.", _C, _F),
    FactSpec("container.engine_place", STRING,
             "Where that is: none, socket (a path inside), itself (a loopback address that it "
             "shares with nobody), neighbour, host, or elsewhere.", _C, _F),
    FactSpec("neighbour.name", STRING, "Name of the workload.", _C, _F, identifying=True),
    FactSpec("neighbour.target", STRING, "Id that it has as a target.", _C, _F),
    FactSpec("neighbour.through", STRING,
             "How it is reached: network, volume, or a namespace that both are in: pid, ipc, net, "
             "uts, user, cgroup.", _C, _F, identifying=True),
    FactSpec("neighbour.place", STRING,
             "The network, or the volume or host path that both mount; empty for a namespace.",
             _C, _F, identifying=True),
    FactSpec("neighbour.own", BOOL,
             "Whether it belongs to the same compose project, stack or pod.", _C, _F),
    FactSpec("neighbour.engine_socket", STRING,
             "Engine whose socket, by its usual path, it mounts: docker, podman, containerd, "
             "cri-o, buildkit; empty if none.", _C, _F),
    FactSpec("neighbour.engine_of_user", BOOL,
             "Whether that socket lies among an account's own files, as a rootless engine's does.",
             _C, _F),
    FactSpec("neighbour.api", BOOL,
             "Whether this workload is told, by a variable or its command, to ask it as an "
             "engine.", _C, _F),
    FactSpec("neighbour.passes_on", BOOL,
             "Whether it is known to pass an engine's API on to who connects: its image or its "
             "command does nothing else, or this workload is told to ask it as an engine. False "
             "if it holds no socket of one.", _C, _F),
    FactSpec("neighbour.scope", STRING,
             "What of that API gets through as it is set up: all (containers can be made), read "
             "(containers can be looked at), or little.", _C, _F),
    FactSpec("neighbour.writes", BOOL,
             "Whether this workload may write to the volume or path that both mount.", _C, _F),
    FactSpec("neighbour.runs_shared", BOOL,
             "Whether its command names a program in the volume or path that both mount.",
             _C, _F),
    FactSpec("neighbour.traceable", BOOL,
             "Whether its main process has the same user and no capability that this one's lacks, "
             "so that ptrace(2) is allowed in a shared PID namespace.", _C, _F),
)  # fmt: skip
