"""The client of a local engine socket: kept connections, and every way in which an answer fails."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports import Unreadable
from isoaudit.transports.docker import connect
from isoaudit.transports.unix_http import RefusedError, UnixClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = (
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
)
REFUSING = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


class Engine:
    """A socket that sends raw answers, one per request, each connection its own list of them."""

    def __init__(self, path: Path, connections: list[list[bytes]]) -> None:
        self.asked: list[str] = []
        self.accepted = 0
        self._connections = connections
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answers in self._connections:
            connection, _ = self._listener.accept()
            self.accepted += 1
            with connection:
                for answer in answers:
                    request = connection.recv(65_536)
                    self.asked.append(request.decode().partition("\r\n")[0])
                    connection.sendall(answer)

    def close(self) -> None:
        """Wait for the last connection to end."""
        self._thread.join()
        self._listener.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    started: list[Engine] = []

    def start(*connections: list[bytes]) -> Engine:
        started.append(Engine(tmp_path / "engine.sock", list(connections)))
        return started[0]

    yield start
    for one in started:
        one.close()


@contextmanager
def client_at(folder: Path, version: str = "1.41") -> Iterator[UnixClient]:
    with closing(UnixClient(str(folder / "engine.sock"), 5, version)) as client:
        yield client


def test_one_connection_serves_every_request(engine: Callable[..., Engine], tmp_path: Path) -> None:
    """What was opened once is kept, and the version stands in front of every path."""
    server = engine([OK] * 6)
    with client_at(tmp_path) as client:
        client.info()
        client.containers(all=True)
        client.inspect_container("a/b")
        client.networks()
        client.plugins()
        client.exec_inspect("a/b")

    assert 1 == server.accepted
    assert [
        "GET /v1.41/info HTTP/1.1",
        "GET /v1.41/containers/json?all=1 HTTP/1.1",
        "GET /v1.41/containers/a%2Fb/json HTTP/1.1",
        "GET /v1.41/networks HTTP/1.1",
        "GET /v1.41/plugins HTTP/1.1",
        "GET /v1.41/exec/a%2Fb/json HTTP/1.1",
    ] == server.asked


def test_a_connection_the_engine_closed_is_opened_anew(
    engine: Callable[..., Engine], tmp_path: Path
) -> None:
    """A kept connection may have gone meanwhile; that is no failure."""
    server = engine([OK], [OK])
    with client_at(tmp_path) as client:
        client.info()
        client.info()

    assert 2 == server.accepted


def test_a_connection_that_is_to_be_closed_is_not_kept(
    engine: Callable[..., Engine], tmp_path: Path
) -> None:
    """`Connection: close` is obeyed."""
    server = engine([CLOSING], [OK])
    with client_at(tmp_path) as client:
        client.info()
        client.info()

    assert 2 == server.accepted


def test_a_chunked_answer_is_put_together(engine: Callable[..., Engine], tmp_path: Path) -> None:
    """Podman sends its lists in chunks."""
    engine([CHUNKED])
    with client_at(tmp_path) as client:
        assert {"a": 1} == client.info()


def test_a_status_that_says_no_is_refused(engine: Callable[..., Engine], tmp_path: Path) -> None:
    """The status is told, for what it means depends on the request."""
    engine([REFUSING])
    with client_at(tmp_path) as client, pytest.raises(RefusedError) as raised:
        client.info()
    assert 500 == raised.value.status_code


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", Reason.PARSE_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Reason.PARSE_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Reason.PARSE_ERROR),
        (b"", Reason.UNREACHABLE),
        (REFUSING, Reason.UNREACHABLE),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", Reason.PERMISSION_DENIED),
    ],
)
def test_what_is_no_engine_gives_a_reason(
    engine: Callable[..., Engine], tmp_path: Path, answer: bytes, reason: Reason
) -> None:
    """Something else behind the socket is told, never a crash."""
    engine([answer])
    with pytest.raises(Unreadable) as raised:
        connect(f"unix://{tmp_path}/engine.sock", 5)
    assert reason is raised.value.reason


def test_a_socket_that_never_answers_times_out(tmp_path: Path) -> None:
    """A connection that is taken and left alone ends with its time."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "engine.sock"))
        silent.listen()
        with pytest.raises(Unreadable) as raised:
            connect(f"unix://{tmp_path}/engine.sock", 0.2)
    assert Reason.TIMEOUT is raised.value.reason


def test_a_local_socket_does_not_load_the_sdk(tmp_path: Path) -> None:
    """Loading it takes longer than asking about a hundred containers."""

    script = (
        "import sys\n"
        "from isoaudit.transports import Unreadable\n"
        "from isoaudit.transports.docker import connect\n"
        "try:\n"
        f"    connect('unix://{tmp_path}/none.sock', 1)\n"
        "except Unreadable:\n"
        "    print('docker' in sys.modules, 'requests' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "False False" == done.stdout.strip()
