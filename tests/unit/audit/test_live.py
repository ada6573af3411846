"""Collecting what runs: what a named host needs to be judged, and what stays dark."""

from __future__ import annotations

import pytest

from isoaudit.audit import live
from isoaudit.audit.common import Limits
from isoaudit.model import Fact, FactSet, Kind, Missing, Part, Reason, Record, Target, Vantage
from isoaudit.probes.table import Opened
from isoaudit.targets.address import Address
from isoaudit.transports.base import Unreadable

LIMITS = Limits(2, 5.0)
ENGINE = Address("docker+unix:///x", "docker", uri="unix:///x", asked=False)


class OneTarget:
    """A probe of one target, of which it sees nothing."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def find(self) -> list[Target]:
        return [self._target]

    def collect(self, _target: Target) -> FactSet:
        return FactSet()


def _open(scheme: str, uri: str, _timeout: float) -> Opened:
    if scheme == "host":
        return Opened(OneTarget(Target("host:a", Kind.HOST, "a", "running")))
    record = Record.of([Fact("engine.name", "docker", "x", Vantage.ENGINE)])
    web = Target("docker:web", Kind.CONTAINER, "web", "running", handle="1")
    return Opened(OneTarget(web), uri, True, lambda: record)


def _collected(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> live.Collected:
    monkeypatch.setattr(live, "open_live", _open)
    monkeypatch.setattr(live, "local_engines", lambda: [ENGINE])
    return live.collect_live(addresses, LIMITS)


def test_a_host_named_alone_is_judged_with_its_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for containers, and the engines are still part of the host."""
    collected = _collected(monkeypatch, Address("host", "host"))

    ids = [entry.target.id for entry in collected.targets if not isinstance(entry, live.RunError)]
    assert collected.host is not None
    (part,) = collected.host.facts.parts["engine"]
    assert ["host:a"] == ids
    assert 1 == len(part.records)
    assert None is part.incomplete


def test_an_engine_that_does_not_answer_leaves_the_part_unfinished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it would have said of itself is unknown, and no check of engines may pass."""

    def refuse(scheme: str, uri: str, timeout: float) -> Opened:
        if scheme == "docker":
            raise Unreadable(Reason.PERMISSION_DENIED, "no right", "be root")
        return _open(scheme, uri, timeout)

    monkeypatch.setattr(live, "local_engines", lambda: [ENGINE])
    monkeypatch.setattr(live, "open_live", refuse)
    collected = live.collect_live([Address("host", "host")], LIMITS)

    errors = [entry for entry in collected.targets if isinstance(entry, live.RunError)]
    assert collected.host is not None
    assert collected.host.facts.parts["engine"][0].incomplete
    assert [False] == [error.asked for error in errors]


def test_engines_known_by_files_stand_beside_those_that_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One part holds both, and what the files leave open leaves it unfinished."""
    why = Missing("engine", Reason.PERMISSION_DENIED, "hidden")
    known = Record.of([Fact("engine.name", "containerd", "x", Vantage.DECLARED)])
    seen = FactSet.of(parts=[Part("engine", Vantage.DECLARED, (known,), why)])
    monkeypatch.setattr(OneTarget, "collect", lambda *_: seen)
    collected = _collected(monkeypatch, Address("host", "host"))

    assert collected.host is not None
    (part,) = collected.host.facts.parts["engine"]
    names = [record.facts["engine.name"].value for record in part.records]
    assert (["docker", "containerd"], why) == (names, part.incomplete)


def test_an_engine_named_twice_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named for a container and found on the host, it is one engine."""
    named = Address("docker+unix:///x#web", "docker", name="web", uri="unix:///x")
    collected = _collected(monkeypatch, Address("host", "host"), named)

    assert collected.host is not None
    assert 1 == len(collected.host.facts.parts["engine"][0].records)


def test_a_container_alone_does_not_wake_other_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a container is not made to wait for every engine there is."""
    woken: list[str] = []

    def noted(scheme: str, uri: str, timeout: float) -> Opened:
        woken.append(uri)
        return _open(scheme, uri, timeout)

    monkeypatch.setattr(live, "local_engines", lambda: [ENGINE])
    monkeypatch.setattr(live, "open_live", noted)
    list(live.collect_live([Address("docker:web", "docker", uri="unix:///y")], LIMITS).targets)

    assert "unix:///x" not in woken
