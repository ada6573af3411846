"""What Debian's package database and changelogs say of an installed program; nothing is run.

Sources: deb-changelog(5), deb-version(7), dpkg(1) (/var/lib/dpkg/status), Debian Policy 12.7 (where
changelogs are installed). A changelog is compressed, and may be left out of small images.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.transports import Files, Unreadable

STATUS = "/var/lib/dpkg/status"
_CHANGELOG_LIMIT = 1_048_576
_VERSION = re.compile(r"(?m)^Version: (\S+)$")
_INSTALLED = re.compile(r"(?m)^Status: \S+ ok installed$")
_HEAD = re.compile(r"(?m)^([a-z0-9][a-z0-9+.\-]*) \(([^)\s]+)\) ")
_POINT = re.compile(r"(?m)^\s*\*\s")
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_TAKEN_BACK = re.compile(
    r"\b(?:revert\w*|back(?:ed)? out|incomplete|not (?:yet )?(?:fixed|affected|vulnerable)|unfixed"
    r"|(?:disabled?|drop(?:ped)?) (?:the )?(?:fix|patch))\b",
    re.IGNORECASE,
)
_REBUILD = re.compile(r"\+b\d+$")


def changelog_path(package: str) -> str:
    """Return where a Debian package's changelog is installed."""
    return f"/usr/share/doc/{package}/changelog.Debian.gz"


def fixed_in_changelog(files: Files, package: str, version: str) -> list[str]:
    """Return the CVEs that a package's changelog names as dealt with up to a version, sorted.

    `version` is the installed one with the distribution's revision, or only what stands before the
    revision. Raises Unreadable if there is no changelog of just that version: another one proves
    nothing.
    """
    path = changelog_path(package)
    text = files.read_gzip(path, _CHANGELOG_LIMIT)
    head = _HEAD.search(text)
    newest = head[2].rpartition(":")[2] if head else ""
    wanted = _REBUILD.sub("", version.rpartition(":")[2])
    if not newest or (newest != wanted and not newest.startswith(f"{wanted}-")):
        detail = f"{path} is about {newest or 'no version'}, not {wanted}"
        raise Unreadable(Reason.NOT_SUPPORTED, detail)
    return sorted(_dealt_with(text))


def installed_version(files: Files, package: str) -> str:
    """Return the version of a Debian package, "" if it is not installed; raises Unreadable."""
    entry = files.read_paragraph(STATUS, f"Package: {package}")
    version = _VERSION.search(entry)
    return version[1] if version and _INSTALLED.search(entry) else ""


def _dealt_with(text: str) -> set[str]:
    """Return the CVEs whose newest mention does not take a fix back; newest entries come first."""
    fixed: set[str] = set()
    seen: set[str] = set()
    for point in _POINT.split(text):
        named = {*_CVE.findall(point)} - seen
        seen |= named
        if not _TAKEN_BACK.search(point):
            fixed |= named
    return fixed
