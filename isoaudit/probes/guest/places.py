"""The files of a guest that are looked at, as the host's topics and those of guests name them."""

from __future__ import annotations

_SYSCTLS = [
    "kernel/hostname",
    "kernel/osrelease",
    "kernel/version",
    "kernel/arch",
    "kernel/unprivileged_bpf_disabled",
    "kernel/kptr_restrict",
    "kernel/dmesg_restrict",
    "kernel/perf_event_paranoid",
    "kernel/io_uring_disabled",
    "kernel/io_uring_group",
    "kernel/yama/ptrace_scope",
    "kernel/randomize_va_space",
    "kernel/sysrq",
    "kernel/unprivileged_userns_clone",
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/modules_disabled",
    "kernel/kexec_load_disabled",
    "kernel/core_pattern",
    "user/max_user_namespaces",
    "fs/protected_symlinks",
    "fs/protected_hardlinks",
    "fs/protected_fifos",
    "fs/protected_regular",
    "vm/mmap_min_addr",
    "vm/unprivileged_userfaultfd",
    "dev/tty/legacy_tiocsti",
    "dev/tty/ldisc_autoload",
]

_DMI = tuple(
    f"/sys/class/dmi/id/{name}"
    for name in ("sys_vendor", "product_name", "bios_vendor", "chassis_asset_tag")
)

ONE_LINERS = (
    *(f"/proc/sys/{name}" for name in _SYSCTLS),
    "/sys/kernel/security/lsm",
    "/sys/kernel/security/lockdown",
    "/sys/fs/selinux/enforce",
    "/sys/module/apparmor/parameters/enabled",
    "/sys/hypervisor/type",
    *(
        f"/sys/module/{name}/parameters/nested"
        for name in ("kvm_intel", "kvm_amd", "kvm_hv", "kvm")
    ),
    *_DMI,
)
"""Read all at once; sysctl files give no more than their first byte to a shell's own `read`."""

EXISTENCE = (
    "/sys/kernel",
    "/proc/sys/kernel",
    "/dev/null",
    "/dev/kvm",
    "/sys/fs/selinux",
    "/sys/firmware/efi",
    "/proc/modules",
    "/proc/sysrq-trigger",
    "/proc/self/ns/user",
)

FOLDERS = ("/proc/self/ns",)

OPTIONS = (
    "BPF_SYSCALL",
    "PERF_EVENTS",
    "IO_URING",
    "MAGIC_SYSRQ",
    "USER_NS",
    "MODULES",
    "KEXEC",
    "KEXEC_FILE",
    "USERFAULTFD",
    "SECURITY_LOCKDOWN_LSM",
    "SECURITY_LOCKDOWN_LSM_EARLY",
    "LOCK_DOWN_KERNEL",
    "LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
    "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
)
"""The options of the kernel that are asked for: what is not here is never concluded from them."""

CLOUD_FILES = (
    "/run/cloud-init/instance-data-sensitive.json",
    "/var/lib/cloud/instance/user-data.txt",
    "/var/lib/cloud/instance/user-data.txt.i",
    "/var/lib/cloud/instance/vendor-data.txt",
    "/var/lib/cloud/instance/obj.pkl",
    "/var/lib/cloud/seed/nocloud/user-data",
    "/var/lib/cloud/seed/nocloud-net/user-data",
    "/var/lib/waagent/ovf-env.xml",
)

SSHD_FILES = (
    "/etc/ssh/sshd_config",
    "/usr/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d/*.conf",
    "/usr/etc/ssh/sshd_config.d/*.conf",
    "/etc/crypto-policies/back-ends/opensshserver.config",
)

SSHD_WORDS = (
    "permitrootlogin",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "challengeresponseauthentication",
    "permitemptypasswords",
    "allowagentforwarding",
    "allowtcpforwarding",
    "x11forwarding",
    "permittunnel",
    "gatewayports",
    "disableforwarding",
    "ciphers",
    "macs",
    "kexalgorithms",
    "hostkeyalgorithms",
    "pubkeyacceptedalgorithms",
    "authorizedkeysfile",
    "authorizedkeyscommand",
)
