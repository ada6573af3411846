"""What every transport offers: plain answers, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


Failure = Sequence[Any]
"""Why one of several things could not be read: reason, cause, remedy, and whether it is absent."""


class ProcessFiles(TypedDict):
    """Files and links of one process by their names below /proc/PID, and why some are not there."""

    values: dict[str, str]
    errors: dict[str, Failure]


class Descriptors(TypedDict):
    """Open descriptors by number: where they lead, and the mount of those that lead to a file.

    `mounts` has "" where the kernel does not tell; `complete` is false if there were more.
    """

    links: dict[str, str]
    mounts: dict[str, str]
    complete: bool


class DeviceNode(TypedDict):
    """A device node inside a process's root: `type` is block or character, `mode` the bits."""

    path: str
    type: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


class DeviceNodes(TypedDict):
    """The device nodes of a folder; `complete` is false if some may have been left out."""

    nodes: list[DeviceNode]
    complete: bool


def failed(failure: Failure) -> Unreadable:
    """Return the Unreadable that an entry of `errors` stands for."""
    reason, cause, remedy, absent = failure
    return Unreadable(Reason(reason), cause, remedy, absent=absent)


class Files(Protocol):
    """Reads the files of one machine. Every method raises Unreadable."""

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of a file, undecodable ones as backslash escapes."""
        ...

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of what a gzip file holds, decoded as `read_text` does."""
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

    def read_paragraph(self, path: str, first: str) -> str:
        """Return the lines from one that is `first` to the next empty one, "" if there is none."""
        ...

    def has_variable(self, pid: int, name: str) -> bool:
        """Say whether a process was started with an environment variable; no value is read out."""
        ...

    def read_process(
        self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
    ) -> ProcessFiles:
        """Return files and links below /proc/PID, all of one and the same process."""
        ...

    def descriptors(self, pid: int, most: int) -> Descriptors:
        """Return where the open descriptors of a process lead, at most `most` of them."""
        ...

    def namespace_parent(self, pid: int, kind: str) -> str:
        """Return the link text of the namespace above a process's own, "" for none in sight."""
        ...

    def device_nodes(self, pid: int, folder: str, most: int) -> DeviceNodes:
        """Return the device nodes in a folder inside a process's root; opens only folders."""
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

    def image(self, image: str) -> dict[str, Any]:
        """Return the answer of GET /images/ID/json."""
        ...

    def execution(self, session: str) -> dict[str, Any]:
        """Return the answer of GET /exec/ID/json, the words of its command redacted."""
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

    def uses(self) -> dict[str, dict[str, list[str]]]:
        """Return the `disks` and `networks` that every domain is tied to, by UUID."""
        ...

    def networks(self) -> dict[str, dict[str, Any]]:
        """Return `{forward, bridge, isolated}` of every network by its name."""
        ...

    def snapshots(self, uuid: str) -> list[dict[str, Any]]:
        """Return `{name, memory, age}` of a domain's snapshots; `age` is in days."""
        ...

    def version(self) -> dict[str, Any]:
        """Return `{libvirt, hypervisor, hypervisor_type, hostname}`."""
        ...


ABSENT, DENIED = 44, 43
"""Exit statuses by which a question to a guest says that what it reads is not there (provably: its
folder could be searched), or may not be read. 127 is the shell's own where a program is absent."""


class GuestSession(TypedDict):
    """Who answers over SSH, and by what that was proven.

    `user` is the account asked as. `key_type` is the host key's algorithm, as ssh-ed25519, and
    `fingerprint` its hash as ssh-keygen(1) shows it, SHA256:…. `verified` is known_hosts, hashed
    (a line of known_hosts that hides the name), or certificate; `known_hosts` is the line that
    vouched, as FILE:NUMBER. `jumps` are the hosts on the way, `server` its software as it says.
    """

    user: str
    host: str
    port: int
    key_type: str
    fingerprint: str
    verified: str
    known_hosts: str
    jumps: list[str]
    server: str


class GuestApi(Protocol):
    """A machine reached over SSH, its host key verified."""

    uri: str

    def ask(self, questions: Mapping[str, str]) -> dict[str, str | Failure]:
        """Return the output of each question, or why there is none (see `failed`).

        A question is a POSIX sh snippet: it runs in a subshell of its own with nothing on standard
        input and standard error thrown away, all of them in one round trip. Names are words of
        letters, digits, `_`, `.` and `-`. An answer is what an exit status of 0 came with,
        undecodable bytes as backslash escapes, the last newline kept; every other status is a
        Failure, ABSENT and DENIED among them. Answers are strangers' text, bounded and not escaped.
        Raises Unreadable if nothing could be asked at all.
        """
        ...

    def facts_of_session(self) -> GuestSession:
        """Return who answers, and how that was verified."""
        ...
