"""The engine transport against a server on loopback: one round trip, errors, redaction."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from isoaudit.model import Reason
from isoaudit.transports import Unreadable
from isoaudit.transports.docker import connect
from isoaudit.transports.engine_redaction import redact_inspect, redact_listed

VERSION = {"ApiVersion": "1.41", "Version": "20.10", "Components": [{"Name": "Engine"}]}


class Server:
    """An engine made up of canned answers; `asked` are the paths requested."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {"/version": (200, VERSION)}
        self.asked: list[str] = []
        answers, asked = self.answers, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                status, answer = answers.get(self.path, (404, {"message": "no such thing"}))
                body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"tcp://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve until the test is over, without a proxy in between."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one = Server()
    yield one
    one.close()


def test_connecting_asks_once_and_pins_the_api_version(server: Server) -> None:
    """One request tells engine and API version; all others use that version."""
    server.answers["/v1.41/info"] = (200, {"Name": "far"})
    api = connect(server.uri, 5)
    assert ("docker", False, server.uri) == (api.engine, api.local, api.endpoint)
    assert {"Name": "far"} == api.info() == api.info()
    assert VERSION == api.version()
    assert ["/version", "/v1.41/info"] == server.asked
    api.close()


def test_podman_is_known_by_its_components(server: Server) -> None:
    """The version answer names the engine, not the address."""
    components = [{"Name": "Podman Engine"}, "odd"]
    server.answers["/version"] = (200, {"ApiVersion": "1.41", "Components": components})
    api = connect(server.uri, 5)
    assert "podman" == api.engine
    api.close()


def test_container_that_is_gone_has_vanished(server: Server) -> None:
    """HTTP 404 on an inspection means that the container is gone."""
    api = connect(server.uri, 5)
    with pytest.raises(Unreadable) as raised:
        api.inspect("web")
    assert Reason.VANISHED is raised.value.reason
    api.close()


def test_an_exec_session_comes_without_secrets(server: Server) -> None:
    """One GET tells of a session; its command line is redacted like that of a container."""
    config = {"entrypoint": "sh", "arguments": ["--password", "hunter2"], "user": "0"}
    server.answers["/v1.41/exec/e1/json"] = (200, {"Running": True, "ProcessConfig": config})
    api = connect(server.uri, 5)
    answer = api.execution("e1")
    api.close()
    assert ("0", True) == (answer["ProcessConfig"]["user"], answer["Running"])
    assert "hunter2" not in json.dumps(answer)


def test_an_exec_session_that_is_gone_has_vanished(server: Server) -> None:
    """HTTP 404 means that it has ended and was forgotten."""
    api = connect(server.uri, 5)
    with pytest.raises(Unreadable) as raised:
        api.execution("e1")
    api.close()
    assert Reason.VANISHED is raised.value.reason


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (403, {"message": "no"}, Reason.PERMISSION_DENIED),
        (401, {"message": "no"}, Reason.PERMISSION_DENIED),
        (404, {"message": "no"}, Reason.UNREACHABLE),
        (500, {"message": "no"}, Reason.UNREACHABLE),
        (200, [], Reason.PARSE_ERROR),
        (200, {"ApiVersion": 7}, Reason.PARSE_ERROR),
        (200, {}, Reason.PARSE_ERROR),
        (200, "<html>", Reason.PARSE_ERROR),
    ],
)
def test_what_is_no_engine_is_refused(
    server: Server, status: int, answer: Any, reason: Reason
) -> None:
    """A server that answers something else gives a reason, never a crash."""
    server.answers["/version"] = (status, answer)
    with pytest.raises(Unreadable) as raised:
        connect(server.uri, 5)
    assert reason is raised.value.reason


def test_list_with_odd_entries_is_refused(server: Server) -> None:
    """A container list of something else than objects is a parse error."""
    server.answers["/v1.41/containers/json?limit=-1&all=1&size=0&trunc_cmd=0"] = (200, ["web"])
    api = connect(server.uri, 5)
    with pytest.raises(Unreadable) as raised:
        api.containers()
    assert Reason.PARSE_ERROR is raised.value.reason
    api.close()


LISTS = {"networks": "/v1.41/networks?filters=%7B%7D", "plugins": "/v1.41/plugins"}


@pytest.mark.parametrize("name", LISTS)
def test_networks_and_plugins_come_without_secrets(server: Server, name: str) -> None:
    """One request each; options, environments and arguments are redacted."""
    one = {
        "Name": "n",
        "Options": {"password": "hunter2"},
        "Settings": {"Env": ["TOKEN=hunter2"], "Args": ["--password=hunter2"]},
        "Config": {"Env": [{"Name": "TOKEN", "Value": "hunter2"}], "Args": {"Value": ["hunter2"]}},
    }
    server.answers[LISTS[name]] = (200, [one])
    api = connect(server.uri, 5)
    (answer,) = getattr(api, name)()
    assert "n" == answer["Name"]
    assert "hunter2" not in json.dumps(answer)
    assert ["/version", LISTS[name]] == server.asked
    api.close()


@pytest.mark.parametrize("answer", [{"Volumes": []}, ["odd"]])
def test_networks_of_another_shape_are_refused(server: Server, answer: Any) -> None:
    """What is no list of objects is a parse error."""
    server.answers[LISTS["networks"]] = (200, answer)
    api = connect(server.uri, 5)
    with pytest.raises(Unreadable) as raised:
        api.networks()
    assert Reason.PARSE_ERROR is raised.value.reason
    api.close()


def test_silent_server_times_out() -> None:
    """A server that takes the connection and never answers is a timeout."""
    with socket.create_server(("127.0.0.1", 0)) as one, pytest.raises(Unreadable) as raised:
        connect(f"tcp://127.0.0.1:{one.getsockname()[1]}", 0.2)
    assert Reason.TIMEOUT is raised.value.reason


def test_absent_socket_is_unreachable(tmp_path: Path) -> None:
    """A socket that does not exist is unreachable, and provably absent."""
    with pytest.raises(Unreadable) as raised:
        connect(f"unix://{tmp_path}/none.sock", 1)
    assert (Reason.UNREACHABLE, True) == (raised.value.reason, raised.value.absent)


def test_socket_nobody_listens_at_is_unreachable(tmp_path: Path) -> None:
    """A socket left behind by an engine that stopped refuses the connection."""
    path = str(tmp_path / "left.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    with pytest.raises(Unreadable) as raised:
        connect(f"unix://{path}", 1)
    assert (Reason.UNREACHABLE, False) == (raised.value.reason, raised.value.absent)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become someone else")
def test_socket_of_someone_else_is_denied(tmp_path: Path) -> None:
    """Without rights on the socket the reason is permission, and the hint names the group."""
    path = str(tmp_path / "closed.sock")
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(path)
        closed.listen()
        os.chmod(path, 0o600)
        connect_once_to_load_the_sdk(tmp_path)
        os.seteuid(65534)
        try:
            with pytest.raises(Unreadable) as raised:
                connect(f"unix://{path}", 1)
        finally:
            os.seteuid(0)
    assert Reason.PERMISSION_DENIED is raised.value.reason
    assert "group" in raised.value.remedy


def connect_once_to_load_the_sdk(tmp_path: Path) -> None:
    """Import everything while still root: its files may be closed to others."""
    with pytest.raises(Unreadable):
        connect(f"unix://{tmp_path}/none.sock", 1)


def test_socket_address_does_not_load_paramiko(tmp_path: Path) -> None:
    """Only an ssh:// address pays for the SSH library."""
    script = (
        "import sys\n"
        "from isoaudit.transports import Unreadable\n"
        "from isoaudit.transports.docker import connect\n"
        "def loaded(uri):\n"
        "    try:\n"
        "        connect(uri, 1)\n"
        "    except Unreadable:\n"
        "        pass\n"
        "    return 'paramiko' in sys.modules\n"
        f"print(loaded('unix://{tmp_path}/none.sock'), loaded('ssh://nobody@127.0.0.1:1'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    assert "False True" == done.stdout.strip()


def test_inspection_comes_without_secrets() -> None:
    """Environment, command lines, labels, options and health output are redacted at any depth."""
    secret = "hunter2-planted"
    answer = {
        "Path": "web",
        "Args": ["--password", secret, f"--token={secret}"],
        "Config": {
            "Env": [f"DB_PASSWORD={secret}", f"PLAIN={secret}", "BARE"],
            "Cmd": ["sh", "-c", f"exec web --db-password={secret}"],
            "Entrypoint": None,
            "Labels": {"app.secret": secret, "app.name": "web"},
            "Healthcheck": {"Test": ["CMD", "curl", "--password", secret]},
        },
        "HostConfig": {
            "LogConfig": {"Config": {"splunk-token": secret, "tag": "web"}},
            "Mounts": [
                {"VolumeOptions": {"DriverConfig": {"Options": {"o": f"password={secret}"}}}}
            ],
        },
        "State": {"Error": f"cannot reach proto://user:{secret}@far", "Health": {"Log": [secret]}},
    }
    redacted = redact_inspect(answer)
    assert secret not in json.dumps(redacted)
    assert "web" == redacted["Config"]["Labels"]["app.name"]
    assert ["DB_PASSWORD=[redacted:secret]", "PLAIN=[redacted]", "BARE"] == redacted["Config"][
        "Env"
    ]


@pytest.mark.parametrize("odd", ["A=hunter2", {"A": "hunter2"}, 7, None])
def test_environment_of_another_shape_is_hidden(odd: object) -> None:
    """What is not the list it should be is not let through."""
    assert "hunter2" not in json.dumps(redact_inspect({"Config": {"Env": odd}}))


def test_listed_command_line_is_taken_out() -> None:
    """The list gives command lines unsplit, which cannot be redacted word by word."""
    assert {"Id": "x", "Command": "[redacted]"} == redact_listed({"Id": "x", "Command": "web -p s"})
