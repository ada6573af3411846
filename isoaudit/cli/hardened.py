"""What `isoaudit harden` says of a file: its diff, what ended, what may break, and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoaudit.cli.screen import clean, say
from isoaudit.errors import TargetError

if TYPE_CHECKING:
    from isoaudit.audit.hardening import Hardened

_SHOWN = 12


def diff_of(hardened: Hardened, name: str) -> str:
    """Return what changed as a unified diff."""
    from difflib import unified_diff

    before, after = (text.splitlines() for text in (hardened.before, hardened.after))
    lines = unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")
    return "".join("\t".join(map(clean, line.split("\t"))) + "\n" for line in lines)


def tell(hardened: Hardened) -> None:
    """Say on stderr what ended, what that may break, and what stays and why."""
    from isoaudit.harden.plan import ASKED_FOR
    from isoaudit.report.layout import count

    say(f"{count(len(hardened.ended), 'finding')} ended, {len(hardened.left)} stay")
    breaks: dict[str, list[str]] = {}
    for one in hardened.ended:
        if one.may_break and one.finding.check not in breaks.setdefault(one.may_break, []):
            breaks[one.may_break].append(one.finding.check)
    for text, checks in breaks.items():
        say(f"  {', '.join(checks)} may break: {text}")
    for finding in hardened.arisen:
        say(f"  arises instead: {finding.check} ({finding.severity}): {finding.message}")
    reasons: dict[str, dict[str, list[str]]] = {}
    for left in hardened.left:
        place = str(left.location or "") if left.why == ASKED_FOR else ""
        checks = reasons.setdefault(left.why, {}).setdefault(place, [])
        if left.finding.check not in checks:
            checks.append(left.finding.check)
    for why, places in reasons.items():
        say(f"  stays: {why}")
        for place, checks in places.items():
            more = f" and {len(checks) - _SHOWN} more" if len(checks) > _SHOWN else ""
            say(f"    {place + ': ' if place else ''}{', '.join(checks[:_SHOWN])}{more}")
    for error in hardened.errors:
        say(f"{error.target}: {error.message}")
    if hardened.errors:
        raise TargetError("not everything in the file could be read", "See above.")
