"""The version of runc behind an engine, and which breakouts upstream fixed after it.

Sources: opencontainers/runc security advisories (GHSA-xr7r-f8xq-vfvv for CVE-2024-21626;
GHSA-9493-h29p-rfm2, GHSA-qw9x-cqr3-wc7r and GHSA-cgrx-mc8f-2prm for those of November 2025).
"""

from __future__ import annotations

import re
from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.base import Notes

Version = tuple[int, int, int, int]

_FINAL = 1_000_000
_PLAIN = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-rc\.?(\d+))?")
_STATED = re.compile(r"runc version (\S+)")

FIXES: dict[str, tuple[str, ...]] = {
    "CVE-2024-21626": ("1.1.12",),
    "CVE-2025-31133": ("1.2.8", "1.3.3", "1.4.0-rc.3"),
    "CVE-2025-52565": ("1.2.8", "1.3.3", "1.4.0-rc.3"),
    "CVE-2025-52881": ("1.2.8", "1.3.3", "1.4.0-rc.3"),
}
"""The first fixed release of every maintained series, by CVE."""


def note_runc(notes: Notes, version: dict[str, Any]) -> None:
    """Note the `engine.runc.*` facts that the answer of GET /version gives, if it names runc."""
    component = _component(version)
    if component is None:
        return
    stated, commit = component
    source = "version Components runc"
    notes.fact("engine.runc.version", stated, source)
    upstream = is_upstream(stated, commit)
    if upstream is None:
        detail = f"{source}: {stated} may be upstream's or a distribution's"
        notes.missing("engine.runc.upstream", Reason.NOT_SUPPORTED, detail)
        return
    notes.fact("engine.runc.upstream", upstream, source)
    if upstream:
        notes.fact("engine.runc.known_vulnerable", known_vulnerable(stated), source)


def _component(version: dict[str, Any]) -> tuple[str, str] | None:
    """Return version and commit of runc; podman gives what `runc --version` prints."""
    components = version.get("Components")
    for component in components if isinstance(components, list) else []:
        if not isinstance(component, dict) or "runc" not in str(component.get("Name")):
            continue
        text = str(component.get("Version") or "")
        details = component.get("Details")
        details = details if isinstance(details, dict) else {}
        printed = _STATED.search(text)
        stated = printed[1] if printed else text
        return stated, str(details.get("Package") or details.get("GitCommit") or "")
    return None


def is_upstream(stated: str, commit: str) -> bool | None:
    """Say whether a version is upstream's, None if neither it nor its commit tells.

    A distribution marks its own by a suffix (1.1.5+ds1, 1.1.12-0ubuntu2) or a package name; docker
    builds plain versions from a tagged commit (v1.1.12-0-g51d5e946).
    """
    if not _PLAIN.fullmatch(stated):
        return False
    if re.fullmatch(rf"v{re.escape(stated.removeprefix('v'))}-0-g[0-9a-f]+", commit):
        return True
    return None if commit in {"", stated} or re.fullmatch(r"[0-9a-f]{7,40}", commit) else False


def known_vulnerable(stated: str) -> list[str]:
    """Return the CVEs of FIXES that upstream fixed after a plain version."""
    version = _parse(stated)
    if version is None:
        return []
    return sorted(cve for cve, fixes in FIXES.items() if not _fixed(version, fixes))


def _fixed(version: Version, fixes: tuple[str, ...]) -> bool:
    """Say whether a version has a fix: that of its own series, or it is of a later series."""
    parsed = [fix for fix in map(_parse, fixes) if fix is not None]
    own = [fix for fix in parsed if fix[:2] == version[:2]]
    return version >= own[0] if own else version[:2] > max(parsed)[:2]


def _parse(stated: str) -> Version | None:
    match = _PLAIN.fullmatch(stated)
    if match is None:
        return None
    candidate = int(match[4]) if match[4] else _FINAL
    return int(match[1]), int(match[2]), int(match[3]), candidate
