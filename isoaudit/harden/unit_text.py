"""Edits Quadlet files line by line: all but the lines of the edit stay as they are.

Source: podman-systemd.unit(5). What has no key of its own goes to PodmanArgs; log drivers are left
out, since podman's own default keeps no log without bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.documents import unit
from isoaudit.documents.unit import Entry, UnitWord
from isoaudit.harden.edits import Effect, is_meant
from isoaudit.model import Location, Target
from isoaudit.rules.fixes import ADD, CUT, REMOVE, SET, Edit

_SECTION = "Container"
_FURTHER = "PodmanArgs"
_KEYS = {
    "cap_add": "AddCapability",
    "cap_drop": "DropCapability",
    "network_mode": "Network",
    "pids_limit": "PidsLimit",
    "read_only": "ReadOnly",
    "user": "User",
}
_SECURITY = {
    "no-new-privileges:true": ("NoNewPrivileges", "true"),
    "no-new-privileges*": ("NoNewPrivileges", "false"),
    "seccomp:unconfined": ("SeccompProfile", "unconfined"),
    "label:disable": ("SecurityLabelDisable", "true"),
    "label:type:spc_t": ("SecurityLabelType", "spc_t"),
    "systempaths:unconfined": ("Unmask", "ALL"),
}
_ARGUMENTS = {"mem_limit": "--memory", "cpus": "--cpus"}


class QuadletFile:
    """One Quadlet file that is edited in memory; `shown` is what errors call it."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._lines = text.splitlines(keepends=True)
        self._unit = unit.load(text, shown)
        self._put_in: dict[str, None] = {}
        self._taken: dict[int, tuple[Entry, set[Location]]] = {}

    def effect(self, target: Target, edit: Edit, evidence: Location | None) -> Effect | None:
        """Return what an edit would do, None if there is nothing here that it could change."""
        del target
        if edit.operation == CUT:
            return Effect.TAKES_AWAY if self._pointed_at(evidence) else None
        new = _assigned(edit)
        if new is None:
            return None
        key, value = new
        here = list(self._entries(key))
        if edit.operation in {ADD, SET}:
            if any(value in _values(entry) for entry in here):
                return Effect.NOTHING
            replaces = here and edit.operation == SET and key != _FURTHER
            return Effect.TAKES_AWAY if replaces else Effect.ADDS
        gone = [entry for entry in here if _is_to_go(entry, edit, value)]
        if any(self._line(entry) is None for entry in gone):
            return None
        return Effect.TAKES_AWAY if gone else Effect.NOTHING

    def apply(self, target: Target, edit: Edit, evidence: Location | None) -> None:
        """Make an edit."""
        what = self.effect(target, edit, evidence)
        if what in {None, Effect.NOTHING}:
            return
        if edit.operation == CUT:
            entry = self._pointed_at(evidence)
            if entry is not None:
                here = [word for word in entry.words() if word.location == evidence]
                self._take(entry, here or entry.words())
            return
        key, value = _assigned(edit) or ("", "")
        if edit.operation == ADD or key == _FURTHER:
            self._put_in[f"{key}={value}"] = None
            return
        for entry in self._entries(key):
            words = entry.words()
            if edit.operation == REMOVE:
                words = [word for word in words if is_meant(word.text, value)]
            self._take(entry, words)
        if edit.operation == SET:
            several = value.split(":") if key == "User" else [value]
            for name, one in zip((key, "Group"), several, strict=False):
                self._put_in[f"{name}={one}"] = None

    def text(self) -> str:
        """Return the file as it is after the edits."""
        lines = [self._left(number, line) for number, line in enumerate(self._lines)]
        at = self._place()
        if at > 0 and not lines[at - 1].endswith("\n"):
            lines[at - 1] += "\n"
        end = "\r\n" if "\r\n" in "".join(self._lines[:1]) else "\n"
        return "".join([*lines[:at], *(f"{line}{end}" for line in self._put_in), *lines[at:]])

    def _entries(self, key: str) -> Iterator[Entry]:
        return (e for e in self._unit.entries if (e.section, e.key) == (_SECTION, key))

    def _place(self) -> int:
        """Return the number of the line before which to put what is new: behind the image."""
        image = next(self._entries("Image"), None)
        if image is not None:
            line = (image.key_location.line or 1) - 1
            while self._lines[line].rstrip("\r\n").endswith("\\"):
                line += 1
            return line + 1
        return next((where.line or 0 for name, where in self._unit.sections if name == _SECTION), 0)

    def _pointed_at(self, evidence: Location | None) -> Entry | None:
        """Return the assignment that holds what stands at a place, if it is on one line."""
        for entry in self._unit.entries:
            places = {entry.location, entry.key_location, *(w.location for w in entry.words())}
            if entry.section == _SECTION and evidence in places:
                # NOTE: one word of PodmanArgs is half an option: what belongs to it is not known.
                whole = entry.key != _FURTHER and self._line(entry) is not None
                return entry if whole else None
        return None

    def _line(self, entry: Entry) -> int | None:
        """Return the number of an assignment's only line, None if it goes on below."""
        number = (entry.key_location.line or 1) - 1
        return None if self._lines[number].rstrip("\r\n").endswith("\\") else number

    def _take(self, entry: Entry, words: Sequence[UnitWord]) -> None:
        """Note words of an assignment to be taken out."""
        number = self._line(entry)
        if number is not None and words:
            _, taken = self._taken.setdefault(number, (entry, set()))
            taken.update(word.location for word in words)

    def _left(self, number: int, line: str) -> str:
        """Return a line without what is taken out, "" if nothing is left of it."""
        if number not in self._taken:
            return line
        entry, taken = self._taken[number]
        kept = [word.text for word in entry.words() if word.location not in taken]
        return f"{entry.key}={' '.join(kept)}\n" if kept else ""


def _assigned(edit: Edit) -> tuple[str, str] | None:
    """Return the key and the value of what an edit puts in or takes out; None if there is none."""
    if edit.path == "security_opt":
        return _SECURITY.get(str(edit.value))
    if edit.path in _ARGUMENTS:
        return _FURTHER, f"{_ARGUMENTS[edit.path]} {edit.value}"
    key = _KEYS.get(edit.path)
    if key is None:
        return None
    return key, "true" if edit.value is True else str(edit.value or "")


def _values(entry: Entry) -> list[str]:
    return [entry.value, *(word.text for word in entry.words())]


def _is_to_go(entry: Entry, edit: Edit, value: str) -> bool:
    if edit.operation != REMOVE:
        return True
    return any(is_meant(word, value) for word in _values(entry))
