"""qemu.conf on made-up hosts: what is set, what holds by default, and for which release."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from host_trees import Locked, collect, reason, tree, value

from isoaudit.model import FactSet, Reason
from isoaudit.probes.host.qemu_conf import KEYS, VERIFIES

LIBVIRTD = {"/usr/sbin/libvirtd": ""}
RELEASE_9 = {**LIBVIRTD, "/usr/lib/x86_64-linux-gnu/libvirt.so.0.9000.0": ""}
CONF = "/etc/libvirt/qemu.conf"


def setting(facts: FactSet, name: str) -> Any:
    return value(facts, f"host.libvirt.{name}")


def test_defaults_of_the_installed_release(tmp_path: Path) -> None:
    """Without qemu.conf the defaults hold that libvirt 9.0 documents."""
    facts = collect(tree(tmp_path, RELEASE_9))
    expected = {
        "version": "9.0.0",
        "group": "libvirt-qemu",
        "security_require_confined": False,
        "dynamic_ownership": True,
        "remember_owner": True,
        "clear_emulator_capabilities": True,
        "allow_disk_format_probing": False,
        "relaxed_acs_check": False,
        "cgroup_controllers": ("cpu", "devices", "memory", "blkio", "cpuset", "cpuacct"),
        "vnc_listen": "127.0.0.1",
        "vnc_tls": False,
        "vnc_tls_verify": False,
        "vnc_password_set": False,
        "vnc_sasl": False,
        "spice_listen": "127.0.0.1",
        "spice_tls": False,
        "spice_password_set": False,
        "chardev_tls": False,
        "chardev_tls_verify": True,
        "nbd_tls": False,
        "migration_address": "0.0.0.0",  # noqa: S104 - libvirt's default
        "migrate_tls_force": False,
        "migrate_tls_verify": True,
        "dump_guest_core": False,
        "max_core": "0",
        "auto_dump_path": "/var/lib/libvirt/qemu/dump",
        "stdio_handler": "logd",
        "lock_manager": "nop",
        "image_locking": True,
        "sched_core": "none",
        "memory_backing_dir": "/var/lib/libvirt/qemu/ram",
    }
    assert expected == {name: setting(facts, name) for name in expected}


def test_settings_are_read(tmp_path: Path) -> None:
    """What qemu.conf sets is what is told."""
    text = """
        group = "kvm"
        security_require_confined = 1
        dynamic_ownership = 0
        remember_owner = 0
        clear_emulator_capabilities = 0
        relaxed_acs_check = 1
        cgroup_controllers = [ "cpu" ]
        vnc_listen = "0.0.0.0"
        vnc_tls = 1
        vnc_sasl = 1
        default_tls_x509_verify = 1
        migrate_tls_x509_verify = 0
        spice_auto_unix_socket = 1
        migration_address = "10.0.0.5"
        migrate_tls_force = 1
        dump_guest_core = 1
        max_core = "unlimited"
        stdio_handler = "file"
        lock_manager = "lockd"
        sched_core = "vcpus"
        swtpm_user = "root"
    """
    facts = collect(tree(tmp_path, {**RELEASE_9, CONF: text}))
    expected = {
        "group": "kvm",
        "security_require_confined": True,
        "dynamic_ownership": False,
        "remember_owner": False,
        "clear_emulator_capabilities": False,
        "relaxed_acs_check": True,
        "cgroup_controllers": ("cpu",),
        "vnc_listen": "0.0.0.0",  # noqa: S104 - what the file says
        "vnc_tls": True,
        "vnc_tls_verify": True,
        "vnc_sasl": True,
        "migrate_tls_verify": False,
        "spice_auto_unix_socket": True,
        "migration_address": "10.0.0.5",
        "migrate_tls_force": True,
        "dump_guest_core": True,
        "max_core": "unlimited",
        "stdio_handler": "file",
        "lock_manager": "lockd",
        "sched_core": "vcpus",
        "swtpm_user": "root",
    }
    assert expected == {name: setting(facts, name) for name in expected}


@pytest.mark.parametrize("library", [{}, {"/usr/lib64/libvirt.so.0.5000.0": ""}])
def test_a_default_of_another_release_is_unknown(tmp_path: Path, library: dict[str, str]) -> None:
    """A default that came with a later release, or of no known one, is not taken for granted."""
    facts = collect(tree(tmp_path, {**LIBVIRTD, **library}))
    for name in ("remember_owner", "migrate_tls_verify"):
        assert Reason.NOT_DECLARED == reason(facts, f"host.libvirt.{name}")
    assert Reason.NOT_SUPPORTED == reason(facts, "host.libvirt.image_locking")


def test_a_setting_that_this_release_does_not_know_has_no_effect(tmp_path: Path) -> None:
    """Before libvirt 6.10 nothing reads migrate_tls_force."""
    files = {**LIBVIRTD, "/usr/lib64/libvirt.so.0.6009.0": "", CONF: "migrate_tls_force = 1\n"}
    assert False is setting(collect(tree(tmp_path, files)), "migrate_tls_force")


def test_two_libraries_leave_the_release_unknown(tmp_path: Path) -> None:
    """Which of two installed releases the daemon loads is not guessed."""
    files = {**RELEASE_9, "/usr/lib/libvirt.so.0.5000.0": ""}
    assert Reason.NOT_SUPPORTED == reason(collect(tree(tmp_path, files)), "host.libvirt.version")


def test_passwords_stay_in_their_file(tmp_path: Path) -> None:
    """Of a password it is told that it is set, in no fact what it is."""
    files = {**RELEASE_9, CONF: 'vnc_password = "hunter2"\nspice_password = "hunter2"\n'}
    facts = collect(tree(tmp_path, files))
    assert setting(facts, "vnc_password_set") and setting(facts, "spice_password_set")
    assert "hunter2" not in str(facts)


@pytest.mark.parametrize(("mode", "private"), [(0o700, True), (0o755, False)])
def test_the_dump_folder(tmp_path: Path, mode: int, *, private: bool) -> None:
    """Whether ordinary accounts get into the folder of dumps is seen from its mode."""
    files = tree(tmp_path, {**RELEASE_9, CONF: 'auto_dump_path = "/srv/dump"\n'})
    (tmp_path / "srv/dump").mkdir(parents=True)
    (tmp_path / "srv/dump").chmod(mode)
    tmp_path.chmod(0o755)
    assert private is setting(collect(files), "auto_dump_private")


def test_a_dump_folder_to_be_made_below_a_closed_one(tmp_path: Path) -> None:
    """What libvirt will make in a closed folder is closed."""
    files = tree(tmp_path, RELEASE_9)
    (tmp_path / "var/lib/libvirt/qemu").mkdir(parents=True)
    (tmp_path / "var/lib/libvirt/qemu").chmod(0o750)
    assert True is setting(collect(files), "auto_dump_private")


def test_a_dump_folder_to_be_made_in_the_open(tmp_path: Path) -> None:
    """What libvirt will make in an open folder is not known to be closed."""
    facts = collect(tree(tmp_path, {**RELEASE_9, CONF: 'auto_dump_path = "/srv/dump"\n'}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.libvirt.auto_dump_private")


def test_a_closed_file_leaves_every_setting_unknown(tmp_path: Path) -> None:
    """qemu.conf is root's; without it no default is taken to hold."""
    facts = collect(Locked(tree(tmp_path, RELEASE_9), CONF))
    for name in ("group", "vnc_listen", "sched_core", "vnc_tls_verify", "auto_dump_private"):
        assert Reason.PERMISSION_DENIED == reason(facts, f"host.libvirt.{name}")


SHIPPED = Path(CONF)


@pytest.mark.skipif(not os.access(SHIPPED, os.R_OK), reason="no qemu.conf that may be read here")
def test_settings_are_those_of_the_file_that_libvirt_ships() -> None:
    """Every setting is one of the shipped file, but for two that it no longer speaks of."""
    names = {key.name for key in (*KEYS, *VERIFIES)}
    told = set(re.findall(r"(?m)^#?([a-z_0-9]+) = ", SHIPPED.read_text(encoding="utf-8")))
    assert {"allow_disk_format_probing", "clear_emulator_capabilities"} == names - told
