"""The hardware of QEMU command lines: made-up ones by qemu(1), and those of recorded domains."""

from __future__ import annotations

import shlex
from time import process_time

import pytest
from test_libvirt_probe import collected, tapes

from isoaudit.facts.vocabulary import facts, parts
from isoaudit.model import FactSet, Location, Vantage
from isoaudit.probes.vmm.argv import options, properties
from isoaudit.probes.vmm.devices import PARTS, hardware
from isoaudit.probes.vmm.line import Line, Origin

ORIGIN = Origin(Vantage.VMM, "/proc/7/cmdline")


def read(text: str, *, whole: bool = False, program: str = "qemu-system-x86_64") -> FactSet:
    return hardware(Line(options(shlex.split(text)), program, whole), ORIGIN)


def models(text: str, **how: bool) -> set[str]:
    return set(read(text, **how).facts["vm.devices"][0].value)


def rows(found: FactSet, part: str, *fields: str) -> list[tuple[object, ...]]:
    return [
        tuple(r.facts[f"{part}.{f}"].value if f"{part}.{f}" in r.facts else None for f in fields)
        for r in found.parts[part][0].records
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-device virtio-net-pci", {"virtio-net"}),
        ("-device virtio-blk-pci-non-transitional", {"virtio-blk"}),
        ("-device VGA -device cirrus-vga -device AC97", {"vga", "cirrus", "ac97"}),
        ("-device usb-kbd -device usb-tablet -device qemu-xhci",
         {"usb-keyboard", "usb-tablet", "qemu-xhci"}),
        ("-device '{\"driver\":\"rtl8139\",\"netdev\":\"n\"}'", {"rtl8139"}),
        ("-device ahci,id=s -device ide-hd,bus=s.0", {"ahci", "sata-disk"}),
        ("-M q35 -device ide-cd,bus=ide.1", {"sata-cdrom"}),
        ("-M pc -device ide-hd", {"ide-disk"}),
        ("-device intel-hda -device hda-duplex", {"ich6", "hda-codec"}),
        ("-device lsi -device megasas", {"lsilogic", "lsisas1078"}),
        ("-device vfio-pci,host=01:00.0 -device usb-host,vendorid=1", set()),
        ("-M q35 -nic tap", {"e1000e"}),
        ("-net nic,model=pcnet -net user", {"pcnet"}),
        ("-vga std -soundhw sb16,hda", {"vga", "sb16", "ich6"}),
        ("-fda x -drive if=virtio,file=y -cdrom z -M pc", {"floppy", "virtio-blk", "ide-cdrom"}),
        ("-virtfs local,path=/,mount_tag=t", {"virtio-9p"}),
        ("-usbdevice tablet -M pc", {"usb-tablet", "piix3-uhci"}),
        ("-device vhost-vsock-pci,guest-cid=3 -device sdhci-pci", {"virtio-vsock", "sdhci-pci"}),
    ],
)  # fmt: skip
def test_models_have_the_names_that_domains_give_them(words, expected):
    """One device has one name, wherever it was asked for."""
    assert expected == models(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {"e1000", "floppy", "ide-cdrom", "isa-fdc", "isa-parallel", "isa-serial", "vga"}),
        ("-M q35 -nographic", {"e1000e", "sata-cdrom", "isa-parallel", "isa-serial", "vga"}),
        ("-nodefaults", {"isa-fdc"}),
        ("-M q35 -nodefaults", set()),
        ("-M microvm", {"isa-serial"}),
        ("-M q35 -nic none -vga none -serial none -parallel none", {"sata-cdrom"}),
        ("-M q35 -device virtio-vga -device scsi-hd -nic none -serial null -parallel null",
         {"virtio-gpu", "scsi-disk"}),
    ],
)  # fmt: skip
def test_what_qemu_adds_by_itself_counts(words, expected):
    """Without -nodefaults there is more than was asked for, by machine type."""
    assert expected == models(words, whole=True)


def test_piece_of_a_command_line_has_no_defaults():
    """Arguments hidden in a domain say nothing of what else is there."""
    found = read("-device rtl8139,netdev=n -netdev user,id=n")
    assert (("rtl8139",), 1, 0) == (
        found.facts["vm.devices"][0].value,
        len(found.parts["interface"][0].records),
        len(found.parts["disk"][0].records),
    )


@pytest.mark.parametrize("words", ["-M fancy", "-readconfig /c -nodefaults -M q35"])
def test_what_is_not_known_leaves_everything_open(words):
    """A machine whose defaults nobody told, or options in a file, may fail and never pass."""
    found = read(words, whole=True)
    open_ends = {name: found.parts[name][0].incomplete for name in PARTS}
    assert (True, ["vm.devices"]) == (all(open_ends.values()), list(found.missing))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-netdev user,id=n -device e1000,netdev=n", [("user", "", "e1000")]),
        ("-netdev user,id=n", [("user", "", "")]),
        ("-netdev tap,id=n,ifname=tap0 -device virtio-net-pci,netdev=n",
         [("ethernet", "tap0", "virtio")]),
        ("-netdev bridge,id=n,br=br0 -device virtio-net-pci,netdev=n",
         [("bridge", "br0", "virtio")]),
        ("-netdev vhost-user,id=n,chardev=c -device virtio-net-pci,netdev=n",
         [("vhostuser", "c", "virtio")]),
        ("-device virtio-net-pci,netdev=elsewhere", [(None, None, "virtio")]),
        ("-nic user,model=rtl8139", [("user", "", "rtl8139")]),
        ("-net nic,model=ne2k_pci -net user", [("user", "", "ne2k_pci")]),
        ("-netdev socket,id=n,listen=:9 -device e1000,netdev=n", [("server", ":9", "e1000")]),
        ("-nic none", []),
    ],
)  # fmt: skip
def test_cards_are_told_with_their_back_ends(words, expected):
    """What a card is tied to decides, not what it imitates."""
    assert expected == rows(read(words), "interface", "type", "source", "model")


def test_silence_about_networks_is_user_networking():
    """QEMU gives a machine a card and its own network stack unless it is told otherwise."""
    fields = ("interface", "type", "model")
    assert [("user", "e1000e")] == rows(read("-M q35", whole=True), *fields)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-drive file=/a.img,if=virtio", [("virtio", "file", "/a.img", "", False)]),
        ("-drive file=/dev/sda,format=raw,if=virtio,readonly=on",
         [("virtio", "block", "/dev/sda", "raw", True)]),
        ("-drive id=d,if=none,file=/a,format=qcow2 -device scsi-hd,drive=d",
         [("scsi", "file", "/a", "qcow2", False)]),
        ("-blockdev driver=file,filename=/a,node-name=f"
         " -blockdev driver=qcow2,file=f,node-name=q,read-only=on"
         " -device virtio-blk-pci,drive=q", [("virtio", "file", "/a", "qcow2", True)]),
        ("-blockdev '{\"driver\":\"raw\",\"node-name\":\"q\",\"file\":{\"driver\":\"host_device\","
         "\"filename\":\"/dev/vg/x\"}}' -device virtio-blk-pci,drive=q",
         [("virtio", "block", "/dev/vg/x", "raw", False)]),
        ("-device ide-cd -M pc", [("ide", "none", None, None, True)]),
        ("-device virtio-blk-pci,drive=elsewhere", [("virtio", None, None, None, False)]),
        ("-drive file=nbd:host:10809,if=virtio", [("virtio", "network", "nbd:host:10809", "",
                                                   False)]),
        ("-hda x -M pc", [("ide", "file", "x", "", False)]),
    ],
)  # fmt: skip
def test_drives_are_told_with_their_media(words, expected):
    """The chain of block nodes is followed down to the file or device of the host."""
    fields = ("bus", "source_type", "source", "format", "read_only")
    assert expected == rows(read(words), "disk", *fields)


def test_ring_of_block_nodes_ends():
    """Nodes that name each other are followed once."""
    ring = "-blockdev driver=raw,file=b,node-name=a -blockdev driver=raw,file=a,node-name=b"
    assert 1 == len(read(f"{ring} -device virtio-blk-pci,drive=a").parts["disk"][0].records)


def test_whole_disk_of_the_host_is_recognised():
    """/dev/sda is one, its partition is none."""
    words = "-drive file=/dev/sda,if=virtio -drive file=/dev/sda1,if=virtio"
    assert [(True,), (False,)] == rows(read(words), "disk", "whole_host_disk")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-virtfs local,path=/srv,mount_tag=t,security_model=mapped-xattr,readonly=on",
         [("/srv", "t", "9p", "mapped", True)]),
        ("-fsdev local,id=f,path=/srv,security_model=none"
         " -device virtio-9p-pci,fsdev=f,mount_tag=t",
         [("/srv", "t", "9p", "passthrough", False)]),
        ("-device vhost-user-fs-pci,chardev=c,tag=t", [(None, "t", "virtiofs", "passthrough",
                                                        None)]),
    ],
)  # fmt: skip
def test_shared_folders_are_told(words, expected):
    """Of virtiofs only the daemon knows the folder: that is missing, and never read-only."""
    fields = ("source", "target", "driver", "access_mode", "read_only")
    assert expected == rows(read(words), "share", *fields)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-device vfio-pci,host=01:00.0", [("pci", "0000:01:00.0")]),
        (
            "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/b1a4cf55-5c64-4b9a-9d0c-3f3f0d5faaaa",
            [("mdev", "b1a4cf55-5c64-4b9a-9d0c-3f3f0d5faaaa")],
        ),
        ("-device usb-host,vendorid=0x1234,productid=0xbeef", [("usb", "1234:beef")]),
        ("-device usb-host,hostbus=1,hostaddr=2", [("usb", "1.2")]),
        ("-device vhost-scsi-pci,wwpn=naa.5", [("scsi_host", "naa.5")]),
    ],
)
def test_host_devices_are_told(words, expected):
    """Addresses have the form that domains give them."""
    assert expected == rows(read(words), "host_device", "type", "address")


def test_shared_memory_is_named_by_its_object():
    """The name is what another guest would use."""
    words = "-object memory-backend-file,id=m,mem-path=/dev/shm/both,share=on,size=1M"
    found = read(f"{words} -device ivshmem-plain,memdev=m")
    assert [("both",)] == rows(found, "shared_memory", "name")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-serial tcp:192.0.2.1:7001,server=on", [("serial", "0", "tcp", "192.0.2.1")]),
        ("-chardev pty,id=c -device isa-serial,chardev=c", [("serial", "0", "pty", "")]),
        ("-chardev socket,id=c,path=/s -device virtserialport,chardev=c,name=agent",
         [("channel", "agent", "unix", "/s")]),
        ("-chardev socket,id=c,fd=3 -device virtserialport,chardev=c,name=agent",
         [("channel", "agent", None, None)]),
        ("-object rng-random,id=r,filename=/dev/urandom",
         [("rng", "rng0", "random", "/dev/urandom")]),
        ("-serial none -parallel /dev/parport0", [("parallel", "0", "dev", "/dev/parport0")]),
    ],
)  # fmt: skip
def test_character_devices_are_told(words, expected):
    """Where a port leads is known unless its manager opened it."""
    fields = ("role", "name", "backend", "address")
    assert expected == rows(read(words), "character_device", *fields)


def test_facts_carry_the_callers_vantage_source_and_place():
    """The same reader serves a process, a domain's hidden arguments and a file."""
    origin = Origin(Vantage.DECLARED, "start.sh", Location("start.sh", 3))
    found = hardware(Line(options(["-nic", "user"])), origin)
    fact = found.parts["interface"][0].records[0].facts["interface.type"]
    assert (Vantage.DECLARED, "start.sh -nic", 3) == (
        fact.vantage, fact.source, fact.location and fact.location.line)  # fmt: skip


@pytest.mark.parametrize("name", ["legacy", "lean"])
def test_command_line_of_a_domain_says_what_its_xml_says(name):
    """libvirt's XML and the QEMU that it started name the same devices with the same words."""
    tape = tapes(name)
    text = next(v["answer"] for k, v in tape["files"]["calls"].items() if "cmdline" in k)
    words = text.rstrip("\0").split("\0")
    told = set(hardware(Line(options(words[1:]), "", True), ORIGIN).facts["vm.devices"][0].value)
    by_xml = next(
        set(fact.value)
        for fact in collected(tape).facts["vm.devices"]
        if fact.vantage is Vantage.ENGINE
    )
    only_boards_own = {"ahci", "ide", "ps2-keyboard", "ps2-mouse"}
    assert ({"hda-codec", "isa-fdc"} >= told - by_xml, only_boards_own >= by_xml - told) == (
        True,
        True,
    )


def test_every_fact_is_of_the_vocabulary():
    """Paths and parts are those that checks are loaded against."""
    found = read("-nic user -hda /x -serial pty -virtfs local,path=/,mount_tag=t", whole=True)
    paths = {p for ps in found.parts.values() for r in ps[0].records for p in r.facts}
    assert (set(), set()) == (paths - set(facts()), set(found.parts) - set(parts()))


@pytest.mark.parametrize("text", ['{"a":', "{" * 100_000, '{"a":' * 50_000, "[1]"])
def test_broken_json_is_no_option(text):
    """What is no JSON, or nested without end, says nothing and stops nothing."""
    assert "driver" not in properties(text)


@pytest.mark.parametrize("word", ["on", "yes", "true", "y"])
def test_hardware_is_switched_on_in_each_of_qemus_words(word):
    """A controller or a raw SCSI disk is there however that was spelled, and wherever."""
    text = f"-M q35 -machine usb={word} -drive if=none,id=d,file=/d,readonly={word}"
    text += f" -device virtio-blk-pci,drive=d,scsi={word}"
    assert "ich9-ehci1" in models(text)
    assert [(True, True)] == rows(read(text), "disk", "raw_scsi", "read_only")


@pytest.mark.parametrize("name", [
    "rbd:pool/img:id=admin:key=AQBhunter2==", "iscsi://bob%hunter2@host/t/0",
    "https://host/x?token=hunter2", "ssh://bob:hunter2@host/x",
])  # fmt: skip
def test_secret_of_a_network_disk_is_in_no_fact(name):
    """Of a disk that is reached by a password its name is told without."""
    assert "hunter2" not in repr(read(f"-drive if=virtio,file={name}"))


@pytest.mark.parametrize("unit", [
    "-device ide-hd,bus=x.0", "-drive file=a", "-nic user", "-device virtio-net,netdev=a",
    "-device usb-storage", "-blockdev file,node-name=a,file=b", "-serial none", "-usbdevice tablet",
])  # fmt: skip
def test_long_command_line_costs_no_more_than_its_length(unit):
    """Whoever may rewrite his own command line must not keep isoaudit busy for hours."""
    started = process_time()
    read(" ".join([unit] * 8000), whole=True)
    assert process_time() - started < 10
