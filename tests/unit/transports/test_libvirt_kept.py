"""What libvirt keeps of a domain beside its definition, on the driver that needs no daemon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from isoaudit.errors import TargetError
from isoaudit.facts.drift import with_drift
from isoaudit.probes.libvirt import LibvirtProbe
from isoaudit.transports import libvirt as transport
from isoaudit.transports.libvirt_listing import network, snapshot, uses

TEST = "test:///default"
DISK = "<disk type='file'><source file='{}'/><target dev='{}' bus='virtio'/>{}</disk>"


@pytest.fixture(name="manager")
def _manager() -> Iterator[Any]:
    """A connection that may change the driver's domains; they go with it."""
    libvirt = pytest.importorskip("libvirt")
    manager = libvirt.open(TEST)  # the driver's domains live as long as one connection does
    yield manager
    manager.close()


@pytest.fixture(name="probe")
def _probe(manager: Any) -> Iterator[LibvirtProbe]:
    connection = transport.connect(TEST)
    yield LibvirtProbe(connection, None)
    connection.close()


def domain(name: str, devices: str = "") -> str:
    return (
        f"<domain type='test'><name>{name}</name><memory>1024</memory>"
        f"<os><type>hvm</type></os><devices>{devices}</devices></domain>"
    )


def collected(probe: LibvirtProbe, name: str) -> Any:
    (target,) = [target for target in probe.find() if target.name == name]
    return target, probe.collect(target)


def test_definition_that_was_changed_under_a_running_domain_is_drift(manager, probe):
    """The stored XML of the same domain asks for one CPU more than runs."""
    running = manager.lookupByName("test")
    text = running.XMLDesc(2)
    manager.defineXML(re.sub(r"(<vcpu[^>]*>)2<", r"\g<1>1<", text))
    target, found = collected(probe, "test")
    (part,) = with_drift(target, found).parts["drift"]
    differing = [
        tuple(record.facts[f"drift.{name}"].value for name in ("path", "asked", "found", "weaker"))
        for record in part.records
    ]
    assert [("vm.vcpus", "1", "2", False)] == differing


def test_domain_without_a_definition_is_not_persistent(manager, probe):
    """What was created and not defined goes away when it stops, and has nothing to drift from."""
    manager.createXML(domain("passing"))
    target, found = collected(probe, "passing")
    assert (False, ()) == (
        found.facts["vm.persistent"][0].value,
        with_drift(target, found).parts["drift"][0].records,
    )


def test_domain_that_is_destroyed_while_it_is_read_is_one_clear_line(manager, probe):
    """It was listed as running: what libvirt then tells is another domain's word, or none."""
    manager.createXML(domain("passing"))
    found = {target.name: target for target in probe.find()}
    manager.lookupByName("passing").destroy()
    manager.lookupByName("test").destroy()
    with pytest.raises(TargetError, match=r"^test:///default: "):
        probe.collect(found["passing"])
    with pytest.raises(TargetError, match="test stopped or moved away while it was read"):
        probe.collect(found["test"])


def test_snapshots_are_listed_with_their_age_and_memory(manager, probe):
    """A snapshot of a running domain holds its memory."""
    manager.lookupByName("test").snapshotCreateXML(
        "<domainsnapshot><name>old</name></domainsnapshot>"
    )
    _, found = collected(probe, "test")
    (record,) = found.parts["snapshot"][0].records
    assert ["old", True, 0] == [
        record.facts[f"snapshot.{name}"].value for name in ("name", "memory", "age")
    ]


def test_saved_state_is_a_snapshot_of_unknown_age(manager, probe):
    """libvirt does not tell when a domain was saved."""
    manager.lookupByName("test").managedSave(0)
    _, found = collected(probe, "test")
    (record,) = found.parts["snapshot"][0].records
    assert ("managed save", True, ["snapshot.age"]) == (
        record.facts["snapshot.name"].value,
        record.facts["snapshot.memory"].value,
        list(record.missing),
    )


def test_domains_of_one_libvirt_know_who_has_the_same_disk_and_network(manager, probe):
    """A domain that is off counts: it may be started beside the other."""
    card = "<interface type='network'><source network='default'/></interface>"
    manager.defineXML(domain("one", DISK.format("/i/a.img", "vda", "") + card))
    manager.defineXML(domain("two", DISK.format("/i/a.img", "vdb", "")))
    _, found = collected(probe, "one")
    (disk,), (interface,) = (found.parts[name][0].records for name in ("disk", "interface"))
    assert (("two",), ("test",), "nat") == (
        disk.facts["disk.shared_with"].value,
        interface.facts["interface.shared_with"].value,
        interface.facts["interface.forward"].value,
    )


@pytest.mark.parametrize(
    ("xml", "disks", "networks"),
    [
        (DISK.format("/a", "vda", ""), ["/a"], []),
        (DISK.format("/a", "vda", "<readonly/>"), [], []),
        (DISK.format("/a", "vda", "<backingStore><source file='/b'/></backingStore>"), ["/a"], []),
        ("<disk type='network'><source protocol='rbd' name='p/i'/></disk>", ["p/i"], []),
        ("<disk type='file' device='cdrom'><target dev='hda'/></disk>", [], []),
        ("<interface type='bridge'><source bridge='br0'/></interface>", [], ["bridge:br0"]),
        ("<interface type='network'><source network='n' bridge='v'/></interface>", [],
         ["network:n"]),
        ("<interface type='user'><model type='virtio'/></interface>", [], []),
    ],
)  # fmt: skip
def test_ties_of_a_domain(xml, disks, networks):
    """Disks that may be written and networks are ties; base images and ISOs are none."""
    assert {"disks": disks, "networks": networks} == uses(domain("x", xml))


@pytest.mark.parametrize(
    ("xml", "forward", "isolated"),
    [
        ("<network><forward mode='route'/><bridge name='v'/></network>", "route", False),
        ("<network><forward/><bridge name='v'/></network>", "nat", False),
        ("<network><bridge name='v'/></network>", "none", False),
        ("<network><bridge name='v'/><port isolated='yes'/></network>", "none", True),
        ("<network><bridge name='v'/><portgroup name='p'><port isolated='yes'/></portgroup>"
         "</network>", "none", False),
    ],
)  # fmt: skip
def test_network_tells_how_it_leads_out(xml, forward, isolated):
    """Without forwarding a network is closed; isolation of one port group is not that of all."""
    told = {"forward": forward, "bridge": "v", "isolated": isolated}
    assert told == network(xml)


def test_snapshot_of_a_disk_alone_holds_no_memory():
    """libvirt says so in the head; the domain inside has a memory element too."""
    text = (
        "<domainsnapshot><state>disk-snapshot</state><memory snapshot='no'/>"
        "<domain><memory snapshot='internal'>1</memory></domain></domainsnapshot>"
    )
    assert {"name": "s", "memory": False, "age": None} == snapshot("s", text)
