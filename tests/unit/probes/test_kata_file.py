"""Kata's configuration: what the VM of every pod gets, and what is made of a broken file."""

from __future__ import annotations

import pytest
from vm_files import EXAMPLES, declared, line, rows, targets, value

from isoaudit.errors import DocumentError

BARE = "[hypervisor.qemu]\n[runtime]\n"


def _declared(body: str = "", rest: str = "", name: str = "qemu"):
    return declared("kata", f"[hypervisor.{name}]\n{body}\n[runtime]\n{rest}\n")


def _reason(found, path):
    return found.missing[path][0].reason.value


def test_the_open_example_shows_what_is_open():
    """Each setting is a fact with the line it stands in."""
    text = (EXAMPLES / "kata" / "open.toml").read_text()
    found = declared("kata", text)
    expected = {
        "vm.kata.annotations": (".*",),
        "vm.kata.annotation_paths": ("hypervisor: /opt/**",),
        "vm.kata.debug": ("hypervisor.enable_debug", "agent.debug_console_enabled"),
        "vm.kata.extra_monitor": "hmp",
        "vm.kata.template": True,
        "vm.kata.guest_seccomp": False,
        "vm.kata.private_network": False,
        "vm.kata.memory_dump_path": "/var/crash/kata",
        "vm.seclabel.confined": False,
        "vmm.uid": 0,
        "vmm.sandbox.options": (),
        "vm.machine": "q35",
        "vm.memory.bytes": 2**31,
    }
    assert expected == {path: value(found, path) for path in expected}
    for path, key in (("vm.kata.annotations", "enable_ann"), ("vm.kata.guest_seccomp", "disable_")):
        assert text.split("\n")[line(found, path) - 1].startswith(key)
    assert ["qmp", "hmp"] == [monitor["kind"] for monitor in rows(found, "monitor")]
    assert {"emulator", "kernel", "image"} == {r["role"] for r in rows(found, "boot_file")}


def test_what_is_left_out_comes_to_katas_zero_values():
    """No annotation, no debugging, and seccomp in the guest; sizes are left open."""
    found = _declared()
    expected = {
        "vm.kata.annotations": (),
        "vm.kata.debug": (),
        "vm.kata.guest_seccomp": True,
        "vm.kata.private_network": True,
        "vm.kata.template": False,
        "vm.kata.cached_vms": 0,
        "vm.kata.hot_plug_vfio": "no-port",
        "vm.launch_security.type": "none",
    }
    assert expected == {path: value(found, path) for path in expected}
    for path in ("vm.memory.bytes", "vm.vcpus", "vm.kata.guest_selinux", "vm.seclabel.confined"):
        assert "not_declared" == _reason(found, path)
    assert found.parts["share"][0].incomplete is not None


def test_what_pods_add_is_never_made_up():
    """Disks, cards, host devices and models come with each pod."""
    found = _declared()
    for path in ("disk", "interface", "host_device", "vm.devices"):
        assert "not_declarable" == _reason(found, path)
        assert path not in found.parts and path not in found.facts


@pytest.mark.parametrize(
    ("kind", "drivers"),
    [("virtio-fs", ["virtiofs"]), ("virtio-9p", ["9p"]), ("none", []), ("", [])],
)
def test_a_share_is_known_by_its_driver(kind, drivers):
    """What is in it and whether it may be written, the pod's mounts decide."""
    shares = rows(_declared(f'shared_fs = "{kind}"'), "share")
    assert drivers == [share["driver"] for share in shares]
    assert all("read_only" not in share and "source" not in share for share in shares)


def test_folders_bound_into_every_pod_are_shares():
    """Read-only unless said otherwise."""
    found = _declared('shared_fs = "virtio-fs"', 'sandbox_bind_mounts = ["/a", "/b:rw"]')
    assert [("/a", True), ("/b", False)] == [
        (share["source"], share["read_only"]) for share in rows(found, "share")[1:]
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("confidential_guest = true\nsev_snp_guest = true", "sev-snp"),
        ("sev_snp_guest = true", "none"),
        ("confidential_guest = false", "none"),
    ],
)
def test_launch_security_takes_both_switches(body, kind):
    """SNP alone changes nothing."""
    assert kind == value(_declared(body), "vm.launch_security.type")


def test_launch_security_that_the_cpu_picks_is_unknown():
    """Kata looks for what the host has."""
    assert "not_declared" == _reason(_declared("confidential_guest = true"),
                                     "vm.launch_security.type")  # fmt: skip


def test_a_monitor_for_debugging_takes_debugging():
    """As Kata's own comments say of the socket."""
    assert 1 == len(rows(_declared('extra_monitor_socket = "qmp"'), "monitor"))
    both = 'extra_monitor_socket = "qmp"\nenable_debug = true'
    assert 2 == len(rows(_declared(both), "monitor"))


def test_rootless_leaves_the_user_open():
    """It is an ordinary one, picked at the start."""
    found = _declared("rootless = true")
    assert value(found, "vm.kata.rootless")
    assert "vmm.uid" not in found.facts


def test_part_of_a_cpu_counts_as_one():
    """Newer releases take fractions."""
    assert 2 == value(_declared("default_vcpus = 1.5"), "vm.vcpus")


def test_every_hypervisor_is_a_target():
    """By the name of its section."""
    found = targets("kata", BARE + "[hypervisor.clh]\n", "a/kata.toml")
    assert ["kata:a/kata.toml#qemu", "kata:a/kata.toml#clh"] == [target.id for target in found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[runtime]\n",
        "hypervisor = 1",
        "[hypervisor]\nqemu = 1",
        "[hypervisor.qemu",
        "".join(f"[hypervisor.q{number}]\n" for number in range(1_000)),
        "[hypervisor.qemu]\nenable_annotations = 1",
        "[hypervisor.qemu]\nenable_annotations = [1]",
        "[hypervisor.qemu]\nenable_debug = 'yes'",
        "[hypervisor.qemu]\nmachine_type = 1",
        "[hypervisor.qemu]\ndefault_memory = true",
        "[hypervisor.qemu]\ndefault_memory = 99999999999999999",
        "[hypervisor.qemu]\ndefault_vcpus = nan",
        "[hypervisor.qemu]\n[runtime]\ndisable_new_netns = 'no'",
        "[hypervisor.qemu]\n[agent.kata]\nenable_debug = 2",
        "[hypervisor.qemu]\n[factory]\nvm_cache_number = -1",
        "[hypervisor.qemu]\n[factory]\nvm_cache_number = 1" + "0" * 100,
    ],
)
def test_a_broken_file_costs_one_line(text):
    """It names the file, and ends in no other error."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        declared("kata", text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_of_a_vm_on_another_machine_kata_knows_neither_firmware_nor_encryption():
    """Its cloud decides: neither a fault nor a virtue is made of what this file leaves out."""
    found = _declared(name="remote")
    for path in ("vm.secure_boot", "vm.tpm", "vm.launch_security.type"):
        assert path not in found.facts and "not_declarable" == _reason(found, path)


def test_passwords_of_tracing_are_not_kept():
    """They stand in the file, and in no fact."""
    found = _declared(rest='jaeger_user = "u"\njaeger_password = "hunter22"')
    assert "hunter22" not in str(found.to_json())
