"""A container full of traps at the places that a scanner may look at.

Pipes and files without end hold up who reads them, links with an absolute path lead out of the
container who follows them from outside.
"""

from __future__ import annotations

import os
import secrets

from support.docker import Docker

_TRAPS = """
cd /dev; b=/bin/busybox
$b mkfifo fifo kvm mem; $b mknod sda c 1 5; $b mknod nvme0 c 1 8
ln -s {secret} shadow; ln -s {secret} fuse; ln -s /etc/shadow kmsg
ln -s loop1 loop0; ln -s loop0 loop1; $b mkdir net; ln -s {secret} net/tun
i=0; while [ $i -lt 3000 ]; do : >n$i; i=$((i+1)); done
d=deep; i=0; while [ $i -lt 400 ]; do d=$d/deep; i=$((i+1)); done; $b mkdir -p $d
$b mkfifo /run/docker.sock /run/.containerenv; ln -s {secret} /run/secrets
$b rm -f /etc/passwd /etc/group; ln -s {secret} /etc/passwd; $b mkfifo /etc/group
$b truncate -s 4096G /etc/os-release /run/endless
exec sleep 1d
"""


def trap(docker: Docker) -> str:
    """Start the container full of traps; return what stands in the host's file they lead to."""
    secret = secrets.token_hex(16)
    folder = docker.folder / "canary"
    (folder / "secret").write_text(f"{secret}\n")
    os.mkfifo(folder / "fifo")
    with (folder / "endless").open("wb") as endless:
        endless.truncate(1 << 42)
    (folder / "link").symlink_to("/etc/shadow")
    script = _TRAPS.replace("{secret}", str(folder / "secret"))
    mounted = (
        f"{folder}:/traps",
        f"{folder}/fifo:/run/fifo",
        f"{folder}/endless:/run/endless.sock",
        f"{folder}/link:/traps-link:ro",
        "/dev/zero:/etc/zero",
    )
    options = [word for mount in mounted for word in ("--volume", mount)]
    docker.create("isolab-traps", options, command=["sh", "-c", script])
    return secret
