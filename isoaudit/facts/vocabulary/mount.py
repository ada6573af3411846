"""Facts of what a container is given of its host: mounts, devices and device rules.

Sources: proc(5) (mountinfo), mount_namespaces(7), cgroups(7), the Docker Engine API reference.
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

PARTS = (
    PartSpec("mount", "Every file system mounted into the container.", _C, _F),
    PartSpec("device", "Host devices handed to the container by name.", _C, _F),
    PartSpec(
        "control_socket",
        "Sockets of the host's engines and hypervisors that the mounts show, under whatever "
        "name; known by who listens on them.",
        _C,
    ),
    PartSpec("device_rule", "Rules of the device cgroup beyond the runtime's own.", _C, _F),
)

FACTS = (
    FactSpec("mount.kind", STRING,
             "bind (a host path), volume (kept by the engine), tmpfs, or system (proc, sysfs, "
             "the root file system and what the runtime adds).", _C, _F, identifying=True),
    FactSpec("mount.source", STRING,
             "Host path behind a bind or volume, without trailing slash; only if there is one.",
             _C, _F, identifying=True),
    FactSpec("mount.destination", STRING, "Path inside the container.", _C, _F, identifying=True),
    FactSpec("mount.file_system", STRING, "File system type as the kernel names it.", _C),
    FactSpec("mount.read_only", BOOL, "Whether the mount refuses writes.", _C, _F),
    FactSpec("mount.propagation", STRING,
             "private, slave, shared (new mounts travel both ways) or unbindable.", _C, _F),
    FactSpec("mount.source_type", STRING,
             "What the host path is: directory, file, socket, block, character, other.", _C),
    FactSpec("mount.managed", BOOL,
             "Whether the engine put it there by itself (resolv.conf, hosts, a named volume).",
             _C, _F),
    FactSpec("mount.options", LIST,
             "Those of nosuid, nodev and noexec that hold for the mount.", _C, (COMPOSE,)),
    FactSpec("mount.size_limited", BOOL,
             "Whether a tmpfs has a size of its own; without, it may take half of the memory.",
             _C, _F),
    FactSpec("mount.shared_with", LIST,
             "Names of running containers outside its own compose project or pod that mount the "
             "same host path or volume, one of the two being able to write; empty if none. Known "
             "for binds and volumes.", _C, _F),
    FactSpec("mount.source_writers", LIST,
             "Who besides root may put another file or folder in place of the host path, or of a "
             "folder on the way to it: account and group names (group NAME), `everyone`, or "
             "`this container`, where the path lies below another of its writable mounts; empty "
             "if nobody. Known for binds.", _C, _F),
    FactSpec("device.path", STRING, "Device node on the host, or a CDI name.", _C, _F,
             identifying=True),
    FactSpec("device.destination", STRING, "Path inside the container.", _C, _F, identifying=True),
    FactSpec("device.permissions", STRING, "Any of r, w, m.", _C, _F, identifying=True),
    FactSpec("device.type", STRING, "block, character, or other.", _C),
    FactSpec("device_rule.type", STRING, "a (all), b (block) or c (character).", _C, _F,
             identifying=True),
    FactSpec("device_rule.major", STRING, "Major number, or *.", _C, _F, identifying=True),
    FactSpec("device_rule.minor", STRING, "Minor number, or *.", _C, _F, identifying=True),
    FactSpec("device_rule.nodes_can_be_made", BOOL,
             "Whether a process inside may make the nodes that it opens (CAP_MKNOD over the host).",
             _C),
    FactSpec("device_rule.access", STRING, "Any of r, w, m.", _C, _F, identifying=True),
    # -- control_socket --------------------------------------------------------------------------
    FactSpec("control_socket.service", STRING, "Who listens: docker, containerd, libvirt …", _C,
             identifying=True),
    FactSpec("control_socket.host_path", STRING, "Its path on the host.", _C, identifying=True),
    FactSpec("control_socket.path", STRING, "The path at which the sandbox shows it.", _C,
             identifying=True),
    FactSpec("control_socket.itself", BOOL,
             "Whether the socket itself is mounted, and not a folder above it.", _C),
    FactSpec("control_socket.permitted", BOOL,
             "Whether a process of the sandbox may connect by the socket's owner, group and mode, "
             "or may become root by a setuid program.", _C),
)  # fmt: skip
