"""The probe for a libvirt domain in a file."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.documents import xml
from isoaudit.model import FactSet, Kind, Target, Vantage
from isoaudit.probes.domain_xml.reading import domain_element, read_domain

_LONGEST_NAME = 255


class DomainXmlProbe:
    """Reads one libvirt domain from a file's text; raises DocumentError if it is none."""

    def __init__(self, text: str, shown_path: str) -> None:
        self._path = shown_path
        self._domain = domain_element(xml.load(text, shown_path))

    def find(self) -> Sequence[Target]:
        """Return the domain as the file's only target."""
        element = self._domain.find("name")
        name = element.text.strip() if element else ""
        return (
            Target(
                id=f"libvirt_xml:{self._path}",
                kind=Kind.VM,
                name=name[:_LONGEST_NAME] or self._path,
                state="declared",
                handle=self._path,
                dialect="libvirt_xml",
                location=self._domain.location,
            ),
        )

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares."""
        return read_domain(self._domain, Vantage.DECLARED, "domain XML", file_locations=True)
