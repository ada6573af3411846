"""Ways across workloads in whole runs: projects, a live engine, one process and several."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.model import Openness, TargetResult
from isoaudit.probes import table
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.probes.table import Opened
from isoaudit.targets.address import parse
from isoaudit.transports import EngineApi
from isoaudit.transports.tape import replay

FOLLOWED = """
services:
  asks: {{image: app, environment: {{DOCKER_HOST: 'tcp://proxy:2375'}}, networks: [back]}}
  proxy:
    image: {proxy}
    command: {command}
    environment: {environment}
    networks: [back]
    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']
  ci: {{image: runner, networks: [inner], environment: {{DOCKER_HOST: 'tcp://dind:2376'}}}}
  dind: {{image: 'docker:dind', networks: [inner], privileged: true}}
  debug: {{image: box, network_mode: none, pid: 'service:root', cap_add: [SYS_PTRACE]}}
  root: {{image: box, network_mode: none, privileged: true}}
  writes: {{image: w, network_mode: none, volumes: ['tools:/t']}}
  reads: {{image: w, network_mode: none, volumes: ['tools:/t:ro']}}
  runs:
    image: r
    network_mode: none
    privileged: true
    command: /opt/tools/run
    volumes: ['tools:/opt/tools:ro']
networks: {{back: {{}}, inner: {{}}}}
volumes: {{tools: {{}}}}
"""


def run(*addresses: str, jobs: int = 1) -> dict[str, TargetResult]:
    """Return what an audit comes to, by the names of its targets."""
    request = Request([parse(one) for one in addresses], (), Limits(jobs, 10.0))
    done = list(audit(request, lambda result: result).results)
    return {one.target.name: one for one in done}


def roots(result: TargetResult, certainty: Openness = Openness.OPEN) -> set[str]:
    """Return the ways to root of the host that are as sure as that."""
    assert result.assessment is not None
    return {
        path.id
        for path in result.assessment.escape_paths
        if path.goal.value == "host-root" and path.certainty is certainty
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what writes the project and audits it."""
    monkeypatch.chdir(tmp_path)

    def audited(
        proxy: str = "alpine/socat",
        command: str = "TCP-LISTEN:2375,fork UNIX-CONNECT:/var/run/docker.sock",
        environment: str = "[]",
    ) -> dict[str, TargetResult]:
        text = FOLLOWED.format(proxy=proxy, command=command, environment=environment)
        Path("compose.yaml").write_text(dedent(text))
        return run("compose.yaml")

    return audited


def test_each_way_to_a_neighbour_goes_on_with_its_own(project: Any) -> None:
    """An inner engine, a shared PID namespace, a program in a shared volume."""
    found = project()
    assert "ESC-201" in roots(found["asks"])
    assert "ESC-204+ESC-001" in roots(found["ci"])
    assert "ESC-207+ESC-001" in roots(found["debug"])
    assert "ESC-206+ESC-001" in roots(found["writes"])
    assert set() == {way for way in roots(found["reads"]) if "+" in way or "ESC-2" in way}


def test_a_proxy_that_lets_reading_through_leads_to_containers_alone(project: Any) -> None:
    """Its variables say so; of an image that nobody knows it is not ruled out."""
    image = "tecnativa/docker-socket-proxy"
    found = project(image, "''", "[CONTAINERS=1]")["asks"]
    assert found.assessment is not None
    ways = {path.id: path.goal.value for path in found.assessment.escape_paths}
    assert "ESC-201" not in ways
    assert "neighbour" == ways["ESC-202"]
    unknown = project("registry.example/own", "''")["asks"]
    assert "ESC-201" not in roots(unknown)
    assert "ESC-201" in roots(unknown, Openness.POSSIBLE)


def test_a_service_that_is_named_alone_leaves_its_neighbours_open(project: Any) -> None:
    """What the inner engine may do to the host was not asked: that is no way closed."""
    project()
    found = run("compose.yaml#ci")["ci"]
    assert "ESC-204" in roots(found, Openness.POSSIBLE)
    assert set() == roots(found)


def container(number: int, name: str, **host: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a container of an engine: its entry in the list, and its inspection."""
    networks = {"inner": {"IPAddress": f"172.20.0.{number}", "Aliases": None}}
    shared = {"Id": f"{number:064x}", "Mounts": [], "NetworkSettings": {"Networks": networks}}
    config = {"User": "", "Image": name, "Env": host.pop("Env", []), "Cmd": []}
    usual = {"Privileged": False, "CapAdd": None, "CapDrop": None, "SecurityOpt": None,
             "PidMode": "", "IpcMode": "private", "UTSMode": "", "UsernsMode": "",
             "NetworkMode": "inner", "CgroupnsMode": "private", "Devices": None,
             "DeviceCgroupRules": None, "Memory": 1, "Runtime": "runc",
             "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]}  # fmt: skip
    listed = {**shared, "Names": [f"/{name}"], "State": "exited", "Labels": {}, "Image": name}
    asked = {**shared, "State": {"Pid": 0, "Running": False}, "Config": config,
             "AppArmorProfile": "", "ExecIDs": None, "HostConfig": {**usual, **host}}  # fmt: skip
    return {**listed, "State": "running"}, {**asked, "State": {"Pid": 0, "Running": True}}


def open_docker(_uri: str, _effort: Any) -> Opened:
    """Return an engine with a runner, the engine that it asks, and one that asks nobody."""
    several = [
        container(1, "ci", Env=["DOCKER_HOST=tcp://dind:2376"]),
        container(2, "dind", Privileged=True),
        container(3, "web"),
    ]
    calls: dict[str, Any] = {
        json.dumps(["inspect", asked["Id"]]): {"answer": asked} for _, asked in several
    }
    calls['["containers"]'] = {"answer": [listed for listed, _ in several]}
    calls['["info"]'] = {"answer": {"SecurityOptions": []}}
    calls['["networks"]'] = {"answer": [{"Name": "inner", "Driver": "bridge", "Internal": False}]}
    calls['["volumes"]'] = {"answer": []}
    attributes = {"endpoint": "unix:///var/run/docker.sock", "engine": "docker", "local": True}
    api = replay({"attributes": attributes, "calls": calls}, EngineApi)
    return Opened(DockerProbe(api, None), api.endpoint, api.local, None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_live_engine_is_followed_at_its_end(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever judged: the process that is forked for it tells what others need to know."""
    monkeypatch.setitem(table.LIVE, "docker", f"{__name__}:open_docker")
    found = run("docker:*", jobs=jobs)
    ways = {
        name: [path.id for path in result.assessment.escape_paths if "+" in path.id]
        for name, result in found.items()
        if result.assessment is not None
    }
    assert {"ci", "dind", "web"} <= set(ways)
    assert any(way.startswith("ESC-204+") for way in ways["ci"])
    assert [] == ways["web"]
    assert found["ci"].assessment is not None
    [path] = [p for p in found["ci"].assessment.escape_paths if p.id.startswith("ESC-204+")][:1]
    assert "docker:dind" == path.steps[-1].target


def test_a_waiting_target_is_written_like_any_other(
    project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Streamed as JSON and as a table: none is lost, none stands twice."""
    from isoaudit.cli.app import run as command

    project()
    expected = {"asks", "proxy", "ci", "dind", "debug", "root", "writes", "reads", "runs"}
    capsys.readouterr()
    with pytest.raises(SystemExit):
        command(["scan", "compose.yaml", "-f", "json", "--report-only"])
    written = json.loads(capsys.readouterr().out)["targets"]
    targets = {one["name"]: one for one in written}
    assert (expected, len(expected)) == (set(targets), len(written))
    ways = [[step["target"] for step in path["steps"]] for path in targets["ci"]["escape_paths"]]
    assert ["", "compose:compose.yaml#dind"] in ways
    assert ("open", "host-root") == tuple(
        targets["ci"]["verdict"][key] for key in ("status", "goal")
    )
    with pytest.raises(SystemExit):
        command(["scan", "compose.yaml", "-f", "csv", "--report-only"])
    text = capsys.readouterr().out
    assert all(f"compose.yaml#{name}" in text for name in expected)
