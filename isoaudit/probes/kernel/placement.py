"""Which engine makes such control groups: what the path of a process in /proc/PID/cgroup says.

The path down to a container's own group is made from outside and cannot be left from inside. What
lies below it can be made inside, where the container may write its cgroups: such names claim only.

Sources: moby daemon/oci_linux.go (`docker-ID.scope`, /docker/ID), podman libpod/container.go and
container_internal (`libpod-ID.scope`, /libpod_parent, `libpod-payload-ID`), containerd and nerdctl
(`cri-containerd-ID.scope`, `nerdctl-ID.scope`, /default/ID), CRI-O internal/config/cgmgr
(`crio-ID.scope`, `crio-conmon-ID.scope`), Kubernetes pkg/kubelet/cm (kubepods), LXC
src/lxc/cgroups/cgroup.h (`lxc.payload.`, `lxc.monitor.`), systemd-nspawn(1), systemd-machined(8),
libvirt's cgroup page, Kata docs/design/host-cgroups.md and src/runtime/pkg/resourcecontrol, Sysbox
libcontainer/cgroups (`syscont-cgroup-root`), Firecracker docs/jailer.md, flatpak, snapd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_ID = r"(?P<id>[0-9a-f]{64})"
_SCOPE = r"(?:\.scope)?"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Placement(NamedTuple):
    """One group of a path that an engine names in its own way.

    `engine` and `runtime` are "" where the name does not tell. `where` is the part of the path that
    was recognised, `pod` the uid of the Kubernetes pod above it, `by_user` whether the systemd
    of an ordinary user made it, `delegated` whether it lies in the group of a systemd unit, which
    may have made it itself.
    """

    engine: str
    where: str
    id: str = ""
    name: str = ""
    runtime: str = ""
    role: str = "workload"
    pod: str = ""
    by_user: bool = False
    delegated: bool = False


class _Shape(NamedTuple):
    """How an engine calls a group, or the group below one called `above`."""

    engine: str
    pattern: re.Pattern[str]
    above: str = ""
    role: str = "workload"
    runtime: str = ""


def _shape(
    engine: str, pattern: str, above: str = "", role: str = "workload", runtime: str = ""
) -> _Shape:
    return _Shape(engine, re.compile(pattern), above, role, runtime)


_SHAPES = (
    _shape("docker", rf"docker-{_ID}\.scope"),
    _shape("docker", _ID, above="docker"),
    _shape("podman", rf"libpod-(?:payload-)?{_ID}{_SCOPE}"),
    _shape("podman", rf"libpod-conmon-{_ID}{_SCOPE}", role="monitor"),
    _shape("podman", "conmon", above="libpod_parent", role="monitor"),
    # Where the runtime was not told that systemd keeps the groups, the triple becomes a folder.
    _shape("containerd", rf"(?:.*:)?cri-containerd[-:](?:kata_)?{_ID}{_SCOPE}"),
    _shape("containerd", rf"nerdctl-{_ID}\.scope"),
    _shape("containerd", _ID, above="default"),
    _shape("containerd", "(?P<name>.+)", above="default"),
    _shape("cri-o", rf"(?:.*:)?crio[-:]{_ID}{_SCOPE}"),
    _shape("cri-o", rf"crio-conmon-{_ID}{_SCOPE}", role="monitor"),
    _shape("buildkit", "(?P<name>.+)", above="buildkit"),
    _shape("", r"kata_(?!overhead$)(?P<id>[^/.]+)(?:\.scope)?", runtime="kata"),
    _shape("firecracker", "(?P<name>.+)", above="firecracker", runtime="firecracker"),
    _shape("lxc", r"lxc\.payload\.(?P<name>.+)", runtime="lxc"),
    _shape("lxc", r"lxc\.monitor\.(?P<name>.+)", role="monitor", runtime="lxc"),
    _shape("lxc", "(?P<name>.+)", above="lxc.payload", runtime="lxc"),
    _shape("lxc", "(?P<name>.+)", above="lxc.monitor", role="monitor", runtime="lxc"),
    _shape("lxc", "(?P<name>.+)", above="lxc", runtime="lxc"),
    _shape("systemd-nspawn", r"systemd-nspawn@(?P<name>.+)\.service"),
    _shape("libvirt", r"machine-qemu\\x2d\d+\\x2d(?P<name>.+)\.scope", runtime="qemu"),
    _shape("libvirt-lxc", r"machine-lxc\\x2d\d+\\x2d(?P<name>.+)\.scope"),
    _shape("", r"machine-(?P<name>.+)\.scope"),
    _shape("flatpak", r"app-flatpak-(?P<name>.+)-\d+\.scope"),
    _shape("snap", rf"snap\.(?P<name>.+?)(?:[.-]{_UUID})?\.(?:scope|service)"),
    _shape("", r"runc-(?P<id>.+)\.scope", runtime="runc"),
    _shape("", r"crun-(?P<id>.+)\.scope", runtime="crun"),
    _shape("", r"youki-(?P<id>.+)\.scope", runtime="youki"),
    _shape("", _ID),
)
"""Tried in this order; `default` must be at the top, as containerd's namespaces are."""

_POD = re.compile(
    r"(?:^|-)pod(?P<uid>[0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice|$)"
)
_OF_USER = re.compile(r"user@(\d+)\.service")
_UNIT = re.compile(r"(?P<name>[^/]+)\.service")
_ESCAPED = re.compile(r"\\x([2-7][0-9a-f])")
_PAYLOAD = {"payload": "workload", "supervisor": "monitor"}
_OVERHEAD = "kata_overhead"
_SYSBOX = "syscont-cgroup-root"


def placements(text: str) -> list[Placement]:
    """Return what /proc/PID/cgroup says of a process, outermost group first.

    Of several hierarchies the first that says anything counts: version 2, systemd's own, the rest.
    """
    for path in _paths(text):
        found = list(_along(path))
        if found:
            return found
    return []


def unit(text: str) -> str:
    """Return the innermost systemd service of /proc/PID/cgroup, "" if it is in none."""
    for path in _paths(text):
        for segment in reversed(path):
            match = _UNIT.fullmatch(segment)
            if match and not _OF_USER.fullmatch(segment):
                return unescaped(match["name"])
    return ""


def in_slices(text: str) -> bool:
    """Say whether the group of /proc/PID/cgroup lies in no unit or container that could make it.

    Above it are slices and a user's own systemd alone, or nothing but podman's group at the top.
    """
    for path in _paths(text):
        if any(_along(path)):
            above = path[:-1]
            return above == ["libpod_parent"] or all(map(_is_of_systemd, above))
    return False


def _is_of_systemd(segment: str) -> bool:
    return segment.endswith(".slice") or _OF_USER.fullmatch(segment) is not None


def unescaped(name: str) -> str:
    r"""Return a systemd unit's name with its escapes undone, as `my\x2dbox` (systemd.unit(5))."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def _paths(text: str) -> list[list[str]]:
    """Return the paths of all hierarchies in segments, the most telling first."""
    ranked: list[tuple[int, list[str]]] = []
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        rank = 0 if number == "0" else 1 if controllers == "name=systemd" else 2
        segments = path.removesuffix(" (deleted)").split("/")
        ranked.append((rank, [one for one in segments if one not in {"", ".."}]))
    return [path for _, path in sorted(ranked, key=lambda one: one[0])]


def _along(path: list[str]) -> Iterator[Placement]:
    """Yield what the segments of one path say, outermost first."""
    pod, by_user, delegated = "", False, False
    for index, segment in enumerate(path):
        user = _OF_USER.fullmatch(segment)
        by_user = by_user or (user is not None and user[1].strip("0") != "")
        if (match := _POD.search(segment)) is not None:
            pod = match["uid"].replace("_", "-")
        found = _named(path, index)
        if found is None:
            delegated = delegated or segment.endswith((".service", ".scope"))
            continue
        found = _finished(found, path[index + 1] if index + 1 < len(path) else "")
        if path[0] == _OVERHEAD:
            where = f"{_OVERHEAD}/…/{found.where}"
            found = found._replace(runtime="kata", where=where)
        yield found._replace(pod=pod, by_user=by_user, delegated=delegated)
        delegated = True


def _named(path: list[str], index: int) -> Placement | None:
    """Return what one segment says, together with the one above it."""
    segment, above = path[index], path[index - 1] if index else ""
    for shape in _SHAPES:
        if shape.above and (shape.above != above or (above == "default" and index != 1)):
            continue
        match = shape.pattern.fullmatch(segment)
        if match is None:
            continue
        named = match.groupdict()
        where = f"{above}/{segment}" if shape.above else segment
        return Placement(
            engine=shape.engine,
            where=where,
            id=named.get("id", ""),
            name=unescaped(named.get("name", "")),
            runtime=shape.runtime,
            role=shape.role,
        )
    return None


def _finished(found: Placement, below: str) -> Placement:
    """Return a placement with what the group right below its own adds."""
    if below == _SYSBOX:
        return found._replace(runtime="sysbox-runc", where=f"{found.where}/{below}")
    if below in _PAYLOAD and found.engine in {"", "systemd-nspawn"} and found.name:
        where = f"{found.where}/{below}"
        return found._replace(engine="systemd-nspawn", where=where, role=_PAYLOAD[below])
    return found
