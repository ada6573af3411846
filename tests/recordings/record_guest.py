"""Records what guests answer: `python tests/recordings/record_guest.py`, as root.

Boots the lab's own guest under emulation, without libvirt, and asks it over SSH as root and as an
account without rights, which is made in the running guest; then asks this machine through dash.
Writes tests/recordings/guest/NAME.json, each the answers by the names of the questions. What is
nobody's business of this machine is left out: its processes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from isoaudit.probes.guest import questions
from isoaudit.transports.guest_frame import Output, answers, compose, new_word

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from support import guest, processes
from support.libvirt import _free_port

HERE = Path(__file__).parent / "guest"
_ACCOUNT = "audit:x:1001:1001::/tmp:/bin/sh"


@contextmanager
def booted(folder: Path) -> Iterator[Callable[[str, bytes], bytes]]:
    """Boot the lab's guest; yield what runs a command there with some input."""
    files, port = guest.build(folder), _free_port()
    console, log = folder / "console", folder / "qemu.log"
    line = (
        "qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256 -smp 1 -nodefaults -no-user-config "
        f"-display none -serial file:{console} -kernel {files.kernel} -initrd {files.initrd} "
        f"-netdev user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22 -device virtio-net-pci,netdev=n0"
    )
    vm = processes.start([*line.split(), "-append", guest.BOOT_ARGUMENTS], log)
    try:
        processes.await_ready(
            lambda: console.exists() and guest.READY in console.read_text(errors="replace"),
            "guest", vm, log, 60,
        )  # fmt: skip

        def run(command: str, given: bytes) -> bytes:
            ssh = ("ssh", "-q", "-F", "none", "-i", str(files.key), "-p", str(port),
                   "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={files.known_hosts}",
                   "-o", "HostKeyAlias=isolab-guest", "root@127.0.0.1", command)  # fmt: skip
            return subprocess.run(ssh, input=given, capture_output=True, check=True).stdout

        yield run
    finally:
        processes.stop(vm)


def _write(name: str, run: Callable[[bytes], bytes], *, deep: bool = False) -> None:
    word, asked = new_word(), questions(deep=deep)
    told = answers(word, asked, Output(run(compose(word, list(asked.values())))))
    if name.startswith("debian"):
        told = {key: _discreet(key, one) for key, one in told.items() if isinstance(one, str)}
    path = HERE / f"{name}.json"
    path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path}: {len(told)} answers\n")


def _discreet(question: str, text: str) -> str:
    """Leave out who else runs here, and what tells one machine from another."""
    if question == "processes":
        kept = [line for line in text.splitlines() if not line.startswith("|")]
        return "\n".join([*kept[:2], "|init", "|", *kept[2:]]) + "\n"
    if question == "identity":
        return re.sub(r"\|[0-9a-f]{24}", "|0123456789abcdef01234567", text)
    if question == "kernel":
        return re.sub(r"(@ok /proc/cmdline\n)\|.*", r"\1|quiet nomodule", text)
    return text


def main() -> None:
    """Write the recordings."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, booted(Path(name)) as run:
        _write("busybox-root", lambda script: run("sh -s", script), deep=True)
        run(f"echo '{_ACCOUNT}' >> /etc/passwd", b"")
        _write("busybox-user", lambda script: run("su audit -c 'sh -s'", script))
    _write("debian12", lambda script: subprocess.run(
        ["dash", "-s"], input=script, capture_output=True, check=True).stdout)  # fmt: skip


if __name__ == "__main__":
    main()
