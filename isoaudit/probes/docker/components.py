"""The versions behind an engine, of itself, containerd and runc, and which known flaws they have.

Source: Docker Engine API (SystemVersion), and what its `Components` hold on real machines.
"""

from __future__ import annotations

import re
from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.advisories import is_plain, parse
from isoaudit.probes.base import Notes
from isoaudit.probes.flaws import Component, note_flaws
from isoaudit.probes.packages import installed_version
from isoaudit.transports import Files, Unreadable

_STATED = re.compile(r"runc version (\S+)")
_HASH = re.compile(r"[0-9a-f]{7,40}")


def note_components(notes: Notes, version: dict[str, Any], files: Files | None) -> None:
    """Note version, origin and known flaws of the containerd and the runc behind an engine.

    `files` are those of this machine, whose changelogs are asked: one of just the version that
    the engine gives is the same document wherever it lies.
    """
    asked = files or Unreadable(Reason.OTHER_HOST, "its changelog is on the engine's host")
    for name in ("containerd", "runc"):
        found = _component(version, name)
        if found is not None:
            notes.fact(f"engine.{name}.version", found.stated, f"version Components {name}")
            note_flaws(notes, f"engine.{name}", found, asked)


def note_own_flaws(
    notes: Notes,
    version: dict[str, Any],
    engine: str,
    files: Files | Unreadable,
    needs: tuple[str, ...],
) -> None:
    """Note origin and known flaws of the engine itself; `needs` is what of it is in use.

    `files` are those of the engine's own host, or why its changelog there would prove nothing.
    """
    stated, commit = version.get("Version"), str(version.get("GitCommit") or "")
    if not isinstance(stated, str) or not stated:
        return
    upstream = is_upstream(stated, commit)
    if upstream is None and _is_dockers_own(version):
        upstream = True
    revision = commit if commit.startswith(f"{stated}-") else stated
    if engine == "podman":
        revision = _package_of_podman(stated, files)
        upstream = None if revision == stated else False
    note_flaws(notes, "engine", Component(engine, stated, revision, upstream), files, needs)


def _component(version: dict[str, Any], name: str) -> Component | None:
    """Return a component of GET /version; podman gives what `runc --version` prints."""
    components = version.get("Components")
    for component in components if isinstance(components, list) else []:
        if not isinstance(component, dict) or name not in str(component.get("Name")):
            continue
        text = str(component.get("Version") or "")
        details = component.get("Details")
        details = details if isinstance(details, dict) else {}
        printed = _STATED.search(text)
        stated = printed[1] if printed else text
        if not stated:
            return None
        package = str(details.get("Package") or "").removeprefix(f"{name}_").rpartition("_")[0]
        commit = str(details.get("GitCommit") or "")
        upstream = is_upstream(stated, str(details.get("Package") or "") or commit)
        if upstream is None and name == "containerd" and _is_dockers_own(version):
            upstream = True  # Docker's packages bring a containerd built from upstream's tag
        revision = package or (commit if commit.startswith(f"{stated}-") else stated)
        return Component(name, stated, revision, upstream)
    return None


def _package_of_podman(stated: str, files: Files | Unreadable) -> str:
    """Return the Debian version behind the plain one that podman gives, or that one itself."""
    if isinstance(files, Unreadable):
        return stated
    try:
        version = installed_version(files, "podman")
        return version if parse(version) == parse(stated) else stated
    except (Unreadable, ValueError):
        return stated


def _is_dockers_own(version: dict[str, Any]) -> bool:
    """Say whether the engine calls itself Docker's build, as no distribution's does."""
    platform = version.get("Platform")
    name = platform.get("Name") if isinstance(platform, dict) else ""
    return str(name).startswith("Docker Engine - ")


def is_upstream(stated: str, commit: str) -> bool | None:
    """Say whether a version is upstream's, None if neither it nor its commit tells.

    A distribution marks its own by a suffix (1.1.5+ds1, 1.1.12-0ubuntu2) or a package name; docker
    builds plain versions from a tagged commit (v1.1.12-0-g51d5e946).
    """
    if not is_plain(stated):
        return False
    if re.fullmatch(rf"v{re.escape(stated.removeprefix('v'))}-0-g[0-9a-f]+", commit):
        return True
    return None if commit in {"", stated} or _HASH.fullmatch(commit) else False
