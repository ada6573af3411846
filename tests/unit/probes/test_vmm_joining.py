"""A running domain's hardware: what its XML says, and what its command line has besides."""

from __future__ import annotations

import json
import shlex

import pytest
from domain_documents import answered, rows
from test_libvirt_probe import collected, tapes
from vm_verdicts import verdicts

from isoaudit.model import FactSet, Vantage
from isoaudit.probes.vmm.argv import options
from isoaudit.probes.vmm.devices import hardware
from isoaudit.probes.vmm.joining import joined
from isoaudit.probes.vmm.line import Line, Origin

_HIDDEN = "-netdev user,id=n0 -device rtl8139,netdev=n0 -device usb-tablet"


def both(body: str, words: str) -> FactSet:
    """Return the joined facts of a running q35 domain and its command line."""
    xml = answered(
        f"<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>{body}</devices>"
    )
    line = Line(options(shlex.split(f"-M q35 -nodefaults {words}")), "qemu-system-x86_64", True)
    return xml.merge(joined(xml, hardware(line, Origin(Vantage.VMM, "/proc/7/cmdline"))))


def with_hidden(recorded, words: str):
    """Return a recording whose QEMU was started with more words than its XML tells."""
    for key, call in recorded["files"]["calls"].items():
        if "cmdline" in key:
            more = "".join(f"{word}\0" for word in shlex.split(words))
            call["answer"] = call["answer"].rstrip("\0") + "\0" + more
    return recorded


def test_hidden_network_and_device_are_found():
    """What a domain's XML does not tell fails as it would if it did."""
    ids = ("VMM-021", "VMD-012", "VMD-013")
    before = verdicts(collected(tapes("lean")), *ids)
    after = verdicts(collected(with_hidden(tapes("lean"), _HIDDEN)), *ids)
    assert ({"pass"}, {"fail"}) == (set(before.values()), set(after.values()))


def test_what_both_tell_is_told_once():
    """A recorded domain has one record for each thing, though two vantages show it."""
    found = collected(tapes("legacy"))
    count = {name: len(found.parts[name][0].records) for name in ("interface", "disk", "share")}
    assert {"interface": 1, "disk": 3, "share": 1} == count


def test_what_libvirt_alone_knows_stays():
    """The network filter of a card that QEMU knows as a mere tap device is not lost."""
    card = (
        "<interface type='bridge'><source bridge='br0'/><model type='virtio'/>"
        "<filterref filter='clean-traffic'/></interface>"
    )
    found = both(card, "-netdev tap,id=h,fd=3 -device virtio-net-pci,netdev=h")
    assert [("bridge", "clean-traffic")] == [
        (row["type"], row["filter"]) for row in rows(found, "interface")
    ]


def test_device_plugged_in_later_stays():
    """The command line is as old as the process: what libvirt added since is there too."""
    card = "<interface type='bridge'><model type='rtl8139'/></interface>"
    found = both(card, "")
    assert (1, True) == (
        len(rows(found, "interface")), "rtl8139" in found.facts["vm.devices"][0].value)  # fmt: skip


@pytest.mark.parametrize(
    ("part", "body", "words", "count"),
    [
        ("disk", "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk>",
         "-drive file=/a,if=virtio -drive file=/b,if=virtio", 2),
        ("disk", "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>",
         "-drive file=/old.iso,media=cdrom", 1),
        ("interface", "<interface type='user'><model type='virtio'/></interface>",
         "-nic user,model=virtio -nic user,model=virtio", 2),
        ("share", "<filesystem><source dir='/a'/><target dir='t'/></filesystem>",
         "-virtfs local,path=/a,mount_tag=t -virtfs local,path=/,mount_tag=u", 2),
        ("host_device", "<hostdev type='usb'><source><vendor id='0x1'/><product id='0x2'/>"
         "</source></hostdev>", "-device usb-host,hostbus=1,hostaddr=2", 1),
        ("character_device", "<serial type='pty'><target port='0'/></serial>",
         "-serial pty -serial tcp:192.0.2.1:7,server=on", 2),
        ("shared_memory", "", "-device ivshmem-plain,memdev=m", 1),
    ],
)  # fmt: skip
def test_only_what_is_hidden_is_added(part, body, words, count):
    """Each thing of the command line is laid to one of the XML, whatever both call it."""
    assert count == len(rows(both(body, words), part))


def test_command_line_that_cannot_be_read_passes_nothing():
    """What might be hidden was not seen: XML alone may fail a check, and pass none."""
    recorded = tapes("lean")
    for key in [key for key in recorded["files"]["calls"] if "cmdline" in key]:
        recorded["files"]["calls"][key] = {"error": ["permission_denied", "no", "", False]}
    ids = ("VMM-021", "VMD-012")
    assert {"unknown"} == set(verdicts(collected(recorded), *ids).values())


def test_joined_records_are_json():
    """What was joined can be written to a bundle and read back."""
    found = both("", _HIDDEN)
    assert FactSet.from_json(json.loads(json.dumps(found.to_json()))).parts == found.parts
