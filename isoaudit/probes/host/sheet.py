"""What the host's topics share: the files, two notepads, and how absence becomes evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from isoaudit.model import Missing, Reason, Value, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel_config import KernelConfig, kernel_config
from isoaudit.transports.base import Files, FileStat, Unreadable

_WITNESSES = (
    ("/sys/", "/sys/kernel"),
    ("/proc/", "/proc/sys/kernel"),
    ("/dev/", "/dev/null"),
)
"""What exists wherever the tree above is really there: a missing mount is no evidence."""

_MOUNTS = "/proc/self/mountinfo"
_MOUNTS_AT_FIRST = 1_048_576
_MOUNTS_LIMIT = 16_777_216
"""Bytes of a mount table: a host of a thousand containers needs more than is read at first."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The files of one host and its notepads: `kernel` for /proc and /sys, `declared` for files."""

    files: Files
    kernel: Notes = field(default_factory=lambda: Notes(Vantage.KERNEL))
    declared: Notes = field(default_factory=lambda: Notes(Vantage.DECLARED))
    _known: dict[str, bool] = field(default_factory=dict)
    _texts: dict[tuple[str, int], str | Unreadable] = field(default_factory=dict)
    _kept_mounts: list[str] = field(default_factory=list)
    _configs: list[KernelConfig | Unreadable] = field(default_factory=list)

    def text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without its outer white space, read once; raises Unreadable."""
        return self._raw(path, limit).strip()

    def whole(self, path: str, limit: int = 1_048_576) -> str:
        """Return a text that `limit` did not cut short; raises Unreadable, also if it did."""
        text = self._raw(path, limit)
        if len(text) >= limit // 4 and len(text.encode()) >= limit:
            raise Unreadable(Reason.LIMIT, f"{path} is longer than {limit} bytes")
        return text

    def mounts(self) -> str:
        """Return isoaudit's own mount table, for the paths in it are looked at from here.

        Raises Unreadable.
        """
        text = self._kept_mounts[0] if self._kept_mounts else self.files.read_text(_MOUNTS)
        if len(text) >= _MOUNTS_AT_FIRST:
            text = self.whole(_MOUNTS, _MOUNTS_LIMIT)
        self._kept_mounts[:] = [text]
        return text

    def _raw(self, path: str, limit: int) -> str:
        known = self._texts.get((path, limit))
        if known is None:
            try:
                known = self.files.read_text(path, limit)
            except Unreadable as error:
                known = error
            self._texts[path, limit] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def config(self) -> KernelConfig | Unreadable:
        """Return what the kernel was built with, read once, or why that is not known."""
        if not self._configs:
            self._configs.append(kernel_config(self.files))
        return self._configs[0]

    def absent(self, error: Unreadable, path: str) -> bool:
        """Say whether an error proves that `path` is not there, and not merely not mounted."""
        if not error.absent:
            return False
        witness = next((seen for start, seen in _WITNESSES if path.startswith(start)), None)
        return witness in {None, path} or self.exists(witness or "") is True

    def exists(self, path: str) -> bool | None:
        """Say whether a path is there; None if that cannot be told."""
        if path not in self._known:
            try:
                self.files.stat(path)
            except Unreadable as error:
                if not self.absent(error, path):
                    return None
                self._known[path] = False
            else:
                self._known[path] = True
        return self._known[path]

    def note(  # noqa: PLR0913 - one fact: its path, file, reading, and what absence says
        self,
        fact: str,
        path: str,
        convert: Callable[[str], Value | list[str]],
        *,
        if_absent: Value | list[str] | None = None,
        without: str = "",
        remedy: str = "",
    ) -> None:
        """Note a kernel fact from one file.

        If the file provably is not there, `if_absent` is the value, or `without` the reason why
        there is none. Text that `convert` refuses with ValueError is a parse error.
        """
        try:
            text = self.text(path)
        except Unreadable as error:
            if self.absent(error, path) and if_absent is not None:
                self.kernel.fact(fact, if_absent, f"{path} absent")
            else:
                self.lacks(fact, error, without, remedy)
            return
        try:
            self.kernel.fact(fact, convert(text), path)
        except ValueError:
            self.kernel.missing(fact, Reason.PARSE_ERROR, f"{path}: {text[:60]!r} is unexpected")

    def switch(self, fact: str, path: str) -> None:
        """Note a module's switch: off where the module, or the switch, provably is not there."""
        module = path.partition("/parameters/")[0]
        if self.exists(module) is False:
            self.kernel.fact(fact, False, f"{module} absent")
        else:
            self.note(fact, path, yes, if_absent=False)

    def built(
        self, fact: str, read: Callable[[KernelConfig], tuple[Value | list[str], str]]
    ) -> None:
        """Note what `read` makes of the kernel's options: a value, and words for its source.

        The vantage is that of the file which the options come from. `read` may raise Unreadable.
        """
        config = self.config()
        try:
            if isinstance(config, Unreadable):
                raise config
            value, said = read(config)
        except Unreadable as error:
            self.lacks(fact, error)
            return
        notes = self.kernel if config.vantage is Vantage.KERNEL else self.declared
        notes.fact(fact, value, f"{config.source}: {said}")

    def lacks(self, fact: str, error: Unreadable, without: str = "", remedy: str = "") -> None:
        """Note that the kernel's word on a fact is missing; `without` tells what absence means."""
        detail = f"{error.cause}: {without}" if error.absent and without else error.cause
        self.kernel.missing(fact, error.reason, detail, error.remedy or remedy)

    def known(self, fact: str) -> Value | None:
        """Return what was noted of a fact before, the kernel's word first, or None."""
        value = self.kernel.value(fact)
        return self.declared.value(fact) if value is None else value

    def stat(self, path: str) -> FileStat | Unreadable | None:
        """Return what a path is, None if it provably is not there, else why that is unknown."""
        try:
            return self.files.stat(path)
        except Unreadable as error:
            return None if error.absent else error

    def names(self, path: str) -> list[str] | Unreadable:
        """Return the names in a folder, none if it provably is not there, else the reason."""
        try:
            return self.files.list_names(path)
        except Unreadable as error:
            return [] if self.absent(error, path) else error


def unread_part(name: str, errors: list[Unreadable], vantage: Vantage) -> Missing | None:
    """Return why a part is incomplete, from the first of what could not be read, if anything."""
    return errors[0].missing(name, vantage) if errors else None


def yes(text: str) -> bool:
    """Read a kernel switch: Y, 1; N, 0. Raises ValueError for anything else."""
    if text in {"Y", "y", "1"}:
        return True
    if text in {"N", "n", "0"}:
        return False
    raise ValueError(text)
