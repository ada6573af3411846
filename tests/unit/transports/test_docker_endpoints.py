"""Where engines are looked for: environment, contexts and sockets."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest

from isoaudit.transports.endpoints import Endpoint, find_endpoints


def listen(path: Path) -> str:
    """Make a socket file and return its address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    return f"unix://{path}"


def context(home: Path, name: str, host: object) -> Path:
    """Write a docker context and return the folder of its certificates."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker/contexts/meta" / digest
    folder.mkdir(parents=True)
    meta = {"Name": name, "Endpoints": {"docker": {"Host": host}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    return home / ".docker/contexts/tls" / digest / "docker"


def found(home: Path, **environment: str) -> list[Endpoint]:
    """Return the endpoints of a machine whose file system begins at `home`."""
    return find_endpoints({"HOME": str(home), **environment}, root=str(home))


def test_nothing_is_found_on_a_bare_machine(tmp_path: Path) -> None:
    """Without sockets and configuration there are no endpoints."""
    assert [] == found(tmp_path)


def test_home_that_cannot_be_read_holds_no_contexts(tmp_path: Path) -> None:
    """A home folder that the system refuses to look into costs nothing but its contexts."""
    uri = listen(tmp_path / "var/run/docker.sock")
    home = str(tmp_path / ("x" * 300))
    assert [uri] == [one.uri for one in find_endpoints({"HOME": home}, root=str(tmp_path))]


def test_sockets_of_both_engines_and_of_users(tmp_path: Path) -> None:
    """Rootful sockets come first, then those of every user."""
    uris = [
        listen(tmp_path / place)
        for place in (
            "var/run/docker.sock",
            "run/podman/podman.sock",
            "run/user/1000/docker.sock",
            "run/user/1000/podman/podman.sock",
        )
    ]
    seen = found(tmp_path)
    assert uris == [endpoint.uri for endpoint in seen]
    assert ["docker", "podman"] * 2 == [endpoint.engine for endpoint in seen]
    assert not any(endpoint.named for endpoint in seen)


def test_socket_reached_by_two_names_is_one_endpoint(tmp_path: Path) -> None:
    """A link to a folder, and DOCKER_HOST naming the same socket, add nothing."""
    uri = listen(tmp_path / "run/docker.sock")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to(tmp_path / "run")
    (one,) = found(tmp_path, DOCKER_HOST=uri, XDG_RUNTIME_DIR=str(tmp_path / "run"))
    assert (uri, "DOCKER_HOST", True) == (one.uri, one.found, one.named)


def test_docker_host_with_certificates(tmp_path: Path) -> None:
    """TLS material stands where the environment says, else in docker's folder."""
    host = {"DOCKER_HOST": "tcp://far:2376", "DOCKER_TLS_VERIFY": "1"}
    assert [f"{tmp_path}/.docker"] == [e.certificates for e in found(tmp_path, **host)]
    (one,) = found(tmp_path, **host, DOCKER_CERT_PATH="/certs")
    assert "/certs" == one.certificates


def test_container_host_names_podman(tmp_path: Path) -> None:
    """CONTAINER_HOST is podman's."""
    (one,) = found(tmp_path, CONTAINER_HOST="ssh://far/run/podman/podman.sock")
    assert ("podman", True) == (one.engine, one.named)


def test_current_context_is_named_and_first(tmp_path: Path) -> None:
    """Every context is an endpoint; the current one was chosen by the user."""
    context(tmp_path, "a", "tcp://a:2375")
    context(tmp_path, "b", "tcp://b:2376").mkdir(parents=True)
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "b"}')
    b, a = found(tmp_path)
    assert ("tcp://b:2376", True, "docker context b") == (b.uri, b.named, b.found)
    assert b.certificates.endswith("/docker")
    assert ("tcp://a:2375", False, "") == (a.uri, a.named, a.certificates)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"Endpoints": 1, "Name": 2}'])
def test_broken_context_is_left_out(tmp_path: Path, text: str) -> None:
    """A context file that says nothing usable is no endpoint."""
    context(tmp_path, "a", None)
    (meta,) = (tmp_path / ".docker").glob("contexts/meta/*/meta.json")
    meta.write_text(text)
    (tmp_path / ".docker/config.json").write_text(text)
    assert [] == found(tmp_path)


def test_file_that_is_no_socket_is_left_out(tmp_path: Path) -> None:
    """Only sockets count."""
    (tmp_path / "var/run").mkdir(parents=True)
    (tmp_path / "var/run/docker.sock").write_text("")
    assert [] == found(tmp_path)
