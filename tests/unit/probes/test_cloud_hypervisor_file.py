"""cloud-hypervisor's commands in files: what they declare, and what variables leave open."""

from __future__ import annotations

import pytest
from vm_files import EXAMPLES, declared, rows, targets, value

from isoaudit.errors import DocumentError


def _declared(rest: str = ""):
    return declared("cloud_hypervisor", f"cloud-hypervisor --kernel /k {rest}\n")


def test_the_open_example_shows_what_is_open():
    """Its disks, its share, its device, its filters."""
    text = (EXAMPLES / "cloud-hypervisor" / "open.sh").read_text()
    found = declared("cloud_hypervisor", text)
    expected = {
        "vm.memory.bytes": 2**30,
        "vm.vcpus": 2,
        "vm.memory.shared_pages": True,
        "vmm.seccomp.option": "off",
        "vmm.landlock": False,
        "vm.secure_boot": False,
        "vm.tpm": "none",
    }
    assert expected == {path: value(found, path) for path in expected}
    assert ["/srv/vm/root.qcow2", "/dev/sdb"] == [disk["source"] for disk in rows(found, "disk")]
    assert ["home"] == [share["target"] for share in rows(found, "share")]
    assert ["0000:03:00.0"] == [one["address"] for one in rows(found, "host_device")]
    assert [("serial", "stdio")] == [
        (port["role"], port["backend"]) for port in rows(found, "character_device")
    ]


def test_what_is_left_out_is_its_default():
    """512 MiB, one CPU, its filters, the kernel that was named and no firmware."""
    found = _declared()
    assert (2**29, 1, "default", False) == tuple(
        value(found, path) for path in ("vm.memory.bytes", "vm.vcpus", "vmm.seccomp.option",
                                        "vm.memory.shared_pages")
    )  # fmt: skip
    assert not any(parts[0].incomplete for parts in found.parts.values())


@pytest.mark.parametrize("word", ["$X", '"$@"', "$(x)", "--$X", "--seccomp $S", "--platform $P"])
def test_a_word_that_is_filled_in_leaves_everything_open(word):
    """No default is believed beside it."""
    found = _declared(f"--disk path=/dev/sda {word}")
    for path in ("vmm.seccomp.option", "vmm.landlock", "vm.tpm", "vm.memory.bytes", "vm.vcpus",
                 "vm.secure_boot", "vm.debug_stub"):  # fmt: skip
        assert path not in found.facts, path
    for part in ("disk", "interface", "share", "host_device", "boot_file", "character_device"):
        assert found.parts[part][0].incomplete, part
    assert [True] == [disk["whole_host_disk"] for disk in rows(found, "disk")]


def test_an_image_that_is_filled_in_leaves_its_drive():
    """Nothing is concluded from its path."""
    found = _declared("--disk path=$IMG,readonly=on")
    (disk,) = rows(found, "disk")
    assert disk["read_only"] and "source" not in disk and "whole_host_disk" not in disk
    assert found.parts["disk"][0].incomplete


@pytest.mark.parametrize("size", ["--memory size=$M", "--memory=size=$M", "--memory $M"])
def test_a_size_that_is_filled_in_is_missing(size):
    """Neither the default nor the next word stands in for it."""
    found = _declared(f"{size} --cpus boot=2")
    assert "vm.memory.bytes" not in found.facts
    assert 2 == value(found, "vm.vcpus")


def test_a_kernel_that_is_filled_in_is_no_other_word():
    """The option after it is none."""
    found = declared("cloud_hypervisor", "cloud-hypervisor --kernel $K --cpus boot=2\n")
    assert [] == rows(found, "boot_file")
    assert "vm.secure_boot" not in found.facts


@pytest.mark.parametrize(
    ("options", "kind"),
    [("--platform tdx=on", "tdx"), ("--platform sev_snp=on", "sev-snp"), ("", "none")],
)
def test_launch_security(options, kind):
    """By the platform's switches."""
    assert kind == value(_declared(options), "vm.launch_security.type")


def test_several_commands_are_several_targets():
    """Which have no names of their own, so lines tell them apart."""
    text = "cloud-hypervisor --kernel a\ncloud-hypervisor --kernel b\n"
    assert ["cloud_hypervisor:f.sh#f", "cloud_hypervisor:f.sh#f-2"] == [
        target.id for target in targets("cloud_hypervisor", text, "f.sh")
    ]


@pytest.mark.parametrize(
    "text", ["", "echo cloud-hypervisor --kernel k", "cloud-hypervisor --kernel 'k", "ls\n"]
)
def test_a_file_without_one_costs_one_line(text):
    """It names the file."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        targets("cloud_hypervisor", text)
    assert "\n" not in str(caught.value)
