"""How libvirt's daemons and its QEMU driver are configured, defaults resolved.

Sources: libvirtd(8), the comments of the shipped libvirtd.conf and qemu.conf (defaults),
libvirt.org/daemons.html (systemd sockets decide who listens where they are in use).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.probes.host.identity import os_release
from isoaudit.probes.host.libvirt_syntax import Setting, parse
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_FOLDER = "/etc/libvirt"
_LOCAL = {"libvirtd": "libvirtd.conf", "virtqemud": "virtqemud.conf"}
_REMOTE = {"libvirtd": "libvirtd.conf", "virtproxyd": "virtproxyd.conf"}
_SIGNS = (
    ("libvirtd", "/usr/sbin/libvirtd"),
    ("virtqemud", "/usr/sbin/virtqemud"),
    ("virtproxyd", "/usr/sbin/virtproxyd"),
    ("libvirtd", "/run/libvirt/libvirt-sock"),
    ("virtqemud", "/run/libvirt/virtqemud-sock"),
)
"""What shows that a daemon is here: its program, or the socket of one that is elsewhere."""

_TCP_SOCKETS = ("libvirtd-tcp.socket", "virtproxyd-tcp.socket")
_WANTS = "/etc/systemd/system/sockets.target.wants"
_TCP_PORT = 16_509

_SHIPPED_DEVICES = re.compile(
    r"/dev/(?:null|full|zero|random|urandom|ptmx|kvm|kqemu|rtc|hpet|userfaultfd)"
)
"""cgroup_device_acl as some release of libvirt ships it."""

_QEMU_USER = {"debian": "libvirt-qemu", "ubuntu": "libvirt-qemu", "arch": "libvirt-qemu"} | (
    dict.fromkeys(("fedora", "rhel", "centos", "rocky", "almalinux", "ol"), "qemu")
)
"""The user that a distribution builds into libvirt, by os-release ID or ID_LIKE."""


@dataclass(frozen=True, slots=True)
class _Conf:
    """One configuration file: what it sets, or why that is not known."""

    path: str
    settings: dict[str, Setting]
    absent: bool = False

    def get(self, key: str, default: Setting) -> tuple[Setting, str]:
        """Return a setting and its source; a value of another type is taken as it stands."""
        if key in self.settings:
            return self.settings[key], f"{self.path} {key}"
        where = "absent" if self.absent else f"does not set {key}"
        return default, f"{self.path} {where}: libvirt's default"


class _Unknown(Exception):
    """A configuration file that cannot be read as one."""

    def __init__(self, reason: Reason, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.remedy = reason, detail, remedy


def note_libvirt(sheet: Sheet) -> None:
    """Note whether libvirt is here and, if so, how it is configured."""
    found: dict[str, str] = {}
    for name, path in _SIGNS:
        there = sheet.exists(path)
        if there is None:
            detail = f"{path.rpartition('/')[0]} cannot be read"
            sheet.kernel.missing(
                "host.libvirt.present", Reason.PERMISSION_DENIED, detail, "Run isoaudit as root."
            )
            return
        if there:
            found.setdefault(name, path)
    daemons = list(found)
    present = "libvirtd" in found or "virtqemud" in found
    source = ", ".join(found.values()) or "neither a daemon in /usr/sbin nor a socket"
    sheet.kernel.fact("host.libvirt.present", present, source)
    if present:
        _note_local(sheet, daemons)
        _note_remote(sheet, daemons)
        _note_qemu(sheet)


def unix_sockets_authenticate(sheet: Sheet) -> bool | None:
    """Say whether libvirt asks who connects to its read-write sockets; None if not known."""
    facts = sheet.declared.factset().facts.get("host.libvirt.auth_unix_rw")
    return facts[0].value != "none" if facts else None


def _read(sheet: Sheet, name: str) -> _Conf:
    path = f"{_FOLDER}/{name}"
    try:
        return _Conf(path, parse(sheet.text(path)))
    except Unreadable as error:
        if error.absent:
            return _Conf(path, {}, absent=True)
        raise _Unknown(error.reason, error.cause, error.remedy) from error
    except ValueError as error:
        raise _Unknown(
            Reason.PARSE_ERROR, f"{path}: {error}", "Correct the file; libvirt refuses it too."
        ) from error


def _note_unknown(sheet: Sheet, names: tuple[str, ...], unknown: _Unknown) -> None:
    for name in names:
        sheet.declared.missing(
            f"host.libvirt.{name}", unknown.reason, unknown.detail, unknown.remedy
        )


def _files(sheet: Sheet, daemons: list[str], by_daemon: dict[str, str]) -> list[_Conf]:
    return [_read(sheet, file) for daemon, file in by_daemon.items() if daemon in daemons]


def _weakest(confs: list[_Conf], key: str, default: str) -> tuple[str, str]:
    """Return the setting of several daemons that asks least: `none` if one of them says so."""
    answers = [conf.get(key, default) for conf in confs]
    value, source = next((a for a in answers if a[0] == "none"), answers[0])
    return str(value), source


def _note_local(sheet: Sheet, daemons: list[str]) -> None:
    try:
        confs = _files(sheet, daemons, _LOCAL)
    except _Unknown as unknown:
        _note_unknown(sheet, ("auth_unix_rw",), unknown)
        return
    # NOTE: polkit is the default wherever libvirt is built with it, as every distribution does.
    value, source = _weakest(confs, "auth_unix_rw", "polkit")
    sheet.declared.fact("host.libvirt.auth_unix_rw", value, source)


def _note_remote(sheet: Sheet, daemons: list[str]) -> None:
    try:
        confs = _files(sheet, daemons, _REMOTE)
    except _Unknown as unknown:
        _note_unknown(sheet, ("listen_tcp", "tls_no_verify", "auth_tcp"), unknown)
        return
    if not confs:
        source = "neither libvirtd nor virtproxyd is installed: nothing listens for remote clients"
        sheet.declared.fact("host.libvirt.listen_tcp", False, source)
        sheet.declared.fact("host.libvirt.tls_no_verify", False, source)
        sheet.declared.fact("host.libvirt.auth_tcp", "sasl", source)
        return
    value, source = _weakest(confs, "auth_tcp", "sasl")
    sheet.declared.fact("host.libvirt.auth_tcp", value, source)
    answers = [conf.get("tls_no_verify_certificate", 0) for conf in confs]
    unverified, source = next((a for a in answers if a[0]), answers[0])
    sheet.declared.fact("host.libvirt.tls_no_verify", bool(unverified), source)
    _note_listen_tcp(sheet, confs)


def _note_listen_tcp(sheet: Sheet, confs: list[_Conf]) -> None:
    """Note what files enable; a listener that is seen outranks them, its absence proves nothing."""
    fact = "host.libvirt.listen_tcp"
    _note_listener(sheet, fact, confs)
    answers = [conf.get("listen_tcp", 0) for conf in confs]
    enabled, source = next((a for a in answers if a[0]), answers[0])
    wanted = sheet.names(_WANTS)
    if isinstance(wanted, Unreadable):
        sheet.declared.lacks(wanted.missing(fact, sheet.declared.vantage))
        return
    units = [name for name in _TCP_SOCKETS if name in wanted]
    if units and not enabled:
        enabled, source = 1, f"{_WANTS}/{units[0]}"
    sheet.declared.fact(fact, bool(enabled), source)


def _note_listener(sheet: Sheet, fact: str, confs: list[_Conf]) -> None:
    ports = {str(conf.get("tcp_port", str(_TCP_PORT))[0]) for conf in confs}
    listeners = sheet.kernel.factset().parts.get("listener")
    for record in listeners[0].records if listeners else ():
        port = record.facts["listener.port"]
        if str(port.value) in ports:
            sheet.kernel.fact(fact, True, f"{port.source}: port {port.value} is listened on")
            return


def _note_qemu(sheet: Sheet) -> None:
    names = (
        "security_driver",
        "security_default_confined",
        "seccomp_sandbox",
        "namespaces",
        "cgroup_device_acl",
        "user",
    )
    try:
        conf = _read(sheet, "qemu.conf")
    except _Unknown as unknown:
        _note_unknown(sheet, names, unknown)
        return
    value, source = conf.get("security_driver", "default")
    sheet.declared.fact("host.libvirt.security_driver", _list(value), source)
    for name, default in (("security_default_confined", 1), ("seccomp_sandbox", 1)):
        value, source = conf.get(name, default)
        # NOTE: seccomp_sandbox is tri-state; unset means on wherever QEMU has it (2.11 and later).
        sheet.declared.fact(f"host.libvirt.{name}", value not in {0, "0"}, source)
    value, source = conf.get("namespaces", ["mount"])
    sheet.declared.fact("host.libvirt.namespaces", _list(value), source)
    value, source = conf.get("cgroup_device_acl", [])
    extra = [device for device in _list(value) if not _SHIPPED_DEVICES.fullmatch(device)]
    sheet.declared.fact("host.libvirt.cgroup_device_acl", extra, source)
    _note_user(sheet, conf)


def _note_user(sheet: Sheet, conf: _Conf) -> None:
    """Note who runs QEMU; unset, it is what the distribution built in."""
    fact = "host.libvirt.user"
    if "user" in conf.settings:
        value, source = conf.get("user", "")
        sheet.declared.fact(fact, str(value).removeprefix("+"), source)
        return
    try:
        _, values = os_release(sheet)
    except Unreadable as error:
        sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    for word in (values.get("ID", ""), *values.get("ID_LIKE", "").split()):
        if word in _QEMU_USER:
            source = f"{conf.path} does not set user: built-in default of {word}"
            sheet.declared.fact(fact, _QEMU_USER[word], source)
            return
    sheet.declared.missing(
        fact,
        Reason.NOT_DECLARED,
        f"{conf.path} does not set user, and this distribution's built-in default is not known",
        f"Set user in {conf.path}.",
    )


def _list(value: Setting) -> list[str]:
    return value if isinstance(value, list) else [str(value)]
