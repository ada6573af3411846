"""Reads libvirt domain XML: from files, and as libvirt answers with it."""

from isoaudit.probes.domain_xml.alike import Alike
from isoaudit.probes.domain_xml.file import DomainXmlProbe
from isoaudit.probes.domain_xml.reading import domain_element, read_domain, recognise

__all__ = ["Alike", "DomainXmlProbe", "domain_element", "read_domain", "recognise"]
