"""Engines by what lies on the host: sockets, configuration, programs, keys; nothing is asked."""

from __future__ import annotations

from isoaudit.probes.docker.engine_options import Options, dockerd_options
from isoaudit.probes.host.config_files import note_config_files
from isoaudit.probes.host.engines.audit_rules import note_audit_rules
from isoaudit.probes.host.engines.certificates import note_certificates
from isoaudit.probes.host.engines.cri import CRI_SERVICES, note_cri_engines
from isoaudit.probes.host.engines.gpu import note_gpu_toolkit
from isoaudit.probes.host.engines.own_sockets import own_sockets
from isoaudit.probes.host.engines.podman import note_podman
from isoaudit.probes.host.engines.programs import note_programs
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.sockets import note_sockets
from isoaudit.probes.services import Service, option, running
from isoaudit.transports import Unreadable

__all__ = ["note_engines"]


def note_engines(sheet: Sheet) -> None:
    """Note what files and processes tell of container engines, each topic by itself."""
    services = _services(sheet)
    docker = _docker(sheet, services)
    unread: list[Unreadable] = []
    note_sockets(sheet, own_sockets(sheet, services, docker, unread), unread)
    note_config_files(sheet, _configurations(services, docker))
    note_cri_engines(sheet, services)
    note_podman(sheet)
    note_programs(sheet, docker)
    note_certificates(sheet, docker)
    note_gpu_toolkit(sheet)
    note_audit_rules(sheet)


def _services(sheet: Sheet) -> list[Service] | Unreadable:
    try:
        return running(sheet.files, {"dockerd", "podman", *CRI_SERVICES}, all_of_them=True)
    except Unreadable as error:
        return error


def _docker(sheet: Sheet, services: list[Service] | Unreadable) -> list[Options] | Unreadable:
    """Return the options of every dockerd that runs here."""
    if isinstance(services, Unreadable):
        return services
    try:
        return [dockerd_options(sheet.files, one) for one in services if one.name == "dockerd"]
    except Unreadable as error:
        return error


def _configurations(
    services: list[Service] | Unreadable, docker: list[Options] | Unreadable
) -> list[str]:
    """Return the files that engines of root were told to read, wherever they lie."""
    found: list[str] = []
    for one in [] if isinstance(docker, Unreadable) else docker:
        if not one.rootless:
            found += [one.config, one.text("seccomp-profile", "").value]
    for service in [] if isinstance(services, Unreadable) else services:
        if service.name in CRI_SERVICES and not service.rootless:
            found.append(option(service.words, "config", "c"))
    return [path for path in found if path.startswith("/")]
