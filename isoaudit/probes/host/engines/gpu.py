"""NVIDIA's container toolkit: its version, and who may ask it for a GPU by a mere variable.

Sources: docs.nvidia.com/datacenter/cloud-native/container-toolkit (config.toml and its defaults).
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.advisories import known_vulnerable, parse
from isoaudit.probes.host.engines.toml import Settings, read_if_there
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.packages import STATUS, installed_version
from isoaudit.transports import Unreadable

PACKAGE = "nvidia-container-toolkit"
CONFIG = "/etc/nvidia-container-runtime/config.toml"
_PROGRAMS = ("/usr/bin/nvidia-ctk", "/usr/bin/nvidia-container-runtime-hook")
_BY_VARIABLE = "accept-nvidia-visible-devices-envvar-when-unprivileged"


def note_gpu_toolkit(sheet: Sheet) -> None:
    """Note whether the toolkit is installed and, if so, its flaws and what it accepts."""
    there = [sheet.exists(path) for path in _PROGRAMS]
    if True not in there and None in there:
        unread = sheet.stat(_PROGRAMS[there.index(None)])
        if isinstance(unread, Unreadable):
            sheet.lacks("host.nvidia_toolkit.present", unread)
        return
    source = _PROGRAMS[there.index(True)] if True in there else f"{', '.join(_PROGRAMS)} absent"
    sheet.kernel.fact("host.nvidia_toolkit.present", True in there, source)
    if True in there:
        _note_version(sheet)
        _note_variable(sheet)


def _note_version(sheet: Sheet) -> None:
    """Note the version of NVIDIA's own package: distributions bring none of their own."""
    names = ("host.nvidia_toolkit.version", "host.nvidia_toolkit.known_vulnerable")
    try:
        version = _version(sheet)
    except Unreadable as error:
        for name in names:
            sheet.declared.lacks(error.missing(name, sheet.declared.vantage))
        return
    flaws = known_vulnerable(PACKAGE, version)
    source = f"{STATUS} {PACKAGE}"
    sheet.declared.fact(names[0], version, source)
    sheet.declared.fact(names[1], flaws, source)


def _version(sheet: Sheet) -> str:
    """Return the version of the package; raises Unreadable."""
    version = installed_version(sheet.files, PACKAGE)
    try:
        parse(version)
    except ValueError as error:
        detail = f"{STATUS} knows no usable version of {PACKAGE}"
        raise Unreadable(Reason.NOT_SUPPORTED, detail, "Ask it: nvidia-ctk --version") from error
    return version


def _note_variable(sheet: Sheet) -> None:
    fact = "host.nvidia_toolkit.by_variable"
    try:
        data = read_if_there(sheet.files, CONFIG)
    except Unreadable as error:
        sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    conf = Settings([] if data is None else [(CONFIG, data)])
    accepted = conf.flag(_BY_VARIABLE)
    sheet.declared.fact(fact, accepted is not False, conf.source(_BY_VARIABLE))
