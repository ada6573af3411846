"""Facts of disks, consoles, cards, shares and other devices of a libvirt domain."""

from __future__ import annotations

import pytest
from domain_documents import answered, declared, devices, row, rows, value

from isoaudit.probes.domain_xml.disks import whole_disk
from isoaudit.probes.listening import exposure

EVERYWHERE = "0.0.0.0"  # noqa: S104 - evidence, nothing is bound to it


def test_disk_is_read_with_libvirts_defaults():
    """A file-backed disk without driver, bus or device gets what libvirt gives it."""
    found = devices("<disk><source file='/i/a.img'/><target dev='vda'/></disk>")
    assert {
        "target": "vda",
        "device": "disk",
        "bus": "virtio",
        "source_type": "file",
        "source": "/i/a.img",
        "encrypted": False,
        "whole_host_disk": False,
        "shareable": False,
        "error_policy": "",
        "limited": False,
        "format": "",
        "read_only": False,
        "raw_scsi": False,
    } == row(found, "disk")


def test_empty_drive_has_no_source():
    """A CD-ROM without a medium is read-only, no host disk, and has nothing to encrypt."""
    disk = row(devices("<disk device='cdrom'><target dev='hdc' bus='ide'/></disk>"), "disk")
    assert ("none", True, False, False) == (
        disk["source_type"],
        disk["read_only"],
        disk["whole_host_disk"],
        "source" in disk or "encrypted" in disk,
    )


@pytest.mark.parametrize(
    "attributes",
    ["type='block' device='lun'", "type='block' rawio='yes'", "type='block' sgio='unfiltered'"],
)
def test_raw_scsi_is_seen(attributes):
    """Each of the three ways to raw SCSI commands counts."""
    found = devices(f"<disk {attributes}><source dev='/dev/sdb'/><target dev='sda'/></disk>")
    assert row(found, "disk")["raw_scsi"] is True


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/sda", True),
        ("/dev/vdb", True),
        ("/dev/nvme0n1", True),
        ("/dev/xvda", True),
        ("/dev/mmcblk0", True),
        ("/dev/disk/by-id/ata-X_1", True),
        ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1", True),
        ("/dev/mapper/mpatha", True),
        ("//dev/../dev//sda", True),
        ("/dev/sda1", False),
        ("/dev/nvme0n1p2", False),
        ("/dev/disk/by-id/ata-X_1-part1", False),
        ("/dev/disk/by-partuuid/1234", False),
        ("/dev/mapper/vg-lv", False),
        ("/dev/dm-0", False),
        ("/dev/loop0", False),
        ("/var/lib/a.img", False),
        ("/dev/disk/by-uuid/1234", None),
        ("/dev/vg0/root", None),
        ("/dev/md0", None),
    ],
)
def test_whole_disks_are_told_by_name(path, expected):
    """A name that says neither disk nor partition is left open."""
    assert whole_disk(path) is expected


def test_disk_whose_name_does_not_tell_is_missing():
    """Whether a logical volume's name hides a disk needs a look at the host."""
    found = devices("<disk type='block'><source dev='/dev/vg0/x'/><target dev='vda'/></disk>")
    record = found.parts["disk"][0].records[0]
    assert "not_declared" == record.missing["disk.whole_host_disk"].reason.value


@pytest.mark.parametrize(
    ("inside", "known"),
    [
        ("<driver type='qcow2'/>", False),
        ("", False),
        ("<driver type='qcow2'/><backingStore/>", True),
        ("<driver type='raw'/>", True),
    ],
)
def test_a_chain_that_only_the_image_tells_is_not_called_empty(inside, known):
    """libvirt then takes what the image's header says: the XML is no evidence of no base."""
    found = devices(f"<disk><source file='/a'/><target dev='vda'/>{inside}</disk>")
    assert known is ("backing_files" in row(found, "disk"))


def test_backing_chain_is_followed():
    """Every file below the image is listed."""
    found = devices(
        "<disk><source file='/a'/><target dev='vda'/><backingStore type='file'><source file='/b'/>"
        "<backingStore type='block'><source dev='/dev/c'/><backingStore/></backingStore>"
        "</backingStore></disk>"
    )
    assert ("/b", "/dev/c") == row(found, "disk")["backing_files"]


def test_network_disk_is_named_without_credentials():
    """A network disk is named by protocol and image, a password in it is taken out."""
    found = devices(
        "<disk type='network'><source protocol='https' name='x://u:pw@h/i'/></disk>"
        "<disk type='network'><source protocol='rbd' name='pool/i'/></disk>"
    )
    names = [disk["source"] for disk in rows(found, "disk")]
    assert ["https:x[redacted:secret]h/i", "rbd:pool/i"] == names


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("localhost", "loopback"),
        ("127.1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        (EVERYWHERE, "all"),
        ("::", "all"),
        ("[::]", "all"),
        ("0", "all"),
        ("", "all"),
        ("*", "all"),
        ("192.0.2.7", "address"),
        ("vm.example", "address"),
        ("127.0.0.1 x", "address"),
    ],
)
def test_exposure_of_an_address(address, expected):
    """Short forms count as what the C library makes of them; names are not looked up."""
    assert expected == exposure(address)


@pytest.mark.parametrize(
    ("graphics", "listen", "reach"),
    [
        ("<graphics type='vnc'/>", "127.0.0.1", "loopback"),
        ("<graphics type='vnc' listen='0.0.0.0'/>", EVERYWHERE, "all"),
        ("<graphics type='vnc' socket='/s'/>", "socket", "socket"),
        ("<graphics type='spice'><listen type='none'/></graphics>", "none", "none"),
        ("<graphics type='spice'><listen type='socket'/></graphics>", "socket", "socket"),
        ("<graphics type='vnc'><listen type='address'/></graphics>", "127.0.0.1", "loopback"),
        (
            "<graphics type='vnc'><listen type='address' address='10.0.0.1'/></graphics>",
            "10.0.0.1",
            "address",
        ),
        (
            "<graphics type='vnc'><listen type='network' network='n' address='10.0.0.1'/>"
            "</graphics>",
            "10.0.0.1",
            "address",
        ),
        ("<graphics type='sdl'/>", "none", "none"),
    ],
)
def test_console_listens_where_it_says(graphics, listen, reach):
    """The listen elements count, the old attribute does, and libvirt's default is loopback."""
    console = row(devices(graphics), "graphics")
    assert (listen, reach) == (console["listen"], console["exposure"])


def test_console_on_a_network_is_open_as_to_exposure():
    """Which address the network has is the host's business."""
    found = devices("<graphics type='vnc'><listen type='network' network='n'/></graphics>")
    record = found.parts["graphics"][0].records[0]
    assert ("network:n", "not_declared") == (
        record.facts["graphics.listen"].value,
        record.missing["graphics.exposure"].reason.value,
    )


def test_password_in_a_file_is_noted_and_not_kept():
    """That a password stands in the file is a fact, what it is never is."""
    found = devices("<graphics type='vnc' passwd='hunter2'/>")
    console = row(found, "graphics")
    assert (True, True, False) == (
        console["password_set"],
        console["password_in_configuration"],
        "hunter2" in str(found.to_json()),
    )


def test_password_that_libvirt_hides_is_missing():
    """A read-only connection sees no password where there is one: absence is no evidence."""
    found = answered("<devices><graphics type='vnc'/></devices>")
    record = found.parts["graphics"][0].records[0]
    assert "permission_denied" == record.missing["graphics.password_set"].reason.value


@pytest.mark.parametrize(
    ("graphics", "expected"),
    [
        ("<graphics type='spice' defaultMode='secure'/>", True),
        (
            "<graphics type='spice' defaultMode='secure'>"
            "<channel name='main' mode='insecure'/></graphics>",
            False,
        ),
        ("<graphics type='spice'/>", False),
        ("<graphics type='vnc'/>", False),
    ],
)
def test_encryption_of_a_console(graphics, expected):
    """SPICE refuses plain connections only if every channel does."""
    assert expected is row(devices(graphics), "graphics")["tls_required"]


def test_interface_is_read_with_libvirts_defaults():
    """A card without model, filter and isolation has none of them."""
    found = devices("<interface type='bridge'><source bridge='br0'/></interface>")
    assert {
        "type": "bridge",
        "source": "br0",
        "model": "",
        "filter": "",
        "isolated": False,
        "limited": False,
        "queues": 1,
        "trust_guest_filters": False,
        "vhost": False,
        "vlan": (),
    } == row(found, "interface")


@pytest.mark.parametrize(
    ("interface", "source"),
    [
        ("<interface type='network'><source network='n' bridge='virbr0'/></interface>", "n"),
        ("<interface type='direct'><source dev='eth0' mode='bridge'/></interface>", "eth0"),
        ("<interface type='user'/>", ""),
        ("<interface type='ethernet'><target dev='tap1'/></interface>", "tap1"),
        ("<interface type='udp'><source address='h' port='5'/></interface>", "h:5"),
    ],
)
def test_interface_source(interface, source):
    """What a card is tied to depends on its type."""
    assert source == row(devices(interface), "interface")["source"]


def test_share_defaults_to_9p_with_the_guests_owners():
    """libvirt's default access mode is passthrough, and its default driver 9p."""
    found = devices("<filesystem><source dir='/srv'/><target dir='t'/></filesystem>")
    assert {
        "source": "/srv",
        "target": "t",
        "driver": "9p",
        "access_mode": "passthrough",
        "read_only": False,
    } == row(found, "share")


def test_host_devices_of_every_kind_are_listed():
    """Devices of the host arrive as hostdev, as a card, and as an input device."""
    found = devices(
        "<hostdev type='pci'><source><address domain='0x0000' bus='0x03' slot='0x00'"
        " function='0x1'/></source></hostdev>"
        "<hostdev type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>"
        "<hostdev type='mdev'><source><address uuid='u-1'/></source></hostdev>"
        "<hostdev mode='capabilities' type='storage'><source><block>/dev/sdf</block></source>"
        "</hostdev>"
        "<interface type='hostdev'><source><address type='pci' domain='0' bus='7' slot='1'"
        " function='0'/></source></interface>"
        "<input type='evdev'><source dev='/dev/input/event3'/></input>"
    )
    assert [
        ("pci", "0000:03:00.1"),
        ("usb", "1234:beef"),
        ("mdev", "u-1"),
        ("storage", "/dev/sdf"),
        ("pci", "0000:07:01.0"),
        ("misc", "/dev/input/event3"),
    ] == [(d["type"], d["address"]) for d in rows(found, "host_device")]


def test_character_devices_name_role_backend_and_address():
    """A serial port shown twice, as console too, is one device."""
    found = devices(
        "<serial type='tcp'><source mode='bind' host='0.0.0.0' service='1'/><target port='0'/>"
        "</serial><console type='tcp'><target type='serial' port='0'/></console>"
        "<channel type='unix'><source mode='bind' path='/s'/><target name='org.a'/></channel>"
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    )
    assert [
        {"role": "serial", "name": "0", "backend": "tcp", "address": EVERYWHERE, "tls": False},
        {"role": "channel", "name": "org.a", "backend": "unix", "address": "/s"},
        {
            "role": "rng",
            "name": "rng0",
            "backend": "random",
            "address": "/dev/urandom",
            "rate_limited": False,
        },
    ] == rows(found, "character_device")


def test_shared_memory_is_listed():
    """Each ivshmem device is one record."""
    assert {"name": "pool", "model": "ivshmem"} == row(
        devices("<shmem name='pool'/>"), "shared_memory"
    )


def test_devices_of_an_old_machine_are_named():
    """Models are named as checks know them, those libvirt adds by itself included."""
    found = devices(
        "<disk device='floppy'><target dev='fda'/></disk>"
        "<disk><source file='/a'/><target dev='hda'/></disk>"
        "<interface type='network'/><input type='tablet'/><sound model='ich6'/>"
        "<graphics type='vnc'/><serial type='pty'/>"
    )
    assert (
        "cirrus",
        "floppy",
        "ich6",
        "ide-disk",
        "isa-serial",
        "piix3-uhci",
        "ps2-keyboard",
        "ps2-mouse",
        "rtl8139",
        "usb-tablet",
        "virtio-balloon",
    ) == value(found, "vm.devices")


def test_devices_of_a_lean_machine_are_named():
    """What is switched off with `none` is not there."""
    found = declared(
        "<os><type machine='q35'>hvm</type></os><devices>"
        "<disk><source file='/a'/><target dev='vda'/></disk><controller type='usb' model='none'/>"
        "<interface type='network'><model type='virtio'/></interface><memballoon model='none'/>"
        "<video><model type='none'/></video></devices>"
    )
    assert ("virtio-blk", "virtio-net") == value(found, "vm.devices")


def test_controllers_left_to_libvirt_are_what_it_picks():
    """On a q35 machine libvirt 9 picks qemu-xhci for USB and lsilogic for SCSI."""
    found = declared(
        "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
        "<devices><controller type='scsi'/><memballoon model='none'/></devices>"
    )
    assert ("lsilogic", "qemu-xhci") == value(found, "vm.devices")


def test_cards_on_one_network_are_on_one_network():
    """Bridges, networks and VLANs are told apart, and two cards on one of them are not."""
    card = "<interface type='bridge'><source bridge='br0'/>{}</interface>"
    tagged = card.format("<vlan><tag id='7'/></vlan>")
    assert ("bridge:br0",) == value(devices(card.format("") * 2), "vm.networks")
    assert 2 == len(value(devices(card.format("") + tagged), "vm.networks"))
    assert () == value(devices(""), "vm.networks")
