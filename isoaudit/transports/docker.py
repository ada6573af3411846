"""Container engines over docker's HTTP API.

Through the low-level client of the docker SDK; a local socket, for which the SDK is too much, is
asked directly.

Only GET requests. Podman's compatible API answers the same client. Reference: Docker Engine API.
"""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.engine_redaction import redact_engine, redact_inspect, redact_listed

_SSH_MODULE = "docker.transport.sshconn"
_IMPORT = threading.Lock()


class DockerApi:
    """One engine behind one endpoint; every method raises Unreadable.

    `engine` is what the version answer says: docker or podman. `local` is true for a unix socket,
    which says where the socket is, not where the engine is: probes prove that by other means.
    """

    def __init__(self, endpoint: str, client: Any, version: dict[str, Any]) -> None:
        self.endpoint = endpoint
        self.local = endpoint.startswith("unix://")
        self.engine = _engine(version)
        self._client = client
        self._version = version
        self._info: dict[str, Any] | None = None
        self._networks: list[dict[str, Any]] | None = None

    def version(self) -> dict[str, Any]:
        """Return the answer of GET /version, asked for once when connecting."""
        return self._version

    def info(self) -> dict[str, Any]:
        """Return the answer of GET /info, asked for once."""
        if self._info is None:
            self._info = redact_engine(_mapping(self._ask(self._client.info), "/info"))
        return self._info

    def containers(self) -> list[dict[str, Any]]:
        """Return the answer of GET /containers/json?all=1, command lines taken out."""
        answer = self._ask(lambda: self._client.containers(all=True))
        return [redact_listed(entry) for entry in _mappings(answer, "/containers/json")]

    def inspect(self, container: str) -> dict[str, Any]:
        """Return the answer of GET /containers/ID/json, secrets taken out."""
        answer = self._ask(lambda: self._client.inspect_container(container), "no such container")
        return redact_inspect(_mapping(answer, "/containers/ID/json"))

    def image(self, image: str) -> dict[str, Any]:
        """Return the answer of GET /images/ID/json, secrets taken out."""
        answer = self._ask(lambda: self._client.inspect_image(image), "no such image")
        return redact_inspect(_mapping(answer, "/images/ID/json"))

    def execution(self, session: str) -> dict[str, Any]:
        """Return the answer of GET /exec/ID/json, secrets taken out of its command line."""
        answer = self._ask(lambda: self._client.exec_inspect(session), "no such exec session")
        return redact_inspect(_mapping(answer, "/exec/ID/json"))

    def volumes(self) -> list[dict[str, Any]]:
        """Return the volumes that GET /volumes lists, secrets taken out of their options."""
        answer = _mapping(self._ask(self._client.volumes), "/volumes")
        listed = _mappings(answer.get("Volumes") or [], "/volumes")
        return [redact_engine(entry) for entry in listed]

    def networks(self) -> list[dict[str, Any]]:
        """Return the answer of GET /networks, without secrets in their options; asked for once."""
        if self._networks is None:
            answer = _mappings(self._ask(self._client.networks), "/networks")
            self._networks = [redact_engine(entry) for entry in answer]
        return self._networks

    def plugins(self) -> list[dict[str, Any]]:
        """Return the answer of GET /plugins without values of environments and arguments."""
        answer = self._ask(self._client.plugins)
        return [redact_engine(entry) for entry in _mappings(answer, "/plugins")]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, call: Callable[[], Any], absence: str = "") -> Any:
        return _ask(call, self.endpoint, absence)


def connect(uri: str, timeout: float, certificates: str = "") -> DockerApi:
    """Return the engine at `uri`; raises Unreadable if it does not answer within `timeout` seconds.

    One request is made: GET /version, whose answer is kept and gives the API version that all
    others use. `certificates` is a folder of ca.pem, cert.pem and key.pem for tcp:// over TLS.
    """
    if uri.startswith("unix://"):
        client_of = _socket_clients(uri, timeout)
    else:
        client_of = _sdk_clients(uri, timeout, certificates)

    def first() -> dict[str, Any]:
        asking = client_of("")
        try:
            return _mapping(asking.version(api_version=False), "/version")
        finally:
            asking.close()

    version = redact_engine(_ask(first, uri))
    api_version = version.get("ApiVersion")
    if not isinstance(api_version, str):
        raise _unexpected("/version")
    return DockerApi(uri, _ask(lambda: client_of(api_version), uri), version)


def _socket_clients(uri: str, timeout: float) -> Callable[[str], Any]:
    """Return what makes a client of a local socket for a version of the API."""
    from isoaudit.transports.unix_http import UnixClient

    return lambda version: UnixClient(uri.removeprefix("unix://"), timeout, version)


def _sdk_clients(uri: str, timeout: float, certificates: str) -> Callable[[str], Any]:
    """Return what makes a client of the docker SDK for a version of the API; "" is the oldest."""
    client_class = _client_class(ssh=uri.startswith("ssh://"))
    from docker.constants import MINIMUM_DOCKER_API_VERSION

    tls = _tls(certificates, uri)

    def client(version: str) -> Any:
        oldest = version or MINIMUM_DOCKER_API_VERSION
        return client_class(base_url=uri, version=oldest, timeout=timeout, tls=tls)

    return client


def _client_class(*, ssh: bool) -> Any:
    """Return docker.APIClient, loaded without its SSH transport unless that is needed.

    The SDK tries to import that transport, and with it paramiko, for every kind of address: a third
    of its start-up time. It takes an ImportError for "not installed" and goes on without, which is
    what a None in sys.modules makes Python raise. For an ssh:// address it is put back.
    """
    with _IMPORT:
        if "docker" not in sys.modules and not ssh:
            sys.modules[_SSH_MODULE] = None  # type: ignore[assignment]
            try:
                import docker
            finally:
                del sys.modules[_SSH_MODULE]
        import docker
        import docker.api.client

        if ssh and not hasattr(docker.api.client, "SSHHTTPAdapter"):
            from docker.transport.sshconn import SSHHTTPAdapter

            docker.api.client.SSHHTTPAdapter = SSHHTTPAdapter  # type: ignore[attr-defined,unused-ignore]
    return docker.APIClient


def _tls(folder: str, uri: str) -> Any:
    if not folder:
        return False
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    path = Path(folder)
    try:
        return TLSConfig(
            client_cert=(str(path / "cert.pem"), str(path / "key.pem")),
            ca_cert=str(path / "ca.pem"),
            verify=True,
        )
    except TLSParameterError as error:
        raise Unreadable(
            Reason.UNREACHABLE,
            f"{folder}: no usable ca.pem, cert.pem and key.pem",
            "Point DOCKER_CERT_PATH at a folder that holds all three.",
        ) from error


def _ask(call: Callable[[], Any], endpoint: str, absence: str = "") -> Any:
    """Return what `call` returns; every way in which a client fails becomes Unreadable.

    `absence` is what HTTP 404 means to this request, if it means that something is gone.
    """
    if endpoint.startswith("unix://"):
        return _ask_socket(call, endpoint, absence)
    import requests
    from docker.errors import APIError, DockerException

    try:
        return call()
    except APIError as error:
        raise _refused(error, endpoint, absence) from error
    except (requests.exceptions.RequestException, DockerException, OSError, ValueError) as error:
        raise _unreachable(error, endpoint) from error


def _ask_socket(call: Callable[[], Any], endpoint: str, absence: str) -> Any:
    """Do the same for a local socket's client, whose errors are Python's own."""
    from isoaudit.transports.unix_http import RefusedError

    try:
        return call()
    except RefusedError as error:
        raise _refused(error, endpoint, absence) from error
    except (OSError, ValueError) as error:
        raise _unreachable(error, endpoint) from error


def _refused(error: Any, endpoint: str, absence: str) -> Unreadable:
    """Return the Unreadable for an HTTP status that says no."""
    status = error.status_code
    if status == 404 and absence:
        return Unreadable(
            Reason.VANISHED, f"{endpoint}: {absence}", "Scan again: it is gone meanwhile."
        )
    if status in {401, 403}:
        return Unreadable(
            Reason.PERMISSION_DENIED,
            f"{endpoint}: the engine refuses the request (HTTP {status})",
            "Allow GET of /version, /info, /containers, /images, /exec, /volumes, /networks "
            "and /plugins.",
        )
    return Unreadable(
        Reason.UNREACHABLE,
        f"{endpoint}: what answers there says HTTP {status}",
        "Check the address, and look into the engine's log.",
    )


def _unreachable(error: Exception, endpoint: str) -> Unreadable:
    """Return the Unreadable for an answer that did not come, by the system error beneath."""
    chain = list(_chain(error))
    numbers = {e.errno for e in chain if isinstance(e, OSError)}
    if numbers & {errno.EACCES, errno.EPERM}:
        return Unreadable(
            Reason.PERMISSION_DENIED,
            f"{endpoint}: permission denied",
            "Run as root, or join the group that owns the socket (a member is as good as root).",
        )
    if any(isinstance(e, TimeoutError) or "timed out" in str(e) for e in chain):
        return Unreadable(
            Reason.TIMEOUT,
            f"{endpoint}: no answer in time",
            "Raise --timeout, or look at its load.",
        )
    if isinstance(error, ValueError):
        return Unreadable(
            Reason.PARSE_ERROR,
            f"{endpoint}: what answers there is no container engine, or not addressed rightly",
            "Check the address.",
        )
    absent = errno.ENOENT in numbers
    words = "no such socket" if absent else "no engine answers"
    return Unreadable(
        Reason.UNREACHABLE,
        f"{endpoint}: {words}",
        "Start the engine, or check the address.",
        absent=absent,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: its causes, and the errors among its arguments."""
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [e for e in (one.__cause__, one.__context__, *one.args) if _is_error(e)]
        reason = getattr(one, "reason", None)
        if isinstance(reason, BaseException):
            todo.append(reason)


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException)


def _engine(version: dict[str, Any]) -> str:
    """Return docker or podman, by the names of the components that the version answer lists."""
    components = version.get("Components")
    names = [
        str(component.get("Name", ""))
        for component in (components if isinstance(components, list) else [])
        if isinstance(component, dict)
    ]
    return "podman" if any("podman" in name.lower() for name in names) else "docker"


def _mapping(answer: Any, request: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _unexpected(request)
    return answer


def _mappings(answer: Any, request: str) -> list[dict[str, Any]]:
    if not isinstance(answer, list):
        raise _unexpected(request)
    return [_mapping(entry, request) for entry in answer]


def _unexpected(request: str) -> Unreadable:
    return Unreadable(
        Reason.PARSE_ERROR,
        f"GET {request}: not the answer of a container engine",
        "Check that the address is an engine's API.",
    )
