"""Turns a libvirt domain document into facts, whether it is a file or libvirt's own answer."""

from __future__ import annotations

import re

from isoaudit.documents.xml import Element
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Vantage
from isoaudit.probes.domain_xml.boot import read_boot_files, read_secure_boot, read_tpm
from isoaudit.probes.domain_xml.characters import read_character_devices
from isoaudit.probes.domain_xml.devices import read_devices
from isoaudit.probes.domain_xml.disks import read_disk_limits, read_disks
from isoaudit.probes.domain_xml.domain import (
    is_qemu,
    read_identity,
    read_labels,
    read_launch_security,
    read_resources,
)
from isoaudit.probes.domain_xml.extras import read_extras, read_qemu_extras
from isoaudit.probes.domain_xml.graphics import read_graphics
from isoaudit.probes.domain_xml.interfaces import read_interfaces
from isoaudit.probes.domain_xml.passthrough import read_passthrough, with_hidden
from isoaudit.probes.domain_xml.sharing import (
    read_host_devices,
    read_shared_memory,
    read_shares,
)
from isoaudit.probes.domain_xml.spots import Origin, Spot, Writer

_ROOT = re.compile(
    r"\A\ufeff?\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*-->\s*)*<(\w+)(\s[^>]*)?>", re.DOTALL
)
_EVERY_DOMAIN = (
    read_identity,
    read_resources,
    read_labels,
    read_boot_files,
    read_disks,
    read_interfaces,
    read_graphics,
    read_shares,
    read_host_devices,
    read_character_devices,
    read_shared_memory,
    read_devices,
    read_extras,
)
_QEMU_ONLY = (
    read_qemu_extras,
    read_disk_limits,
    read_secure_boot,
    read_tpm,
    read_launch_security,
    read_passthrough,
)


def read_domain(
    root: Element, vantage: Vantage, source_prefix: str, file_locations: bool
) -> FactSet:
    """Return every fact the document tells, libvirt's defaults resolved.

    `file_locations` says that it is a file: facts get its lines, and what it leaves out is not
    there; libvirt's own answers lack passwords. `source_prefix` starts every source text.
    """
    domain = Spot(domain_element(root))
    origin = Origin(vantage, source_prefix, file_locations)
    writer = Writer(origin)
    for read in _EVERY_DOMAIN:
        read(domain, writer)
    if not is_qemu(domain):
        return writer.notes.factset()
    for read in _QEMU_ONLY:
        read(domain, writer)
    return with_hidden(writer.notes.factset(), domain, origin)


def domain_element(root: Element) -> Element:
    """Return the `domain` of a document: its root, or the one a status or snapshot file wraps.

    Raises DocumentError if there is none.
    """
    if root.name == "domain":
        return root
    wrapped = root.find("domain") if root.name in {"domstatus", "domainsnapshot"} else None
    if wrapped is None:
        raise DocumentError(
            f"{root.location}: not a libvirt domain: its root is <{root.name[:60]}>",
            "Name a file that `virsh dumpxml` writes or `virsh define` reads.",
        )
    return wrapped


def recognise(text: str) -> bool:
    """Say, from its first element alone, whether a text is a libvirt domain document.

    A `domain` of some other format has no type, which libvirt insists on.
    """
    match = _ROOT.match(text[:65_536])
    if match is None:
        return False
    if match[1] == "domain":
        return re.search(r"\stype\s*=", match[2] or "") is not None
    return match[1] in {"domstatus", "domainsnapshot"}
