"""The floor of asking dockerd: list the running containers and inspect each, judged by nobody."""

import sys

import docker


def main(prefix: str) -> None:
    client = docker.APIClient(base_url="unix:///var/run/docker.sock", version="auto")
    for listed in client.containers(all=True, filters={"name": f"^/{prefix}"}):
        client.inspect_container(listed["Id"])


if __name__ == "__main__":
    main(sys.argv[1])
