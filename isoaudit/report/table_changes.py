"""The order in which the changes to a running virtual machine are best made: the gentlest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoaudit.model import Kind
from isoaudit.report.layout import clip, wrap
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import View

_ORDER = {
    "live": "live",
    "restart": "restart",
    "guest_driver": "guest driver",
    "guest_abi": "guest ABI",
}
"""How a change is made, by the word of the check: while it runs, by starting it anew, after the
guest has a driver for what replaces the device, or so that the guest sees another machine."""

_MEANING = {
    "guest_abi": "the guest sees another machine: saved states and snapshots of memory are lost",
}
_SHOWN = 200


def put_changes(page: Page, view: View, checks: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the failed checks of a VM by how their changes are made, if they differ in that."""
    if view.target.kind is not Kind.VM or view.target.dialect:
        return
    by_change: dict[str, list[str]] = {change: [] for change in _ORDER}
    for failure in view.failures:
        change = checks.get(failure.check, {}).get("change", "")
        if change in by_change:
            by_change[change].append(failure.check)
    used = [change for change in _ORDER if by_change[change]]
    if len(used) < 2 and "guest_driver" not in used and "guest_abi" not in used:
        return
    lines: list[str] = []
    for number, change in enumerate(used, 1):
        text = f"{number} {_ORDER[change]}: {', '.join(by_change[change])}"
        note = view.drivers if change == "guest_driver" else _MEANING.get(change, "")
        first, *rest = wrap(clip(f"{text} ({note})" if note else text, 2 * _SHOWN), page.room)
        lines += [first, *(f"  {line}" for line in rest)]
    page.labelled("CHANGES", lines)
