"""What every transport offers: plain answers, or the reason why there is none."""

from __future__ import annotations

from typing import Any, Protocol, TypedDict

from isoaudit.errors import IsoauditError
from isoaudit.model import Missing, Reason, Vantage


class Unreadable(IsoauditError):
    """Something could not be read; probes turn it into missing evidence, never into a value.

    `absent` is true if it provably is not there (ENOENT under a readable folder), which can be
    evidence by itself; a lack of rights is never absence.
    """

    def __init__(
        self, reason: Reason, detail: str, how_to_get: str = "", *, absent: bool = False
    ) -> None:
        super().__init__(detail, how_to_get)
        self.reason = reason
        self.absent = absent

    def missing(self, path: str, vantage: Vantage | None = None) -> Missing:
        """Return the missing entry of a fact or part that could not be read for this reason."""
        return Missing(path, self.reason, self.cause, self.remedy, vantage)


class FileStat(TypedDict):
    """What stat(2) tells: `type` is file, directory, socket, block, character, fifo or link."""

    type: str
    mode: int
    uid: int
    gid: int
    device: int
    inode: int
    size: int


class Files(Protocol):
    """Reads the files of one machine. Every method raises Unreadable."""

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of a file, undecodable ones as backslash escapes."""
        ...

    def read_link(self, path: str) -> str:
        """Return where a symbolic link points, or what a /proc link says."""
        ...

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted."""
        ...

    def stat(self, path: str) -> FileStat:
        """Return what a path is, symbolic links followed."""
        ...

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of the text that a gzip file holds."""
        ...

    def read_paragraph(self, path: str, first: str) -> str:
        """Return the lines from one that is `first` to the next empty one, "" if there is none."""
        ...

    def has_variable(self, pid: int, name: str) -> bool:
        """Say whether a process was started with an environment variable; no value is read out."""
        ...


class EngineApi(Protocol):
    """A container engine's API, docker's or podman's compatible one. Raises Unreadable.

    Answers are the engine's own JSON, with environment values, command lines and secret-looking
    labels already redacted.
    """

    endpoint: str
    engine: str
    local: bool

    def version(self) -> dict[str, Any]:
        """Return the answer of GET /version."""
        ...

    def info(self) -> dict[str, Any]:
        """Return the answer of GET /info."""
        ...

    def containers(self) -> list[dict[str, Any]]:
        """Return the answer of GET /containers/json?all=1."""
        ...

    def inspect(self, container: str) -> dict[str, Any]:
        """Return the answer of GET /containers/ID/json."""
        ...

    def volumes(self) -> list[dict[str, Any]]:
        """Return the volumes that the answer of GET /volumes lists."""
        ...

    def networks(self) -> list[dict[str, Any]]:
        """Return the answer of GET /networks."""
        ...

    def plugins(self) -> list[dict[str, Any]]:
        """Return the answer of GET /plugins, which only docker knows."""
        ...


class LibvirtApi(Protocol):
    """A libvirt connection, opened read-only. Raises Unreadable."""

    uri: str
    local: bool

    def domains(self) -> list[dict[str, Any]]:
        """Return `{name, uuid, id, state, persistent, autostart}` of every domain."""
        ...

    def xml(self, uuid: str, *, inactive: bool) -> str:
        """Return a domain's XML without secrets, live or as stored."""
        ...

    def version(self) -> dict[str, Any]:
        """Return `{libvirt, hypervisor, hypervisor_type, hostname}`."""
        ...
