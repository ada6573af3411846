"""What single answers of guests come to."""

from __future__ import annotations

import pytest
from guest_answers import answer, lack, page, read, recorded, rows, value

from isoaudit.model import Reason
from isoaudit.probes.guest import read_guest

_DMI = "/sys/class/dmi/id"


def _names(*names: str, seen: bool = True, runs: str = "") -> str:
    first = "@ok /proc/1/comm" if seen else "@hidden /proc/1/comm"
    return f"{first}\n@ok names\n" + "".join(f"|{one}\n" for one in names) + "|\n" + runs


@pytest.mark.parametrize(
    ("virtualization", "expected"),
    [
        ("@ok /.dockerenv", "container"),
        ("@ok /proc/1/cgroup\n|0::/lxc.payload.web", "container"),
        ("@container", "container"),
        (page(f"{_DMI}/sys_vendor", "VMware, Inc."), "vmware"),
        (page(f"{_DMI}/product_name", "VirtualBox"), "virtualbox"),
        (page(f"{_DMI}/sys_vendor", "Microsoft Corporation")
         + page(f"{_DMI}/product_name", "Virtual Machine"), "hyperv"),
        (page("/sys/hypervisor/type", "xen"), "xen"),
    ],
)  # fmt: skip
def test_a_guest_tells_its_hypervisor(virtualization: str, expected: str) -> None:
    """By a container's marks first, then by DMI and what Xen shows."""
    assert expected == value(read(virtualization=virtualization), "guest.virtualization")


@pytest.mark.parametrize(
    ("cpu", "clock", "expected"),
    [
        ("flags\t: fpu hypervisor", "kvm-clock tsc", "kvm"),
        ("flags\t: fpu hypervisor", "tsc", "other"),
        ("flags\t: fpu", "tsc", "none"),
    ],
)
def test_without_names_the_clock_and_the_cpu_tell(cpu: str, clock: str, expected: str) -> None:
    """A microVM has no DMI; a CPU without the hypervisor flag is a machine's own."""
    where = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
    found = read(kernel=page("/proc/cpuinfo", cpu), virtualization=page(where, clock))

    assert expected == value(found, "guest.virtualization")


def test_on_an_architecture_without_the_flag_nothing_is_concluded() -> None:
    """arm64 has no hypervisor flag: its absence is no bare metal."""
    found = read(kernel=page("/proc/cpuinfo", "Features\t: fp asimd"), virtualization="@absent /x")

    assert Reason.NOT_SUPPORTED is lack(found, "guest.virtualization").reason


def test_shares_of_the_host_are_records_and_other_mounts_none() -> None:
    """virtiofs and 9p over virtio come from the host, 9p over TCP from anywhere."""
    found = read(mounts=page("/proc/self/mounts", "\n".join([
        "web /srv/with\\040blank virtiofs rw,relatime 0 0",
        "logs /var/log/host 9p ro,trans=virtio,version=9p2000.L 0 0",
        "10.0.0.1 /mnt 9p rw,trans=tcp 0 0",
        "",
    ]) + "\n"))  # fmt: skip

    assert [
        {"source": "web", "target": "/srv/with blank", "driver": "virtiofs", "read_only": False},
        {"source": "logs", "target": "/var/log/host", "driver": "9p", "read_only": True},
    ] == rows(found, "guest_share")


def test_agents_that_may_be_hidden_leave_the_part_unfinished() -> None:
    """With hidepid an account sees its own processes only."""
    found = read(processes=_names("sshd", "spice-vdagent", seen=False))
    cut = found.parts["guest_agent"][0].incomplete

    assert ["desktop"] == [one["purpose"] for one in rows(found, "guest_agent")]
    assert cut is not None and cut.reason is Reason.PERMISSION_DENIED
    assert Reason.PERMISSION_DENIED is lack(found, "guest.agent.active").reason


@pytest.mark.parametrize(
    ("arguments", "config", "left"),
    [
        ([], "@absent", 8),
        (["--block-rpcs=guest-exec,guest-file-open"], "@absent", 6),
        (["-b", "guest-exec"], "[general]\nblock-rpcs=guest-file-open,guest-file-read", 5),
        ([], "[general]\nblacklist = guest-exec;guest-exec-status", 6),
        (["--allow-rpcs=guest-ping,guest-exec"], "@absent", 1),
        (["-bguest-exec"], "#block-rpcs=guest-file-open", 7),
    ],
)
def test_the_agents_strong_commands_are_those_not_blocked(
    arguments: list[str], config: str, left: int
) -> None:
    """The command line and the configuration both block; a list of allowed ones blocks the rest."""
    run = "@run qemu-ga\n" + "".join(f"|{one}\n" for one in ["/usr/bin/qemu-ga", *arguments])
    path = "/etc/qemu/qemu-ga.conf"
    text = f"@absent {path}" if config == "@absent" else page(path, config)
    found = read(processes=_names("qemu-ga", runs=run), agent=text)

    assert left == len(value(found, "guest.agent.open_commands"))


def test_an_agent_whose_configuration_is_closed_is_not_called_limited() -> None:
    """What it blocks is then unknown, and so is what it lets through."""
    found = read(
        processes=_names("qemu-ga", runs="@run qemu-ga\n|qemu-ga\n"),
        agent="@closed /etc/qemu/qemu-ga.conf",
    )

    assert Reason.PERMISSION_DENIED is lack(found, "guest.agent.open_commands").reason
    assert value(found, "guest.agent.active") is True


def test_passwords_are_told_to_root_alone() -> None:
    """An unreadable /etc/shadow leaves both facts to root."""
    found = read(
        logins="@ok autologin\n|\n@absent /etc/inittab\n@ok /etc/passwd\n@closed /etc/shadow"
    )

    assert Reason.PERMISSION_DENIED is lack(found, "guest.accounts.root_password").reason
    assert Reason.PERMISSION_DENIED is lack(found, "guest.accounts.without_password").reason
    assert () == value(found, "guest.console.autologin")


def test_an_account_without_a_password_and_a_console_that_asks_none_are_told() -> None:
    """The unit that logs in, the getty that does, and the account."""
    found = read(
        logins="@ok autologin\n|/etc/systemd/system/getty@tty1.service.d/a.conf\n|\n"
        "@absent /etc/inittab\n@ok /etc/passwd\n@ok /etc/shadow\n@empty guest\n@root set",
        processes=_names("agetty", runs="@run agetty\n|agetty\n|--autologin\n|root\n|ttyS0\n"),
        kernel=page("/proc/cmdline", "quiet init=/bin/sh -- init=/bin/sh"),
    )

    assert ("guest",) == value(found, "guest.accounts.without_password")
    assert 2 == len(value(found, "guest.console.autologin"))
    assert ("init=/bin/sh",) == value(found, "guest.console.boot_overrides")
    assert "set" == value(found, "guest.accounts.root_password")


@pytest.mark.parametrize(
    ("listing", "private"),
    [
        ("-rw------- 1 0 0 100 Jan 1 00:00 x", True),
        ("-rw-r----- 1 0 0 100 Jan 1 00:00 x", False),
        ("-rw------- 1 1000 0 100 Jan 1 00:00 x", False),
        ("-rw-------+ 1 0 0 100 Jan 1 00:00 x", False),
        ("-r--------. 1 0 0 100 Jan 1 00:00 x", True),
    ],
)
def test_cloud_data_is_private_if_root_alone_may_read_it(listing: str, private: bool) -> None:
    """Mode and owner both count, and an ACL may say more than the mode."""
    path = "/var/lib/cloud/instance/user-data.txt"
    text = recorded("busybox-root")["cloud"].replace(f"@absent {path}\n", page(path, listing), 1)
    found = read_guest({**recorded("busybox-root"), "cloud": text})

    assert [private] == [one["private"] for one in rows(found, "guest_cloud_file")]


def test_authorized_keys_that_others_may_write_are_not_private() -> None:
    """The folder counts as well as the file, and its owner."""
    digest = "ab" * 32
    text = "@ok /etc/ssh\n@ok /etc/passwd\n" + "".join(
        f"@login {account} {uid} /home/{account}/.ssh/authorized_keys\n"
        f"|file -rw------- 1 {owner} 0 1 Jan 1 00:00 f\n|folder {mode} 2 {uid} 0 1 Jan 1 00:00 d\n"
        f"|key ssh-rsa {digest}\n"
        for account, uid, owner, mode in (
            ("a", 1001, 1001, "drwx------"),
            ("b", 1002, 1002, "drwxrwx---"),
            ("c", 1003, 1001, "drwx------"),
        )
    )
    found = read(keys=text)

    assert [True, False, False] == [one["private"] for one in rows(found, "guest_authorized_keys")]
    assert (
        "SHA256:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"
        == rows(found, "guest_authorized_keys")[0]["fingerprints"][0]
    )


def test_without_a_hashing_program_keys_are_missing_and_not_all_alike() -> None:
    """The hash of nothing would make every key the same."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    found = read(keys=f"@ok /etc/ssh\n@ok /etc/passwd\n@host /etc/ssh/a.pub\n|key ssh-rsa {empty}")

    assert Reason.TOOL_ABSENT is found.missing["guest_host_key"][0].reason


_OPEN = (
    "table inet filter {\n\tchain input {\n"
    "\t\ttype filter hook input priority filter; policy accept;\n"
)
_END = "\t}\n}\n"


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (
            "table inet f {\n\tchain i {\n\t\ttype filter hook input priority 0; policy drop;\n"
            + _END,
            (),
        ),
        (_OPEN + _END, ("ip", "ip6")),
        (_OPEN + "\t\ttcp dport 22 accept\n\t\treject with icmpx admin-prohibited\n" + _END, ()),
        (_OPEN.replace("inet", "ip") + "\t\tcounter packets 1 bytes 2 drop\n" + _END, ("ip6",)),
        (_OPEN + "\t\ttcp dport 22 drop\n" + _END, ("ip", "ip6")),
    ],
)
def test_a_filter_is_closed_by_its_policy_or_by_its_last_rule(
    rules: str, left: tuple[str, ...]
) -> None:
    """Each family by itself: closing IPv4 leaves IPv6 as it was."""
    names = "@absent /proc/net/ip_tables_names\n@absent /proc/net/ip6_tables_names\n"
    found = read(firewall=f"{names}@ok /sys/module/nf_tables\n@tool nft\n" + page("nft", rules))

    assert left == value(found, "guest.firewall.default_open")


def test_tables_that_no_program_shows_leave_the_filter_unknown() -> None:
    """The kernel has rules of the older kind, and the guest no iptables."""
    names = page("/proc/net/ip_tables_names", "filter") + "@absent /proc/net/ip6_tables_names\n"
    found = read(firewall=f"{names}@absent /sys/module/nf_tables")

    assert Reason.TOOL_ABSENT is lack(found, "guest.firewall.default_open").reason


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("|x: Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP", "sev-snp"),
        ("|x: Memory Encryption Features active: AMD SEV", "sev"),
        ("|[ 0.0] tdx: Guest detected", "tdx"),
        ("|[ 0.0] Linux version 6.1", "none"),
    ],
)
def test_memory_encryption_is_what_the_kernel_said_at_boot(lines: str, expected: str) -> None:
    """None is told only where the messages reach back to the boot."""
    found = read(confidential=f"@absent /dev/sev-guest\n@ok messages\n{lines}")

    assert expected == value(found, "guest.memory_encryption")


def test_drivers_are_absent_where_the_kernels_lists_do_not_name_them() -> None:
    """Installed, built in, or provably neither."""
    found = read(drivers="@ok /sys/bus/virtio/drivers\n|virtio_net\n|\n@ok links\n|\n"
                 "@ok /lib/modules/6.1/modules.dep\n|/virtio_scsi.ko.xz:\n|\n"
                 "@ok /lib/modules/6.1/modules.builtin\n|/virtio_blk.ko\n|\n")  # fmt: skip

    assert ("virtio_blk", "virtio_net", "virtio_scsi") == value(found, "guest.drivers.available")
    assert "virtiofs" in value(found, "guest.drivers.unavailable")
    assert not set(value(found, "guest.drivers.available")) & set(
        value(found, "guest.drivers.unavailable")
    )


def test_secure_boot_is_read_from_the_firmwares_variable() -> None:
    """One byte behind the attributes, told as a digit."""
    path = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    kernel = recorded("busybox-root")["kernel"].removesuffix("@end\n")
    kernel = kernel.replace("@absent /sys/firmware/efi\n", "@ok /sys/firmware/efi\n")
    kernel = kernel.replace(f"@absent {path}\n", page(path, "1"))
    found = read_guest({**recorded("busybox-root"), "kernel": answer(kernel)})

    assert value(found, "guest.firmware.secure_boot") is True


def test_a_vsock_without_a_list_of_listeners_is_unknown() -> None:
    """Nothing is loaded into the guest's kernel to find out."""
    found = read(vsock="@ok /dev/vsock\n@ok /sys/module/vmw_vsock_virtio_transport\n@ok listeners")
    listed = read(
        vsock="@ok /sys/module/vmw_vsock_virtio_transport\n@ok listeners\n"
        "v_str LISTEN 0 0 *:22 *:*\n@complete"
    )

    assert value(found, "guest.vsock.present") is True
    assert Reason.NOT_SUPPORTED is lack(found, "guest.vsock.listeners").reason
    assert ("*:22",) == value(listed, "guest.vsock.listeners")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("|User audit may run the following commands on web:\n|    (ALL) NOPASSWD: ALL", "all"),
        ("|    (root) NOPASSWD: /usr/sbin/sshd -T", "limited"),
        ("|    (ALL) ALL", "none"),
    ],
)
def test_sudo_counts_what_it_grants_without_a_password(said: str, expected: str) -> None:
    """A list of commands is limited, ALL is all."""
    assert expected == value(read(sudo=f"@ok sudo\n{said}"), "guest.account.sudo")


@pytest.mark.parametrize(
    ("said", "expected"),
    [("@answers", True), ("@silent", False), ("@failed wget", None), ("@absent curl", None)],
)
def test_the_metadata_service_is_out_of_reach_only_where_that_was_seen(
    said: str, expected: bool | None
) -> None:
    """A program that is absent, or fails otherwise, leaves it unknown."""
    assert expected is value(read(metadata=said), "guest.cloud.metadata_reachable")


def test_mounts_that_are_cut_leave_the_shares_unknown() -> None:
    """One of those that were left out, or cut in its middle, may be open for writing."""
    path = "/proc/self/mounts"
    for text in (f"{page(path, 'a /a 9p ro 0 0')}@cut {path}\n", page(path, "a /" + "a" * 2000)):
        assert read(mounts=text).missing["guest_share"]


def test_a_private_key_without_its_public_half_leaves_the_part_unfinished() -> None:
    """Its fingerprint is not known, so that nobody can say where it lets in."""
    found = read(keys="@ok /etc/ssh\n@ok /etc/passwd\n@bare root /root/.ssh/id_ed25519\n")
    cut = found.parts["guest_own_key"][0].incomplete

    assert cut is not None and "/root/.ssh/id_ed25519" in cut.detail


def test_no_process_at_all_is_no_answer() -> None:
    """The first one is always there: a list without it was not made."""
    found = read(processes=_names())

    assert Reason.PARSE_ERROR is lack(found, "guest.agent.active").reason
    assert found.missing["guest_agent"]
