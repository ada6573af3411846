"""The sockets that running engines were told to listen at, wherever that is.

Sources: dockerd(8), podman-system-service(1), containerd(8) (--address, [grpc] address).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isoaudit.probes.docker.engine_options import Options
from isoaudit.probes.host.engines import containerd
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.sockets import Place
from isoaudit.probes.services import Service, is_api_service, option
from isoaudit.transports import Unreadable

_SCHEME = "unix://"


def own_sockets(
    sheet: Sheet,
    services: list[Service] | Unreadable,
    docker: list[Options] | Unreadable,
    unread: list[Unreadable],
) -> list[Place]:
    """Return each of them, adding to `unread` why there may be more."""
    found: list[Place] = []
    if isinstance(docker, Unreadable):
        unread.append(docker)
    else:
        for one in docker:
            found += _places("docker", _paths(one.hosts), rootless=one.rootless)
    for service in [] if isinstance(services, Unreadable) else services:
        try:
            found += _places(service.name, _of(sheet, service), rootless=service.rootless)
        except Unreadable as error:
            unread.append(error)
    return found


def _places(name: str, paths: Iterable[str], *, rootless: bool) -> list[Place]:
    # NOTE: /var/run is /run wherever systemd or a package has set it up, and one name is enough.
    usual = (f"/run/{p[9:]}" if p.startswith("/var/run/") else p for p in paths)
    return [Place(path, name, not rootless) for path in usual]


def _of(sheet: Sheet, service: Service) -> list[str]:
    if service.name == "podman" and is_api_service(service.words):
        return list(_paths(service.words))
    if service.name != "containerd":
        return []
    told = option(service.words, "address", "a")
    if not told:
        config = option(service.words, "config", "c") or containerd.CONFIG
        settings = containerd.read_containerd(sheet.files, config).settings
        told = settings.text("grpc", "address") or ""
    return [told] if told.startswith("/") else []


def _paths(addresses: tuple[str, ...]) -> Iterator[str]:
    for address in addresses:
        path = address.removeprefix(_SCHEME)
        if address.startswith(_SCHEME) and path.startswith("/"):
            yield path
