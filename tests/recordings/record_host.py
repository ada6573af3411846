"""Records what the host probe reads on this machine: `python tests/recordings/record_host.py`.

What is no matter of isolation is left out of the recording: the other words of the command line,
other people's processes, mounts and Unix sockets, the comments of shipped files, options that the
kernel was built without, and the listener of whatever supervises the machine.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from isoaudit.probes.host import HostProbe
from isoaudit.probes.host.kernel import relevant_words
from isoaudit.transports.base import Files, FileStat
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import Tape, record

_OUT = Path(__file__).with_name("host") / "debian12-guest.json"
_KEPT_PIDS = {"1"}
_USUAL = re.compile(r"(/|/proc|/sys|/dev|/sys/.*|/dev/(pts|shm))$")


class _Discreet:
    """This machine's files without what is not ours to show."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        text = self._files.read_text(path, limit)
        if path == "/proc/cmdline":
            return " ".join(relevant_words(text)) + "\n"
        if path == "/proc/1/comm":
            return "init\n"
        return "".join(x for x in text.splitlines(keepends=True) if _shown(path, x))

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        lines = self._files.read_gzip(path, limit).splitlines(keepends=True)
        if path.startswith("/usr/share/doc/"):
            return "".join(lines)
        return "".join(line for line in lines if line.startswith("CONFIG_"))

    def read_link(self, path: str) -> str:
        return self._files.read_link(path)

    def list_names(self, path: str) -> list[str]:
        names = self._files.list_names(path)
        if path == "/proc":
            return [name for name in names if not name.isdigit() or name in _KEPT_PIDS]
        return names

    def stat(self, path: str) -> FileStat:
        return self._files.stat(path)

    def read_paragraph(self, path: str, first: str) -> str:
        return self._files.read_paragraph(path, first)

    def has_variable(self, pid: int, name: str) -> bool:
        return self._files.has_variable(pid, name)


def _shown(path: str, line: str) -> bool:
    """Say whether a line of a file is one that the recording keeps."""
    if path.startswith("/etc/libvirt/"):
        return not line.startswith("#")
    if path.endswith("/mountinfo"):
        return bool(_USUAL.match(line.split(" ")[4]))
    if path.endswith("/net/unix"):
        return line.startswith("Num")
    if path.endswith(("/net/tcp", "/net/tcp6")):
        return not line.split()[1].endswith(":07E8")
    return True


def main() -> None:
    """Write the recording."""
    tape: Tape = {}
    probe = HostProbe(record(_Discreet(LocalFiles()), tape))
    probe.collect(probe.find()[0])
    _OUT.write_text(json.dumps(tape, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{_OUT}: {len(tape['calls'])} answers\n")


if __name__ == "__main__":
    main()
