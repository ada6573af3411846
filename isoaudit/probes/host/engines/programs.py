"""The programs that engines run as root, and who but root could put others in their place.

Sources: the packages of Docker, containerd, CRI-O, podman, gVisor, Kata, QEMU and NVIDIA for the
names; dockerd(8), containerd's and CRI-O's configuration for runtimes registered elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.model import Record
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.engine_options import Options
from isoaudit.probes.host.engines import containerd, crio
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.permissions import others_may_replace
from isoaudit.transports import Unreadable

_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_NAMES = (
    "dockerd", "docker-proxy", "docker-init", "containerd", "containerd-shim",
    "containerd-shim-runc-v1", "containerd-shim-runc-v2", "containerd-shim-runsc-v1",
    "containerd-shim-kata-v2", "runc", "crun", "youki", "runsc", "kata-runtime", "crio", "conmon",
    "conmonrs", "podman", "buildkitd", "firecracker", "jailer", "cloud-hypervisor",
    "qemu-system-x86_64", "qemu-system-aarch64", "nvidia-container-runtime",
    "nvidia-container-runtime-hook", "nvidia-container-cli", "nvidia-cdi-hook",
)  # fmt: skip
_PLACES = (
    "/usr/libexec/podman/netavark", "/usr/libexec/podman/aardvark-dns",
    "/usr/lib/podman/netavark", "/usr/lib/podman/aardvark-dns", "/usr/libexec/crio/conmon",
    "/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/opt/kata/bin/containerd-shim-kata-v2",
    "/opt/kata/bin/qemu-system-x86_64", "/opt/kata/bin/cloud-hypervisor", "/opt/cni/bin",
    "/usr/lib/cni", "/usr/libexec/cni", "/usr/share/containers/oci/hooks.d",
    "/etc/containers/oci/hooks.d",
)  # fmt: skip
"""Programs elsewhere, and the folders of which every program is run."""


def note_programs(sheet: Sheet, docker: list[Options] | Unreadable) -> None:
    """Note the part program: those of the known programs that exist, each once."""
    unread: list[Unreadable] = []
    known: dict[tuple[int, int], Record] = {}
    for path in dict.fromkeys((*_usual(), *_registered(sheet, docker, unread))):
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] in {"file", "directory"}:
            known.setdefault((seen["device"], seen["inode"]), _record(sheet, path, seen["uid"]))
    records = sorted(known.values(), key=lambda one: str(one.facts["program.path"].value))
    sheet.kernel.part("program", records, unread_part("program", unread, sheet.kernel.vantage))


def _usual() -> Iterator[str]:
    for name in _NAMES:
        yield from (f"{folder}/{name}" for folder in _FOLDERS)
    yield from _PLACES


def _registered(
    sheet: Sheet, docker: list[Options] | Unreadable, unread: list[Unreadable]
) -> list[str]:
    """Return the runtimes that configurations name by path."""
    found: list[str] = []
    if isinstance(docker, Unreadable):
        unread.append(docker)
    else:
        found += [path for options in docker for path in _of_docker(options)]
    for read in (_of_containerd, _of_crio):
        try:
            found += read(sheet)
        except Unreadable as error:
            unread.append(error)
    return [path for path in found if path.startswith("/")]


def _of_docker(options: Options) -> list[str]:
    """Return the paths of `--add-runtime NAME=PATH`, and of the objects in daemon.json."""
    entries = options.table("runtimes").value.values()
    return [str(one.get("path")) if isinstance(one, dict) else str(one) for one in entries]


def _of_containerd(sheet: Sheet) -> list[str]:
    return list(containerd.programs(containerd.read_containerd(sheet.files, containerd.CONFIG)))


def _of_crio(sheet: Sheet) -> list[str]:
    return list(crio.programs(crio.read_crio(sheet.files)))


def _record(sheet: Sheet, path: str, uid: int) -> Record:
    notes = Notes(sheet.kernel.vantage)
    try:
        access = others_may_replace(sheet.files, path)
    except Unreadable as error:
        notes.lacks(error.missing("program.others_may_replace", notes.vantage))
        source = f"stat {path}"
    else:
        source = access.source
        notes.fact("program.others_may_replace", *access)
    notes.fact("program.path", path, source)
    notes.fact("program.owner_uid", uid, f"stat {path}")
    return notes.record()
