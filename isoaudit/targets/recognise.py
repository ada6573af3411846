"""Says by content what kind of file a text is, without parsing it."""

from __future__ import annotations

import re

_COMPOSE = re.compile(r"^(?:services|include)\s*:", re.MULTILINE)
_KUBERNETES = re.compile(r"^\s*[\"']?apiVersion[\"']?\s*:", re.MULTILINE)
_KIND = re.compile(r"^\s*[\"']?kind[\"']?\s*:", re.MULTILINE)


def recognise(text: str, name: str) -> str | None:
    """Return compose, kubernetes, libvirt_xml, bundle, result, or None."""
    head = text[:4096].lstrip()
    if head.startswith("<"):
        return "libvirt_xml" if re.search(r"<(?:domain|domstatus)[\s>]", text) else None
    if '"isoaudit_bundle"' in head:
        return "bundle"
    if head.startswith("{") and '"schema_version"' in head:
        return "result"
    if _KUBERNETES.search(text) and _KIND.search(text):
        return "kubernetes"
    return "compose" if _COMPOSE.search(text) else None
