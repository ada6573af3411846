"""The `engine.*` facts of one container engine, from its own answers and its start options.

Sources: Docker Engine API (SystemInfo, SystemVersion), dockerd(8), podman-system-service(1).
"""

from __future__ import annotations

import re
from typing import Any

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.advisories import AUTHORIZATION
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.components import note_components, note_own_flaws
from isoaudit.probes.docker.engine_info import authorization_plugins, note_info
from isoaudit.probes.docker.engine_networks import note_networks
from isoaudit.probes.docker.engine_options import Options, service_options
from isoaudit.probes.docker.engine_place import note_place
from isoaudit.probes.docker.engine_plugins import note_plugins
from isoaudit.probes.docker.engine_settings import Told, note_settings
from isoaudit.transports import EngineApi, Files, Unreadable

_ACCESSIBLE = re.compile(r"API is accessible on (?:https?|tcp)://(\S+)")
_AS_ROOT = "Run isoaudit on the engine's own host, as root."


def engine_record(api: EngineApi, files: Files | None = None) -> Record:
    """Return the record of an engine that answers; `files` are those of this machine.

    What only its command line or configuration tells is missing for an engine elsewhere.
    """
    notes = Notes(Vantage.ENGINE)
    notes.fact("engine.name", api.engine, "version Components")
    notes.fact("engine.endpoint", api.endpoint, "address asked")
    notes.fact("engine.cri.enabled", False, f"{api.engine} takes no orders from Kubernetes")
    options = _options(api, files)
    info = _info(notes, api)
    version = _version(notes, api)
    here = files if isinstance(options, Options) else None
    note_components(notes, version, files)
    if info:
        needs = (AUTHORIZATION,) if authorization_plugins(info) else ()
        note_own_flaws(notes, version, api.engine, _of_what_runs(options, files), needs)
    _note_listeners(notes, options, info)
    networks = note_networks(notes, api)
    if api.engine == "docker":
        note_plugins(notes, api)
        note_settings(notes, Told(version, info, networks, options), here)
    note_place(notes, api, info, options, here)
    return notes.record()


def _options(api: EngineApi, files: Files | None) -> Options | Unreadable:
    """Return what the service was started with, or why that is not known."""
    if files is None or not api.local:
        return Unreadable(Reason.OTHER_HOST, "the engine's own options are on its host", _AS_ROOT)
    try:
        return service_options(files, api.engine, api.endpoint)
    except Unreadable as error:
        return error


def _of_what_runs(options: Options | Unreadable, files: Files | None) -> Files | Unreadable:
    """Return this machine's files if the program on it is the one that runs, else why not."""
    if isinstance(options, Unreadable) or files is None:
        return options if isinstance(options, Unreadable) else Unreadable(Reason.OTHER_HOST, "")
    try:
        program = files.read_link(f"/proc/{options.pid}/exe")
    except Unreadable as error:
        return error
    if program.endswith(" (deleted)"):
        detail = f"{program}: an update waits for the engine's restart"
        return Unreadable(Reason.NOT_SUPPORTED, detail, "Restart the engine.")
    return files


def _version(notes: Notes, api: EngineApi) -> dict[str, Any]:
    try:
        version = api.version()
    except Unreadable as error:
        for path in ("engine.version", "engine.containerd", "engine.runc"):
            notes.lacks(error.missing(path, Vantage.ENGINE))
        return {}
    stated = version.get("Version")
    if isinstance(stated, str) and stated:
        notes.fact("engine.version", stated, "version Version")
    else:
        detail = "version Version is not in the engine's answer"
        notes.missing("engine.version", Reason.NOT_SUPPORTED, detail)
    return version


def _info(notes: Notes, api: EngineApi) -> dict[str, Any]:
    try:
        info = api.info()
    except Unreadable as error:
        notes.lacks(error.missing("engine", Vantage.ENGINE))
        return {}
    note_info(notes, info, api.engine)
    return info


def _note_listeners(notes: Notes, options: Options | Unreadable, info: dict[str, Any]) -> None:
    """Note where the API listens on TCP, and where it does so without asking for certificates."""
    warned = _warned(info)
    if isinstance(options, Unreadable):
        _note_warned(notes, warned, options)
        return
    listeners = {host for host in options.hosts if host.startswith("tcp://")} | warned
    if options.unresolved and not listeners:
        error = Unreadable(Reason.NOT_SUPPORTED, options.unresolved, _AS_ROOT)
        _note_warned(notes, warned, error)
        return
    verified = options.flag("tlsverify", False)
    source = f"{options.source}, info Warnings" if warned else options.source
    notes.fact("engine.tcp_listeners", sorted(listeners), source)
    unprotected = warned if verified.value else listeners
    notes.fact("engine.tcp_unprotected", sorted(unprotected), source)


def _note_warned(notes: Notes, warned: set[str], error: Unreadable) -> None:
    """Note the listeners an engine itself warns of, which need not be all that there are."""
    for path in ("engine.tcp_listeners", "engine.tcp_unprotected"):
        if warned:
            notes.fact(path, sorted(warned), "info Warnings")
        else:
            notes.lacks(error.missing(path, Vantage.ENGINE))


def _warned(info: dict[str, Any]) -> set[str]:
    warnings = info.get("Warnings")
    texts = [w for w in warnings if isinstance(w, str)] if isinstance(warnings, list) else []
    found = (_ACCESSIBLE.search(text) for text in texts)
    return {f"tcp://{match[1].rstrip('.,')}" for match in found if match}
