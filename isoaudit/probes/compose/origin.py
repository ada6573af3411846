"""Where a service was written down, and of which engine it is asked.

A command line and a Quadlet file ask for what a compose file asks for. Where the answers differ
(what an engine does by default, whether there is a project around the service, what a setting is
called) the difference stands here, as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from isoaudit.probes import defaults

DOCKER, PODMAN, NERDCTL = "docker", "podman", "nerdctl"


class DefaultNetwork(NamedTuple):
    """The network that a container is in if none is named: its name and driver.

    `why` says, instead, why it is not known.
    """

    name: str = ""
    driver: str = "bridge"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The kind of file that a service stands in, and the engine it is asked of.

    `platform` is the word of `container.platform`, `noun` what such a service is called, `remedy`
    what settles what the file leaves open. `spellings` are the kind's own names of compose's keys.
    `project` says whether networks and volumes belong to a project. `rootless` says whether an
    ordinary user's engine runs it, None if the file does not tell. `network` is the one by default
    where there is no project. `doubt` says why there may be more to the service than was read,
    which may also undo what was.
    """

    platform: str
    engine: str = DOCKER
    noun: str = "service"
    remedy: str = ""
    spellings: Mapping[str, str] = field(default_factory=dict)
    project: bool = True
    rootless: bool | None = None
    network: DefaultNetwork | None = None
    doubt: str = ""

    def key(self, name: str) -> str:
        """Return what a setting of compose is called here."""
        return self.spellings.get(name, name)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capabilities that the engine gives by default."""
        return defaults.DEFAULT_CAPABILITIES.get(self.engine, defaults.DOCKER_CAPABILITIES)

    @property
    def masked_paths(self) -> tuple[str, ...]:
        """The paths that the engine hides by default."""
        return defaults.MASKED_PATHS.get(self.engine, defaults.DOCKER_MASKED_PATHS)

    @property
    def pids_limit(self) -> int:
        """The tasks that the engine allows by default, 0 if it sets no limit."""
        return defaults.PIDS_LIMITS.get(self.engine, 0)

    @property
    def modes(self) -> Mapping[str, tuple[str, str]]:
        """What a network mode of the engine's leads to: a name and a driver."""
        return defaults.NETWORK_MODES.get(self.engine, defaults.NETWORK_MODES["docker"])

    @property
    def runtime(self) -> str:
        """The OCI runtime that the engine uses by default, "" if its configuration decides."""
        return defaults.DEFAULT_RUNTIMES.get(self.engine, "")

    @property
    def log_driver(self) -> str:
        """The log driver that the engine uses by default, "" if its configuration decides."""
        return defaults.DEFAULT_LOG_DRIVERS.get(self.engine, "")


COMPOSE = Origin(
    "compose",
    remedy="Scan the output of `docker compose config`, which has everything in one file.",
)
