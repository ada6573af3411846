"""What command lines differ in from a compose file: names of settings, defaults of the engine."""

from __future__ import annotations

from isoaudit.probes.compose.origin import DOCKER, PODMAN, DefaultNetwork, Origin
from isoaudit.probes.run_line.asked import LISTS, SINGLE

DIALECT = "docker_run"

SPELLINGS = {
    **{".".join(path): f"--{name}" for name, path in {**SINGLE, **LISTS}.items()},
    "blkio_config": "--device-read-bps or the like",
    "gpus": "--gpus",
    "logging driver": "--log-driver",
    "logging.options": "--log-opt",
    "network_mode": "--network",
    "networks": "--network",
    "storage_opt": "--storage-opt",
    "volumes": "--volume",
}
"""The options by the keys of compose that they stand for."""

_REMEDY = "Write the value into the line, or scan the running container."
_ROOTLESS = "the network of an ordinary user's podman, slirp4netns or pasta by its version"
_EITHER = "who runs podman decides: root's default is a bridge, an ordinary user's is none"


def default_network(engine: str, rootless: bool | None) -> DefaultNetwork:
    """Return the network of a container for which none is named."""
    if engine != PODMAN:
        return DefaultNetwork("bridge")
    if rootless is False:
        return DefaultNetwork("podman")
    return DefaultNetwork(why=_ROOTLESS if rootless else _EITHER)


def run_origin(
    engine: str = DOCKER, rootless: bool | None = None, platform: str = DIALECT
) -> Origin:
    """Return the origin of a command line for an engine."""
    return Origin(
        platform,
        engine,
        noun="command line",
        remedy=_REMEDY,
        spellings=SPELLINGS,
        project=False,
        rootless=rootless,
        network=default_network(engine, rootless),
    )
