"""The networks of compose services, and what leads from them to the host."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose

NAMES = "container.network.names"
FORWARDING = "container.network.forwarding"


def _network(driver: str, name: str = "default", **others: bool) -> dict[str, Any]:
    told = {"internal": False, "default": False, **others}
    return {
        "network.name": name,
        "network.driver": driver,
        **{f"network.{key}": value for key, value in told.items()},
    }


@pytest.mark.parametrize(
    ("service", "rest", "expected"),
    [
        ("image: a", "", _network("bridge")),
        ("image: a", "networks: {default: {driver: overlay}}", _network("overlay")),
        ("network_mode: bridge", "", _network("bridge", "bridge", default=True)),
        ("network_mode: none", "", _network("null", "none")),
        ("network_mode: host", "", _network("host", "host")),
        ("networks: [db]", "networks: {db: }", _network("bridge", "db")),
        ("networks: {db: {}}", "networks: {db: {internal: true}}",
         _network("bridge", "db", internal=True)),
        ("networks: [x]", "networks: {x: {external: true, name: bridge}}",
         _network("bridge", "bridge", default=True)),
        ("networks: [x]", "networks: {x: {external: {name: host}}}", _network("host", "host")),
    ],
)  # fmt: skip
def test_networks_in_every_form(service: str, rest: str, expected: dict[str, Any]) -> None:
    """By mode, by name, or the project's own where nothing is said."""
    seen = compose(service, rest)
    assert ([expected], (expected["network.name"],)) == (
        seen.records("network"),
        seen.facts[NAMES],
    )


def test_external_network_is_known_by_its_name_only() -> None:
    """Its driver is not in the file; the default network it is only under podman's name."""
    rest = "networks: {x: {external: true}, y: {external: true, name: podman}}"
    seen = compose("networks: [x, y]", rest)
    first, second = seen.records("network")
    assert {"network.name": "x", "network.default": False} == first
    assert {"network.name": "y"} == second
    assert "network.driver" in seen.unread("network")[0]


def test_network_that_the_file_does_not_declare() -> None:
    """It may be anything: another file may declare it."""
    assert [{"network.name": "lost"}] == compose("networks: [lost]").records("network")


@pytest.mark.parametrize(
    "rest", ["networks: {n: {driver: '${D}'}}", "networks: {n: {external: true, name: '${N}'}}"]
)
def test_network_that_a_variable_makes_up(rest: str) -> None:
    """A variable for its driver or its name leaves the driver open."""
    seen = compose("networks: [n]", rest)
    assert "depends on" in seen.unread("network")[0]["network.driver"]


@pytest.mark.parametrize(
    ("service", "detail"),
    [
        ("network_mode: container:db", "not in this file"),
        ("network_mode: service:lost", "not in this file"),
        ("network_mode: service:web", "not in this file"),
        ("network_mode: ${M}", "depends on"),
        ("networks: ['${N}']", "depends on"),
    ],
)
def test_network_that_leads_elsewhere_is_incomplete(service: str, detail: str) -> None:
    """Another container's network, a circle and a variable leave part and names open."""
    seen = compose(service)
    assert detail in seen.incomplete("network")
    assert detail in seen.missing[NAMES]


def test_network_of_another_service_is_followed() -> None:
    """A service in another's network is in the networks of that one."""
    seen = compose("network_mode: service:vpn", "  vpn: {networks: [lan]}\nnetworks: {lan: }")
    assert ("lan",) == seen.facts[NAMES]


@pytest.mark.parametrize(
    ("hosts", "aliases"),
    [
        ("['db:host-gateway', 'x:10.0.0.9']", ("db",)),
        ("['db=host-gateway']", ("db",)),
        ("{db: host-gateway, y: [10.0.0.1, host-gateway]}", ("db", "y")),
        ("['x:::1']", ()),
    ],
)
def test_names_that_lead_to_the_host(hosts: str, aliases: tuple[str, ...]) -> None:
    """In the list's two spellings and in the mapping."""
    assert aliases == compose(f"extra_hosts: {hosts}").facts["container.network.host_aliases"]


def test_alias_of_a_variable_is_missing_unless_another_decides() -> None:
    """One that leads to the host is enough, whatever the others are."""
    path = "container.network.host_aliases"
    assert "depends on" in compose("extra_hosts: ['db:${A}']").missing[path]
    assert ("h",) == compose("extra_hosts: ['db:${A}', 'h:host-gateway']").facts[path]


@pytest.mark.parametrize("sysctls", ["['net.ipv4.ip_forward=1']", "{net.ipv4.ip_forward: 1}"])
def test_sysctls_in_both_forms(sysctls: str) -> None:
    """Each is a record, and forwarding a fact."""
    seen = compose(f"sysctls: {sysctls}")
    assert [{"sysctl.name": "net.ipv4.ip_forward", "sysctl.value": "1"}] == seen.records("sysctl")
    assert True is seen.facts[FORWARDING]


@pytest.mark.parametrize("sysctls", ["['${S}=1']", "['net.ipv4.ip_forward=${V}']"])
def test_sysctl_that_a_variable_makes_up(sysctls: str) -> None:
    """The part may hold more than is known."""
    assert "depends on" in compose(f"sysctls: {sysctls}").incomplete("sysctl")


def test_forwarding_is_asked_only_of_who_could() -> None:
    """On one network it does not matter, on two it is the host's value unless the file sets it."""
    assert FORWARDING not in compose("image: a").missing
    seen = compose("networks: [a, b]", "networks: {a: , b: }")
    assert "engine's host" in seen.missing[FORWARDING]
