"""The closed word lists that every room shares: severity, status, kind, vantage, reason."""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A word that is a dictionary key thousands of times: hashed as the string it is."""

    __hash__ = str.__hash__


class Severity(Word):
    """How bad a failed check is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical up to 4 for info: the smaller, the worse."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Status(Word):
    """What judging one check against one target came to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class Kind(Word):
    """What a target is, whether it runs or a file declares it."""

    CONTAINER = "container"
    VM = "vm"
    HOST = "host"
    NAMESPACE = "namespace"  # of a Kubernetes cluster


class Vantage(Word):
    """From where a value was seen; `rank` orders them by how much their word counts."""

    DECLARED = "declared"  # a file
    ENGINE = "engine"  # dockerd, podman, libvirt and their live or stored configuration
    VMM = "vmm"  # the command line of the running VMM process
    KERNEL = "kernel"  # what the host's kernel shows of the running process
    GUEST = "guest"  # a guest's claim: evidence about the guest only

    @property
    def rank(self) -> int:
        """Higher outranks lower. A guest never competes: it fills `guest.` paths only."""
        return _VANTAGE_RANK[self]


_VANTAGE_RANK = {
    Vantage.GUEST: 0,
    Vantage.DECLARED: 1,
    Vantage.ENGINE: 2,
    Vantage.VMM: 3,
    Vantage.KERNEL: 4,
}


class Reason(Word):
    """Why a fact is missing."""

    PERMISSION_DENIED = "permission_denied"
    NOT_SUPPORTED = "not_supported"
    TOOL_ABSENT = "tool_absent"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    PARSE_ERROR = "parse_error"
    VANISHED = "vanished"
    NOT_DECLARED = "not_declared"
    NOT_DECLARABLE = "not_declarable"
    NOT_REQUESTED = "not_requested"
    OTHER_HOST = "other_host"
    LIMIT = "limit"
