"""What every container of the system's podman gets by its configuration, defaults resolved.

Sources: containers.conf(5) (files, their order, defaults), containers-storage.conf(5) (the first
file found stands alone). What an account sets for itself below its home is not read.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.defaults import PODMAN_CAPABILITIES
from isoaudit.probes.host.engines.toml import Settings, drop_ins, read_if_there, read_toml
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports import Files, Unreadable

PROGRAMS = ("/usr/bin/podman", "/usr/local/bin/podman")
SHIPPED = "/usr/share/containers/containers.conf"
SYSTEM = "/etc/containers/containers.conf"
DROP_INS = "/etc/containers/containers.conf.d"
STORAGE = ("/etc/containers/storage.conf", "/usr/share/containers/storage.conf")
GRAPH_ROOT = "/var/lib/containers/storage"
_PIDS = 2048
_SHIPPED_PROFILES = frozenset(
    {"", "/usr/share/containers/seccomp.json", "/etc/containers/seccomp.json"}
)
_NAMESPACES = {
    "cgroupns": "cgroup",
    "ipcns": "ipc",
    "netns": "net",
    "pidns": "pid",
    "utsns": "uts",
}
"""Keys of the namespaces that podman makes by itself; a user namespace it does not (DMN-004)."""

_FACTS = ("labeling", "apparmor_profile", "seccomp_profile", "extra_capabilities",
          "host_namespaces", "pids_limited", "devices", "volumes", "no_new_privileges",
          "privileged", "cgroups")  # fmt: skip


def note_podman(sheet: Sheet) -> None:
    """Note whether podman is installed and, if so, what its configuration makes of containers."""
    there = [sheet.exists(path) for path in PROGRAMS]
    if True not in there and None in there:
        unread = sheet.stat(PROGRAMS[there.index(None)])
        if isinstance(unread, Unreadable):
            sheet.lacks("host.podman.present", unread)
        return
    source = PROGRAMS[there.index(True)] if True in there else f"{', '.join(PROGRAMS)} absent"
    sheet.kernel.fact("host.podman.present", True in there, source)
    if True in there:
        _note_containers(sheet)
        _note_storage(sheet)


def read_containers(files: Files) -> Settings:
    """Return containers.conf as root's podman reads it; raises Unreadable."""
    settings = Settings()
    for path in (SHIPPED, SYSTEM):
        data = read_if_there(files, path)
        if data is not None:
            settings.add(path, data)
    for path in drop_ins(files, DROP_INS, ".conf"):
        settings.add(path, read_toml(files, path))
    return settings


def _note_containers(sheet: Sheet) -> None:
    try:
        conf = read_containers(sheet.files)
    except Unreadable as error:
        for name in _FACTS:
            sheet.declared.lacks(error.missing(f"host.podman.{name}", sheet.declared.vantage))
        return
    _note_flags(sheet, conf)
    _note_confinement(sheet, conf)
    _note_grants(sheet, conf)
    limit = conf.number("containers", "pids_limit")
    limit = _PIDS if limit is None else limit
    source = conf.source("containers", "pids_limit")
    sheet.declared.fact("host.podman.pids_limited", limit > 0, source)
    if limit > 0:
        sheet.declared.fact("host.podman.pids_limit", limit, source)


def _note_flags(sheet: Sheet, conf: Settings) -> None:
    for name, key, default in (
        ("labeling", "label", True),
        ("no_new_privileges", "no_new_privileges", False),
        ("privileged", "privileged", False),
    ):
        set_to = conf.flag("containers", key)
        value = default if set_to is None else set_to
        sheet.declared.fact(f"host.podman.{name}", value, conf.source("containers", key))


def _note_confinement(sheet: Sheet, conf: Settings) -> None:
    """Note the profiles: `default` is the one that podman brings."""
    apparmor = conf.text("containers", "apparmor_profile") or ""
    shipped = not apparmor or apparmor.startswith("containers-default")
    source = conf.source("containers", "apparmor_profile")
    sheet.declared.fact("host.podman.apparmor_profile", "default" if shipped else apparmor, source)
    seccomp = conf.text("containers", "seccomp_profile") or ""
    word = seccomp if seccomp == "unconfined" else "custom"
    word = "default" if seccomp in _SHIPPED_PROFILES else word
    source = conf.source("containers", "seccomp_profile")
    sheet.declared.fact("host.podman.seccomp_profile", word, source)
    cgroups = conf.text("containers", "cgroups") or "enabled"
    sheet.declared.fact("host.podman.cgroups", cgroups, conf.source("containers", "cgroups"))


def _note_grants(sheet: Sheet, conf: Settings) -> None:
    """Note what containers get beyond podman's own defaults."""
    listed = conf.texts("containers", "default_capabilities") or []
    names = {f"CAP_{name.upper().removeprefix('CAP_')}" for name in listed}
    source = conf.source("containers", "default_capabilities")
    extra = sorted(names - set(PODMAN_CAPABILITIES))
    sheet.declared.fact("host.podman.extra_capabilities", extra, source)
    shared = [kind for key, kind in _NAMESPACES.items() if conf.text("containers", key) == "host"]
    keys = [key for key in _NAMESPACES if conf.text("containers", key) == "host"] or ["netns"]
    source = ", ".join(conf.source("containers", key) for key in keys)
    sheet.declared.fact("host.podman.host_namespaces", sorted(shared), source)
    for name in ("devices", "volumes"):
        given = conf.texts("containers", name) or []
        sheet.declared.fact(f"host.podman.{name}", given, conf.source("containers", name))


def _note_storage(sheet: Sheet) -> None:
    """Note storage driver and folder as configured; podman picks the driver if none is named."""
    conf = Settings()
    try:
        for path in STORAGE:
            data = read_if_there(sheet.files, path)
            if data is not None:
                conf.add(path, data)
                break
    except Unreadable as error:
        for name in ("storage_driver", "graph_root"):
            sheet.declared.lacks(error.missing(f"host.podman.{name}", sheet.declared.vantage))
        return
    driver, source = conf.text("storage", "driver"), conf.source("storage", "driver")
    if driver:
        sheet.declared.fact("host.podman.storage_driver", driver, source)
    else:
        detail = f"{source}: podman picks one when it first starts"
        sheet.declared.missing("host.podman.storage_driver", Reason.NOT_DECLARED, detail)
    root = conf.text("storage", "graphroot") or GRAPH_ROOT
    sheet.declared.fact("host.podman.graph_root", root, conf.source("storage", "graphroot"))
