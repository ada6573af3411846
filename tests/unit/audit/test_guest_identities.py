"""Guests that answered come last, with whom they share an identity; none of them is lost."""

from __future__ import annotations

from isoaudit.audit.guests import with_identities
from isoaudit.bundle import Evidence
from isoaudit.model import Fact, FactSet, Kind, RunError, Target, Vantage

ERROR = RunError("libvirt:x", "collect", "gone")


def guest(name: str, uuid: str) -> Evidence:
    target = Target(id=f"libvirt:{name}", kind=Kind.VM, name=name, state="running")
    return Evidence(target, FactSet.of([Fact("guest.uuid", uuid, "x", Vantage.GUEST)]))


def test_guests_come_last_with_whom_they_share_an_identity() -> None:
    """What has no guest, and errors, are not held up."""
    plain = Evidence(
        Target(id="docker:w", kind=Kind.CONTAINER, name="w", state="running"), FactSet()
    )

    found = list(with_identities([guest("a", "1"), plain, ERROR, guest("b", "1")]))

    assert [plain, ERROR] == found[:2]
    shared = [
        one.facts.facts["guest.identity.shared_with"][0].value
        for one in found[2:]
        if isinstance(one, Evidence)
    ]
    assert [("libvirt:b",), ("libvirt:a",)] == shared


def test_two_targets_of_one_name_both_stay() -> None:
    """A second one must not take the place of the first."""
    found = list(with_identities([guest("a", "1"), guest("a", "2")]))

    uuids = {one.facts.facts["guest.uuid"][0].value for one in found if isinstance(one, Evidence)}
    assert {"1", "2"} == uuids
