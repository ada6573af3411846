"""Files of VMware, Xen and OVF: what they declare, and what is made of broken ones."""

from __future__ import annotations

import time

import pytest
from vm_files import EXAMPLES, declared, line, rows, targets, value

from isoaudit.errors import DocumentError
from isoaudit.probes.exports import xl_syntax

VMX = 'virtualHW.version = "19"\n'
OVF = (EXAMPLES / "ovf" / "desktop.ovf").read_text()


def _row(found, part):
    (only,) = rows(found, part)
    return only


def _example(name):
    path = EXAMPLES / name
    return declared(path.suffix.removeprefix(".").replace("cfg", "xl"), path.read_text())


# -- VMware --------------------------------------------------------------------------------------


def test_vmx_desktop_shows_its_devices_and_doors():
    """Old card, floppy, whole disk, folder, screen: each at its line."""
    found = _example("vmware/desktop.vmx")
    assert {"pcnet", "floppy", "lsilogic", "usb-controller", "es1371"} <= set(
        value(found, "vm.devices")
    )
    assert (2**31, 2) == (value(found, "vm.memory.bytes"), value(found, "vm.vcpus"))
    assert {"scsi0:0", "floppy0"} == {disk["target"] for disk in rows(found, "disk")}
    assert True in [disk.get("whole_host_disk") for disk in rows(found, "disk")]
    assert ("/home", False) == (_row(found, "share")["source"], _row(found, "share")["read_only"])
    assert ("vnc", "all") == (_row(found, "graphics")["type"], _row(found, "graphics")["exposure"])
    assert 6 == line(found, "vm.memory.bytes")


def test_vmx_models_are_never_all_there_are():
    """VMware adds a screen and more by itself: no list of devices passes a check."""
    found = declared("vmx", VMX)
    assert "kernel" == found.missing["vm.devices"][0].vantage.value


def test_vmx_devices_that_are_not_present_are_not_there():
    """Only `present` counts, in any letter case."""
    found = declared("vmx", VMX + 'floppy0.present = "FALSE"\nETHERNET0.PRESENT = "true"\n')
    assert [] == rows(found, "disk")
    assert "bridge" == _row(found, "interface")["type"]


@pytest.mark.parametrize(
    ("keys", "secure"),
    [
        ('firmware = "efi"\nuefi.secureBoot.enabled = "TRUE"\n', True),
        ('uefi.secureBoot.enabled = "TRUE"\n', False),
        ('firmware = "bios"\n', False),
        ("", False),
    ],
)
def test_vmx_secure_boot_takes_uefi(keys, secure):
    """The switch alone does nothing."""
    assert secure == value(declared("vmx", VMX + keys), "vm.secure_boot")


def test_vmx_screen_keeps_no_password():
    """That one is stored is a fact, and it is not one."""
    keys = 'RemoteDisplay.vnc.enabled = "TRUE"\nRemoteDisplay.vnc.key = "hunter22"\n'
    found = declared("vmx", VMX + keys)
    assert _row(found, "graphics")["password_in_configuration"]
    assert "hunter22" not in str(found.to_json())


def test_vmx_port_keeps_no_password():
    """The user and password of an address go before its scheme does."""
    keys = 'serial0.present = "1"\nserial0.fileType = "network"\n'
    found = declared("vmx", VMX + keys + 'serial0.fileName = "telnet://u:hunter22@h:1"\n')
    assert "tcp" == _row(found, "character_device")["backend"]
    assert "hunter22" not in str(found.to_json())


@pytest.mark.parametrize(
    "text",
    ["", "a = 1\n", VMX + "nonsense\n", VMX + VMX, VMX + 'memsize = "much"\n',
     VMX + 'memsize = "999999999999999"\n', VMX + "a = " + "x" * 20_000, "=\n" * 10],
)  # fmt: skip
def test_vmx_that_is_broken_costs_one_line(text):
    """It names the file."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        declared("vmx", text)
    assert "\n" not in str(caught.value)


# -- Xen -----------------------------------------------------------------------------------------


def test_xl_legacy_guest_shows_its_devices_and_doors():
    """Those of QEMU, its screen, its folder, its card, its device of the host."""
    found = _example("xen/legacy.cfg")
    assert {"rtl8139", "cirrus", "sb16", "usb-tablet", "ide-disk"} <= set(
        value(found, "vm.devices")
    )
    assert ["/dev/sdb", "/srv/iso/install.iso"] == [d["source"] for d in rows(found, "disk")]
    assert ["disk", "cdrom"] == [disk["device"] for disk in rows(found, "disk")]
    assert "0000:03:00.0" == _row(found, "host_device")["address"]
    assert "all" == _row(found, "graphics")["exposure"]
    assert "passthrough" == _row(found, "share")["access_mode"]
    assert "-monitor" in value(found, "vm.commandline_passthrough")


@pytest.mark.parametrize(("keys", "screens"), [("", 1), ("vnc=1\n", 1), ("vnc=0\n", 0)])
def test_xl_guest_with_an_emulator_has_a_screen_unless_it_is_switched_off(keys, screens):
    """Xen's default is VNC, on this host alone."""
    found = rows(declared("xl", f"name='a'\nmemory=1\ntype='hvm'\n{keys}"), "graphics")
    assert ["loopback"] * screens == [one["exposure"] for one in found]


def test_xl_guest_without_emulator_has_xens_devices_alone():
    """Then nothing else is added."""
    found = _example("xen/lean.cfg")
    assert ("xen-disk", "xen-net") == value(found, "vm.devices")
    assert "vm.devices" not in found.missing
    assert ["kernel", "initrd"] == [one["role"] for one in rows(found, "boot_file")]
    assert "xen" == value(found, "vm.accelerator")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phy:/dev/vg/lv,xvda,w", ("/dev/vg/lv", "raw", "xvda", False)),
        ("phy:vg/lv,xvda,w", ("/dev/vg/lv", "raw", "xvda", False)),
        ("/dev/vg/lv,raw,xvda,rw", ("/dev/vg/lv", "raw", "xvda", False)),
        ("/img/a.qcow2,qcow2,xvdb,r", ("/img/a.qcow2", "qcow2", "xvdb", True)),
        ("tap:qcow2:/img/a,hda,w", ("qcow2:/img/a", "raw", "hda", False)),
        ("file:/a.iso,hdc:cdrom,r", ("/a.iso", "raw", "hdc", True)),
        ("format=qcow2, vdev=xvda, access=ro, target=/a,b", ("/a,b", "qcow2", "xvda", True)),
        (",,hdc:cdrom,r", (None, "raw", "hdc", True)),
    ],
)
def test_xl_disks_in_every_spelling(text, expected):
    """By places, by names, or with the scheme of old releases."""
    disk = _row(declared("xl", f"name = 'a'\ndisk = ['{text}']\n"), "disk")
    assert expected == (disk.get("source"), disk["format"], disk["target"], disk["read_only"])


def test_xl_syntax():
    """Lists over lines, comments, semicolons, and what is appended."""
    text = "a = 1; b = 'x#y' # c\nl = [ 'p', # q\n [1, 2],\n]\nl += ['z']\nb = \"w\"\n"
    found = xl_syntax.read(text, "f")
    assert ("1", "w", ("p", "1", "2", "z")) == (found["a"].text, found["b"].text, found["l"].texts)
    assert 2 == found["l"].location.line


@pytest.mark.parametrize(
    "text",
    ["", "memory = 1", "name", "name =", "name = ]", "name = [", "name = 'a", "name = 'a' 'b'",
     "name = 'a'\nmemory = 'much'", "name = 'a'\nvcpus = 9999999999999", "name = a = b",
     "name = " + "[" * 100_000, "name = [" + "1," * 300_000 + "]"],
)  # fmt: skip
def test_xl_that_is_broken_costs_one_line(text):
    """It names the file."""
    started = time.process_time()
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        declared("xl", text)
    assert "\n" not in str(caught.value)
    assert time.process_time() - started < 5


# -- OVF -----------------------------------------------------------------------------------------


def test_ovf_shows_what_its_hypervisor_wrote():
    """Items of the hardware, and VirtualBox's own settings."""
    found = declared("ovf", OVF)
    assert {"floppy", "pcnet", "piix4-ide", "ide-disk"} <= set(value(found, "vm.devices"))
    assert (2**31, 2, "virtualbox") == tuple(
        value(found, path) for path in ("vm.memory.bytes", "vm.vcpus", "vmm.name")
    )
    assert ("user", "pcnet") == (_row(found, "interface")["type"],
                                 _row(found, "interface")["model"])  # fmt: skip
    assert "/home" == _row(found, "share")["source"]
    assert "all" == _row(found, "graphics")["exposure"]
    assert [("fdc", "floppy"), ("ide", "disk")] == [
        (disk["bus"], disk["device"]) for disk in rows(found, "disk")
    ]


def test_ovf_images_have_no_place_yet():
    """They go where the hypervisor that imports them keeps its images."""
    assert all("source" not in disk for disk in rows(declared("ovf", OVF), "disk"))


def test_ovf_collections_hold_several_systems():
    """Each is a target, by its id."""
    system = OVF[OVF.index("  <VirtualSystem ") : OVF.index("</Envelope>")]
    both = f"<VirtualSystemCollection>{system}{system}</VirtualSystemCollection>"
    found = targets("ovf", OVF.replace(system, both), "a.ovf")
    assert ["ovf:a.ovf#desktop", "ovf:a.ovf#desktop-2"] == [target.id for target in found]


def test_ovf_systems_of_confusing_names_are_all_there():
    """None takes the place of another: ids are for whoever writes the file to choose."""
    system = OVF[OVF.index("  <VirtualSystem ") : OVF.index("</Envelope>")]
    named = system.replace('ovf:id="desktop"', 'ovf:id="desktop-2"')
    both = f"<VirtualSystemCollection>{named}{system}</VirtualSystemCollection>"
    found = targets("ovf", OVF.replace(system, both), "a.ovf")
    assert ["desktop-2", "desktop-2-2"] == [target.name for target in found]


def test_ovf_of_many_drives_takes_no_time():
    """Each finds its controller without a search."""
    item = (
        "<Item><InstanceID>{}</InstanceID><Parent>x</Parent><ResourceType>17</ResourceType></Item>"
    )
    items = "".join(item.format(number) for number in range(5_000))
    body = (
        f"<VirtualSystem><VirtualHardwareSection>{items}</VirtualHardwareSection></VirtualSystem>"
    )
    started = time.process_time()
    assert rows(declared("ovf", f"<Envelope>{body}</Envelope>"), "disk")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("unit", "size"),
    [("MegaBytes", 2**31), ("byte * 2^20", 2**31), ("byte*2^30", 2**41), ("byte", 2**11)],
)
def test_ovf_memory_in_every_unit(unit, size):
    """As DSP0004 spells them."""
    assert size == value(declared("ovf", OVF.replace("MegaBytes", unit)), "vm.memory.bytes")


def test_ovf_memory_in_a_strange_unit_is_unknown():
    """Nothing is guessed."""
    found = declared("ovf", OVF.replace("MegaBytes", "pages"))
    assert "not_declared" == found.missing["vm.memory.bytes"][0].reason.value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<Envelope/>",
        "<a/>",
        "<Envelope><VirtualSystem>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><Envelope><VirtualSystem>&b;</VirtualSystem></Envelope>",
        OVF.replace("<rasd:VirtualQuantity>2<", "<rasd:VirtualQuantity>two<"),
        OVF.replace(">2048<", ">99999999999999<"),
        "<Envelope>" + "<VirtualSystemCollection>" * 200,
    ],
)
def test_ovf_that_is_broken_costs_one_line(text):
    """Entities are refused, and depth."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        declared("ovf", text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vmware/desktop.vmx", "vmware/lean.vmx", "xen/legacy.cfg",
                                  "xen/lean.cfg", "ovf/desktop.ovf", "ovf/lean.ovf"])  # fmt: skip
def test_a_text_cut_anywhere_is_read_or_refused(name):
    """No other error comes of half a file."""
    path = EXAMPLES / name
    text = path.read_text()
    dialect = path.suffix.removeprefix(".").replace("cfg", "xl")
    for end in range(0, len(text), 37):
        try:
            declared(dialect, text[:end])
        except DocumentError:
            continue
