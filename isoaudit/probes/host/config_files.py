"""Who may change the configuration of engines and hypervisors.

Sources: dockerd(8), containerd-config(8), crio(8), containers.conf(5), libvirtd(8), systemd.unit(5)
for the paths.
"""

from __future__ import annotations

from collections.abc import Iterable

from isoaudit.model import Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.permissions import others_may_write, shown
from isoaudit.transports.base import FileStat, Unreadable

_FIXED = (
    "/etc/docker",
    "/etc/docker/daemon.json",
    "/etc/docker/certs.d",
    "/etc/default/docker",
    "/etc/sysconfig/docker",
    "/etc/containerd",
    "/etc/containerd/config.toml",
    "/etc/crio",
    "/etc/crio/crio.conf",
    "/etc/containers",
    "/etc/cni/net.d",
    "/usr/share/containers/containers.conf",
    "/etc/nvidia-container-runtime/config.toml",
    "/etc/libvirt",
    "/etc/libvirt/libvirtd.conf",
    "/etc/libvirt/virtqemud.conf",
    "/etc/libvirt/virtproxyd.conf",
    "/etc/libvirt/qemu.conf",
    "/etc/libvirt/hooks",
    "/etc/subuid",
    "/etc/subgid",
    "/var/lib/kubelet/config.yaml",
    "/etc/kubernetes/kubelet.conf",
)
_FOLDERS = (
    "/etc/containers",
    "/etc/containers/containers.conf.d",
    "/etc/containerd/conf.d",
    "/etc/crio/crio.conf.d",
    "/etc/cdi",
    "/etc/cni/net.d",
)
_UNITS = tuple(
    f"{name}.{kind}"
    for name in ("docker", "containerd", "podman", "crio", "libvirtd", "virtqemud", "kubelet")
    for kind in ("service", "socket")
)
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def note_config_files(sheet: Sheet, own: Iterable[str] = ()) -> None:
    """Note the part config_file: those of the known files and folders that exist, each once.

    `own` are files that running engines were told to read.
    """
    unread: list[Unreadable] = []
    known: dict[tuple[int, int], Record] = {}
    for path in dict.fromkeys((*_paths(sheet, unread), *own)):
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] in {"file", "directory"}:
            # NOTE: /lib is /usr/lib on most systems; the first name of a file stands for it.
            known.setdefault((seen["device"], seen["inode"]), _record(sheet, path, seen))
    records = sorted(known.values(), key=lambda one: str(one.facts["config_file.path"].value))
    incomplete = unread_part("config_file", unread, sheet.kernel.vantage)
    sheet.kernel.part("config_file", records, incomplete)


def _paths(sheet: Sheet, unread: list[Unreadable]) -> list[str]:
    paths = list(_FIXED)
    for folder in _FOLDERS:
        paths += [f"{folder}/{name}" for name in _names(sheet, folder, unread)]
    for folder in _UNIT_FOLDERS:
        there = set(_names(sheet, folder, unread))
        for unit in _UNITS:
            if unit in there:
                paths.append(f"{folder}/{unit}")
            if f"{unit}.d" in there:
                drop_ins = f"{folder}/{unit}.d"
                paths.append(drop_ins)
                paths += [f"{drop_ins}/{name}" for name in _names(sheet, drop_ins, unread)]
    return paths


def _names(sheet: Sheet, folder: str, unread: list[Unreadable]) -> list[str]:
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        unread.append(names)
        return []
    return names


def _record(sheet: Sheet, path: str, seen: FileStat) -> Record:
    notes = Notes(sheet.kernel.vantage)
    source = shown(path, seen)
    notes.fact("config_file.path", path, source)
    notes.fact("config_file.owner_uid", seen["uid"], source)
    notes.fact("config_file.others_may_write", others_may_write(seen), source)
    return notes.record()
