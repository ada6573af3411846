"""Well-known kernel flaws that lead out of a container or a guest, and the releases that end them.

A stable branch that is not listed for a flaw never got its fix: it had reached its end of life.
"""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, int, int]

OLDEST: Version = (4, 4, 0)
"""Releases before this one had stable branches of their own, whose fixes are not listed here."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One flaw: first release with it, first mainline release without it, and stable fixes.

    `source` names the mainline commit of the fix and where the stable versions are stated.
    """

    cve: str
    introduced: Version
    mainline: Version
    stable: tuple[Version, ...]
    source: str

    def reaches(self, version: Version) -> bool:
        """Say whether an upstream release of this version has the flaw."""
        if not self.introduced <= version < self.mainline:
            return False
        return not any(fix[:2] == version[:2] and fix <= version for fix in self.stable)


FIXES = (
    Fix(
        "CVE-2016-5195",
        (2, 6, 22),
        (4, 9, 0),
        ((4, 8, 3), (4, 7, 9), (4, 4, 26)),
        "commit 19be0eaffa3a (4.9-rc2); kernel.org ChangeLog-4.8.3, 4.7.9, 4.4.26",
    ),
    Fix(
        "CVE-2022-0185",
        (5, 1, 0),
        (5, 17, 0),
        ((5, 16, 2), (5, 15, 16), (5, 10, 93), (5, 4, 173)),
        "commit 722d94847de2 (5.17-rc1); stable reviews of 2022-01-18 (5.16.2, 5.15.16, 5.10.93, "
        "5.4.173)",
    ),
    Fix(
        "CVE-2022-0492",
        (2, 6, 24),
        (5, 17, 0),
        (
            (5, 16, 6),
            (5, 15, 20),
            (5, 10, 97),
            (5, 4, 177),
            (4, 19, 229),
            (4, 14, 266),
            (4, 9, 301),
        ),
        "commit 24f600856418 (5.17-rc3, `Cc: stable # v2.6.24+`); stable reviews of 2022-02-04 "
        "(5.16.6, 5.15.20, 5.10.97, 5.4.177); ChangeLog-4.19.229, 4.14.266, 4.9.301",
    ),
    Fix(
        "CVE-2022-0847",
        (5, 8, 0),
        (5, 17, 0),
        ((5, 16, 11), (5, 15, 25), (5, 10, 102)),
        "commit 9d2231c5d74e (5.17-rc6); its discoverer's advisory gives the three versions",
    ),
    Fix(
        "CVE-2023-0386",
        (5, 11, 0),
        (6, 2, 0),
        ((6, 1, 9), (5, 15, 91)),
        "commit 4f11ada10d0a (6.2-rc6, `Cc: stable # v5.11`); stable reviews of 2023-01-30",
    ),
    Fix(
        "CVE-2024-1086",
        (3, 15, 0),
        (6, 8, 0),
        (
            (6, 7, 3),
            (6, 6, 15),
            (6, 1, 76),
            (5, 15, 149),
            (5, 10, 210),
            (5, 4, 269),
            (4, 19, 307),
        ),
        "commit f342de4e2f33 (6.8-rc2, reverts e0abdadcc6e1 of 3.15); stable reviews of "
        "2024-01-29 (6.7.3, 6.6.15, 6.1.76) and 2024-02-21 (5.15.149, 5.10.210, 5.4.269, 4.19.307)",
    ),
)

NEWEST_FIX: Version = max(fix.mainline for fix in FIXES)
"""From this mainline release on every kernel was born with all of these fixes, whoever built it."""


def known_vulnerable(version: Version) -> list[str]:
    """Return the flaws of an upstream release, oldest first."""
    return [fix.cve for fix in FIXES if fix.reaches(version)]


@dataclass(frozen=True, slots=True)
class BranchFix:
    """A flaw of which the fixed release of some stable branches is known, and no more.

    Of a branch that is not listed nothing is known: neither that it has the flaw nor its fix.
    """

    cve: str
    stable: tuple[Version, ...]
    source: str

    def reaches(self, version: Version) -> bool | None:
        """Say whether an upstream release has the flaw; None if its branch is not listed.

        What comes after the newest listed branch was branched off with the fix in it: stable
        branches take fixes from mainline only.
        """
        for fix in self.stable:
            if fix[:2] == version[:2]:
                return version < fix
        return False if version[:2] > max(self.stable)[:2] else None


_JANUSCAPE = ((6, 1, 177), (6, 6, 144), (6, 12, 95), (6, 18, 38), (7, 1, 3))

KVM_FIXES = (
    BranchFix("CVE-2026-46113", _JANUSCAPE, "the fixes of Januscape, of which both are needed"),
    BranchFix("CVE-2026-53359", _JANUSCAPE, "the fixes of Januscape, of which both are needed"),
)
"""Flaws of nested virtualization that lead out of a guest."""


def kvm_vulnerable(version: Version) -> list[str] | None:
    """Return the flaws of KVM that an upstream release has, or None if its branch is not listed."""
    answers = [(fix.cve, fix.reaches(version)) for fix in KVM_FIXES]
    if any(has is None for _, has in answers):
        return None
    return [cve for cve, has in answers if has]
