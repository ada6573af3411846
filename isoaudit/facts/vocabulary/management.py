"""Facts of a host that manages virtual machines: libvirt's daemons and how they are set up.

Sources: libvirtd.conf and qemu.conf as libvirt ships them, libvirtd(8).
"""

from isoaudit.facts.spec import BOOL, HOST, LIST, STRING, FactSpec

_H = HOST

PARTS = ()

FACTS = (
    FactSpec("host.ssh.authorized_fingerprints", LIST,
             "Fingerprints of the SSH keys that let into accounts of the host.", _H),
    FactSpec("host.libvirt.present", BOOL, "Whether libvirt's daemon is installed.", _H),
    FactSpec("host.libvirt.listen_tcp", BOOL, "Whether libvirtd takes plain TCP connections.", _H),
    FactSpec("host.libvirt.tls_no_verify", BOOL,
             "Whether TLS connections need no client certificate (tls_no_verify_certificate).", _H),
    FactSpec("host.libvirt.auth_tcp", STRING, "auth_tcp of libvirtd.conf, resolved.", _H),
    FactSpec("host.libvirt.auth_unix_rw", STRING, "auth_unix_rw of libvirtd.conf, resolved.", _H),
    FactSpec("host.libvirt.security_driver", LIST,
             "security_driver of qemu.conf, or `default`.", _H),
    FactSpec("host.libvirt.security_default_confined", BOOL,
             "security_default_confined of qemu.conf, resolved.", _H),
    FactSpec("host.libvirt.seccomp_sandbox", BOOL, "seccomp_sandbox of qemu.conf, resolved.", _H),
    FactSpec("host.libvirt.namespaces", LIST, "namespaces of qemu.conf, resolved.", _H),
    FactSpec("host.libvirt.cgroup_device_acl", LIST,
             "Devices in cgroup_device_acl beyond the shipped ones.", _H),
    FactSpec("host.libvirt.user", STRING, "user of qemu.conf, resolved: who runs QEMU.", _H),
)  # fmt: skip
