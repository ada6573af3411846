"""The probe for a guest that is reached over SSH: its own claims, and nothing of its host."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from isoaudit.errors import TargetError
from isoaudit.facts import vocabulary
from isoaudit.model import FactSet, Kind, Missing, Reason, Target
from isoaudit.probes.guest.questions import questions
from isoaudit.probes.guest.read import read_guest
from isoaudit.transports.base import GuestApi, Unreadable
from isoaudit.transports.ssh_place import parse_place

_GUEST = "guest"
_HOW = "Scan it where it runs, as libvirt:NAME."


class GuestProbe:
    """One guest. What its host and its VMM make of it cannot be seen from inside."""

    def __init__(self, api: GuestApi, *, deep: bool = False) -> None:
        self._api = api
        self._deep = deep

    def find(self) -> Sequence[Target]:
        """Return the guest, which answered when it was connected to."""
        return [
            Target(
                id=self._api.uri,
                kind=Kind.VM,
                name=parse_place(self._api.uri).host,
                state="running",
                handle=self._api.uri,
                engine=self._api.uri,
            )
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the guest says, and what only its host could say as missing.

        Raises TargetError if it says nothing at all: it was named, and not audited.
        """
        detail = f"{target.name} was asked from inside"
        beyond = FactSet.of(
            missing=[Missing(name, Reason.OTHER_HOST, detail, _HOW) for name in _of_the_host()]
        )
        try:
            answers = self._api.ask(questions(deep=self._deep))
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        return beyond.merge(read_guest(answers, self._api.facts_of_session()))


@cache
def _of_the_host() -> tuple[str, ...]:
    """Return the first words of all paths of VMs that no guest can fill."""
    roots = {
        vocabulary.root(path) for path, one in vocabulary.facts().items() if Kind.VM in one.kinds
    }
    return tuple(sorted(root for root in roots if not root.startswith(_GUEST)))
