"""What reading files and reading what runs have in common; light to import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from isoaudit.bundle import Evidence
from isoaudit.errors import IsoauditError
from isoaudit.model import Record, RunError
from isoaudit.probes.table import Effort
from isoaudit.targets.address import Address


class Limits(NamedTuple):
    """How many targets are read at a time, how many seconds each may take, and how deep to look.

    `deep` allows what has a side effect (isoaudit.probes.table.Effort). `guests` says for virtual
    machines, by name, id or UUID, at which address their guest answers over SSH.
    """

    jobs: int
    timeout: float
    deep: bool = False
    guests: Mapping[str, Address] = {}

    @property
    def effort(self) -> Effort:
        """How far the probes go."""
        return Effort(self.timeout, self.deep)


class Collected(NamedTuple):
    """The host as it was seen, the engines by endpoint, and the targets as they come."""

    host: Evidence | None
    targets: Iterator[Evidence | RunError]
    engines: Mapping[str, Record]


def run_error(address: Address, stage: str, error: BaseException) -> RunError:
    """Return the row that stands in a report for an address that could not be read.

    A fault of isoaudit's own leaves the run incomplete whether or not its target was named: it
    says nothing about the target, and must not end green.
    """
    if isinstance(error, IsoauditError):
        return RunError(address.text, stage, error.cause, error.remedy, address.asked)
    if isinstance(error, TimeoutError):
        remedy = "Give it longer with --timeout, or see why it does not answer."
        return RunError(address.text, stage, str(error), remedy, address.asked)
    message = f"a fault of isoaudit's own: {type(error).__name__}: {error}"
    return RunError(address.text, stage, message, "Report it with `isoaudit doctor`'s output.")


def listed(names: Sequence[str]) -> str:
    """Return the first names there are, for whoever named one that is not among them."""
    return ", ".join(sorted(names)[:8]) + (" …" if len(names) > 8 else "") if names else "none"
