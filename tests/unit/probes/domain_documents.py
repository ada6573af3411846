"""Short libvirt domains for tests, and what is read of them."""

from __future__ import annotations

from typing import Any

from isoaudit.documents import xml
from isoaudit.model import FactSet, Vantage
from isoaudit.probes.domain_xml import read_domain

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"


def document(body: str = "", attributes: str = "type='kvm'") -> str:
    return (
        f"<domain {attributes} xmlns:qemu='{QEMU}'>\n<name>t</name>\n"
        f"<memory unit='MiB'>64</memory>\n{body}\n</domain>"
    )


def declared(body: str = "", attributes: str = "type='kvm'") -> FactSet:
    """Return the facts of a file."""
    root = xml.load(document(body, attributes), "vm.xml")
    return read_domain(root, Vantage.DECLARED, "domain XML", file_locations=True)


def answered(body: str = "", attributes: str = "type='kvm' id='1'") -> FactSet:
    """Return the facts of what libvirt answers for a running domain."""
    root = xml.load(document(body, attributes), "qemu:///system")
    return read_domain(root, Vantage.ENGINE, "libvirt live XML", file_locations=False)


def devices(body: str) -> FactSet:
    """Return the facts of a file with these devices."""
    return declared(f"<devices>\n{body}\n</devices>")


def value(found: FactSet, path: str) -> Any:
    return found.facts[path][0].value


def reason(found: FactSet, path: str) -> str:
    return found.missing[path][0].reason.value


def rows(found: FactSet, part: str) -> list[dict[str, Any]]:
    """Return the best vantage's records of a part, paths without the part's name."""
    return [
        {path.partition(".")[2]: fact.value for path, fact in record.facts.items()}
        for record in found.parts[part][0].records
    ]


def row(found: FactSet, part: str) -> dict[str, Any]:
    (only,) = rows(found, part)
    return only
