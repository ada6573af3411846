"""One service of systemd while it is read: what its unit assigns, and the sheets for its facts.

Sources: systemd.service(5) (prefixes of commands), systemd.syntax(7) (truth values),
systemd.unit(5) (specifiers), systemd.exec(5). What systemd passes by with a warning is passed by
here as well.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.documents.unit import Entry, Unit
from isoaudit.model import Location
from isoaudit.probes.declared import Sheet

SYSTEMD_DEFAULT = "systemd's default"

SECTION = "Service"
_TRUE = frozenset({"1", "yes", "y", "true", "t", "on"})
_FALSE = frozenset({"0", "no", "n", "false", "f", "off"})
_SPECIFIER = re.compile(r"%(?!%)")
_PREFIXES = "@-:+!|"

FILE_SYSTEM = frozenset(
    {"BindPaths", "BindReadOnlyPaths", "ExecPaths", "ExtensionDirectories", "ExtensionImages",
     "InaccessiblePaths", "MountAPIVFS", "MountImages", "NoExecPaths", "PrivateDevices",
     "PrivateMounts", "PrivateTmp", "ProcSubset", "ProtectControlGroups", "ProtectHome",
     "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc",
     "ProtectSystem", "ReadOnlyPaths", "ReadWritePaths", "RootDirectory", "RootImage",
     "TemporaryFileSystem"}
)  # fmt: skip
"""Settings for which a service is given a mount namespace of its own."""

SECCOMP = frozenset(
    {"LockPersonality", "MemoryDenyWriteExecute", "PrivateDevices", "ProtectClock",
     "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
     "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
     "SystemCallArchitectures", "SystemCallFilter", "SystemCallLog"}
)  # fmt: skip
"""Settings that load a filter, and with which a service without CAP_SYS_ADMIN can gain nothing."""

SANDBOX = FILE_SYSTEM | SECCOMP | frozenset(
    {"AmbientCapabilities", "AppArmorProfile", "CapabilityBoundingSet", "DeviceAllow",
     "DevicePolicy", "DynamicUser", "IPAddressDeny", "IPCNamespacePath",
     "NetworkNamespacePath", "NoNewPrivileges", "PrivateIPC", "PrivateNetwork", "PrivatePIDs",
     "PrivateUsers", "RestrictFileSystems", "RestrictNetworkInterfaces", "SELinuxContext",
     "SmackProcessLabel", "SocketBindDeny"}
)  # fmt: skip
"""Settings that confine a service."""

_NEUTRAL = {"DevicePolicy": "auto", "ProcSubset": "all", "ProtectProc": "default"}
"""Words of their own that settings have for doing nothing."""

_OF_USER = frozenset({"User", "Group", "SupplementaryGroups", "AmbientCapabilities"})
_OF_SYSTEM = FILE_SYSTEM | {"PrivateNetwork", "NetworkNamespacePath", "PrivateIPC",
                            "IPCNamespacePath", "PrivatePIDs", "ProtectHostname", "ProtectClock",
                            "DynamicUser", "User"}  # fmt: skip
"""What a user's own manager may not do unless the service has a user namespace of its own."""

_STAYS = frozenset({"PrivateNetwork", "NetworkNamespacePath", "PrivateIPC", "IPCNamespacePath",
                    "DeviceAllow", "DevicePolicy", "IPAddressDeny"})  # fmt: skip


class Spot(NamedTuple):
    """A place of a file that stands for a whole."""

    location: Location


class Command(NamedTuple):
    """A command line of a unit without its prefixes: its words, and whether it is run with more
    privileges than the service has (`+` all of them, `!` another user's not taken)."""

    entry: Entry
    program: str
    full: bool
    keeps_user: bool


def command(entry: Entry) -> Command | None:
    """Return what an ExecStart starts, None for a line without a program."""
    words = entry.words()
    if not words:
        return None
    first = words[0].text
    program = first.lstrip(_PREFIXES)
    prefixes = first[: len(first) - len(program)]
    return Command(entry, program, "+" in prefixes, "!" in prefixes)


def truth(text: str) -> bool | None:
    """Return what systemd takes a word for, None for what is no truth value."""
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def is_open(text: str) -> bool:
    """Say whether a specifier (`%i`) stands in a value, which only systemd fills in."""
    return _SPECIFIER.search(text.replace("%%", "")) is not None


class Service:
    """The settings of a service as they hold for one of its commands.

    `facts` takes the target's own facts, `process` those of the process. `of_user` says whether the
    service manager is a user's own.
    """

    def __init__(self, unit: Unit, started: Command | None, *, of_user: bool) -> None:
        header = next(where for name, where in unit.sections if name == SECTION)
        self.unit = unit
        self.started = started
        self.of_user = of_user
        self.anchor = Spot(header)
        self.facts = Sheet(self.anchor)
        self.process = Sheet(self.anchor)
        self._ignored: frozenset[str] = frozenset()
        if started is not None and started.full:
            self._ignored = (SANDBOX - _STAYS) | _OF_USER
        elif started is not None and started.keeps_user:
            self._ignored = _OF_USER
        if of_user and self.on("PrivateUsers") is None:
            self._ignored |= _OF_SYSTEM

    def all(self, *keys: str) -> list[Entry]:
        """Return the assignments that count of settings that hold lists."""
        return self.unit.all(SECTION, *(key for key in keys if key not in self._ignored))

    def raw(self, key: str) -> list[Entry]:
        """Return every assignment, empty ones too: for settings to which these mean something."""
        if key in self._ignored:
            return []
        return [e for e in self.unit.entries if e.section == SECTION and e.key == key]

    def last(self, key: str) -> Entry | None:
        """Return the assignment that counts of a setting with one value."""
        return self.unit.last(SECTION, key) if key not in self._ignored else None

    def on(self, key: str) -> Entry | None:
        """Return where a truth value is set to true, None if it is not.

        A word beside true and false is one of the setting's own, and switches it on as well.
        """
        entries = [e for e in self.all(key) if truth(e.value) is not None or e.value.isalpha()]
        if not entries or truth(entries[-1].value) is False:
            return None
        return entries[-1]

    def dynamic(self) -> Entry | None:
        """Return where DynamicUser is switched on, None if it is not."""
        return self.on("DynamicUser")

    def confined(self) -> Entry | None:
        """Return the first setting that confines the service, None if none does."""
        return next((e for key in sorted(SANDBOX) if (e := self.setting(key)) is not None), None)

    def setting(self, key: str) -> Entry | None:
        """Return the last assignment that counts and that does not switch the setting off."""
        found = self.all(key)
        if not found:
            raw = self.raw(key) if key == "CapabilityBoundingSet" else []
            return raw[-1] if raw else None
        value = found[-1].value
        return None if truth(value) is False or value == _NEUTRAL.get(key) else found[-1]

    def paths(self, *keys: str) -> list[tuple[str, Entry]]:
        """Return the words of settings that list paths, each with where it stands."""
        return [(word.text, entry) for entry in self.all(*keys) for word in entry.words()]
