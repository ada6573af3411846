"""Hardware that a domain hides in qemu:commandline, judged like what it names."""

from __future__ import annotations

from typing import Any

import pytest
from domain_documents import answered, declared, rows, value

from isoaudit.model import FactSet, Kind, Status, Target, Vantage
from isoaudit.resources import data_dir
from isoaudit.rules.context import Context
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import load_check

CARD = ["-netdev", "user,id=n0", "-device", "rtl8139,netdev=n0"]


def hidden(words: list[str]) -> str:
    arguments = "".join(f"<qemu:arg value='{word}'/>" for word in words)
    return (
        "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
        "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>"
        f"</devices><qemu:commandline>{arguments}</qemu:commandline>"
    )


def failing(found: FactSet, *checks: str) -> list[str]:
    loaded = [load_check(data_dir("checks") / "vm" / f"{name}.yaml", name) for name in checks]
    target = Target("libvirt_xml:vm.xml", Kind.VM, "t", "declared", dialect="libvirt_xml")
    context = Context(target, found)
    return [c.id for c in loaded for f in Judge([c]).findings(c, context)
            if f.status is Status.FAIL]  # fmt: skip


def test_hidden_card_fails_what_a_named_one_fails():
    """User networking, an old card and a USB tablet are found in a file's hidden arguments."""
    found = declared(hidden([*CARD, "-device", "usb-tablet"]))
    wanted = ["VMD-012", "VMD-013", "VMD-014", "VMM-021"]
    assert wanted == failing(found, *wanted)


def test_hidden_card_stands_beside_those_that_are_named():
    """Both are in the part, and the hidden one says where it was read."""
    found = declared(hidden(CARD))
    source = found.parts["interface"][0].records[1].facts["interface.type"]
    assert (["bridge", "user"], "domain XML commandline -device", "vm.xml") == (
        [card["type"] for card in rows(found, "interface")],
        source.source,
        source.location.file if source.location else "",
    )


def test_hidden_hardware_of_a_running_domain_has_the_vantage_of_its_xml():
    """libvirt tells of it; the process says more where it can be read."""
    found = answered(hidden(CARD))
    assert [Vantage.ENGINE] == [part.vantage for part in found.parts["interface"]]


@pytest.mark.parametrize(
    ("words", "path", "expected"),
    [
        (["-device", "vhost-vsock-pci,guest-cid=3"], "vm.vsock", True),
        (["-device", "virtio-gpu-gl-pci"], "vm.accel_3d", True),
        (["-display", "egl-headless"], "vm.accel_3d", True),
        (["-device", "virtio-gpu-pci"], "vm.accel_3d", False),
        (["-name", "x"], "vm.vsock", False),
    ],
)
def test_hidden_device_decides_facts_of_the_domain(words: list[str], path: str, expected: Any):
    """What the domain's own elements deny is true if an argument adds it."""
    assert expected is value(declared(hidden(words)), path)


def test_hidden_console_is_a_console():
    """A VNC server on every address is in the part graphics, in the file's name."""
    found = declared(hidden(["-vnc", ":1,websocket=5701"]))
    (record,) = found.parts["graphics"][0].records
    facts = record.facts
    assert ("all", True, {Vantage.DECLARED}) == (
        facts["graphics.exposure"].value,
        facts["graphics.websocket"].value,
        {fact.vantage for fact in facts.values()},
    )


def test_arguments_that_stand_in_another_file_leave_the_hardware_open():
    """-readconfig may add anything: what is told is not all."""
    found = declared(hidden(["-readconfig", "/etc/x.cfg"]))
    assert found.parts["interface"][0].incomplete


def test_secret_in_a_hidden_argument_is_no_fact():
    """Passwords in hidden drives and objects stay out."""
    words = ["-drive", "file=rbd:p/i:key=AQBplanted0==,if=virtio,format=raw"]
    words += ["-object", "secret,id=s,data=planted1"]
    assert "planted" not in str(declared(hidden(words)))


def test_overridden_property_is_told_with_its_value():
    """qemu:override changes a device behind libvirt's back."""
    found = declared(
        "<qemu:override><qemu:device alias='net0'><qemu:frontend>"
        "<qemu:property name='host_mtu' type='unsigned' value='9000'/>"
        "</qemu:frontend></qemu:device></qemu:override>"
    )
    assert ("override net0 host_mtu=9000",) == value(found, "vm.commandline_passthrough")
