"""Domains that differ only in what is their own are read once, and told as if each had been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isoaudit.documents import xml
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Vantage
from isoaudit.probes.domain_xml import Alike, read_domain

RECORDINGS = Path(__file__).parents[2] / "recordings" / "libvirt"

DOMAIN = """<domain type='kvm'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>
    <nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/nv/{name}_VARS.fd</nvram></os>
  <devices>
    <disk type='file' device='disk'><source file='{disk}'/>
      <backingStore type='file'><format type='qcow2'/><source file='/base/{name}.qcow2'/>
      </backingStore><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><mac address='{mac}'/><source network='default'/></interface>
    <graphics type='vnc' port='-1'/>
  </devices>
</domain>
"""
OWN = {
    "name": "a-1",
    "uuid": "148daef9-e052-422c-ab5a-0a3affdad360",
    "disk": "/images/a-1.qcow2",
    "mac": "52:54:00:7d:29:1d",
}


def alone(text: str) -> FactSet:
    return read_domain(xml.load(text, "here"), Vantage.ENGINE, "XML", file_locations=False)


def texts(recording: str) -> list[str]:
    calls = json.loads((RECORDINGS / f"{recording}.json").read_text())["libvirt"]["calls"]
    answers = [answer.get("answer") for answer in calls.values()]
    return [text for text in answers if isinstance(text, str) and text.startswith("<domain")]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "b.2", "uuid": "248daef9-e052-422c-ab5a-0a3affdad361"},
        {"disk": "/dev/sda"},
        {"disk": "/images/../dev/sda"},
        {"disk": "/images//x y.qcow2"},
        {"disk": "/base/a-1.qcow2"},
        {"disk": "/images/&amp;.qcow2"},
        {"disk": f"/{'x' * 5000}"},
        {"disk": "/images/\ue0000\ue001.qcow2"},
        {"disk": ""},
        {"mac": "52:54:00:7D:29:1D"},
        {"name": "\ue0001\ue001"},
    ],
)
def test_domain_like_another_has_the_facts_that_are_read_of_it_alone(change):
    """Whatever is a domain's own, and wherever it stands, is told of it and of no other."""
    reader = Alike("here")
    first, other = DOMAIN.format(**OWN), DOMAIN.format(**{**OWN, **change})
    for text in (first, first, other, other, first):
        reading = reader.read(text, Vantage.ENGINE, "XML")
        assert (alone(text), False) == (reading.facts, reading.live)


@pytest.mark.parametrize("name", ["legacy", "lean", "off"])
def test_recorded_domains_are_read_alike_from_memory(name):
    """The XML of real domains comes to the same when it is met again."""
    reader = Alike("here")
    assert texts(name)
    for text in texts(name):
        for _ in range(3):
            assert alone(text) == reader.read(text, Vantage.ENGINE, "XML").facts


def test_parts_that_domains_share_are_kin_and_their_own_are_not():
    """A part without anything of a domain's own is the same object for both."""
    reader = Alike("here")
    reader.read(DOMAIN.format(**OWN), Vantage.ENGINE, "XML")
    found = [
        reader.read(DOMAIN.format(**{**OWN, "name": name}), Vantage.ENGINE, "XML").facts.parts
        for name in ("b", "c")
    ]
    assert found[0]["graphics"][0] is found[1]["graphics"][0]
    assert found[0]["graphics"][0].kin
    assert not found[0]["disk"][0].kin


def test_broken_xml_is_told_of_the_domain_itself():
    """An error names a place of the text that libvirt gave."""
    text = DOMAIN.format(**OWN).replace("</devices>", "")
    with pytest.raises(DocumentError) as told:
        alone(text)
    with pytest.raises(DocumentError) as again:
        Alike("here").read(text, Vantage.ENGINE, "XML")
    assert str(told.value) == str(again.value)
