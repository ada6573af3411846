"""containerd and CRI-O as records of the part `engine`, from files and command lines alone.

They have no API that answers without a gRPC client, so that what stands here is what they were
told, never what they do.
"""

from __future__ import annotations

from collections.abc import Iterable

from isoaudit.model import Reason, Record, Value, Vantage
from isoaudit.probes.addresses import is_loopback
from isoaudit.probes.base import Notes
from isoaudit.probes.data_root import note_data_root
from isoaudit.probes.flaws import PACKAGES, Component, note_flaws
from isoaudit.probes.host.engines import containerd, crio
from isoaudit.probes.host.engines.toml import Settings
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.packages import STATUS, installed_version
from isoaudit.probes.services import Service, absolute, option
from isoaudit.transports import Unreadable

CRI_SERVICES = {"containerd": "containerd", "crio": "cri-o"}
"""The engines that are known by their files alone, by the names of their processes."""

_CONFIGS = {"cri-o": crio.CONFIG, "containerd": containerd.CONFIG}
_PROGRAMS = {
    "cri-o": ("/usr/bin/crio", "/usr/local/bin/crio"),
    "containerd": ("/usr/bin/containerd", "/usr/local/bin/containerd"),
}
"""Where the programs lie; the first is where packages put them."""

_OWN_BUILDS = frozenset({"containerd.io", "cri-o"})
"""Packages that the projects' own makers build from upstream's tags."""


def note_cri_engines(sheet: Sheet, services: list[Service] | Unreadable) -> None:
    """Note the part engine: a containerd or CRI-O that runs, or has a configuration to run by."""
    unread: list[Unreadable] = []
    if isinstance(services, Unreadable):
        unread.append(services)
        services = []
    # NOTE: a containerd that dockerd started is set up by dockerd, which tells of it itself.
    dockers = {service.pid for service in services if service.name == "dockerd"}
    own = [s for s in services if s.name in CRI_SERVICES and s.parent not in dockers]
    records = [_running(sheet, service) for service in own]
    seen = {record.facts["engine.config"].value for record in records}
    for name, path in _CONFIGS.items():
        there = sheet.stat(path)
        if isinstance(there, Unreadable):
            unread.append(there)
        elif there is not None and path not in seen and _installed_here(sheet, name):
            records.append(_record(sheet, name, path, None))
    incomplete = unread_part("engine", unread, Vantage.DECLARED)
    sheet.declared.part("engine", records, incomplete)


def _installed_here(sheet: Sheet, name: str) -> bool:
    """Say whether a program may be there: a configuration that nothing reads is left over."""
    return any(sheet.exists(program) is not False for program in _PROGRAMS[name])


def _running(sheet: Sheet, service: Service) -> Record:
    name = CRI_SERVICES[service.name]
    config = option(service.words, "config", "c") or _CONFIGS[name]
    return _record(sheet, name, config, service)


def _record(sheet: Sheet, name: str, config: str, service: Service | None) -> Record:
    notes = Notes(Vantage.DECLARED)
    source = f"/proc/{service.pid}/cmdline" if service else f"stat {config}"
    notes.fact("engine.name", name, source)
    notes.fact("engine.endpoint", "", f"{name} is not asked: its configuration is read")
    notes.fact("engine.config", config, source)
    try:
        if name == "containerd":
            _note_containerd(sheet, notes, config, service)
        else:
            _note_crio(sheet, notes, config, service)
    except Unreadable as error:
        for branch in ("exposed_addresses", "service_addresses", "cri", "runtimes", "data_root"):
            notes.lacks(error.missing(f"engine.{branch}", notes.vantage))
    _note_version(sheet, notes, name, service)
    return notes.record()


def _note_containerd(sheet: Sheet, notes: Notes, config: str, service: Service | None) -> None:
    one = containerd.read_containerd(sheet.files, config)
    settings = one.settings
    words = service.words if service else ()
    root = option(words, "root") or settings.text("root") or containerd.ROOT
    _note_root(sheet, notes, root, service)
    _note_addresses(notes, containerd.addresses(one), settings)
    _note_runtimes(notes, one.runtimes, containerd.programs(one), settings.source("plugins"))
    notes.fact("engine.cri.enabled", one.cri_enabled, settings.source("disabled_plugins"))
    if not one.cri_enabled:
        return
    for path, key in (
        ("engine.cri.apparmor_disabled", "disable_apparmor"),
        ("engine.cri.selinux", "enable_selinux"),
    ):
        notes.fact(path, one.plugin().get(key) is True, settings.source("plugins", one.cri, key))
    unset = one.plugin().get("unset_seccomp_profile") or "unconfined"
    source = settings.source("plugins", one.cri, "unset_seccomp_profile")
    notes.fact("engine.cri.unset_seccomp_profile", str(unset), source)
    source = settings.source("plugins", one.cri, "containerd", "runtimes")
    notes.fact("engine.cri.host_devices", sorted(containerd.virtual_machines(one)), source)
    notes.fact("engine.cri.annotations", sorted({*containerd.pod_annotations(one)}), source)
    notes.fact("engine.cri.extra_capabilities", [], "containerd has no such setting")
    notes.fact("engine.cri.seccomp_unconfined", False, "containerd's own profile is built in")


def _note_crio(sheet: Sheet, notes: Notes, config: str, service: Service | None) -> None:
    words = service.words if service else ()
    settings = crio.read_crio(
        sheet.files, config, option(words, "config-dir", "d") or crio.DROP_INS
    )
    root = option(words, "root") or settings.text("crio", "root") or crio.ROOT
    _note_root(sheet, notes, root, service)
    _note_addresses(notes, crio.addresses(settings), settings)
    table, source = crio.runtimes(settings), settings.source("crio", "runtime", "runtimes")
    _note_runtimes(notes, table, crio.programs(settings), source)
    notes.fact("engine.cri.enabled", True, "CRI-O serves nothing else")
    facts: tuple[tuple[str, Value, str], ...] = (
        ("apparmor_disabled",
         settings.text("crio", "runtime", "apparmor_profile") == "unconfined", "apparmor_profile"),
        ("selinux", settings.flag("crio", "runtime", "selinux") is True, "selinux"),
        ("seccomp_unconfined",
         settings.text("crio", "runtime", "seccomp_profile") == "unconfined", "seccomp_profile"),
        ("extra_capabilities", tuple(crio.extra_capabilities(settings)), "default_capabilities"),
        ("annotations", tuple(sorted({*crio.pod_annotations(settings)})), "runtimes"),
        ("host_devices", (), "runtimes"),
    )  # fmt: skip
    for name, value, key in facts:
        notes.fact(f"engine.cri.{name}", value, settings.source("crio", "runtime", key))


def _note_root(sheet: Sheet, notes: Notes, root: str, service: Service | None) -> None:
    root = absolute(root.rstrip("/"), str(notes.record().facts["engine.name"].value))
    notes.fact("engine.data_root", root, "its configuration, or the default")
    if service is None and sheet.stat(root) is None:
        notes.fact("engine.data_root_open", False, f"{root} absent: it never ran")
        return
    note_data_root(notes, sheet.files, root)


def _note_addresses(notes: Notes, found: Iterable[tuple[str, str]], settings: Settings) -> None:
    """Note what listens beside the socket; a stream server on another port is chosen at start."""
    listed = [(purpose, address) for purpose, address in found]
    source = ", ".join(settings.paths) or "no configuration file: the defaults"
    told = [f"{purpose} {address}" for purpose, address in listed]
    exposed = [f"{purpose} {address}" for purpose, address in listed if not is_loopback(address)]
    notes.fact("engine.service_addresses", sorted(told), source)
    notes.fact("engine.exposed_addresses", sorted(exposed), source)


def _note_runtimes(
    notes: Notes, table: Iterable[str], programs: Iterable[str], source: str
) -> None:
    notes.fact("engine.runtimes.names", sorted(table), source)
    started = sorted({*programs})
    notes.fact("engine.runtimes.programs", started, source)
    if any("runsc" in program for program in started):
        notes.missing("engine.runtimes.arguments", Reason.NOT_SUPPORTED,
                      "gVisor's shim takes them from a file of its own",
                      "Look at the file that ConfigPath of the runtime names.")  # fmt: skip
    else:
        notes.fact("engine.runtimes.arguments", [], f"{source}: takes none")


def _note_version(sheet: Sheet, notes: Notes, name: str, service: Service | None) -> None:
    """Note the version of the package that the program comes from, if Debian's database knows."""
    path = "engine.containerd" if name == "containerd" else "engine"
    try:
        program = _program(sheet, name, service)
        package, version = _installed(sheet, name)
    except Unreadable as error:
        for fact in ("engine.version", f"{path}.known_vulnerable"):
            notes.lacks(error.missing(fact, notes.vantage))
        return
    stated = version.rpartition("-")[0] or version
    notes.fact("engine.version", stated, f"{STATUS} {package} {version}, of {program}")
    upstream = True if package in _OWN_BUILDS else None
    upstream = upstream if stated.replace(".", "").isdecimal() else False
    note_flaws(notes, path, Component(name, stated, version, upstream), sheet.files)


def _program(sheet: Sheet, name: str, service: Service | None) -> str:
    """Return the program that runs, or would; raises Unreadable if it is no package's."""
    usual = _PROGRAMS[name][0]
    if service is None:
        sheet.files.stat(usual)
        return usual
    path = sheet.files.read_link(f"/proc/{service.pid}/exe")
    if path.endswith(" (deleted)"):
        detail = f"{name} runs from a file that was replaced: an update waits for its restart"
        raise Unreadable(Reason.NOT_SUPPORTED, detail, f"systemctl restart {service.name}")
    if path != usual:
        raise Unreadable(Reason.NOT_SUPPORTED, f"{path} is not the package's {usual}")
    return path


def _installed(sheet: Sheet, name: str) -> tuple[str, str]:
    """Return the package that brings an engine, and its version; raises Unreadable."""
    for package in PACKAGES[name]:
        version = installed_version(sheet.files, package)
        if version:
            return package, version
    detail = f"{STATUS} knows none of {', '.join(PACKAGES[name])}"
    raise Unreadable(Reason.NOT_SUPPORTED, detail, f"Ask it: {name} --version")
