"""The engine API over a local socket: HTTP GET over connections that are kept.

It stands in for the docker SDK's client where nothing of what that can do is needed (TLS, SSH,
proxies): loading the SDK takes longer than asking dockerd about a hundred containers.
"""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote

_MAX_ANSWER = 256 * 1024 * 1024
"""Most bytes of one answer: a list of 100,000 containers."""


class RefusedError(Exception):
    """The engine answered with an HTTP status that says no."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"HTTP {status_code}")
        self.status_code = status_code


class UnixClient:
    """The requests that isoaudit makes, named as the docker SDK's APIClient names them.

    Every method raises RefusedError, OSError (TimeoutError where no answer comes in time), or
    ValueError for an answer that is not an engine's. Threads may use one client at the same time.
    """

    def __init__(self, path: str, timeout: float, version: str = "") -> None:
        self._path = path
        self._timeout = timeout
        self._prefix = f"/v{version}" if version else ""
        self._idle: list[_Connection] = []

    def version(self, *, api_version: bool = True) -> Any:
        """Return the answer of GET /version."""
        return self._get("/version" if not api_version else f"{self._prefix}/version")

    def info(self) -> Any:
        """Return the answer of GET /info."""
        return self._get(f"{self._prefix}/info")

    def containers(self, *, all: bool = False) -> Any:
        """Return the answer of GET /containers/json; `all` includes those that do not run."""
        return self._get(f"{self._prefix}/containers/json?all={int(all)}")

    def inspect_container(self, container: str) -> Any:
        """Return the answer of GET /containers/ID/json."""
        return self._get(f"{self._prefix}/containers/{quote(container, safe='')}/json")

    def inspect_image(self, image: str) -> Any:
        """Return the answer of GET /images/ID/json."""
        return self._get(f"{self._prefix}/images/{quote(image, safe='')}/json")

    def exec_inspect(self, session: str) -> Any:
        """Return the answer of GET /exec/ID/json."""
        return self._get(f"{self._prefix}/exec/{quote(session, safe='')}/json")

    def volumes(self) -> Any:
        """Return the answer of GET /volumes."""
        return self._get(f"{self._prefix}/volumes")

    def networks(self) -> Any:
        """Return the answer of GET /networks."""
        return self._get(f"{self._prefix}/networks")

    def plugins(self) -> Any:
        """Return the answer of GET /plugins."""
        return self._get(f"{self._prefix}/plugins")

    def close(self) -> None:
        """Close the connections that no request is using."""
        while self._idle:
            self._idle.pop().close()

    def _get(self, target: str) -> Any:
        reused = bool(self._idle)
        try:
            status, body = self._exchange(target)
        except ConnectionError:
            if not reused:
                raise
            # The engine closed a connection that was kept: asking again opens another one.
            self.close()
            status, body = self._exchange(target)
        if status >= 400:
            raise RefusedError(status)
        return json.loads(body)

    def _exchange(self, target: str) -> tuple[int, bytes]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _Connection(self._path, self._timeout)
        try:
            connection.request("GET", target, headers={"Host": "localhost"})
            answer = connection.getresponse()
            body = _body(answer)
        except HTTPException as error:
            connection.close()
            if isinstance(error, ConnectionError):
                raise
            raise ValueError(f"not HTTP: {error}") from error
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer.status, body


class _Connection(HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of to a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _body(answer: HTTPResponse) -> bytes:
    body = answer.read(_MAX_ANSWER + 1)
    if len(body) > _MAX_ANSWER:
        raise ValueError("an answer without end")
    return body
