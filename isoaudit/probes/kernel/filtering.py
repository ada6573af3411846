"""What the seccomp filters of a sandbox's processes let through, decoded once for filters alike.

With `--deep` the loaded filters are read; without, what was asked for bounds them, and nothing that
is closed by that alone passes a check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache

from isoaudit.model import Fact, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import filters
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.filters import Around
from isoaudit.probes.kernel_config import kernel_config
from isoaudit.seccomp.abi import Interfaces, interfaces
from isoaudit.transports import Files, Unreadable
from isoaudit.transports.ptrace import Filters

_ARCHITECTURE = re.compile(r"x86_64|aarch64|arm64")
_MOST = 1024  # filters and sets of capabilities whose decoding is kept


class FilterReader:
    """Reads and decodes the filters of one machine's processes.

    `loaded` reads what is loaded; it is None where only what was asked for may tell.
    """

    def __init__(self, files: Files, loaded: Filters | None) -> None:
        self._files = files
        self._loaded = loaded
        self._known: dict[object, Notes] = {}

    @cached_property
    def _options(self) -> dict[str, str] | None:
        """The kernel's options by their full names, None if they cannot be read."""
        found = kernel_config(self._files)
        if isinstance(found, Unreadable):
            return None
        return {f"CONFIG_{name}": value for name, value in found.items()}

    @cached_property
    def _interfaces(self) -> Interfaces | None:
        words = self._text("/proc/sys/kernel/arch") or self._text("/proc/sys/kernel/osrelease")
        found = _ARCHITECTURE.search(words) or _ARCHITECTURE.search(self._text("/proc/version"))
        if found is None:
            return None
        return interfaces(found[0], self._options, self._text("/proc/cmdline") or None)

    def _text(self, path: str) -> str:
        try:
            return self._files.read_text(path)
        except Unreadable:
            return ""

    def note(
        self, notes: Notes, status: Mapping[str, str], start: str, asked: Iterable[Fact]
    ) -> None:
        """Note what a process's filters let through.

        `status` is its /proc/PID/status with the pid under `Pid`, `start` its start time; `asked`
        are the facts that follow from what its engine was asked to load.
        """
        held = _held(status.get("CapEff", ""), status.get("CapPrm", ""))
        around = Around(self._interfaces, self._options, held)
        mode = status.get("Seccomp")
        if mode == "0":
            key = ("none", around.capabilities)
            self._once(notes, key, lambda found: filters.note_unfiltered(found, around))
        elif mode == "2":
            self._note_filtered(notes, status, start, around, asked)

    def _note_filtered(
        self,
        notes: Notes,
        status: Mapping[str, str],
        start: str,
        around: Around,
        asked: Iterable[Fact],
    ) -> None:
        error: Unreadable | None = None
        if self._loaded is not None:
            try:
                programs = tuple(self._loaded.read(int(status["Pid"]), start))
            except Unreadable as why:
                error = why
            else:
                key = (programs, around.capabilities)
                self._once(notes, key, lambda found: filters.note_loaded(found, programs, around))
                return
        filters.note_unread(notes, error)
        if status.get("Seccomp_filters", "1") == "1":
            # Of several filters each may close what the others leave open.
            for fact in asked:
                notes.holds(fact)

    def _once(self, notes: Notes, key: object, work: Callable[[Notes], None]) -> None:
        """Add what `work` notes, done once for all processes with the same key."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = Notes(Vantage.KERNEL)
            work(known)
            self._known[key] = known  # whole, for other threads look there meanwhile
        notes.extend(known)


@lru_cache(256)
def _held(*masks: str) -> frozenset[str] | None:
    """Return the capabilities that a process holds or may raise, None if one set is not told."""
    held: set[str] = set()
    for mask in masks:
        found = decode_capabilities(mask)
        if found is None:
            return None
        held.update(found)
    return frozenset(held)
