"""Where container engines may be reached from here, found without loading any SDK.

Sources: docker's documentation of DOCKER_HOST and of contexts (~/.docker/contexts), podman-system-
service(1) and podman(1) for the sockets and CONTAINER_HOST. Nothing is connected to.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoaudit.transports.local import is_socket

_MAX_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that an engine may answer at.

    `engine` is a guess by the address: docker or podman; the engine's own answer decides. `named`
    tells what the user's environment or current context names from a socket merely found.
    `certificates` is the folder of ca.pem, cert.pem and key.pem, or "".
    """

    engine: str
    uri: str
    found: str
    named: bool = False
    certificates: str = ""


def find_endpoints(environment: Mapping[str, str] | None = None, root: str = "") -> list[Endpoint]:
    """Return the endpoints of this machine, those that are named first, each socket once.

    `environment` defaults to the process's own; `root` is where the file system begins (tests).
    A folder that may not be listed hides its sockets: `isoaudit doctor` says so, nothing here does.
    """
    env = os.environ if environment is None else environment
    seen: set[str] = set()
    endpoints: list[Endpoint] = []
    for endpoint in (*_named(env), *_contexts(env), *_sockets(env, root)):
        key = _identity(endpoint.uri)
        if key not in seen:
            seen.add(key)
            endpoints.append(endpoint)
    return endpoints


def _named(env: Mapping[str, str]) -> Iterator[Endpoint]:
    host = env.get("DOCKER_HOST")
    if host:
        folder = ""
        if env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_CERT_PATH"):
            folder = env.get("DOCKER_CERT_PATH") or str(_config_folder(env))
        yield Endpoint(_guess(host), host, "DOCKER_HOST", named=True, certificates=folder)
    host = env.get("CONTAINER_HOST")
    if host:
        yield Endpoint("podman", host, "CONTAINER_HOST", named=True)


def _contexts(env: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield the docker contexts; the current one counts as named unless DOCKER_HOST is set."""
    folder = _config_folder(env)
    current = env.get("DOCKER_CONTEXT") or _read(folder / "config.json").get("currentContext", "")
    found: list[Endpoint] = []
    for meta in _listed(folder, "contexts/meta/*/meta.json"):
        data = _read(meta)
        name, endpoints = data.get("Name"), data.get("Endpoints")
        docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
        host = docker.get("Host") if isinstance(docker, dict) else None
        if not isinstance(name, str) or not isinstance(host, str) or not host:
            continue
        digest = hashlib.sha256(name.encode()).hexdigest()
        tls = folder / "contexts" / "tls" / digest / "docker"
        named = name == current and not env.get("DOCKER_HOST")
        certificates = str(tls) if os.path.isdir(tls) else ""
        found.append(Endpoint(_guess(host), host, f"docker context {name}", named, certificates))
    yield from sorted(found, key=lambda endpoint: not endpoint.named)


def _sockets(env: Mapping[str, str], root: str) -> Iterator[Endpoint]:
    """Yield the sockets that exist at the usual places, rootful ones first."""
    places = [
        ("docker", f"{root}/var/run/docker.sock"),
        ("podman", f"{root}/run/podman/podman.sock"),
    ]
    folders = [env.get("XDG_RUNTIME_DIR", "")]
    folders += [str(folder) for folder in _listed(Path(f"{root}/run/user"), "*")]
    for folder in folders:
        if folder:
            places.append(("docker", f"{folder}/docker.sock"))
            places.append(("podman", f"{folder}/podman/podman.sock"))
    for engine, path in places:
        if is_socket(path):
            yield Endpoint(engine, f"unix://{path}", f"socket {path}")


def _identity(uri: str) -> str:
    """Return what two addresses of the same socket have in common."""
    scheme, separator, path = uri.partition("://")
    if separator and scheme == "unix":
        return f"unix://{os.path.realpath(path)}"
    return uri.rstrip("/")


def _guess(uri: str) -> str:
    return "podman" if "podman" in uri else "docker"


def _config_folder(env: Mapping[str, str]) -> Path:
    folder = env.get("DOCKER_CONFIG")
    return Path(folder) if folder else Path(env.get("HOME", "/")) / ".docker"


def _listed(folder: Path, pattern: str) -> list[Path]:
    """Return what a folder holds, nothing if it may not be read (a home that is not one's own)."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON object of docker's configuration, or an empty one if it is not readable."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
