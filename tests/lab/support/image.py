"""The image every container of the lab runs: one static busybox."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from support.processes import LabError, run

IMAGE = "isolab/busybox:1"
_BUSYBOX = Path("/bin/busybox")
_TOOLS = (
    "cat", "chroot", "ln", "ls", "mkfifo", "mount", "ps", "sh", "sleep", "touch", "unshare", "wget",
)  # fmt: skip


def busybox() -> Path:
    """Return the statically linked busybox of this machine."""
    if not _BUSYBOX.exists():
        raise LabError("not installed: busybox-static (sh tools/test-setup.sh)")
    return _BUSYBOX


def root_tar(folder: Path) -> Path:
    """Write a root file system with busybox as a tar archive for `import`."""
    path = folder / "image.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(busybox().resolve(), "bin/busybox")
        for tool in _TOOLS:
            archive.addfile(_link(f"bin/{tool}", "busybox"))
        for name in ("dev", "etc", "proc", "run", "sys", "tmp"):
            archive.addfile(_directory(name))
        _add_text(archive, "etc/passwd", "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n")
        _add_text(archive, "etc/group", "root:x:0:\nuser:x:1000:\n")
    return path


def root_folder(folder: Path) -> Path:
    """Unpack the same root file system into a folder, for what runs one without an engine."""
    folder.mkdir()
    run("tar", "-C", str(folder), "-xf", str(root_tar(folder.parent)))
    (folder / "usr").mkdir()  # systemd-nspawn takes a folder without it for no system
    return folder


def _link(name: str, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


def _directory(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    return entry


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text)
    archive.addfile(entry, io.BytesIO(text.encode()))
