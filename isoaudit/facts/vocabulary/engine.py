"""Facts of the engines of a host, and of who can reach them: sockets, listeners, groups, files.

Sources: dockerd(8), containers.conf(5), containerd-config.toml(5), unix(7).
"""

from isoaudit.facts.spec import BOOL, HOST, INT, LIST, STRING, FactSpec, PartSpec

_H = HOST

PARTS = (
    PartSpec("engine", "The container engines found on the host.", _H),
    PartSpec("socket", "Control sockets of engines, runtimes and hypervisors.", _H),
    PartSpec("listener", "TCP sockets in state LISTEN.", _H),
    PartSpec("group", "Groups whose members can reach an engine or hypervisor.", _H),
    PartSpec("config_file", "Configuration files of engines and hypervisors.", _H),
)  # fmt: skip

FACTS = (
    FactSpec("engine.name", STRING, "docker, podman, containerd, cri-o.", _H, identifying=True),
    FactSpec("engine.endpoint", STRING, "Address that answered; empty if none did.", _H,
             identifying=True),
    FactSpec("engine.version", STRING, "Version the engine gives.", _H),
    FactSpec("engine.rootless", BOOL, "Whether it runs without root.", _H),
    FactSpec("engine.user_namespace_remap", BOOL,
             "Whether containers get a user namespace by default.", _H),
    FactSpec("engine.seccomp_default", STRING, "default, unconfined, custom, or unavailable.", _H),
    FactSpec("engine.security_options", LIST, "What the engine says it uses: apparmor, seccomp …",
             _H),
    FactSpec("engine.default_runtime", STRING, "Runtime used if none is named.", _H),
    FactSpec("engine.no_new_privileges", BOOL, "Whether no-new-privileges is its default.", _H),
    FactSpec("engine.inter_container_traffic", BOOL,
             "Whether containers on the default bridge may talk to each other.", _H),
    FactSpec("engine.live_restore", BOOL, "Whether containers outlive the engine.", _H),
    FactSpec("engine.insecure_registries", LIST,
             "Registries beyond loopback that are talked to without verified TLS.", _H),
    FactSpec("engine.data_root", STRING, "Folder of images, layers and volumes.", _H),
    FactSpec("engine.tcp_listeners", LIST, "tcp:// addresses its API listens on.", _H),
    FactSpec("engine.tcp_unprotected", LIST,
             "Those of them without verified client certificates.", _H),
    FactSpec("engine.runc.version", STRING, "Version of runc as the engine gives it.", _H),
    FactSpec("engine.runc.upstream", BOOL,
             "Whether that is an upstream version; false for a distribution's own.", _H),
    FactSpec("engine.runc.known_vulnerable", LIST,
             "Breakout CVEs fixed upstream after this version; only for upstream versions.", _H),
    FactSpec("socket.path", STRING, "Path of the socket.", _H, identifying=True),
    FactSpec("socket.service", STRING, "Whose it is: docker, containerd, libvirt …", _H,
             identifying=True),
    FactSpec("socket.owner_uid", INT, "Owner.", _H),
    FactSpec("socket.group", STRING, "Group, by name if it has one.", _H),
    FactSpec("socket.world_accessible", BOOL, "Whether everyone may connect to it.", _H),
    FactSpec("socket.authenticated", BOOL,
             "Whether the service asks who connects, beyond the socket's permissions.", _H),
    FactSpec("socket.mode", STRING, "Permission bits in octal, as 0660.", _H),
    FactSpec("socket.rootful", BOOL, "Whether the service behind it runs as root.", _H),
    FactSpec("listener.address", STRING, "Local address.", _H, identifying=True),
    FactSpec("listener.port", INT, "Local port.", _H, identifying=True),
    FactSpec("listener.loopback", BOOL, "Whether only this machine can reach it.", _H),
    FactSpec("group.name", STRING, "Name of the group.", _H, identifying=True),
    FactSpec("group.members", LIST, "Names of its members, those with it as primary group too.",
             _H, identifying=True),
    FactSpec("config_file.path", STRING, "Path of the file or folder.", _H, identifying=True),
    FactSpec("config_file.owner_uid", INT, "Owner.", _H),
    FactSpec("config_file.others_may_write", BOOL,
             "Whether anyone but root may change it.", _H),
)  # fmt: skip
