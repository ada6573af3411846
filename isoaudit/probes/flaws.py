"""Which known flaws a product on this machine has, as far as its version and changelog tell.

An upstream version is judged by upstream's fixed releases. A distribution patches without raising
the version, so that of its own only what its changelog names as fixed is known to be fixed.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.advisories import known_vulnerable
from isoaudit.probes.base import Notes
from isoaudit.probes.packages import changelog_path, fixed_in_changelog
from isoaudit.transports import Files, Unreadable

_TRACKER = "Ask the distribution's security tracker about the package."

PACKAGES: dict[str, tuple[str, ...]] = {
    "runc": ("runc",),
    "containerd": ("containerd", "containerd.io"),
    "docker": ("docker.io",),
    "podman": ("podman",),
    "cri-o": ("cri-o",),
}
"""The Debian packages that bring a product, by any of their names."""


class Component(NamedTuple):
    """A product behind an engine: its version, its package's if told, and whose build it is.

    `upstream` is None where neither the version nor the commit tells.
    """

    product: str
    stated: str
    package: str
    upstream: bool | None


def note_flaws(
    notes: Notes,
    path: str,
    found: Component,
    files: Files | Unreadable,
    needs: tuple[str, ...] = (),
) -> None:
    """Note `PATH.upstream`, `.fixed_by_distribution` and `.known_vulnerable` of a component.

    `files` are those of this machine, or why its changelogs prove nothing; `needs` is what of the
    component is in use that a flaw may rest on.
    """
    source = f"{found.product} {found.stated}"
    if found.upstream is not None:
        notes.fact(f"{path}.upstream", found.upstream, source)
    else:
        detail = f"{source} may be upstream's or a distribution's"
        notes.missing(f"{path}.upstream", Reason.NOT_SUPPORTED, detail)
    try:
        open_flaws = known_vulnerable(found.product, found.stated, needs)
    except ValueError as error:
        notes.missing(f"{path}.known_vulnerable", Reason.PARSE_ERROR, f"{found.product}: {error}")
        return
    if open_flaws and found.upstream is not True:
        _note_distribution(notes, path, found, files, open_flaws)
        return
    notes.fact(f"{path}.known_vulnerable", open_flaws, source)


def _note_distribution(
    notes: Notes, path: str, found: Component, files: Files | Unreadable, open_flaws: list[str]
) -> None:
    """Note what the distribution's changelog settles, and which flaws stay undecided."""
    try:
        fixed, source = _changelog(found, files)
    except Unreadable as error:
        detail = f"{found.product} {found.stated} lacks upstream's fixes of "
        detail += f"{', '.join(open_flaws)}; its distribution may have them: {error.cause}"
        notes.missing(f"{path}.known_vulnerable", error.reason, detail, _TRACKER)
        return
    notes.fact(f"{path}.fixed_by_distribution", fixed, source)
    left = [cve for cve in open_flaws if cve not in fixed]
    if left:
        detail = f"{source} does not name {', '.join(left)}, which upstream fixed later than "
        detail += f"{found.product} {found.stated}"
        notes.missing(f"{path}.known_vulnerable", Reason.NOT_SUPPORTED, detail, _TRACKER)
        return
    notes.fact(f"{path}.known_vulnerable", [], f"{source}: {', '.join(open_flaws)} fixed")


def _changelog(found: Component, files: Files | Unreadable) -> tuple[list[str], str]:
    """Return the CVEs that a Debian changelog of just this version names, and the changelog."""
    if isinstance(files, Unreadable):
        raise files
    first: Unreadable | None = None
    for package in PACKAGES[found.product]:
        try:
            fixed = fixed_in_changelog(files, package, found.package)
        except Unreadable as error:
            first = first or error
        else:
            return fixed, changelog_path(package)
    raise first or Unreadable(Reason.NOT_SUPPORTED, "no package is known to bring it")
