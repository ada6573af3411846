"""The neighbours of a compose service, and the engine that it is told to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from compose_projects import probe, read, write
from declared_facts import Seen
from run_lines import run

PROXY = """
  proxy:
    image: {image}
    {more}
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
"""


def seen(folder: Path, text: str, service: str = "web", **files: str) -> Seen:
    """Return what is seen of one service of a project."""
    named = {name.replace("_", "."): content for name, content in files.items()}
    write(folder, {"compose.yaml": text, **named})
    return read(folder, service)


def neighbours(found: Seen) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the neighbours by their names and how they are reached."""
    plain = [
        {path.removeprefix("neighbour."): value for path, value in record.items()}
        for record in found.records("neighbour")
    ]
    return {(one["name"], one["through"]): one for one in plain}


def beside(proxy: str, more: str = "", web: str = "{image: web}") -> str:
    """Return a project of a service and one that holds the engine's socket."""
    return f"services:\n  web: {web}\n" + PROXY.format(image=proxy, more=more)


def test_who_holds_the_engines_socket_is_a_neighbour(tmp_path: Path) -> None:
    """On one network; whether it passes the socket on is not known of any image."""
    found = seen(tmp_path, beside("traefik"))
    assert {
        ("proxy", "network"): {
            "name": "proxy",
            "target": "compose:compose.yaml#proxy",
            "through": "network",
            "place": "default",
            "own": True,
            "engine_socket": "docker",
            "engine_of_user": False,
            "api": False,
        }
    } == neighbours(found)
    assert "" == found.incomplete("neighbour")


def test_a_rootless_engines_socket_is_known_by_where_it_lies(tmp_path: Path) -> None:
    """Below the folder of a user's session."""
    text = beside("traefik").replace("/var/run/docker.sock:", "/run/user/1000/docker.sock:", 1)

    assert neighbours(seen(tmp_path, text))["proxy", "network"]["engine_of_user"] is True


@pytest.mark.parametrize(
    ("image", "more", "passes_on", "scope"),
    [
        ("tecnativa/docker-socket-proxy:0.3", "environment: [CONTAINERS=1, POST=1]", True, "all"),
        ("lscr.io/linuxserver/socket-proxy", "environment: {CONTAINERS: 1}", True, "read"),
        ("tecnativa/docker-socket-proxy", "environment: [POST=1]", True, "little"),
        ("tecnativa/docker-socket-proxy", "", True, "little"),
        ("tecnativa/docker-socket-proxy", "environment: ['POST=${P}', CONTAINERS=1]", True, None),
        ("tecnativa/docker-socket-proxy", "env_file: gone.env", True, None),
        ("alpine/socat", "command: tcp-listen:2375,fork UNIX-CONNECT:/var/run/docker.sock",
         True, "all"),
        ("socket-proxy-lookalike", "", None, None),
    ],
)  # fmt: skip
def test_what_gets_through_a_proxy(
    tmp_path: Path, image: str, more: str, passes_on: bool | None, scope: str | None
) -> None:
    """Its variables say so, where its image is one that goes by them."""
    (one,) = neighbours(seen(tmp_path, beside(image, more))).values()
    assert (passes_on, scope) == (one.get("passes_on"), one.get("scope"))


@pytest.mark.parametrize(
    "web",
    [
        "{image: web, environment: {DOCKER_HOST: 'tcp://proxy:2375'}}",
        "{image: web, environment: ['CONTAINER_HOST=tcp://PROXY:2375']}",
        "{image: web, environment: {ENDPOINT: 'http://proxy:2375/v1'}}",
        "{image: web, command: [--providers.docker.endpoint=tcp://proxy:2375]}",
        "{image: web, links: ['proxy:engine'], environment: {DOCKER_HOST: 'tcp://engine:2375'}}",
        "{image: web, env_file: web.env}",
    ],
)
def test_who_is_told_to_ask_it_shows_that_it_passes_the_socket_on(tmp_path: Path, web: str) -> None:
    """By a variable of whatever name, or by its command."""
    found = seen(tmp_path, beside("edge", "", web), web_env="DOCKER_HOST=tcp://proxy:2375\n")
    (one,) = neighbours(found).values()
    assert (True, True) == (one["api"], one["passes_on"])


def test_others_see_that_it_is_passed_on_too(tmp_path: Path) -> None:
    """What one service asks, any other on the network can ask."""
    other = "  other: {image: x, environment: {DOCKER_HOST: 'tcp://proxy:2375'}}\n"
    (one,) = neighbours(seen(tmp_path, beside("edge") + other)).values()
    assert (False, True) == (one["api"], one["passes_on"])


def test_no_network_in_common_makes_no_neighbour(tmp_path: Path) -> None:
    """Nor does the socket's holder on another network."""
    text = beside("edge", "networks: [back]", "{image: web, networks: [front]}")
    found = seen(tmp_path, text + "networks: {front: {}, back: {}}\n")
    assert {} == neighbours(found)


@pytest.mark.parametrize(
    ("environment", "address", "place"),
    [
        ("{A: b}", "", "none"),
        ("{DOCKER_HOST: 'tcp://dind:2376'}", "tcp://dind:2376", "neighbour"),
        ("{DOCKER_HOST: 'tcp://host.docker.internal:2375'}",
         "tcp://host.docker.internal:2375", "host"),
        ("{DOCKER_HOST: 'tcp://boss:2375'}", "tcp://boss:2375", "host"),
        ("{DOCKER_HOST: 'tcp://localhost:2375'}", "tcp://localhost:2375", "itself"),
        ("{DOCKER_HOST: 'unix:///run/x.sock'}", "unix:///run/x.sock", "socket"),
        ("{DOCKER_HOST: 'ssh://me:pw@build.example'}", "ssh://build.example", "elsewhere"),
        ("{DOCKER_HOST: '', CONTAINER_HOST: 'tcp://dind'}", "tcp://dind", "neighbour"),
        ("{DOCKER_HOST: '${WHERE}'}", None, None),
        ("{DOCKER_HOST: 'what is this'}", None, None),
    ],
)  # fmt: skip
def test_where_it_is_told_that_an_engine_answers(
    tmp_path: Path, environment: str, address: str | None, place: str | None
) -> None:
    """The address is kept, users and passwords are not."""
    text = f"""
      services:
        web: {{image: web, environment: {environment}, extra_hosts: ['boss:host-gateway']}}
        dind: {{image: 'docker:dind', privileged: true}}
    """
    found = seen(tmp_path, text)
    told = [found.facts.get(f"container.engine_{name}") for name in ("address", "place")]
    assert [address, place] == told


def test_an_engine_of_its_own_is_a_neighbour_for_who_asks_it(tmp_path: Path) -> None:
    """It holds no socket of the host's; nobody else reaches it by more than a network."""
    text = """
      services:
        web: {image: web, environment: {DOCKER_HOST: 'tcp://dind:2376'}}
        dind: {image: 'docker:dind', privileged: true}
    """
    (one,) = neighbours(seen(tmp_path, text)).values()
    assert ("dind", "", True) == (one["name"], one["engine_socket"], one["api"])
    assert {} == neighbours(seen(tmp_path, text, "dind"))


def test_an_engine_in_the_same_network_namespace_is_asked_at_localhost(tmp_path: Path) -> None:
    """As runners of CI do that share their engine's network."""
    text = """
      services:
        web:
          image: web
          network_mode: service:dind
          environment: {DOCKER_HOST: 'tcp://localhost:2375'}
        dind: {image: 'docker:28-dind', privileged: true}
    """
    found = seen(tmp_path, text)
    assert "neighbour" == found.facts["container.engine_place"]
    assert True is neighbours(found)["dind", "net"]["api"]


def test_a_volume_makes_neighbours_if_one_of_the_two_writes(tmp_path: Path) -> None:
    """Each is told whether it may write itself; what both only read is nobody's way."""
    text = """
      services:
        web: {image: web, volumes: ['tools:/t', 'read:/r:ro', '/srv/x:/x', '/etc/localtime:/l']}
        job: {image: job, command: /opt/tools/run, volumes: ['tools:/opt/tools:ro', 'read:/r:ro']}
        log: {image: log, volumes: ['/srv/x:/y:ro', '/etc/localtime:/l']}
      volumes: {tools: {}, read: {}}
    """
    found = neighbours(seen(tmp_path, text))
    assert {("job", "volume"), ("log", "volume")} == set(found)
    job, log = found["job", "volume"], found["log", "volume"]
    assert ("tools", True, True) == (job["place"], job["writes"], job["runs_shared"])
    assert ("/srv/x", True, None) == (log["place"], log["writes"], log.get("runs_shared"))
    assert False is neighbours(seen(tmp_path, text, "job"))["web", "volume"]["writes"]


def test_a_path_of_the_host_may_have_others_still(tmp_path: Path) -> None:
    """So may a network made elsewhere; what is the project's alone is not."""
    bind = seen(tmp_path, "services: {web: {image: web, volumes: ['/srv/x:/x']}}")
    outside = seen(
        tmp_path,
        "services: {web: {image: web, networks: [out]}}\nnetworks: {out: {external: true}}",
    )
    own = seen(tmp_path, "services: {web: {image: web, volumes: ['own:/x']}}\nvolumes: {own: {}}")
    told = [bool(one.incomplete("neighbour")) for one in (bind, outside, own)]
    assert [True, True, False] == told


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("user: '0'", "user: '0'", True),
        ("user: '0'", "user: '0', cap_add: [NET_ADMIN]", False),
        ("user: '0', cap_add: [NET_ADMIN]", "user: '0', cap_add: [CAP_NET_ADMIN]", True),
        ("user: '0', privileged: true", "user: '0', cap_add: [NET_ADMIN]", True),
        ("user: '0'", "user: '0', privileged: true", False),
        ("user: '1000'", "user: '0'", False),
        ("image: x", "user: '0'", None),
        ("user: '0'", "user: '0', cap_drop: [ALL]", None),
        ("user: app", "user: app", None),
    ],
)
def test_who_may_be_traced_in_a_shared_pid_namespace(
    tmp_path: Path, mine: str, theirs: str, expected: bool | None
) -> None:
    """It takes the same user and no capability less; both see each other."""
    text = f"""
      services:
        web: {{{mine}, pid: 'service:app'}}
        app: {{{theirs}}}
    """
    found = neighbours(seen(tmp_path, text))
    assert expected is found["app", "pid"].get("traceable")
    assert ("web", "pid") in neighbours(seen(tmp_path, text, "app"))


def test_all_that_join_one_namespace_are_neighbours(tmp_path: Path) -> None:
    """By a service's name or its container's, over several hops."""
    text = """
      services:
        web: {image: web, pid: 'container:the-app'}
        job: {image: job, pid: 'service:web'}
        app: {image: app, container_name: the-app}
    """
    found = {name: set(neighbours(seen(tmp_path, text, name))) for name in ("web", "job", "app")}
    assert {
        "web": {("app", "pid"), ("job", "pid")},
        "job": {("app", "pid"), ("web", "pid")},
        "app": {("web", "pid"), ("job", "pid")},
    } == found


def test_services_that_join_each_other_in_a_circle_end(tmp_path: Path) -> None:
    """No engine starts them; reading them ends all the same."""
    text = "services: {web: {pid: 'service:app'}, app: {pid: 'service:web'}}"
    assert set(neighbours(seen(tmp_path, text))) <= {("app", "pid")}


def test_a_stranger_whose_namespace_is_joined_is_a_neighbour(tmp_path: Path) -> None:
    """Nothing more is known of it than its name; a command line says as much."""
    text = "services: {web: {image: web, network_mode: 'container:vpn'}}"
    asked = run("docker run --network container:vpn nginx")
    for found in (seen(tmp_path, text), asked):
        (one,) = neighbours(found).values()
        assert {"name": "vpn", "through": "net", "place": "", "own": False} == one


def test_a_service_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """What it shares is not known, so that nobody's neighbours are all there are."""
    text = "services: {web: {image: web}, bad: {image: x, volumes: [{type: bind}]}}"
    assert "service bad cannot be read" == seen(tmp_path, text).incomplete("neighbour")


def test_a_crowd_is_cut_off(tmp_path: Path) -> None:
    """A hundred services on one volume make 64 records each, and say that there are more."""
    services = "".join(f"  s{n}: {{image: x, volumes: ['own:/v']}}\n" for n in range(100))
    write(tmp_path, {"compose.yaml": f"services:\n{services}volumes: {{own: {{}}}}\n"})
    opened = probe(tmp_path)
    (part,) = opened.collect(opened.find()[0]).parts["neighbour"]
    assert (64, True) == (len(part.records), part.incomplete is not None)


def test_too_many_holders_of_a_socket_are_not_all_looked_at(tmp_path: Path) -> None:
    """Nobody's neighbours are then all there are."""
    socket = "volumes: ['/run/docker.sock:/s']"
    services = "".join(f"  s{n}: {{image: x, {socket}, networks: [n{n}]}}\n" for n in range(80))
    found = seen(tmp_path, f"services:\n  web: {{image: web}}\n{services}")
    assert "more than 64 services hold an engine's socket" == found.incomplete("neighbour")
