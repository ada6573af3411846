"""Records real engines for the unit tests, if ISOAUDIT_RECORD=1 is set in its environment.

Needs root, dockerd at its usual socket and a podman service at /run/podman/podman.sock, both with
the image lab/busybox. Makes containers named isorec-* and removes them. A recording holds what the
probes asked for and nothing of other containers or processes: the list of containers and /proc are
narrowed to the one recorded, mounts to those every machine has, and the recording machine's name
for its first process and its group do not show.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isoaudit.probes.docker.engine import engine_record
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.transports.base import ProcessFiles
from isoaudit.transports.docker import DockerApi, connect
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import Tape, record

HERE = Path(__file__).parent
RUN = ("run", "-d", "--name")
SLEEP = ("lab/busybox", "sleep", "600")
NETWORK = "isorec"
DOCKER: dict[str, tuple[str, ...]] = {
    "plain": (
        *("-e", "GREETING=hello", "-e", "DB_PASSWORD=planted-secret", "--tmpfs", "/scratch"),
        *("-v", "isorec-data:/data", "-p", "127.0.0.1:18081:80", "--net", NETWORK),
    ),
    "hardened": (
        *("--cap-drop", "ALL", "--read-only", "--user", "1000:1000", "--net", "none"),
        *("--security-opt", "no-new-privileges:true", "--memory", "64m"),
        *("--pids-limit", "50", "--cpus", "0.5"),
    ),
    "socket": ("--net", NETWORK, "-v", "/var/run/docker.sock:/var/run/docker.sock"),
    "host-namespaces": ("--pid", "host", "--net", "host", "--ipc", "host", "--uts", "host"),
    "host-root": ("--net", NETWORK, "-v", "/:/host:ro", "--security-opt", "seccomp=unconfined"),
    "joined": ("--net", "container:isorec-plain", "--pid", "container:isorec-plain"),
}
PODMAN_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
USUAL_MOUNTS = ("/", "/proc", "/sys", "/dev", "/run")


class NarrowFiles(LocalFiles):
    """This machine's files with /proc narrowed to a few processes, and usual mounts only."""

    def __init__(self, pids: set[int]) -> None:
        super().__init__()
        self._pids = pids

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; of /proc the chosen processes."""
        if path == "/proc":
            return sorted(str(pid) for pid in self._pids)
        return super().list_names(path)

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text; of the host's mount table what every machine has."""
        text = super().read_text(path, limit)
        if path in {"/proc/1/mountinfo", "/proc/self/mountinfo"}:
            text = "".join(line for line in text.splitlines(True) if _usual(line.split(" ")[4]))
        if path.endswith("/mountinfo"):
            text = "".join(line for line in text.splitlines(True) if "/mnt/" not in line)
        if path == "/proc/1/comm":
            text = "init\n"
        return re.sub(r"^(\d+:memory:)/[a-z_]+/[0-9a-f]{32}$", r"\1/", text, flags=re.MULTILINE)

    def read_process(
        self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
    ) -> ProcessFiles:
        """Return a process's files, each as `read_text` gives it."""
        read = super().read_process(pid, texts, links, limit)
        for name in set(texts) & set(read["values"]):
            read["values"][name] = self.read_text(f"/proc/{pid}/{name}", limit)
        return read

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        """Return the options of the kernel that are set, which are the shorter half."""
        lines = super().read_gzip(path, limit).splitlines(True)
        return "".join(line for line in lines if not line.startswith("#"))


class NarrowApi:
    """An engine with all containers but one left out of its list."""

    def __init__(self, api: DockerApi, name: str) -> None:
        self.endpoint, self.engine, self.local = api.endpoint, api.engine, api.local
        self._name = f"/{name}"
        self.version, self.inspect, self.volumes = api.version, api.inspect, api.volumes
        self.networks, self.plugins, self.execution = api.networks, api.plugins, api.execution
        self._info, self._containers = api.info, api.containers

    def info(self) -> dict[str, Any]:
        """Return the answer of GET /info, without the hosts of registries."""
        answer = self._info()
        answer.pop("IndexServerAddress", None)
        registries = answer.get("RegistryConfig")
        if isinstance(registries, dict):
            registries["IndexConfigs"] = {}
        return answer

    def containers(self) -> list[dict[str, Any]]:
        """Return the entry of the one container."""
        return [entry for entry in self._containers() if self._name in entry["Names"]]


def _usual(point: str) -> bool:
    return point in USUAL_MOUNTS or point.startswith(("/dev/", "/sys/fs/"))


def _cli(*words: str) -> str:
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _pids(engine: str, names: list[str]) -> set[int]:
    """Return pid 1, the kernel's first thread, dockerd and the processes of the containers."""
    pids = {1, 2, int(Path("/run/docker.pid").read_text())}
    for name in names:
        pid = int(_cli(engine, "inspect", "-f", "{{.State.Pid}}", name))
        if pid:
            group = Path(f"/proc/{pid}/cgroup").read_text().partition(":pids:")[2].split()[0]
            procs = Path(f"/sys/fs/cgroup/pids{group}/cgroup.procs").read_text().split()
            pids |= {pid, *map(int, procs)}
    return pids


def _record(engine: str, uri: str, scenario: str) -> None:
    """Write what the probe asks of one container, of the engine too for the plain one."""
    name = f"isorec-{scenario}"
    plain = "isorec-plain"
    api_tape: Tape = {}
    files_tape: Tape = {}
    api = record(
        NarrowApi(connect(uri, 30), name), api_tape, attributes=("endpoint", "engine", "local")
    )
    files = record(NarrowFiles(_pids(engine, list({name, plain}))), files_tape)
    probe = DockerProbe(api, files)
    for target in probe.find():
        probe.collect(target)
    if scenario == "plain":
        engine_record(api, files)
    text = json.dumps({"api": api_tape, "files": files_tape}, indent=1, sort_keys=True)
    (HERE / engine / f"{scenario}.json").write_text(text + "\n")


def _docker() -> None:
    names = [f"isorec-{scenario}" for scenario in (*DOCKER, "privileged")]
    # A network of its own: another dockerd started beside this one takes the default bridge away.
    _cli("docker", "network", "create", NETWORK)
    try:
        for scenario, options in DOCKER.items():
            _cli("docker", *RUN, f"isorec-{scenario}", *options, *SLEEP)
        _cli("docker", "create", "--name", "isorec-privileged", "--privileged", *SLEEP)
        _cli("docker", "exec", "-d", "--user", "1000", "isorec-plain", "sleep", "500")
        for scenario in (*DOCKER, "privileged"):
            _record("docker", "unix:///var/run/docker.sock", scenario)
    finally:
        for words in (
            ("rm", "-f", "-v", *names),
            ("volume", "rm", "isorec-data"),
            ("network", "rm", NETWORK),
        ):
            subprocess.run(["docker", *words], check=False, capture_output=True)


def _podman() -> None:
    try:
        image = ("localhost/lab/busybox", *SLEEP[1:])
        runc = ("podman", "--runtime", "runc")
        _cli(*runc, *RUN, "isorec-plain", *PODMAN_LIMITS, "-v", "/etc:/hostetc:ro", *image)
        _record("podman", "unix:///run/podman/podman.sock", "plain")
    finally:
        subprocess.run(
            ["podman", "rm", "-f", "-t", "0", "isorec-plain"], check=False, capture_output=True
        )


def main() -> int:
    """Record everything anew if ISOAUDIT_RECORD is set; returns the exit code."""
    if not os.environ.get("ISOAUDIT_RECORD"):
        sys.stderr.write("Set ISOAUDIT_RECORD=1 to overwrite the recordings.\n")
        return 2
    _docker()
    _podman()
    return 0


if __name__ == "__main__":
    sys.exit(main())
