"""The rows of a failed check: what is wrong, what was seen, what to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoaudit.model import Kind, Target
from isoaudit.report.about import ANY_DIALECT
from isoaudit.report.layout import clip, wrap
from isoaudit.report.table_page import Page
from isoaudit.report.table_seen import put_seen
from isoaudit.report.table_view import Failure

_SHOWN_RECORDS = 3
_SHOWN_MESSAGE = 300
_FALLBACKS = {
    Kind.CONTAINER: ("docker_run", "compose", "kubernetes", "oci", "dockerfile", "host"),
    Kind.VM: (
        *("libvirt_xml", "qemu", "firecracker", "cloud_hypervisor", "kata", "vmx", "ovf", "xl"),
        *("guest", "host"),
    ),
    Kind.HOST: ("host",),
    Kind.NAMESPACE: ("kubernetes",),
}
_NEAREST = {
    # A bundle is written by an engine, a unit by who runs the host.
    "oci": ("docker_run", "compose", "kubernetes", "host"),
    "systemd": ("host", "oci", "docker_run"),
}
_LIVE = {"docker": "docker_run", "podman": "docker_run", "libvirt": "libvirt_xml", "vmm": "qemu",
         "ssh": "guest"}  # fmt: skip


def put_failure(page: Page, target: Target, failure: Failure, about: Mapping[str, Any]) -> None:
    """Put one failed check with its records under one heading."""
    findings = failure.findings
    shown = findings if page.verbose else findings[:_SHOWN_RECORDS]
    messages = list(dict.fromkeys(clip(one.message, _SHOWN_MESSAGE) for one in shown))
    page.headline(failure.severity, messages[0], failure.check)
    page.bullets(messages[1:])
    if len(findings) > len(shown):
        page.row("", f"and {len(findings) - len(shown)} more; -v lists them")
    put_seen(page, shown)
    put_fix(page, target, failure.check, about)


def put_fix(page: Page, target: Target, check: str, about: Mapping[str, Any]) -> None:
    """Put the remediation in the words of the target; a long one only the first time."""
    text = fix_for(target, about.get("remediation", {}))
    lines = wrap(text, page.room)
    if not text:
        return
    if len(lines) > 1 and (check, text) in page.told:
        lines = wrap(f"as for {check} above", page.room)
    page.told.add((check, text))
    page.labelled("FIX", lines)


def fix_for(target: Target, remediation: Mapping[str, str]) -> str:
    """Return the change in the target's own dialect, else in the nearest one, which is named."""
    own = target.dialect or _LIVE.get(target.id.partition(":")[0].partition("+")[0], "")
    own = "host" if target.kind is Kind.HOST else own
    if own in remediation:
        return remediation[own]
    for name in _NEAREST.get(own, _FALLBACKS[target.kind]):
        if name in remediation:
            return f"({name.replace('_', ' ')}) {remediation[name]}"
    return remediation.get(ANY_DIALECT, "")
