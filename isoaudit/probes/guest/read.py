"""From answers to evidence, and what is noted of a guest that nobody asked."""

from __future__ import annotations

from functools import cache

from isoaudit.facts.vocabulary import parts
from isoaudit.model import FactSet, Kind, Reason, Vantage
from isoaudit.probes.guest.agents import note_agents
from isoaudit.probes.guest.answers import Answers
from isoaudit.probes.guest.devices import note_devices
from isoaudit.probes.guest.kernel import read_kernel
from isoaudit.probes.guest.logins import note_logins
from isoaudit.probes.guest.machine import note_machine
from isoaudit.probes.guest.notes import Guest
from isoaudit.probes.guest.shares import note_shares
from isoaudit.probes.guest.ssh_keys import note_ssh_keys
from isoaudit.probes.guest.ssh_server import note_ssh_server
from isoaudit.probes.guest.surroundings import note_surroundings
from isoaudit.transports.base import GuestSession, Unreadable

_TOPICS = (
    note_logins,  # first: other topics ask whether root was there
    note_machine,
    note_devices,
    note_shares,
    note_agents,
    note_ssh_server,
    note_ssh_keys,
    note_surroundings,
)
_NOBODY = Unreadable(
    Reason.NOT_REQUESTED,
    "nobody asked the guest",
    "Add --guests FILE, a file that says where the guest answers over SSH.",
)


def read_guest(answers: Answers, session: GuestSession | None = None) -> FactSet:
    """Return what a guest says of itself, by `questions`; nothing is raised, whatever it says."""
    guest = Guest(answers)
    for note in _TOPICS:
        note(guest)
    if session is not None:
        _note_session(guest, session)
    return guest.notes.factset().merge(read_kernel(guest))


def unasked(why: Unreadable | None = None) -> FactSet:
    """Return what is known of a guest that nobody asked, or that did not answer for a reason.

    That is the reason, for every fact and part of it.
    """
    return _nobody_asked() if why is None else _missing(why)


@cache
def _nobody_asked() -> FactSet:
    return _missing(_NOBODY)


def _missing(why: Unreadable) -> FactSet:
    told = [one.name for one in parts().values() if one.name.startswith("guest_")]
    paths = ["guest", "contradiction", *(name for name in told if Kind.VM in parts()[name].kinds)]
    return FactSet.of(missing=[why.missing(path, Vantage.GUEST) for path in paths])


def _note_session(guest: Guest, session: GuestSession) -> None:
    """Note who answered and how that was proven, which isoaudit's own side of the line knows."""
    source = f"the connection to {session['host']}:{session['port']}"
    guest.notes.fact("guest.connection.verified", session["verified"], session["known_hosts"])
    guest.notes.fact("guest.connection.key_type", session["key_type"], source)
    guest.notes.fact("guest.connection.fingerprint", session["fingerprint"], source)
    guest.notes.fact("guest.connection.server", session["server"][:120], source)
    guest.notes.fact("guest.connection.jumps", session["jumps"], source)
