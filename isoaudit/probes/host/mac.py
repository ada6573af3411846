"""Mandatory access control: active security modules, their enforcement, and lockdown.

Sources: kernel.org admin-guide/LSM (securityfs `lsm`), selinuxfs(5) `enforce`, AppArmor's module
parameter `enabled`, kernel_lockdown(7), the kernel's security/lockdown/Kconfig.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet, yes
from isoaudit.transports.base import Unreadable

_LSM = "/sys/kernel/security/lsm"
_LOCKDOWN = "/sys/kernel/security/lockdown"
_APPARMOR = "/sys/module/apparmor/parameters/enabled"
_SELINUX = "/sys/fs/selinux/enforce"
_OTHERS = ("smack", "tomoyo")
_UNMOUNTED = "securityfs is not mounted, or this kernel has none"
_MOUNT = "Mount it: mount -t securityfs securityfs /sys/kernel/security"


def note_mac(sheet: Sheet) -> None:
    """Note the active modules, which of them controls access, whether it enforces, and lockdown."""
    active: list[str] | None = None
    try:
        active = [name for name in sheet.text(_LSM).split(",") if name]
        sheet.kernel.fact("host.kernel.lsm", active, _LSM)
    except Unreadable as error:
        sheet.lacks("host.kernel.lsm", error, _UNMOUNTED, _MOUNT)
    _note_lockdown(sheet, active)
    _note_module(sheet, active)


def _note_lockdown(sheet: Sheet, active: list[str] | None) -> None:
    fact = "host.kernel.lockdown"
    if active is not None and "lockdown" not in active:
        sheet.kernel.fact(fact, "none", f"{_LSM} without lockdown")
        return
    try:
        text = sheet.text(_LOCKDOWN)
    except Unreadable as error:
        least = _least_lockdown(sheet)
        if least is None:
            sheet.lacks(fact, error, _UNMOUNTED, _MOUNT)
        else:
            sheet.kernel.fact(fact, *least)
        return
    try:
        sheet.kernel.fact(fact, _chosen(text), _LOCKDOWN)
    except ValueError:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{_LOCKDOWN}: {text[:60]!r} is unexpected")


def _least_lockdown(sheet: Sheet) -> tuple[str, str] | None:
    """Return the level that the kernel was built with, where securityfs does not show it.

    It can only have been raised since. That holds if lockdown starts before all other modules,
    which no boot parameter can leave out; otherwise nothing is known.
    """
    config = sheet.config()
    if isinstance(config, Unreadable):
        return None
    if "LOCK_DOWN_KERNEL" in config:
        return None  # as distributions had it before 5.4, outside of the security modules
    if config.get("SECURITY_LOCKDOWN_LSM") != "y":
        return "none", f"{config.source}: no CONFIG_SECURITY_LOCKDOWN_LSM"
    if config.get("SECURITY_LOCKDOWN_LSM_EARLY") != "y":
        return None
    for level in ("confidentiality", "integrity"):
        option = f"LOCK_DOWN_KERNEL_FORCE_{level.upper()}"
        if config.get(option) == "y":
            return level, f"{config.source}: CONFIG_{option}=y, which can only have been raised"
    return None


def _chosen(text: str) -> str:
    """Return the word in brackets of `none [integrity] confidentiality`."""
    found = re.search(r"\[(\w+)\]", text)
    if found is None:
        raise ValueError(text)
    return found[1]


def _note_module(sheet: Sheet, active: list[str] | None) -> None:
    """Note the module that controls access; without securityfs, from the modules' own files."""
    seen: list[str] = []
    for name, path in (("selinux", _SELINUX), ("apparmor", _APPARMOR)):
        try:
            enforcing, source = _enforcing(sheet, name, path, active)
        except ValueError:
            _note_unknown(sheet, Reason.PARSE_ERROR, f"{path} is neither yes nor no", "")
            return
        except Unreadable as error:
            _note_unknown(sheet, error.reason, error.cause, error.remedy)
            return
        seen.append(source)
        if enforcing is not None:
            _note(sheet, name, enforcing, source)
            return
    other = next((name for name in _OTHERS if active and name in active), "")
    _note(
        sheet, "other" if other else "none", False, f"{_LSM}: {other}" if other else "; ".join(seen)
    )


def _enforcing(
    sheet: Sheet, name: str, path: str, active: list[str] | None
) -> tuple[bool | None, str]:
    """Return whether a module enforces, None if it is not active, and the source.

    Raises Unreadable if that cannot be told, and ValueError for a file that says neither.
    """
    if active is not None and name not in active:
        return None, f"{name} not in {_LSM}"
    try:
        enforcing = yes(sheet.text(path))
    except Unreadable as error:
        if not sheet.absent(error, path):
            raise
        # NOTE: the kernel makes SELinux's mount point itself, so this one is active.
        if active is not None or (name == "selinux" and sheet.exists("/sys/fs/selinux")):
            return False, f"{name} is active, yet {path} absent: no policy"
        return None, f"{path} absent"
    if name == "apparmor" and not enforcing and active is None:
        return None, f"{path} N"
    return enforcing, path


def _note(sheet: Sheet, module: str, enforcing: bool, source: str) -> None:
    sheet.kernel.fact("host.mac.module", module, source)
    sheet.kernel.fact("host.mac.enforcing", enforcing, source)


def _note_unknown(sheet: Sheet, reason: Reason, detail: str, remedy: str) -> None:
    for fact in ("host.mac.module", "host.mac.enforcing"):
        sheet.kernel.missing(fact, reason, detail, remedy)
