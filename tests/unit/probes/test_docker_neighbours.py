"""The neighbours of a live container, by what an engine lists and the kernel shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker_tapes import ID, RECORDINGS, audit, engine, inspected, only, records, value

from isoaudit.model import FactSet, Vantage
from isoaudit.transports.engine_redaction import redact_inspect

ENGINE = Vantage.ENGINE
OTHER = "cd" * 32
PROJECT = "com.docker.compose.project"
SOCKET = {"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": False}
BIND = {"Type": "bind", "Source": "/srv/a", "Destination": "/a", "RW": True}


def other(
    name: str = "proxy", networks: tuple[str, ...] = ("net",), **entry: Any
) -> dict[str, Any]:
    """Return the list entry of another container."""
    table = {network: {"IPAddress": "172.18.0.9", "Aliases": None} for network in networks}
    usual = {"Id": OTHER, "Names": [f"/{name}"], "State": "running", "Labels": {}, "Mounts": [],
             "Image": "x", "NetworkSettings": {"Networks": table}}  # fmt: skip
    return {**usual, **entry}


def seen(
    *others: dict[str, Any],
    environment: list[str] | None = None,
    command: list[str] | None = None,
    mounts: list[dict[str, Any]] | None = None,
    own: dict[str, Any] | None = None,
    **host: Any,
) -> FactSet:
    """Return what is seen of a container of one network beside others."""
    inspect = inspected(**host)
    inspect["Config"] |= {"Env": environment, "Cmd": command}
    inspect["Mounts"] = mounts
    inspect["NetworkSettings"] = {"Networks": {"net": {}}}
    return audit(engine(redact_inspect(inspect), own=own, others=others))[1]


def neighbours(found: FactSet) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the neighbours by their names and how they are reached."""
    plain = [only(record, "neighbour") for record in records(found, "neighbour", ENGINE)]
    return {(one["name"], one["through"]): one for one in plain}


@pytest.mark.parametrize(
    ("image", "passes_on"), [("tecnativa/docker-socket-proxy", True), ("traefik", None)]
)
def test_who_holds_the_engines_socket_is_a_neighbour(image: str, passes_on: bool | None) -> None:
    """It goes by the id that it has as a target; what gets through, its variables would say."""
    found = neighbours(seen(other(Mounts=[SOCKET], Image=image)))
    (one,) = found.values()
    assert ("docker:proxy", "net", "docker", False, False, passes_on, None) == (
        one["target"], one["place"], one["engine_socket"], one["api"], one["own"],
        one.get("passes_on"), one.get("scope"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [other(Mounts=[SOCKET], State="exited"), other(networks=("else",), Mounts=[SOCKET]), other()],
)
def test_others_are_none(entry: dict[str, Any]) -> None:
    """Who ended, is on another network, or holds no socket."""
    assert {} == neighbours(seen(entry))


@pytest.mark.parametrize("host", ["proxy", "PROXY", "172.18.0.9", OTHER[:12], "socket"])
def test_an_address_names_a_neighbour(host: str) -> None:
    """By its name, its address, its short id or its service."""
    labels = {"com.docker.compose.service": "socket"}
    found = seen(other(Labels=labels), environment=[f"DOCKER_HOST=tcp://{host}:2375"])
    assert "neighbour" == value(found, "container.engine_place", ENGINE)
    assert f"tcp://{host}:2375" == value(found, "container.engine_address", ENGINE)
    (one,) = neighbours(found).values()
    assert (True, "") == (one["api"], one["engine_socket"])


def test_a_command_names_a_neighbour() -> None:
    """As Traefik is told of its socket proxy."""
    words = ["--providers.docker.endpoint=tcp://proxy:2375"]
    (one,) = neighbours(seen(other(Mounts=[SOCKET]), command=words)).values()
    assert (True, True) == (one["api"], one["passes_on"])


@pytest.mark.parametrize(
    ("environment", "address", "place"),
    [
        (None, "", "none"),
        (["PATH=/bin", "TOKEN=x"], "", "none"),
        (["DOCKER_HOST=tcp://u:hunter2@host.docker.internal:2375"],
         "tcp://host.docker.internal:2375", "host"),
        (["DOCKER_HOST=not an address"], None, None),
        (["DOCKER_HOST=tcp://build.example"], "tcp://build.example", "elsewhere"),
    ],
)  # fmt: skip
def test_where_it_is_told_that_an_engine_answers(
    environment: list[str] | None, address: str | None, place: str | None
) -> None:
    """Of a variable that names an engine the address passes the redaction, and nothing else."""
    found = seen(environment=environment)
    told = [value(found, f"container.engine_{name}", ENGINE) for name in ("address", "place")]
    assert [address, place] == told
    assert "hunter2" not in str(found)


def test_the_same_host_path_makes_neighbours() -> None:
    """One of the two must be able to write; of a project's own it is said that they are."""
    labels = {"Labels": {PROJECT: "a"}}
    theirs = other("log", Mounts=[{**BIND, "RW": False}], **labels)
    (one,) = neighbours(seen(theirs, mounts=[BIND], own=labels)).values()
    assert ("log", "volume", "/srv/a", True, True) == tuple(
        one[key] for key in ("name", "through", "place", "writes", "own")
    )
    both_read = seen(theirs, mounts=[{**BIND, "RW": False}])
    assert {} == neighbours(both_read)
    assert {} == neighbours(seen(other(Mounts=[SOCKET], networks=()), mounts=[SOCKET]))


@pytest.mark.parametrize(
    ("mode", "through"),
    [("PidMode", "pid"), ("IpcMode", "ipc"), ("NetworkMode", "net"), ("UTSMode", "uts")],
)
def test_who_lends_a_namespace_is_a_neighbour(mode: str, through: str) -> None:
    """By id or by name, as it was asked for."""
    for handle in (OTHER, "proxy"):
        found = neighbours(seen(other(), **{mode: f"container:{handle}"}))
        assert [("proxy", through)] == list(found)


def test_who_joined_its_network_is_a_neighbour() -> None:
    """The list says that of every container; of other namespaces only the kernel knows."""
    joins = {"HostConfig": {"NetworkMode": f"container:{ID}"}}
    assert [("proxy", "net")] == list(neighbours(seen(other(**joins))))


def test_an_engine_beside_it_is_asked_at_localhost() -> None:
    """The only other one in its network namespace."""
    found = seen(
        other("dind"),
        environment=["DOCKER_HOST=tcp://localhost:2375"],
        NetworkMode=f"container:{OTHER}",
    )
    assert "neighbour" == value(found, "container.engine_place", ENGINE)
    assert True is neighbours(found)["dind", "net"]["api"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pid": 7}, "kernel"),
        ({"NetworkMode": "host"}, "host's network"),
        ({}, ""),
    ],
)
def test_what_may_be_hidden_is_said(change: dict[str, Any], words: str) -> None:
    """Of one that does not run nobody joined a namespace."""
    (part,) = seen(**change).parts["neighbour"]
    assert words in (part.incomplete.detail if part.incomplete else "")
    assert bool(words) is (part.incomplete is not None)


def test_an_engine_that_lists_no_mounts_leaves_it_open() -> None:
    """Without them nobody knows who else has a folder, or a socket."""
    (part,) = seen(other(Mounts=None)).parts["neighbour"]
    assert part.incomplete is not None


@pytest.mark.parametrize("recording", sorted((RECORDINGS / "docker").glob("*.json")),
                         ids=lambda path: path.stem)  # fmt: skip
def test_recorded_engines_are_asked_for_nothing_more(recording: Path) -> None:
    """A tape fails on a request that was not made when it was recorded."""
    from docker_tapes import audit_recorded

    found = audit_recorded(f"docker/{recording.stem}")
    assert {"neighbour"} <= set(found.parts)
