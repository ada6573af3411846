"""What the host's topics share: the files, two notepads, and how absence becomes evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from isoaudit.model import Missing, Reason, Value, Vantage
from isoaudit.probes.base import Notes
from isoaudit.transports.base import Files, FileStat, Unreadable

_WITNESSES = (
    ("/sys/", "/sys/kernel"),
    ("/proc/", "/proc/sys/kernel"),
    ("/dev/", "/dev/null"),
)
"""What exists wherever the tree above is really there: a missing mount is no evidence."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The files of one host and its notepads: `kernel` for /proc and /sys, `declared` for files."""

    files: Files
    kernel: Notes = field(default_factory=lambda: Notes(Vantage.KERNEL))
    declared: Notes = field(default_factory=lambda: Notes(Vantage.DECLARED))
    _known: dict[str, bool] = field(default_factory=dict)

    def text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without its outer white space; raises Unreadable."""
        return self.files.read_text(path, limit).strip()

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

    def lacks(self, fact: str, error: Unreadable, without: str = "", remedy: str = "") -> None:
        """Note that the kernel's word on a fact is missing; `without` tells what absence means."""
        detail = f"{error.cause}: {without}" if error.absent and without else error.cause
        self.kernel.missing(fact, error.reason, detail, error.remedy or remedy)

    def known(self, fact: str) -> Value | None:
        """Return the kernel's word on a fact that was noted before, or None."""
        facts = self.kernel.factset().facts.get(fact)
        return facts[0].value if facts else None

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
