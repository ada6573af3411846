"""How libvirt's QEMU driver is configured: every setting that bears on isolation, resolved.

Sources: the comments of the shipped qemu.conf (values and defaults) and libvirt's NEWS for when a
setting or its default came. What is not set is taken for libvirt's default only if the installed
release is known to have that default; a setting that this release does not know yet has no effect.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host.identity import os_release
from isoaudit.probes.host.libvirt_files import (
    Conf,
    ConfUnknown,
    Release,
    as_flag,
    as_list,
    note_unknown,
    read_conf,
)
from isoaudit.probes.host.libvirt_syntax import Setting
from isoaudit.probes.host.qemu_devices import beyond_shipped
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.permissions import others_may_enter
from isoaudit.transports.base import Unreadable

_FILE = "qemu.conf"
_CONTROLLERS = ["cpu", "devices", "memory", "blkio", "cpuset", "cpuacct"]
_TLS_VERIFY_BY_DEFAULT: Release = (6, 10, 0)
_QEMU_LOCKS_IMAGES: Release = (7, 4, 0)
"""The release that asks for QEMU 2.11; QEMU locks the images it opens since 2.10."""


class _Kind(Enum):
    FLAG = "flag"
    TEXT = "text"
    LIST = "list"
    IS_SET = "is set"  # a secret: that there is one, never what it is


class _Key(NamedTuple):
    """A setting: its name, how it is read, its default, and the releases that matter.

    `known` is the first release that has it, `since` the first one with this default.
    """

    name: str
    kind: _Kind
    default: Setting
    fact: str = ""
    known: Release = (0, 0, 0)
    since: Release = (0, 0, 0)

    @property
    def path(self) -> str:
        """Return the fact's name below host.libvirt."""
        return self.fact or self.name


KEYS = (
    _Key("security_driver", _Kind.LIST, "default"),
    _Key("security_default_confined", _Kind.FLAG, 1),
    _Key("security_require_confined", _Kind.FLAG, 0),
    # NOTE: seccomp_sandbox is tri-state; unset means on wherever QEMU has it (2.11 and later).
    _Key("seccomp_sandbox", _Kind.FLAG, 1),
    _Key("namespaces", _Kind.LIST, ["mount"]),
    _Key("dynamic_ownership", _Kind.FLAG, 1),
    _Key("remember_owner", _Kind.FLAG, 1, known=(5, 6, 0), since=(5, 6, 0)),
    _Key("clear_emulator_capabilities", _Kind.FLAG, 1),
    # NOTE: removed in 4.5.0, which refuses to start where it is switched on.
    _Key("allow_disk_format_probing", _Kind.FLAG, 0),
    _Key("relaxed_acs_check", _Kind.FLAG, 0),
    _Key("cgroup_controllers", _Kind.LIST, _CONTROLLERS),
    _Key("vnc_listen", _Kind.TEXT, "127.0.0.1"),
    _Key("vnc_auto_unix_socket", _Kind.FLAG, 0),
    _Key("vnc_tls", _Kind.FLAG, 0),
    _Key("vnc_password", _Kind.IS_SET, 0, fact="vnc_password_set"),
    _Key("vnc_sasl", _Kind.FLAG, 0),
    _Key("spice_listen", _Kind.TEXT, "127.0.0.1"),
    _Key("spice_auto_unix_socket", _Kind.FLAG, 0),
    _Key("spice_tls", _Kind.FLAG, 0),
    _Key("spice_password", _Kind.IS_SET, 0, fact="spice_password_set"),
    _Key("spice_sasl", _Kind.FLAG, 0),
    _Key("chardev_tls", _Kind.FLAG, 0),
    _Key("nbd_tls", _Kind.FLAG, 0),
    _Key("migration_address", _Kind.TEXT, "0.0.0.0"),  # noqa: S104 - libvirt's, not ours
    _Key("migrate_tls_force", _Kind.FLAG, 0, known=(6, 10, 0)),
    _Key("dump_guest_core", _Kind.FLAG, 0),
    _Key("max_core", _Kind.TEXT, "0"),
    _Key("auto_dump_path", _Kind.TEXT, "/var/lib/libvirt/qemu/dump"),
    _Key("stdio_handler", _Kind.TEXT, "logd"),
    _Key("lock_manager", _Kind.TEXT, "nop"),
    _Key("sched_core", _Kind.TEXT, "none", known=(8, 9, 0)),
    _Key("memory_backing_dir", _Kind.TEXT, "/var/lib/libvirt/qemu/ram"),
)
VERIFIES = (
    _Key("vnc_tls_x509_verify", _Kind.FLAG, 0, fact="vnc_tls_verify"),
    _Key("migrate_tls_x509_verify", _Kind.FLAG, 1, fact="migrate_tls_verify",
         since=_TLS_VERIFY_BY_DEFAULT),
    _Key("chardev_tls_x509_verify", _Kind.FLAG, 1, fact="chardev_tls_verify",
         since=_TLS_VERIFY_BY_DEFAULT),
)  # fmt: skip
"""Whether a client's certificate is verified: each setting, else default_tls_x509_verify."""

_OTHERS = ("cgroup_device_acl", "user", "group", "swtpm_user", "auto_dump_private", "image_locking")

_QEMU_ACCOUNT = {"debian": "libvirt-qemu", "ubuntu": "libvirt-qemu", "arch": "libvirt-qemu"} | (
    dict.fromkeys(("fedora", "rhel", "centos", "rocky", "almalinux", "ol"), "qemu")
)
"""The user and group that a distribution builds into libvirt, by os-release ID or ID_LIKE."""


def note_qemu_conf(sheet: Sheet, release: Release | None) -> None:
    """Note the settings of qemu.conf as they hold for the installed release of libvirt."""
    try:
        conf = read_conf(sheet, _FILE)
    except ConfUnknown as unknown:
        note_unknown(sheet, tuple(key.path for key in (*KEYS, *VERIFIES)), unknown)
        note_unknown(sheet, _OTHERS, unknown)
        return
    for key in KEYS:
        _note(sheet, conf, key, release)
    for key in VERIFIES:
        _note(sheet, _with_common_default(conf, key), key, release)
    value, source = conf.get("cgroup_device_acl", [])
    extra = beyond_shipped(as_list(value))
    sheet.declared.fact("host.libvirt.cgroup_device_acl", extra, source)
    _note_account(sheet, conf, "user")
    _note_account(sheet, conf, "group")
    _note_swtpm_user(sheet, conf)
    _note_dump_folder(sheet)
    _note_image_locking(sheet, release)


def _note(sheet: Sheet, conf: Conf, key: _Key, release: Release | None) -> None:
    fact = f"host.libvirt.{key.path}"
    if key.name in conf.settings and (release is None or release >= key.known):
        value, source = conf.get(key.name, key.default)
        sheet.declared.fact(fact, _read(value, key.kind), source)
        return
    if key.since > (0, 0, 0) and (release is None or release < key.since):
        first = ".".join(map(str, key.since))
        detail = f"{conf.path} does not set {key.name}, and which default holds is not known: "
        detail += f"it is libvirt's since {first}, and the installed release is "
        detail += "not known" if release is None else ".".join(map(str, release))
        sheet.declared.missing(fact, Reason.NOT_DECLARED, detail, f"Set {key.name} there.")
        return
    source = conf.unset(key.name)
    if key.name in conf.settings:
        source = f"{conf.path} {key.name}: this release of libvirt does not know it"
    sheet.declared.fact(fact, _read(key.default, key.kind), source)


def _read(value: Setting, kind: _Kind) -> str | bool | list[str]:
    if kind is _Kind.LIST:
        return as_list(value)
    if kind is _Kind.TEXT:
        return ", ".join(as_list(value))
    return as_flag(value) if kind is _Kind.FLAG else isinstance(value, str)


def _with_common_default(conf: Conf, key: _Key) -> Conf:
    """Return the file with what default_tls_x509_verify says in place of an unset setting."""
    common = conf.settings.get("default_tls_x509_verify")
    if common is None or key.name in conf.settings:
        return conf
    return Conf(conf.path, {**conf.settings, key.name: common})


def _note_account(sheet: Sheet, conf: Conf, name: str) -> None:
    """Note who runs QEMU; unset, it is what the distribution built in."""
    fact = f"host.libvirt.{name}"
    if name in conf.settings:
        value, source = conf.get(name, "")
        sheet.declared.fact(fact, str(value).removeprefix("+"), source)
        return
    try:
        _, values = os_release(sheet)
    except Unreadable as error:
        sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    for word in (values.get("ID", ""), *values.get("ID_LIKE", "").split()):
        if word in _QEMU_ACCOUNT:
            source = f"{conf.path} does not set {name}: built-in default of {word}"
            sheet.declared.fact(fact, _QEMU_ACCOUNT[word], source)
            return
    sheet.declared.missing(
        fact,
        Reason.NOT_DECLARED,
        f"{conf.path} does not set {name}, and this distribution's built-in default is not known",
        f"Set {name} in {conf.path}.",
    )


def _note_swtpm_user(sheet: Sheet, conf: Conf) -> None:
    """Note who runs the TPM emulator, if it is set: the default depends on accounts and build."""
    fact = "host.libvirt.swtpm_user"
    if "swtpm_user" in conf.settings:
        value, source = conf.get("swtpm_user", "")
        sheet.declared.fact(fact, str(value).removeprefix("+"), source)
        return
    sheet.declared.missing(
        fact,
        Reason.NOT_DECLARED,
        f"{conf.path} does not set it: tss, swtpm or root, as built and as accounts exist",
        f"Set swtpm_user in {conf.path}.",
    )


def _note_dump_folder(sheet: Sheet) -> None:
    """Note whether ordinary accounts are kept out of the folder that dumps are written to."""
    fact = "host.libvirt.auto_dump_private"
    folder = str(sheet.declared.value("host.libvirt.auto_dump_path"))
    place = folder
    while True:
        try:
            access = others_may_enter(sheet.files, place)
        except Unreadable as error:
            if not error.absent or not place.rpartition("/")[0]:
                sheet.kernel.lacks(error.missing(fact, sheet.kernel.vantage))
                return
            place = place.rpartition("/")[0]
            continue
        break
    if place == folder or not access.granted:
        sheet.kernel.fact(fact, not access.granted, access.source)
        return
    detail = f"{folder} is not there yet: libvirt makes it, in {place}, which is open"
    sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, detail, "Start libvirt once.")


def _note_image_locking(sheet: Sheet, release: Release | None) -> None:
    """Note whether every QEMU that this libvirt takes locks the images it opens."""
    fact = "host.libvirt.image_locking"
    if release is not None and release >= _QEMU_LOCKS_IMAGES:
        source = "libvirt from 7.4.0 on takes QEMU 2.11 and later only, which lock their images"
        sheet.declared.fact(fact, True, source)
        return
    detail = "older releases of libvirt take QEMU before 2.10, which does not lock images"
    sheet.declared.missing(fact, Reason.NOT_SUPPORTED, detail, "Ask qemu-system-x86_64 --version.")
