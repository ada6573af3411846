"""Listeners, sockets, groups and configuration files of made-up hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, bind_socket, collect, records, tree

from isoaudit.model import Reason
from isoaudit.probes.host.listeners import parse
from isoaudit.probes.permissions import others_may_write
from isoaudit.transports.base import FileStat

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(address: str, state: str = "0A") -> str:
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0\n"


@pytest.mark.parametrize(
    ("expected", "port", "address", "little"),
    [
        ("127.0.0.1", 631, "0100007F:0277", True),
        ("127.0.0.1", 631, "7F000001:0277", False),
        ("0.0.0.0", 2375, "00000000:0947", True),  # noqa: S104
        ("192.168.1.10", 80, "0A01A8C0:0050", True),
        ("::", 22, "00000000000000000000000000000000:0016", True),
        ("::1", 631, "00000000000000000000000001000000:0277", True),
        ("::1", 631, "00000000000000000000000000000001:0277", False),
        ("::ffff:127.0.0.1", 80, "0000000000000000FFFF00000100007F:0050", True),
        ("fe80::1", 443, "000080FE000000000000000001000000:01BB", True),
        ("2001:db8::abcd", 443, "B80D01200000000000000000CDAB0000:01BB", True),
    ],
)
def test_addresses(expected: str, port: int, address: str, little: bool) -> None:
    """The kernel's hexadecimal words are read in the machine's byte order."""
    ((found, number),) = parse(HEAD + row(address), little=little)
    # NOTE: Python 3.13 prints mapped addresses in dotted form, before it in hexadecimal.
    shown = str(found).replace("::ffff:7f00:1", "::ffff:127.0.0.1")
    assert (expected, port) == (shown, number)


def test_listeners(tmp_path: Path) -> None:
    """Only listening sockets are told, each address and port once, of the first process."""
    files = {
        "/proc/1/net/tcp": HEAD
        + row("00000000:0947")
        + row("00000000:0947")
        + row("0100007F:0277")
        + row("0100007F:0050", "01"),
        "/proc/1/net/tcp6": HEAD + row("0000000000000000FFFF00000100007F:0050"),
        "/proc/net/tcp": HEAD + row("00000000:0001"),
    }
    expected = {(2375, False), (631, True), (80, True)}
    found = records(collect(tree(tmp_path, files)), "listener")
    assert expected == {(one["port"], one["loopback"]) for one in found}
    assert 3 == len(found)


def test_a_host_without_ipv6_is_complete(tmp_path: Path) -> None:
    """Without IPv6 in the kernel nobody can listen on it."""
    facts = collect(tree(tmp_path, {"/proc/1/net/tcp": HEAD}))
    part = facts.parts["listener"][0]
    assert ((), None) == (part.records, part.incomplete)


def test_unreadable_listeners_are_incomplete(tmp_path: Path) -> None:
    """Half of the table is told and marked as half."""
    files = tree(tmp_path, {"/proc/1/net/tcp": HEAD + row("00000000:0947"), "/proc/1/net/tcp6": ""})
    part = collect(Locked(files, "/proc/1/net/tcp6")).parts["listener"][0]
    assert 1 == len(part.records)
    assert part.incomplete is not None
    assert Reason.PERMISSION_DENIED is part.incomplete.reason


def sockets(facts: object) -> dict[str, dict[str, object]]:
    return {one["path"]: one for one in records(facts, "socket")}  # type: ignore[arg-type]


def test_sockets(tmp_path: Path) -> None:
    """Sockets are told with group, mode, and who can reach them through their folders."""
    root = tmp_path
    files = tree(root, {"/etc/group": f"staff:x:{tmp_path.stat().st_gid}:\n"})
    bind_socket(root, "/run/docker.sock", 0o666)
    bind_socket(root, "/run/containerd/containerd.sock", 0o660)
    bind_socket(root, "/run/podman/podman.sock", 0o666)
    (root / "run/podman").chmod(0o700)
    for folder in (root / "run", root / "run/containerd"):
        folder.chmod(0o755)
    found = sockets(collect(files))
    assert {
        "/run/docker.sock": ("0666", True, False),
        "/run/containerd/containerd.sock": ("0660", False, False),
        "/run/podman/podman.sock": ("0666", False, False),
    } == {p: (s["mode"], s["world_accessible"], s["authenticated"]) for p, s in found.items()}
    assert {"staff"} == {one["group"] for one in found.values()}


def test_rootless_sockets(tmp_path: Path) -> None:
    """A user's own engine is found under /run/user; who owns it tells whether it is root's."""
    bind_socket(tmp_path, "/run/user/1000/podman/podman.sock", 0o600)
    found = sockets(collect(tree(tmp_path)))
    one = found["/run/user/1000/podman/podman.sock"]
    assert (one["owner_uid"] == 0) == one["rootful"]


def test_a_plain_file_is_no_socket(tmp_path: Path) -> None:
    """A folder or file in a socket's place, as docker leaves them, is none."""
    assert [] == records(collect(tree(tmp_path, {"/run/docker.sock": ""})), "socket")


@pytest.mark.parametrize(("expected", "auth"), [(True, "polkit"), (False, "none")])
def test_libvirt_sockets_ask_who_connects(expected: bool, auth: str, tmp_path: Path) -> None:
    """An open libvirt socket is still guarded if libvirt asks polkit."""
    files = tree(tmp_path, {"/etc/libvirt/libvirtd.conf": f'auth_unix_rw = "{auth}"\n'})
    bind_socket(tmp_path, "/run/libvirt/libvirt-sock", 0o777)
    found = sockets(collect(files))["/run/libvirt/libvirt-sock"]
    assert expected == found["authenticated"]


def test_a_closed_user_folder_leaves_sockets_incomplete(tmp_path: Path) -> None:
    """Another user's runtime folder may hold a socket that is not seen."""
    (tmp_path / "run/user/1000").mkdir(parents=True)
    part = collect(Locked(tree(tmp_path), "/run/user/1000")).parts["socket"][0]
    assert part.incomplete is not None
    assert Reason.PERMISSION_DENIED is part.incomplete.reason


def test_groups(tmp_path: Path) -> None:
    """Members are those listed and those with it as primary group, sorted."""
    files = {
        "/etc/group": "docker:x:999:zoe,adam\nkvm:x:36:\nusers:x:100:eve\nbroken\n",
        "/etc/passwd": "mia:x:1001:999::/home/mia:/bin/sh\neve:x:1002:100::/h:/bin/sh\nbroken\n",
    }
    expected = [
        {"name": "docker", "members": ("adam", "mia", "zoe")},
        {"name": "kvm", "members": ()},
    ]
    facts = collect(tree(tmp_path, files))
    assert expected == records(facts, "group")
    assert facts.parts["group"][0].incomplete is None


@pytest.mark.parametrize(
    ("expected", "line", "sssd"),
    [
        (False, "group: files systemd\n", False),
        (False, "group: sss files [SUCCESS=merge] systemd\n", False),
        (True, "group: sss files systemd\n", True),
        (True, "group: files ldap\n", False),
    ],
)
def test_directory_services_leave_groups_incomplete(
    expected: bool, line: str, sssd: bool, tmp_path: Path
) -> None:
    """Members that a directory may add are not known from /etc/group."""
    files = {"/etc/nsswitch.conf": line} | ({"/etc/sssd/sssd.conf": ""} if sssd else {})
    part = collect(tree(tmp_path, files)).parts["group"][0]
    assert expected == (part.incomplete is not None)


def test_unreadable_accounts_leave_groups_missing(tmp_path: Path) -> None:
    """Without passwd, primary members would be overlooked: nothing is told."""
    facts = collect(Locked(tree(tmp_path), "/etc/passwd"))
    assert "group" not in facts.parts
    assert Reason.PERMISSION_DENIED is facts.missing["group"][0].reason


@pytest.mark.parametrize(
    ("expected", "uid", "gid", "mode"),
    [
        (False, 0, 0, 0o664),
        (False, 0, 42, 0o644),
        (True, 0, 42, 0o664),
        (True, 1000, 0, 0o600),
        (True, 0, 0, 0o646),
    ],
)
def test_who_may_write(expected: bool, uid: int, gid: int, mode: int) -> None:
    """Root's own group may write; any other owner, group or everyone is too many."""
    seen = FileStat(type="file", mode=mode, uid=uid, gid=gid, device=1, inode=1, size=0)
    assert expected == others_may_write(seen)


def test_config_files(tmp_path: Path) -> None:
    """Files, folders and drop-ins that exist are told, a file with two names once."""
    files = {
        "/etc/docker/daemon.json": "{}",
        "/usr/lib/systemd/system/docker.service": "",
        "/etc/systemd/system/docker.service.d/proxy.conf": "",
        "/etc/containers/policy.json": "{}",
    }
    host = tree(tmp_path, files)
    (tmp_path / "lib").symlink_to("usr/lib")
    assert [
        "/etc/containers",
        "/etc/containers/policy.json",
        "/etc/docker",
        "/etc/docker/daemon.json",
        "/etc/systemd/system/docker.service.d",
        "/etc/systemd/system/docker.service.d/proxy.conf",
        "/usr/lib/systemd/system/docker.service",
    ] == [one["path"] for one in records(collect(host), "config_file")]


def test_a_closed_folder_leaves_config_files_incomplete(tmp_path: Path) -> None:
    """Files that may not be looked at are not passed over."""
    part = collect(Locked(tree(tmp_path), "/etc/libvirt/")).parts["config_file"][0]
    assert part.incomplete is not None
