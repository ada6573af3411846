"""QEMU commands in files: which are found, what variables leave open, what is broken."""

from __future__ import annotations

import contextlib
import time

import pytest
from vm_files import EXAMPLES, declared, line, rows, targets, value

from isoaudit.errors import DocumentError

START = "qemu-system-x86_64 -nodefaults -display none "


def _declared(rest: str = "", start: str = START):
    return declared("qemu", start + rest + "\n")


def _missing(found, path):
    return found.missing[path][0].reason.value


def test_the_old_example_shows_what_is_open():
    """All its old devices, its share, its user network, its screen and its monitor."""
    found = declared("qemu", (EXAMPLES / "qemu" / "legacy.sh").read_text())
    expected = {"rtl8139", "cirrus", "floppy", "usb-tablet", "virtio-9p", "ide-disk"}
    assert expected <= set(value(found, "vm.devices"))
    assert ("tcg", "pc", 2**30, 2) == tuple(
        value(found, path) for path in ("vm.accelerator", "vm.machine", "vm.memory.bytes",
                                        "vm.vcpus")
    )  # fmt: skip
    assert ["user"] == [card["type"] for card in rows(found, "interface")]
    assert ["/home"] == [share["source"] for share in rows(found, "share")]
    assert ["all"] == [screen["exposure"] for screen in rows(found, "graphics")]
    assert [("hmp", "tcp")] == [(m["kind"], m["backend"]) for m in rows(found, "monitor")]
    assert 3 == line(found, "vm.devices")


def test_a_whole_command_without_variables_is_known_to_its_end():
    """Then what QEMU adds by itself counts, and nothing is open."""
    found = declared("qemu", "qemu-system-x86_64 -m 1G\n")
    assert not any(parts[0].incomplete for parts in found.parts.values())
    assert "e1000" in value(found, "vm.devices")
    assert ("tcg", False, ()) == tuple(
        value(found, path) for path in ("vm.accelerator", "vm.secure_boot", "vmm.sandbox.options")
    )


@pytest.mark.parametrize(
    "text",
    [
        "sudo -n env A=b /usr/bin/qemu-system-x86_64 -m 1G -name vm",
        'exec "qemu-system-x86_64" -m 1G -name vm >log 2>&1 &',
        "a && qemu-system-x86_64 \\\n -m 1G \\\n -name vm; b",
        "qemu-kvm -m 1G -name 'vm' # and 'a quote\n",
        "if ! qemu-system-x86_64 -m 1G -name guest=vm,debug-threads=on; then\nfi",
        "qemu-system-x86_64 -m 1G -append 'a; b\n c' -name vm",
    ],
)
def test_commands_are_found_in_every_dress(text):
    """Behind other programs, over lines, before redirections."""
    (target,) = targets("qemu", text)
    assert "vm" == target.name
    assert 2**30 == value(declared("qemu", text), "vm.memory.bytes")


@pytest.mark.parametrize(
    "text",
    ["", "# qemu-system-x86_64 -m 1G", "echo qemu-system-x86_64 -m 1G", "apt install qemu-kvm -y",
     "command -v qemu-system-x86_64", "ls\n"],
)  # fmt: skip
def test_what_only_names_qemu_is_no_command(text):
    """Then the file declares no VM, and says so."""
    with pytest.raises(DocumentError, match="no command in it starts QEMU"):
        targets("qemu", text)


@pytest.mark.parametrize("word", ["$X", "${X}", '"$X"', "$(x -a b)", "`x -a`", '"$@"', "${X:+-s}"])
def test_a_word_that_is_filled_in_leaves_everything_open(word):
    """It may be any option: what is there may fail a check, none passes."""
    found = _declared(f"-nic user {word}")
    assert all(parts[0].incomplete for parts in found.parts.values())
    assert ["user"] == [card["type"] for card in rows(found, "interface")]
    for path in ("vm.secure_boot", "vm.tpm", "vmm.sandbox.options", "vm.accelerator"):
        assert path not in found.facts
    assert "kernel" == found.missing["vm.devices"][0].vantage.value


def test_a_value_that_is_filled_in_is_missing_and_no_default():
    """Neither QEMU's 128 MiB nor its emulation stand in for what nobody knows."""
    found = _declared("-m $M -smp $N -accel $A -cpu $C -uuid $U -machine $T -sandbox $S")
    for path in ("vm.memory.bytes", "vm.vcpus", "vm.accelerator", "vm.cpu.mode", "vm.uuid",
                 "vm.machine", "vmm.sandbox.options"):  # fmt: skip
        assert path not in found.facts, path


def test_an_image_that_is_filled_in_leaves_its_drive():
    """Model and format are known; nothing is concluded from the path."""
    found = _declared("-drive file=$IMG,format=qcow2,if=virtio")
    (disk,) = rows(found, "disk")
    assert ("virtio", "qcow2") == (disk["bus"], disk["format"])
    assert {"source", "source_type", "whole_host_disk", "raw_scsi"}.isdisjoint(disk)
    assert found.parts["disk"][0].incomplete and not found.parts["interface"][0].incomplete
    assert "virtio-blk" in value(found, "vm.devices")


@pytest.mark.parametrize("option", ["-vnc $V", "-vnc $H:0", "-spice port=$P"])
def test_a_screen_that_is_filled_in_is_not_on_all_addresses(option):
    """Where it listens is open."""
    found = _declared(option)
    assert [] == rows(found, "graphics")
    assert found.parts["graphics"][0].incomplete


@pytest.mark.parametrize("option", ["-bios $B", "-pflash $P", "-drive if=pflash,file=$F"])
def test_firmware_that_is_filled_in_leaves_secure_boot_open(option):
    """QEMU's own BIOS is there only if no other is named."""
    assert "not_declared" == _missing(_declared(option), "vm.secure_boot")


@pytest.mark.parametrize("option", ["-gdb $G", "-object $O", "-tpmdev $T", "-device $D", "-foo $X"])
def test_an_option_that_may_define_anything_leaves_everything_open(option):
    """No default is believed beside it."""
    found = _declared(option)
    assert all(parts[0].incomplete for parts in found.parts.values())
    assert {"vm.debug_stub", "vm.tpm", "vm.launch_security.type"}.isdisjoint(found.facts)


def test_a_mac_that_is_filled_in_leaves_nothing_open():
    """No fact rests on it."""
    found = _declared("-netdev tap,id=n,ifname=t -device virtio-net-pci,netdev=n,mac=$MAC")
    assert not any(parts[0].incomplete for parts in found.parts.values())


def test_several_commands_are_several_targets():
    """By the guests' names, by lines where these are the same."""
    text = "qemu-kvm -name a -m 1\nqemu-kvm -name b -m 1\nqemu-kvm -name a -m 1\n"
    assert ["qemu:f.sh#a", "qemu:f.sh#b", "qemu:f.sh#a-3"] == [
        target.id for target in targets("qemu", text, "f.sh")
    ]


def test_a_bare_word_is_an_image():
    """As -hda names it."""
    assert [("hda", "disk.img")] == [
        (disk["target"], disk["source"]) for disk in rows(_declared("disk.img"), "disk")
    ]


@pytest.mark.parametrize(
    ("rest", "path", "expected"),
    [
        ("-m size=2G,slots=2", "vm.memory.bytes", 2**31),
        ("-m 512", "vm.memory.bytes", 2**29),
        ("-smp cpus=4,maxcpus=8", "vm.vcpus", 4),
        ("-cpu host,-vmx", "vm.cpu.mode", "host-passthrough"),
        ("-tpmdev passthrough,id=t", "vm.tpm", "passthrough"),
        ("-object sev-guest,id=s,policy=0x0", "vm.launch_security.debug", True),
        ("-object sev-guest,id=s", "vm.launch_security.debug", False),
        ("-object sev-snp-guest,id=s,policy=0xb0000", "vm.launch_security.debug", True),
        ("-s", "vm.debug_stub", True),
        ("-enable-kvm", "vm.accelerator", "kvm"),
    ],
)
def test_settings_of_the_machine(rest, path, expected):
    """As qemu(1) tells."""
    assert expected == value(_declared(rest), path)


CONFIG = """# a comment
[machine]
  type = "q35"
  accel = "kvm"
[memory]
  size = "1024"
[drive "d"]
  file = "/srv/a,b.img"
  format = "raw"
  if = "none"
[device "v"]
  driver = "rtl8139"
"""


def test_a_readconfig_file_is_never_all_there_is():
    """The command line that names it may add more."""
    found = declared("qemu", CONFIG)
    assert ("q35", "kvm", 2**30) == tuple(
        value(found, path) for path in ("vm.machine", "vm.accelerator", "vm.memory.bytes")
    )
    assert ("rtl8139",) == value(found, "vm.devices")
    assert all(parts[0].incomplete for parts in found.parts.values())
    assert "vm.secure_boot" not in found.facts


@pytest.mark.parametrize(
    "text",
    [
        "qemu-kvm -m 'open\n",
        'qemu-kvm -append "open\nstill\n',
        "qemu-kvm -m 1 " + "x" * 100_000,
        "qemu-kvm -m 1\n" * 1_001,
        CONFIG + "nonsense\n",
    ],
)
def test_a_broken_file_costs_one_line(text):
    """It names the file, and ends in no other error."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        targets("qemu", text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["qemu-kvm '" + "\n" * 500_000, "\\\n" * 500_000 + "qemu-kvm -m 1", "$(" * 200_000,
     "qemu-kvm -m 1 " + "$(" * 10_000, "`" * 500_000, "qemu-kvm \"'" * 3_000],
    ids=["quote", "joined", "open", "many", "ticks", "quotes"],
)  # fmt: skip
def test_a_long_script_costs_seconds_at_most(text):
    """Whatever stands in it."""
    started = time.process_time()
    with contextlib.suppress(DocumentError):
        targets("qemu", text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("rest", ["-device ''", "-drive ''", "-", "--", "-m", "-netdev", "-mon x",
                                  "-device {", "-object {}", "-vnc ''", "-display ''",
                                  "-accel ''", "-machine ''", "-smp ''"])  # fmt: skip
def test_options_without_sense_do_not_crash(rest):
    """QEMU itself would refuse them."""
    assert value(_declared(rest), "vmm.name") == "qemu"


def test_secrets_on_the_command_line_are_not_kept():
    """Neither of passwords nor of known tokens."""
    found = _declared("-object secret,id=s,data=hunter22 -drive file=/x/AKIAIOSFODNN7EXAMPLE")
    text = str(found.to_json())
    assert "hunter22" not in text and "AKIA" not in text
