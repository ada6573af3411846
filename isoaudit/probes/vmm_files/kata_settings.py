"""Kata's own settings: who may change a pod's VM, what is shown to whom, what is shared.

Source: Kata's configuration-*.toml of releases 2 and 3, whose comments tell what each key does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from isoaudit.documents.toml import Document, Entry
from isoaudit.errors import DocumentError
from isoaudit.model import Location
from isoaudit.probes.vmm_files.sheet import VmSheet, amount

_PATHS = ("valid_hypervisor_paths", "valid_jailer_paths", "valid_ctlpaths",
          "valid_virtio_fs_daemon_paths", "valid_vhost_user_store_paths",
          "valid_file_mem_backends", "valid_entropy_sources")  # fmt: skip
"""Which paths the annotations of that name may hold."""

_DEBUG = (
    ("hypervisor", "enable_debug"),
    ("agent", "enable_debug"),
    ("agent", "debug_console_enabled"),
    ("agent", "enable_tracing"),
    ("runtime", "enable_debug"),
    ("runtime", "enable_tracing"),
    ("runtime", "enable_pprof"),
)
_REVERSED = (
    ("vm.kata.guest_seccomp", "runtime", "disable_guest_seccomp"),
    ("vm.kata.private_network", "runtime", "disable_new_netns"),
)
_KIND = {bool: "true or false", int: "a whole number", str: "a text", list: "a list of texts"}


class Section(NamedTuple):
    """One hypervisor's table, and the tables beside it that hold for every hypervisor.

    Every getter returns None for what is not set and raises DocumentError for another type.
    """

    document: Document
    name: str

    @property
    def location(self) -> Location:
        """Where the hypervisor's table begins."""
        found = self.document.get("hypervisor", self.name)
        return found.location if found else Location("", 1, 1)

    def flag(self, key: str) -> Entry | None:
        """Return a truth value of the hypervisor."""
        return self._typed(bool, "hypervisor", self.name, key)

    def number(self, key: str) -> Entry | None:
        """Return a whole number of the hypervisor; of a part of a CPU the next whole one."""
        found = self.document.get("hypervisor", self.name, key)
        if found and isinstance(found.value, float) and 0 < found.value < 1_000_000:
            return found._replace(value=-int(-found.value // 1))
        return self._typed(int, "hypervisor", self.name, key)

    def text(self, key: str) -> Entry | None:
        """Return a text of the hypervisor."""
        return self._typed(str, "hypervisor", self.name, key)

    def texts(self, key: str) -> Entry | None:
        """Return a list of texts of the hypervisor."""
        return self._typed(list, "hypervisor", self.name, key)

    def beside(self, table: str, key: str, kind: type = list) -> Entry | None:
        """Return a setting of another table; that of the agent is named after the project."""
        if table != "agent":
            return self._typed(kind, table, key)
        agents = self.document.get("agent")
        names = agents.value if agents and isinstance(agents.value, dict) else {}
        found = (self._typed(kind, "agent", name, key) for name in names)
        return next((entry for entry in found if entry is not None), None)

    def _typed(self, kind: type, *keys: str) -> Entry | None:
        found = self.document.get(*keys)
        if found is None:
            return None
        value: Any = found.value
        right = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
        if not right or (kind is list and not all(isinstance(one, str) for one in value)):
            raise DocumentError(f"{found.location}: {keys[-1]} must be {_KIND[kind]}",
                                "Correct the file and scan again.")  # fmt: skip
        return found


def note_settings(section: Section, sheet: VmSheet) -> None:
    """Note the settings of Kata's own, absent ones with what they come to."""
    _note_annotations(section, sheet)
    _note_debug(section, sheet)
    _note_hypervisor(section, sheet)
    for path, table, key in _REVERSED:
        refused = section.beside(table, key, bool)
        _say(sheet, path, not (refused and refused.value), refused, key)
    _note_switch(sheet, "vm.kata.sandbox_cgroup_only",
                 section.beside("runtime", "sandbox_cgroup_only", bool),
                 "sandbox_cgroup_only")  # fmt: skip
    _note_switch(sheet, "vm.kata.template", section.beside("factory", "enable_template", bool),
                 "enable_template")  # fmt: skip
    cached = section.beside("factory", "vm_cache_number", int)
    number = amount(cached, cached.value) if cached else 0
    _say(sheet, "vm.kata.cached_vms", number, cached, "vm_cache_number")


def _note_annotations(section: Section, sheet: VmSheet) -> None:
    asked = section.texts("enable_annotations")
    names = tuple(asked.value) if asked else ()
    _say(sheet, "vm.kata.annotations", names, asked, "enable_annotations")
    found = [(key, section.texts(key)) for key in _PATHS]
    there = [(_role(key), entry) for key, entry in found if entry is not None]
    told = tuple(f"{role}: {path}" for role, entry in there for path in entry.value)
    first = there[0][1] if there else None
    _say(sheet, "vm.kata.annotation_paths", told, first, "list of valid paths")


def _role(key: str) -> str:
    return key.removeprefix("valid_").removesuffix("s").removesuffix("_path")


def _note_debug(section: Section, sheet: VmSheet) -> None:
    on = list(_switched_on(section))
    first = on[0][1] if on else None
    _say(sheet, "vm.kata.debug", tuple(name for name, _ in on), first, "debugging switched on")


def _switched_on(section: Section) -> Iterator[tuple[str, Entry]]:
    for table, key in _DEBUG:
        own = table == "hypervisor"
        entry = section.flag(key) if own else section.beside(table, key, bool)
        if entry is not None and entry.value:
            yield f"{table}.{key}", entry


def _note_hypervisor(section: Section, sheet: VmSheet) -> None:
    for path, key, absent in (
        ("vm.kata.extra_monitor", "extra_monitor_socket", ""),
        ("vm.kata.memory_dump_path", "guest_memory_dump_path", ""),
        ("vm.kata.guest_hook_path", "guest_hook_path", ""),
        ("vm.kata.hot_plug_vfio", "hot_plug_vfio", "no-port"),
    ):
        entry = section.text(key)
        _say(sheet, path, entry.value if entry else absent, entry, key)
    unlabelled = section.flag("disable_guest_selinux")
    if unlabelled is None:
        sheet.unknown("vm.kata.guest_selinux", "no disable_guest_selinux: left to Kata's version")
    else:
        sheet.say("vm.kata.guest_selinux", not unlabelled.value, unlabelled)


def _note_switch(sheet: VmSheet, path: str, entry: Entry | None, key: str) -> None:
    _say(sheet, path, bool(entry and entry.value), entry, key)


def _say(sheet: VmSheet, path: str, value: Any, entry: Entry | None, key: str) -> None:
    """Note a setting: where it stands, or with the section if the file is silent about it."""
    if entry is None:
        sheet.default(path, value, f"no {key}")
    else:
        sheet.say(path, value, entry)
