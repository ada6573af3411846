"""Starts and removes the containers that are measured: `lab_docker.py PREFIX COUNT`, 0 removes.

In a process of its own, since what the measuring one has loaded would count as others' memory.
"""

import sys

import docker

IMAGE = "lab/busybox"


def main(prefix: str, count: int) -> None:
    client = docker.from_env()
    client.images.get(IMAGE)
    for container in client.containers.list(all=True, filters={"name": f"^/{prefix}"}):
        container.remove(force=True)
    for number in range(count):
        client.containers.run(
            IMAGE,
            ["/bin/busybox", "sleep", "3600"],
            name=f"{prefix}{number}",
            network_mode="none",
            detach=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
