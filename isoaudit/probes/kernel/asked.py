"""What the reading of a sandbox's mounts needs besides its own table."""

from __future__ import annotations

from dataclasses import dataclass, field

from isoaudit.model import Fact
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Table


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine says of the sandbox, where the kernel's word is ambiguous without it.

    `binds` are the container paths it was asked to bind; `container` its id, which names the
    engine's own files; `volumes` the folder of named volumes; `masked` and `readonly` the paths
    asked for, which need no mount where the kernel has no such file. `filter` are the facts that
    follow from the seccomp profile it was asked to load. `peers` are the containers of the same
    compose project or pod by their ids; `devices` the paths of nodes it was given, None where
    nobody says; `shared` by container path who else mounts what is mounted there.
    """

    container: str = ""
    binds: frozenset[str] = frozenset()
    volumes: str = ""
    masked: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()
    filter: tuple[Fact, ...] = field(default=(), compare=False)
    peers: frozenset[str] = frozenset()
    devices: frozenset[str] | None = None
    shared: tuple[tuple[str, Fact], ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """The mount tables of a sandbox and its host; `source` is what the facts name as theirs.

    `hidden` are the numbers of mounts that lie under another one and stay there.
    """

    own: Table
    machine: Machine
    source: str
    hidden: frozenset[str] = frozenset()
