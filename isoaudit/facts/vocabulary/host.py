"""Facts of a host: its kernel, its CPUs, and how it is set up.

Sources: kernel.org admin-guide (sysctl, hw-vuln, kernel-parameters), proc(5), sysfs ABI documents,
libvirtd(8), the kubelet configuration reference.
"""

from isoaudit.facts.spec import BOOL, HOST, INT, LIST, STRING, FactSpec, PartSpec

_H = HOST

PARTS = (
    PartSpec("cpu_vulnerability",
             "One record per file in /sys/devices/system/cpu/vulnerabilities.", _H),
)  # fmt: skip

FACTS = (
    FactSpec("host.name", STRING, "Node name.", _H),
    FactSpec("host.os.id", STRING, "Distribution (os-release ID).", _H),
    FactSpec("host.os.version", STRING, "Distribution release (os-release VERSION_ID).", _H),
    FactSpec("host.os.pretty_name", STRING, "Distribution as it names itself.", _H),
    FactSpec("host.architecture", STRING, "Machine architecture (uname -m).", _H),
    FactSpec("host.virtualized", BOOL,
             "Whether the host is itself a guest: its CPU facts are a guest's view.", _H),
    FactSpec("host.kernel.release", STRING, "uname -r.", _H),
    FactSpec("host.kernel.version", STRING, "uname -v.", _H),
    FactSpec("host.kernel.upstream", BOOL,
             "Whether the release is an upstream one, so that upstream's fixed versions apply; "
             "false where a distribution patches without raising the version.", _H),
    FactSpec("host.kernel.known_vulnerable", LIST,
             "Container-escape CVEs (of a short list) that upstream fixed after this release; "
             "only for upstream kernels, and for any that is newer than all of those fixes.", _H),
    FactSpec("host.kernel.reboot_required", BOOL,
             "Whether a newer installed kernel waits for a reboot.", _H),
    FactSpec("host.kernel.command_line", LIST,
             "Words of the kernel command line that bear on isolation.", _H),
    FactSpec("host.kernel.disabled_mitigations", LIST,
             "Words of the command line that switch a mitigation off.", _H),
    FactSpec("host.kernel.lockdown", STRING, "none, integrity or confidentiality.", _H),
    FactSpec("host.kernel.lsm", LIST, "Active Linux security modules.", _H),
    FactSpec("host.mac.enforcing", BOOL,
             "Whether SELinux enforces or AppArmor is enabled.", _H),
    FactSpec("host.mac.module", STRING, "apparmor, selinux, other, or none.", _H),
    FactSpec("host.cgroup.version", INT, "1, or 2 if the unified hierarchy is used alone.", _H),
    FactSpec("host.cgroup.release_agents", LIST,
             "Programs named in a cgroup v1 release_agent; empty on version 2.", _H),
    FactSpec("host.sysctl.unprivileged_bpf_disabled", INT, "kernel.unprivileged_bpf_disabled.", _H),
    FactSpec("host.sysctl.kptr_restrict", INT, "kernel.kptr_restrict.", _H),
    FactSpec("host.sysctl.dmesg_restrict", INT, "kernel.dmesg_restrict.", _H),
    FactSpec("host.sysctl.ptrace_scope", INT, "kernel.yama.ptrace_scope; only with Yama.", _H),
    FactSpec("host.sysctl.perf_event_paranoid", INT, "kernel.perf_event_paranoid.", _H),
    FactSpec("host.sysctl.max_user_namespaces", INT, "user.max_user_namespaces; 0 too where "
             "the kernel is built without them.", _H),
    FactSpec("host.sysctl.io_uring_disabled", INT, "kernel.io_uring_disabled.", _H),
    FactSpec("host.sysctl.modules_disabled", INT, "kernel.modules_disabled; 1 too where "
             "the kernel is built without modules.", _H),
    FactSpec("host.sysctl.core_pattern", STRING, "kernel.core_pattern.", _H),
    FactSpec("host.ksm.running", BOOL, "Whether same-page merging runs.", _H),
    FactSpec("host.smt.active", BOOL, "Whether sibling threads share cores; a guest "
             "cannot know that they do not.", _H),
    FactSpec("host.cpu.l1tf", STRING, "Text of vulnerabilities/l1tf.", _H),
    FactSpec("host.cpu.vmscape", STRING, "Text of vulnerabilities/vmscape.", _H),
    FactSpec("host.cpu.old_microcode", STRING, "Text of vulnerabilities/old_microcode.", _H),
    FactSpec("host.cpu.l1d_flush", STRING,
             "kvm_intel's vmentry_l1d_flush: never, cond, always; only with that module.", _H),
    FactSpec("host.kvm.available", BOOL, "Whether /dev/kvm exists.", _H),
    FactSpec("host.kvm.nested", BOOL, "Whether KVM offers nested virtualization.", _H),
    FactSpec("host.iommu.groups", INT, "Number of IOMMU groups.", _H, unit="groups"),
    FactSpec("host.vfio.unsafe_noiommu", BOOL,
             "vfio's enable_unsafe_noiommu_mode; false where vfio is not there.", _H),
    FactSpec("host.vfio.unsafe_interrupts", BOOL,
             "vfio_iommu_type1's allow_unsafe_interrupts; false where vfio is not there.", _H),
    FactSpec("host.vfio.in_use", BOOL, "Whether a device is bound to vfio.", _H),
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
    FactSpec("host.kubelet.present", BOOL, "Whether a kubelet runs here.", _H),
    FactSpec("host.kubelet.anonymous", BOOL, "authentication.anonymous.enabled, resolved.", _H),
    FactSpec("host.kubelet.authorization", STRING, "authorization.mode, resolved.", _H),
    FactSpec("host.kubelet.read_only_port", INT, "readOnlyPort, resolved.", _H),
    FactSpec("host.kubelet.client_ca_set", BOOL, "Whether client certificates are verified.", _H),
    FactSpec("cpu_vulnerability.name", STRING, "File name, as l1tf.", _H, identifying=True),
    FactSpec("cpu_vulnerability.text", STRING, "The kernel's own words.", _H),
    FactSpec("cpu_vulnerability.state", STRING,
             "not_affected, mitigated, or vulnerable (any clause).", _H),
    FactSpec("cpu_vulnerability.guest_view", BOOL,
             "Whether that is what a hypervisor lets the host see: then a good state is only its "
             "word.", _H),
)  # fmt: skip
