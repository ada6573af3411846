"""Known flaws of engines and runtimes that bear on isolation, and the releases that fixed them.

A short list on purpose: break-outs, and ways past an engine's own access control. Sources: the
projects' security advisories (GHSA ids beside each table), NVIDIA's bulletins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Version = tuple[int, int, int, int]
"""Major, minor, patch, and the number of a release candidate or FINAL."""

_FINAL = 1_000_000
_BASE = re.compile(r"(?:\d+:)?v?(\d+)\.(\d+)\.(\d+)(?:[-~]rc\.?(\d+))?")
_PLAIN = re.compile(r"v?\d+\.\d+\.\d+(?:-rc\.?\d+)?")


class Advisory(NamedTuple):
    """One flaw: its CVE, the first fixed release of every maintained series, and who it reaches.

    `since` is the first release that has it, "" where it is older than the series that count.
    `needs` is what must be in use for it to matter; "" for everyone.
    """

    cve: str
    fixed: tuple[str, ...]
    since: str = ""
    needs: str = ""


AUTHORIZATION = "authorization plugins"

_NOVEMBER_2025 = ("1.2.8", "1.3.3", "1.4.0-rc.3")

ADVISORIES: dict[str, tuple[Advisory, ...]] = {
    # GHSA-xr7r-f8xq-vfvv, GHSA-9493-h29p-rfm2, GHSA-qw9x-cqr3-wc7r, GHSA-cgrx-mc8f-2prm
    "runc": (
        Advisory("CVE-2024-21626", ("1.1.12",)),
        Advisory("CVE-2025-31133", _NOVEMBER_2025),
        Advisory("CVE-2025-52565", _NOVEMBER_2025),
        Advisory("CVE-2025-52881", _NOVEMBER_2025),
    ),
    # GHSA-36xw-fx78-c5r4, GHSA-crp2-qrr5-8pq7, GHSA-265r-hfxg-fhmg, GHSA-pwhc-rpq9-4c8w,
    # GHSA-xhf5-7wjv-pqxp
    "containerd": (
        Advisory("CVE-2020-15257", ("1.3.9", "1.4.3")),
        Advisory("CVE-2022-23648", ("1.4.13", "1.5.10", "1.6.1")),
        Advisory("CVE-2024-40635", ("1.6.38", "1.7.27", "2.0.4")),
        Advisory("CVE-2024-25621", ("1.7.29", "2.0.7", "2.1.5", "2.2.0")),
        Advisory("CVE-2026-53488", ("1.7.33", "2.0.10", "2.1.9", "2.2.5", "2.3.2")),
    ),
    # GHSA-6x2m-w449-qwx7, GHSA-2cgq-h8xw-2v5j, GHSA-j9hf-98c3-wrm8
    "cri-o": (
        Advisory("CVE-2022-0811", ("1.19.6", "1.20.7", "1.21.6", "1.22.3", "1.23.2"), "1.19.0"),
        Advisory("CVE-2024-3154", ("1.27.6", "1.28.6", "1.29.4")),
        Advisory("CVE-2024-5154", ("1.28.7", "1.29.5", "1.30.1")),
    ),
    # GHSA-3fwx-pjgw-3558, GHSA-wr6v-9f75-vh2g, GHSA-v23v-6jw2-98fq, GHSA-x744-4wpc-v9h2
    "docker": (
        Advisory("CVE-2021-41091", ("20.10.9",)),
        Advisory("CVE-2024-23653", ("24.0.9", "25.0.2")),
        Advisory("CVE-2024-41110", ("23.0.15", "25.0.6", "26.1.5", "27.1.1"), "", AUTHORIZATION),
        Advisory("CVE-2026-34040", ("29.3.1",), "", AUTHORIZATION),
    ),
    # GHSA-pmf3-c36m-g5cf, GHSA-wp3j-xq48-xpjw, GHSA-q6r4-3wmg-fwcq
    "podman": (
        Advisory("CVE-2024-1753", ("4.9.4", "5.0.1")),
        Advisory("CVE-2025-9566", ("5.6.1",), "4.0.0"),
        Advisory("CVE-2026-55686", ("5.7.1",), "3.0.0"),
    ),
    # NVIDIA bulletins 5582, 5616, 5659, 5850
    "nvidia-container-toolkit": (
        Advisory("CVE-2024-0132", ("1.16.2",)),
        Advisory("CVE-2025-23359", ("1.17.4",)),
        Advisory("CVE-2025-23266", ("1.17.8",)),
        Advisory("CVE-2026-24260", ("1.19.1",)),
    ),
}


def known_vulnerable(product: str, stated: str, needs: Iterable[str] = ()) -> list[str]:
    """Return the CVEs that upstream fixed after the release that a version is built on.

    What only reaches those who use something is counted if that is among `needs`. A version whose
    numbers cannot be read raises ValueError.
    """
    version = parse(stated)
    in_use = {"", *needs}
    return [
        advisory.cve
        for advisory in ADVISORIES[product]
        if advisory.needs in in_use and _reaches(advisory, version)
    ]


def is_plain(stated: str) -> bool:
    """Say whether a version looks like upstream's: nothing of a distribution is added to it."""
    return _PLAIN.fullmatch(stated) is not None


def parse(stated: str) -> Version:
    """Return the numbers a version begins with; raises ValueError."""
    match = _BASE.match(stated)
    if match is None:
        raise ValueError(f"{stated[:60]!r} is no version")
    candidate = int(match[4]) if match[4] else _FINAL
    return int(match[1]), int(match[2]), int(match[3]), candidate


def _reaches(advisory: Advisory, version: Version) -> bool:
    """Say whether a version lacks a fix: that of its own series, unless it is of a later one."""
    if advisory.since and version < parse(advisory.since):
        return False
    fixes = [parse(fix) for fix in advisory.fixed]
    own = [fix for fix in fixes if fix[:2] == version[:2]]
    return version < own[0] if own else version[:2] < max(fixes)[:2]
