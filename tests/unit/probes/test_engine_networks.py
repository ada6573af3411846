"""Networks and plugins of an engine, in the shape that a real dockerd 20.10 gave them."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import fields
from engine_records import answering

from isoaudit.model import Reason
from isoaudit.probes.docker.engine import engine_record


def network(name: str, driver: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Driver": driver, "EnableIPv6": False, "Ingress": False, **more}


NETWORKS = [
    network("bridge", "bridge"),
    network("six", "bridge", EnableIPv6=True),
    network("lan", "bridge", Options={
        "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected"}),
    network("ingress", "overlay", Ingress=True, Options={"vxlanid_list": "4096"}),
    network("front", "overlay", Options={"vxlanid_list": "4098", "encrypted": ""}),
    network("back", "overlay", Options={"vxlanid_list": "4097"}),
    network("off", "overlay", Options={"encrypted": "false"}),
    network("wire", "macvlan"),
    network("l3", "ipvlan", Options=None),
    network("none", "null"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("bridges", ("bridge", "lan", "six")),
        ("ipv6", ("six",)),
        ("overlays", ("back", "front", "off")),
        ("unencrypted", ("back", "off")),
        ("adjacent", ("l3", "wire")),
        ("unprotected", ("lan",)),
    ],
)
def test_networks_by_what_they_mean(fact: str, expected: tuple[str, ...]) -> None:
    """The swarm's own ingress is not counted; an option without a value counts as given."""
    record = engine_record(answering(networks=NETWORKS))
    assert (expected,) == fields(record, f"engine.networks.{fact}")


def test_networks_that_are_not_told_are_missing() -> None:
    """An engine that does not answer leaves all of them unknown, not none."""
    record = engine_record(answering())
    assert Reason.NOT_SUPPORTED is record.missing["engine.networks"].reason
    assert "engine.networks.overlays" not in record.facts


def plugin(name: str, *, enabled: bool = True, **config: Any) -> dict[str, Any]:
    settings = {"Mounts": config.pop("mounts", [])}
    linux = {"AllowAllDevices": False, "Capabilities": None, **config.pop("linux", {})}
    usual = {"IpcHost": False, "PidHost": False, "Network": {"Type": "host"}}
    return {
        "Name": name,
        "Enabled": enabled,
        "Settings": settings,
        "Config": {**usual, "Linux": linux, **config},
    }


@pytest.mark.parametrize(
    ("one", "powers"),
    [
        (plugin("p"), ()),
        (plugin("p", linux={"Capabilities": ["CAP_SYS_ADMIN"]}), ("p: CAP_SYS_ADMIN",)),
        (plugin("p", linux={"Capabilities": ["net_admin", "sys_module"]}), ("p: CAP_SYS_MODULE",)),
        (plugin("p", linux={"AllowAllDevices": True}), ("p: all devices",)),
        (plugin("p", PidHost=True), ("p: the host's processes",)),
        (plugin("p", IpcHost=True), ("p: the host's shared memory",)),
        (plugin("p", mounts=[{"Source": "/etc/"}]), ("p: the host's /etc/",)),
        (plugin("p", mounts=[{"Source": "/"}, {"Source": "/srv/x"}]), ("p: the host's /",)),
        (plugin("p", enabled=False, PidHost=True), ()),
    ],
)
def test_plugins_by_what_gives_them_the_host(one: dict[str, Any], powers: tuple[str, ...]) -> None:
    """Only those that are enabled count, and only for what reaches the host."""
    record = engine_record(answering(plugins=[one]))
    assert (powers, ("p",) if powers else ()) == fields(
        record, "engine.plugins.powers", "engine.plugins.powerful"
    )


def test_podman_is_not_asked_for_plugins() -> None:
    """It has none, and knows no such request."""
    record = engine_record(answering(engine="podman"))
    assert "engine.plugins" not in record.missing
