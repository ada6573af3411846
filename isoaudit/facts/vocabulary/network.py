"""Facts of how a container is connected: its networks, names of the host, kernel parameters.

Sources: the Docker Engine API reference, docs.docker.com (network drivers), the Compose
specification, the Kubernetes API reference, the kernel's ip-sysctl documentation, unix(7).
"""

from isoaudit.facts.spec import (
    BOOL,
    COMPOSE,
    CONTAINER,
    CONTAINER_FILES,
    LIST,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, CONTAINER_FILES
_D = (COMPOSE,)

PARTS = (
    PartSpec("network", "Networks of the engine that the container is attached to.", _C, _D),
    PartSpec("sysctl", "Kernel parameters set for the container's namespaces.", _C, _F),
)

FACTS = (
    FactSpec("container.network.names", LIST, "Names of the networks it is attached to.", _C, _D),
    FactSpec("container.network.publishes_all", BOOL,
             "Whether every port that the image declares is published on the host (`-P`).", _C),
    FactSpec("container.network.forwarding", BOOL,
             "Whether its network stack forwards IPv4 packets from one interface to another.",
             _C, _F),
    FactSpec("container.network.host_aliases", LIST,
             "Names in its hosts file that were made to lead to the host (`host-gateway`).",
             _C, _F),
    FactSpec("container.network.runtime_sockets", LIST,
             "Abstract sockets of container runtimes in its network namespace; at most 20.", _C),
    FactSpec("network.name", STRING, "Name of the network.", _C, _D, identifying=True),
    FactSpec("network.driver", STRING,
             "Driver: bridge, overlay, macvlan, ipvlan, host, null (none at all), or another.",
             _C, _D),
    FactSpec("network.internal", BOOL, "Whether it leads nowhere outside itself.", _C, _D),
    FactSpec("network.default", BOOL,
             "Whether it is the engine's default one, which all share that name none.", _C, _D),
    FactSpec("sysctl.name", STRING, "Name of the parameter, with dots.", _C, _F,
             identifying=True),
    FactSpec("sysctl.value", STRING, "Value asked for.", _C, _F, identifying=True),
)  # fmt: skip
