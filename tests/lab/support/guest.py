"""The guest of the lab: a real kernel with an initramfs of busybox and an SSH server.

It boots in some seconds under emulation. Its keys are made here for one run and reach nothing else.
"""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import processes
from support.image import busybox

KERNELS = Path(__file__).resolve().parents[3] / ".lab" / "kernel"
BOOT_ARGUMENTS = "console=ttyS0 quiet edd=off"
READY = "isolab guest ready"
_MODULES = ("virtio_pci", "virtio_net")
_INIT = f"""#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
for module in $(cat /modules.order); do insmod /modules/$module; done
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
  ip address add 10.0.2.15/24 dev eth0
  ip link set eth0 up
  dropbear -E -s -r /etc/dropbear/key
fi
echo '{READY}'
while true; do sleep 3600; done
"""


@dataclass(frozen=True, slots=True)
class BootFiles:
    """What a guest starts from, and the keys to it."""

    kernel: Path
    initrd: Path
    key: Path
    known_hosts: Path


def build(folder: Path) -> BootFiles:
    """Make keys and initramfs in `folder`, beside a copy of the kernel."""
    kernels = sorted((KERNELS / "boot").glob("vmlinuz-*"))
    if not kernels or not (KERNELS / "ready").exists():
        raise processes.LabError("no kernel for the guest (sh tools/test-setup.sh)")
    version = kernels[-1].name.removeprefix("vmlinuz-")
    kernel = folder / "vmlinuz"
    shutil.copyfile(kernels[-1], kernel)
    key, host_key = folder / "key", folder / "host_key"
    processes.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    processes.run("dropbearkey", "-t", "ed25519", "-f", str(host_key))
    initrd = folder / "initrd"
    initrd.write_bytes(_initramfs(folder / "root", version, key.with_suffix(".pub"), host_key))
    return BootFiles(kernel, initrd, key, _known_hosts(folder, host_key))


def _known_hosts(folder: Path, host_key: Path) -> Path:
    told = processes.run("dropbearkey", "-y", "-f", str(host_key))
    public = next(line for line in told.splitlines() if line.startswith("ssh-"))
    path = folder / "known_hosts"
    path.write_text(f"isolab-guest {public}\n")
    return path


def _initramfs(root: Path, version: str, key: Path, host_key: Path) -> bytes:
    """Stage the guest's root file system and pack it as a cpio archive (kernel: initramfs)."""
    for name in ("bin", "dev", "etc/dropbear", "modules", "proc", "root/.ssh", "sys", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy(busybox(), root / "bin/busybox")
    for tool in processes.run(str(busybox()), "--list").split():
        if tool != "busybox":
            (root / "bin" / tool).symlink_to("busybox")
    _copy_with_libraries("dropbear", root)
    _copy_modules(root, version)
    (root / "init").write_text(_INIT)
    (root / "init").chmod(0o755)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/shells").write_text("/bin/sh\n")
    shutil.copyfile(key, root / "root/.ssh/authorized_keys")
    (root / "root/.ssh").chmod(0o700)
    (root / "root/.ssh/authorized_keys").chmod(0o600)
    shutil.copyfile(host_key, root / "etc/dropbear/key")
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    packed = subprocess.run(
        ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
        cwd=root, input=names.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return packed.stdout


def _copy_with_libraries(program: str, root: Path) -> None:
    path = shutil.which(program, path=processes.PATH)
    if path is None:
        raise processes.LabError(f"not installed: {program} (sh tools/test-setup.sh)")
    shutil.copy(path, root / "bin" / program)
    for library in re.findall(r"(/\S+) \(0x", processes.run("ldd", path)):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])


def _copy_modules(root: Path, version: str) -> None:
    """Copy the modules the virtio devices need, in the order they load in."""
    if not (KERNELS / "lib/modules" / version / "modules.dep.bin").exists():
        processes.run("depmod", "-b", str(KERNELS), version)
    order: list[str] = []
    for module in _MODULES:
        ask = ("modprobe", "-d", str(KERNELS), "-S", version, "--show-depends", module)
        told = processes.run(*ask)
        files = [line.split()[1] for line in told.splitlines() if line.startswith("insmod")]
        for file in map(Path, files):
            name = file.name.removesuffix(".xz")
            if name not in order:
                data = file.read_bytes()
                (root / "modules" / name).write_bytes(
                    lzma.decompress(data) if file.suffix == ".xz" else data
                )
                order.append(name)
    (root / "modules.order").write_text("\n".join(order) + "\n")
