"""The networks of a container as engines answer, and what leads from it to its host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docker_tapes import ID, audit, engine, inspected, only, records, value

from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.transports import EngineApi
from isoaudit.transports.tape import replay

ENGINE = Vantage.ENGINE
FRONT = {"Name": "front", "Id": "f1", "Driver": "bridge", "Internal": False}
INNER = {"Name": "inner", "Id": "i1", "Driver": "macvlan", "Internal": True}


def attached(mode: str, networks: dict[str, Any], **host: Any) -> dict[str, Any]:
    """Return the inspection of a container on these networks."""
    inspect = inspected(NetworkMode=mode, ExtraHosts=None, PublishAllPorts=False, **host)
    return {**inspect, "NetworkSettings": {"Networks": networks, "Ports": {}}}


def seen(inspect: dict[str, Any], name: str = "docker", listed: Any = (FRONT, INNER)) -> FactSet:
    """Return what is seen of it; `listed` are the engine's networks, None if it does not tell."""
    known = None if listed is None else list(listed)
    return audit(engine(inspect, name=name, networks=known))[1]


def networks(found: FactSet) -> list[dict[str, Any]]:
    """Return the fields of the part network."""
    return [only(record, "network") for record in records(found, "network", ENGINE)]


@pytest.mark.parametrize(
    ("mode", "table", "driver", "default"),
    [
        ("default", {"bridge": {}}, "bridge", True),
        ("host", {"host": {}}, "host", False),
        ("none", {"none": {}}, "null", False),
    ],
)
def test_networks_every_docker_has(
    mode: str, table: dict[str, Any], driver: str, default: bool
) -> None:
    """They are known by their names, and the engine is not asked."""
    (found,) = networks(seen(attached(mode, table), listed=None))
    assert (driver, default, False) == (found["driver"], found["default"], found["internal"])


def test_network_is_found_by_its_id_then_by_its_name() -> None:
    """A container that never ran has no id of its network yet."""
    table = {"front": {"NetworkID": ""}, "renamed": {"NetworkID": "i1"}}
    found = seen(attached("front", table))
    assert [
        {"name": "front", "driver": "bridge", "internal": False, "default": False},
        {"name": "renamed", "driver": "macvlan", "internal": True, "default": False},
    ] == networks(found)
    assert ("front", "renamed") == value(found, "container.network.names", ENGINE)


@pytest.mark.parametrize("listed", [None, []])
def test_network_that_the_engine_does_not_tell_of(listed: Any) -> None:
    """Its name stays, its driver is missing and not assumed to be a bridge."""
    found = seen(attached("lost", {"lost": {}}), listed=listed)
    (record,) = records(found, "network", ENGINE)
    assert {"network.name"} == set(record.facts)
    assert {"network.driver", "network.internal", "network.default"} == set(record.missing)


@pytest.mark.parametrize("shown", ["podman", "bridge"])
def test_podmans_default_network_under_both_names(shown: str) -> None:
    """The container names it podman, the list bridge."""
    listed = [{"Name": shown, "Id": "p1", "Driver": "bridge", "Internal": False}]
    table = {"podman": {"NetworkID": "podman"}}
    (found,) = networks(seen(attached("bridge", table), "podman", listed))
    assert ("bridge", True) == (found["driver"], found["default"])


def test_podmans_modes_without_a_network() -> None:
    """In the host's namespace podman lists none."""
    (found,) = networks(seen(attached("host", {}), "podman", None))
    assert "host" == found["driver"]


def joined(others: dict[str, dict[str, Any]]) -> FactSet:
    """Return what is seen of a container that joins another's network."""
    attributes = {"endpoint": "unix:///x", "engine": "docker", "local": True}
    listed = [{"Id": ID, "Names": ["/web"], "State": "created"}]
    calls = {
        '["containers"]': {"answer": listed},
        '["info"]': {"answer": {}},
        json.dumps(["inspect", ID]): {"answer": attached("container:first", {})},
    }
    for name, inspect in others.items():
        calls[json.dumps(["inspect", name])] = {"answer": inspect}
    return audit(replay({"attributes": attributes, "calls": calls}, EngineApi))[1]


def test_networks_of_the_container_that_is_joined() -> None:
    """They are followed to the container that has them."""
    others = {
        "first": attached("container:second", {}),
        "second": attached("default", {"bridge": {}}),
    }
    assert ["bridge"] == [network["name"] for network in networks(joined(others))]


@pytest.mark.parametrize("others", [{}, {"first": attached("container:first", {})}])
def test_networks_that_cannot_be_followed_are_incomplete(others: dict[str, Any]) -> None:
    """A container that is not told of, or circles, leaves the part open and the names missing."""
    found = joined(others)
    (part,) = found.parts["network"]
    assert ((), True) == (part.records, part.incomplete is not None)
    assert Reason.NOT_SUPPORTED is found.missing["container.network.names"][0].reason


@pytest.mark.parametrize(
    ("hosts", "aliases"),
    [
        (["db:host-gateway", "a=host-gateway", "x:10.0.0.9"], ("a", "db")),
        (["gate:172.17.0.1"], ("gate",)),
        (["six=[fd00::1]", "plain:fd00::1"], ("plain", "six")),
        (None, ()),
    ],
)
def test_names_that_lead_to_the_host(hosts: Any, aliases: tuple[str, ...]) -> None:
    """By the engine's own word for it, or by the address of a bridge's gateway."""
    table = {"bridge": {"Gateway": "172.17.0.1", "IPv6Gateway": "fd00::1"}}
    inspect = attached("default", table)
    inspect["HostConfig"]["ExtraHosts"] = hosts
    assert aliases == value(seen(inspect), "container.network.host_aliases", ENGINE)


def test_gateway_of_a_lan_is_not_the_host() -> None:
    """On a macvlan the gateway is a router out there."""
    inspect = attached("inner", {"inner": {"NetworkID": "i1", "Gateway": "192.0.2.1"}})
    inspect["HostConfig"]["ExtraHosts"] = ["router:192.0.2.1"]
    assert () == value(seen(inspect), "container.network.host_aliases", ENGINE)


@pytest.mark.parametrize(("asked", "expected"), [("1", True), ("0", False)])
def test_forwarding_that_is_asked_for(asked: str, expected: bool) -> None:
    """On two networks it is noted from the sysctl; where none asks, it is the host's, not told."""
    table = {"front": {"NetworkID": "f1"}, "inner": {"NetworkID": "i1"}}
    path = "container.network.forwarding"
    found = seen(attached("front", table, Sysctls={"net.ipv4.ip_forward": asked}))
    assert expected is value(found, path, ENGINE)
    assert path in seen(attached("front", table)).missing


def test_sysctls_are_records() -> None:
    """Each has its name with dots, and its value."""
    table = {"net/core/somaxconn": "10", "net.ipv4.tcp_syncookies": "1"}
    found = records(seen(attached("none", {}, Sysctls=table)), "sysctl", ENGINE)
    assert [("net.core.somaxconn", "10"), ("net.ipv4.tcp_syncookies", "1")] == [
        (only(one, "sysctl")["name"], only(one, "sysctl")["value"]) for one in found
    ]


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [("docker", True, True), ("docker", False, False), ("podman", True, True),
     ("podman", False, None)],
)  # fmt: skip
def test_publishing_all_ports(name: str, asked: bool, expected: bool | None) -> None:
    """Podman says no even where it was asked to: its no is not believed."""
    inspect = attached("none", {})
    inspect["HostConfig"]["PublishAllPorts"] = asked
    found = seen(inspect, name)
    assert expected is value(found, "container.network.publishes_all", ENGINE)
