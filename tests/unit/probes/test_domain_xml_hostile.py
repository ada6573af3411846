"""Domain documents made to break the reader."""

from __future__ import annotations

import pytest
from domain_documents import declared, document, rows, value

from isoaudit.errors import DocumentError
from isoaudit.probes.domain_xml import DomainXmlProbe

_ENTITIES = "".join(
    f"<!ENTITY {name} '&{below};&{below};&{below};&{below};'>"
    for below, name in zip("abcdef", "bcdefg", strict=True)
)
_LAUGHS = (
    f"<!DOCTYPE domain [<!ENTITY a 'ha'>{_ENTITIES}]><domain type='kvm'><name>&g;</name></domain>"
)
_DEVICES = """
disk controller interface graphics video sound input filesystem hostdev serial parallel console
channel redirdev rng shmem tpm watchdog memballoon panic vsock iommu memory smartcard hub emulator
crypto nvram audio
"""


@pytest.mark.parametrize(
    "text",
    [
        _LAUGHS,
        "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain type='kvm'/>",
        "<domain type='kvm'>" + "<a>" * 200 + "</a>" * 200 + "</domain>",
        "<domain type='kvm'><name>\x01</name></domain>",
        "<domain type='kvm'><name>&#0;</name></domain>",
        "<domain type='kvm'>",
        "",
        "<notadomain/>",
        "<domstatus/>",
        "<domainsnapshot><name>s</name></domainsnapshot>",
    ],
)
def test_hostile_documents_are_refused(text):
    """Entity bombs, references to files, depth, control characters and wrong roots end in one
    error that names the file."""
    with pytest.raises(DocumentError, match=r"evil\.xml"):
        DomainXmlProbe(text, "evil.xml")


def test_domain_of_nothing_gives_missing_evidence():
    """A domain without any element is read, and nothing is made up for it."""
    probe = DomainXmlProbe("<domain/>", "vm.xml")
    found = probe.collect(probe.find()[0])
    assert {"vm.accelerator", "vm.architecture", "vm.memory.bytes"} == {
        m.path for m in found.all_missing()
    }


def test_devices_without_attributes_do_not_crash():
    """Every device element may stand there empty."""
    body = "".join(
        f"<{name}/><{name}><source/><target/><model/></{name}>" for name in _DEVICES.split()
    )
    for kind in ("kvm", "qemu", "lxc", "xen", "test", "bhyve"):
        found = declared(f"<os/><cpu/><devices>{body}</devices><seclabel/>", f"type='{kind}'")
        assert 2 == len(rows(found, "disk"))


def test_giant_names_are_cut():
    """A name of a megabyte neither becomes the target's nor fills a report."""
    giant = "x" * 1_000_000
    probe = DomainXmlProbe(document().replace(">t<", f">{giant}<"), "vm.xml")
    found = declared(f"<os><kernel>{giant}</kernel></os>")
    assert (255, True) == (
        len(probe.find()[0].name),
        len(rows(found, "boot_file")[0]["path"]) < 5000,
    )


def test_numbers_beyond_measure_are_missing():
    """A memory size of a thousand digits is no number."""
    text = document().replace(">64<", f">{'9' * 1000}<")
    probe = DomainXmlProbe(text, "vm.xml")
    assert "vm.memory.bytes" in probe.collect(probe.find()[0]).missing


def test_many_devices_are_read_in_reasonable_time():
    """Twenty thousand disks are twenty thousand records."""
    found = declared("<devices>" + "<disk><target dev='vda'/></disk>" * 20_000 + "</devices>")
    assert 20_000 == len(rows(found, "disk"))


def test_type_of_another_language_is_no_accelerator_that_passes():
    """An invented type is shown as it stands."""
    assert "KVM " == value(declared("", "type='KVM '"), "vm.accelerator")
