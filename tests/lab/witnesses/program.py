"""The witness itself: compiled, and put into images of its own beside the lab's busybox."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from support.docker import Docker
from support.image import root_tar
from support.processes import LabError, run

SOURCE = Path(__file__).with_name("witness.c")
IMAGES = {"plain": 0o755, "setuid": 0o4755}
"""Images by what mode the witness has in them."""


def build(folder: Path) -> Path:
    """Compile the witness so that it needs no library; LabError where that is not possible."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise LabError("not installed: gcc (sh tools/test-setup.sh)")
    program = folder / "witness"
    run(compiler, "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", str(program),
        str(SOURCE))  # fmt: skip
    return program


def image(name: str) -> str:
    """Return what an image is called."""
    return f"isolab/witness-{name}:1"


def load(engine: Docker, program: Path) -> None:
    """Make the images in an engine."""
    busybox = root_tar(engine.folder)
    for name, mode in IMAGES.items():
        archive = engine.folder / f"{name}.tar"
        with tarfile.open(busybox) as given, tarfile.open(archive, "w") as root:
            for entry in given:
                if entry.name == "tmp":
                    entry.mode = 0o1777  # where a witness makes what it needs
                root.addfile(entry, given.extractfile(entry) if entry.isreg() else None)
            root.addfile(_entry("bin/witness", program, mode), io.BytesIO(program.read_bytes()))
        engine.cli("import", str(archive), image(name))


def _entry(name: str, program: Path, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = program.stat().st_size, mode
    return entry
