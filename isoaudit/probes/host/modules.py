"""Kernel modules: which are loaded, which the kernel could load, and which are kept from it.

Sources: modprobe.d(5), modprobe(8), depmod(8) (modules.dep lists what is installed), kernel.org
admin-guide/kernel-parameters (module_blacklist) and sysctl/kernel (modules_disabled).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from isoaudit.model import Reason
from isoaudit.probes.host.kernel import boot_words, parameter
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.kernel_config import KernelConfig
from isoaudit.transports.base import Unreadable

_FOLDERS = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)
"""In kmod's order: of files with the same name the first one stands for all."""

_INSTALLED = re.compile(r"([^/\n:]+)\.ko(?:\.\w+)?:(.*)")
_MODULE = re.compile(r"([^/ ]+)\.ko")
_MOST_FILES = 256
_DEP_LIMIT = 16_777_216
_NOTHING = frozenset({"false", "true", ":", "exit"})
"""Commands that an `install` line names instead of loading anything."""


@dataclass(slots=True)
class _Rules:
    """What modprobe.d says: modules not found by an alias, modules never loaded, own aliases."""

    blacklisted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)

    def add(self, line: str) -> None:
        words = line.split()
        if len(words) < 2 or words[0].startswith("#"):
            return
        name = _same(words[1])
        if words[0] == "blacklist":
            self.blacklisted.add(name)
        elif words[0] == "install" and len(words) > 2:
            if words[2].rpartition("/")[2] in _NOTHING:
                self.refused.add(name)
        elif words[0] == "alias" and len(words) > 2:
            self.aliases[name] = _same(words[2])


class Modules:
    """The modules of one host; everything is read when it is first asked for."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def loaded(self, name: str) -> bool:
        """Say whether a module is loaded now; raises Unreadable."""
        return name in self._loaded

    def loadable(self, name: str, *aliases: str) -> bool:
        """Say whether the kernel could load a module on request; raises Unreadable.

        With `aliases` the request is for one of these, as `net-pf-38` for AF_ALG, and not for the
        module by its name.
        """
        if self._closed or name not in self._installed:
            return False
        if aliases and all(self._stopped(name, alias) for alias in aliases):
            return False
        # NOTE: what it is built on must be loaded first, and may be refused itself.
        below = _MODULE.findall(self._installed[name])
        refused = self._never | self._rules.refused
        return not any(_same(one) in refused for one in (name, *below))

    def _stopped(self, name: str, alias: str) -> bool:
        """Say whether a request by this alias comes to nothing: it is off, or its module is."""
        if name in self._rules.blacklisted:
            return True
        asked = _same(alias)
        aliases = self._rules.aliases.items()
        return any(to != name and fnmatchcase(asked, pattern) for pattern, to in aliases)

    @cached_property
    def _loaded(self) -> frozenset[str]:
        path = "/proc/modules"
        try:
            lines = self._sheet.whole(path).splitlines()
        except Unreadable as error:
            if self._sheet.absent(error, path):
                return frozenset()  # built without modules
            raise
        return frozenset(line.partition(" ")[0] for line in lines)

    @cached_property
    def _closed(self) -> bool:
        """Whether nothing more may be loaded until the next boot."""
        path = "/proc/sys/kernel/modules_disabled"
        try:
            return self._sheet.text(path) == "1"
        except Unreadable as error:
            if self._sheet.absent(error, path):
                return True  # built without modules
            raise

    @cached_property
    def _never(self) -> frozenset[str]:
        """What the kernel itself was told at boot not to load."""
        named = parameter(boot_words(self._sheet), "module_blacklist") or ""
        return frozenset(_same(name) for name in named.split(","))

    @cached_property
    def _installed(self) -> dict[str, str]:
        """What modules.dep lists, and for each module the files of those it is built on."""
        release = self._sheet.text("/proc/sys/kernel/osrelease")
        try:
            text = self._sheet.whole(f"/lib/modules/{release}/modules.dep", _DEP_LIMIT)
        except Unreadable as error:
            if error.absent:
                return {}  # modprobe finds nothing without it
            raise
        return {_same(name): below for name, below in _INSTALLED.findall(text)}

    @cached_property
    def _rules(self) -> _Rules:
        rules = _Rules()
        for path in self._rule_files():
            for line in self._sheet.whole(path).replace("\\\n", " ").splitlines():
                rules.add(line.strip())
        for word in boot_words(self._sheet):
            if word.startswith("modprobe.blacklist="):
                rules.blacklisted |= {_same(name) for name in word.partition("=")[2].split(",")}
        return rules

    def _rule_files(self) -> list[str]:
        files: dict[str, str] = {}
        for folder in _FOLDERS:
            names = self._sheet.names(folder)
            if isinstance(names, Unreadable):
                raise names
            for name in names:
                if name.endswith(".conf"):
                    files.setdefault(name, f"{folder}/{name}")
        if len(files) > _MOST_FILES:
            raise Unreadable(Reason.LIMIT, f"more than {_MOST_FILES} files in modprobe.d")
        return list(files.values())


def offered(config: KernelConfig, modules: Modules, option: str, module: str, *alias: str) -> bool:
    """Say whether the kernel has what an option builds, or can load it; raises Unreadable."""
    built = config.get(option, "n")
    if built != "m" or not module:
        return built in {"y", "m"}
    return modules.loaded(module) or modules.loadable(module, *alias)


def _same(name: str) -> str:
    """Return a module's name as the kernel spells it: dashes are underscores."""
    return name.replace("-", "_")
