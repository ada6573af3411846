"""libvirt's configuration files on a host, and which release of libvirt reads them.

Sources: the comments of the shipped files (defaults); libvirt's meson.build: the library's file is
named libvirt.so.0.(1000 * major + minor).micro, whatever package brought it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.probes.host.identity import architecture
from isoaudit.probes.host.libvirt_syntax import Setting, parse
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

FOLDER = "/etc/libvirt"

Release = tuple[int, int, int]

_LIBRARY = re.compile(r"libvirt\.so\.0\.(\d+)\.(\d+)")
_REMEDY = "Ask libvirtd --version, or virsh version."


@dataclass(frozen=True, slots=True)
class Conf:
    """One configuration file: what it sets."""

    path: str
    settings: dict[str, Setting]
    absent: bool = False

    def get(self, key: str, default: Setting) -> tuple[Setting, str]:
        """Return a setting and its source; a value of another type is taken as it stands."""
        if key in self.settings:
            return self.settings[key], f"{self.path} {key}"
        return default, self.unset(key)

    def unset(self, key: str) -> str:
        """Return the words for a source that says libvirt's default holds."""
        where = "absent" if self.absent else f"does not set {key}"
        return f"{self.path} {where}: libvirt's default"


class ConfUnknown(Exception):
    """A configuration file that cannot be read as one."""

    def __init__(self, reason: Reason, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.remedy = reason, detail, remedy


def read_conf(sheet: Sheet, name: str) -> Conf:
    """Return what a file of /etc/libvirt sets, nothing if it is not there; raises ConfUnknown."""
    path = f"{FOLDER}/{name}"
    try:
        return Conf(path, parse(sheet.whole(path)))
    except Unreadable as error:
        if error.absent:
            return Conf(path, {}, absent=True)
        raise ConfUnknown(error.reason, error.cause, error.remedy) from error
    except ValueError as error:
        raise ConfUnknown(
            Reason.PARSE_ERROR, f"{path}: {error}", "Correct the file; libvirt refuses it too."
        ) from error


def note_unknown(sheet: Sheet, names: tuple[str, ...], unknown: ConfUnknown) -> None:
    """Note that settings of a file are missing, for the file's reason."""
    for name in names:
        sheet.declared.missing(
            f"host.libvirt.{name}", unknown.reason, unknown.detail, unknown.remedy
        )


def weakest(confs: list[Conf], key: str, default: str) -> tuple[str, str]:
    """Return the setting of several daemons that asks least: `none` if one of them says so."""
    answers = [conf.get(key, default) for conf in confs]
    value, source = next((a for a in answers if a[0] == "none"), answers[0])
    return str(value), source


def as_list(value: Setting) -> list[str]:
    """Return a setting as a list, as libvirt takes a single string for one."""
    return value if isinstance(value, list) else [str(value)]


def as_flag(value: Setting) -> bool:
    """Return a setting as libvirt takes a number for a switch."""
    return value not in {0, "0"} if not isinstance(value, list) else bool(value)


def note_release(sheet: Sheet) -> Release | None:
    """Note the release of the installed library and return it, or None if it is not known."""
    fact = "host.libvirt.version"
    refused: Unreadable | None = None
    found: dict[Release, str] = {}
    for folder in _library_folders(sheet):
        names = sheet.names(folder)
        if isinstance(names, Unreadable):
            refused = refused or names
            continue
        for name in names:
            match = _LIBRARY.fullmatch(name)
            if match is not None:
                number = int(match[1])
                found[number // 1000, number % 1000, int(match[2])] = f"{folder}/{name}"
    if len(found) == 1:
        release, source = next(iter(found.items()))
        sheet.declared.fact(fact, ".".join(map(str, release)), source)
        return release
    if refused is not None:
        sheet.declared.lacks(refused.missing(fact, sheet.declared.vantage))
    else:
        detail = f"{'several' if found else 'no'} libvirt.so.0.* in the system's folders"
        sheet.declared.missing(fact, Reason.NOT_SUPPORTED, detail, _REMEDY)
    return None


def _library_folders(sheet: Sheet) -> list[str]:
    folders = ["/usr/lib64", "/usr/lib"]
    try:
        machine, _ = architecture(sheet)
    except Unreadable:
        return folders
    return [*folders, f"/usr/lib/{machine}-linux-gnu"]
