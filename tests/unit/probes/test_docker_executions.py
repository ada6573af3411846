"""Exec sessions: what an engine says of processes that were started beside the main one."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import audit, engine, fields, inspected, records

from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES
from isoaudit.probes.docker.executions import MAX_SESSIONS

ENGINE = Vantage.ENGINE


def session(*, running: bool = True, **config: Any) -> dict[str, Any]:
    """Return the call that answers for a session with some of its ProcessConfig."""
    usual = {"entrypoint": "/bin/sh", "privileged": False, "user": ""}
    return {"answer": {"Running": running, "ProcessConfig": {**usual, **config}}}


def seen(*calls: dict[str, Any], name: str = "docker", user: str = "", **host: Any) -> FactSet:
    """Return what is seen of a container with these sessions."""
    inspect = inspected(**host)
    inspect["Config"]["User"] = user
    inspect["ExecIDs"] = [f"e{number}" for number in range(len(calls))]
    sessions = {f"e{number}": call for number, call in enumerate(calls)}
    return audit(engine(inspect, name=name, sessions=sessions))[1]


def started(*calls: dict[str, Any], **how: Any) -> list[Record]:
    """Return the records of sessions, without that of the main process."""
    return [
        record
        for record in records(seen(*calls, **how), "process", ENGINE)
        if fields(record, "process.main") == (False,)
    ]


def unfinished(found: FactSet) -> Missing | None:
    """Return why there may be more processes."""
    (part,) = found.parts["process"]
    return part.incomplete


def test_a_plain_session_is_like_the_main_process() -> None:
    """It has the container's user, capabilities and filters, and exceeds nothing."""
    (record,) = started(session(), user="1000", CapDrop=["ALL"])
    assert ("sh", 1000, (), ()) == fields(
        record,
        "process.name",
        "process.uid",
        "process.exceeds_main",
        "process.capabilities.bounding",
    )


def test_a_privileged_session_exceeds_the_container() -> None:
    """It has every capability; filters and namespaces stay those of the container."""
    (record,) = started(session(privileged=True), CapDrop=["ALL"], CapAdd=["CHOWN"])
    assert (ALL_CAPABILITIES, "private") == fields(
        record, "process.capabilities.bounding", "process.namespaces.net"
    )
    assert (tuple(name for name in ALL_CAPABILITIES if name != "CAP_CHOWN"),) == fields(
        record, "process.exceeds_main"
    )


def test_a_session_in_a_privileged_container_exceeds_nothing() -> None:
    """What the container has already is no excess."""
    (record,) = started(session(privileged=True), Privileged=True)
    assert ((),) == fields(record, "process.exceeds_main")


def test_a_session_of_another_user_says_so() -> None:
    """`exec --user 0` in a container of somebody else is root, with what the container allows."""
    (record,) = started(session(user="0"), user="1000")
    assert (0, True, DOCKER_CAPABILITIES) == fields(
        record, "process.uid", "process.root_permitted", "process.capabilities.effective"
    )


def test_a_user_by_name_is_not_guessed() -> None:
    """Who a name is, the image says."""
    (record,) = started(session(user="app"), user="1000")
    assert (None, True) == fields(record, "process.uid", "process.root_permitted")


def test_podmans_session_without_a_user_has_the_containers() -> None:
    """Podman leaves the user empty where docker repeats the container's."""
    (record,) = started(session(), name="podman", user="1000")
    assert (1000,) == fields(record, "process.uid")


def test_a_session_that_ended_is_no_process() -> None:
    """Engines remember sessions for a while; one that is gone meanwhile has ended, too."""
    gone = {"error": ["vanished", "no such exec session", "", False]}
    assert [] == started(session(running=False), gone)
    assert None is unfinished(seen(session(running=False), gone))


def test_a_session_that_may_not_be_read_leaves_the_part_open() -> None:
    """What was not looked at may hold anything: no check of processes passes."""
    denied = {"error": ["permission_denied", "no", "", False]}
    why = unfinished(seen(session(), denied))
    assert why is not None
    assert (Reason.PERMISSION_DENIED, ENGINE) == (why.reason, why.vantage)


def test_no_more_sessions_are_asked_about_than_the_limit() -> None:
    """A container with thousands of them is cut off, and says so."""
    found = seen(*[session()] * (MAX_SESSIONS + 1))
    why = unfinished(found)
    assert why is not None
    assert (MAX_SESSIONS + 1, Reason.LIMIT) == (len(records(found, "process", ENGINE)), why.reason)


@pytest.mark.parametrize("odd", [{}, {"Running": True}, {"Running": 1, "ProcessConfig": "x"}])
def test_an_odd_answer_is_a_process_of_which_little_is_known(odd: dict[str, Any]) -> None:
    """A session that is not said to have ended runs; what it lacks is missing."""
    (record,) = started({"answer": odd}, user="1000")
    assert (None, None) == fields(record, "process.uid", "process.exceeds_main")


def test_an_engine_that_lists_no_sessions_leaves_the_part_open() -> None:
    """Without the list nobody knows whether there are any."""
    inspect = inspected()
    del inspect["ExecIDs"]
    assert None is not unfinished(audit(engine(inspect))[1])
