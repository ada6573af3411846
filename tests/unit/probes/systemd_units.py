"""Service units from a few lines, and what the probe sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from declared_facts import Seen, seen

from isoaudit.documents.beside import Beside
from isoaudit.model import Target
from isoaudit.probes.systemd_file.probe import SystemdFileProbe

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "systemd"


def text(settings: str, head: str = "", start: str = "/usr/bin/web") -> str:
    """Return a unit with settings for its service and its unit section."""
    return f"[Unit]\n{dedent(head)}\n[Service]\nExecStart={start}\n{dedent(settings)}"


def unit(settings: str, head: str = "", start: str = "/usr/bin/web",
         shown: str = "web.service") -> Seen:  # fmt: skip
    """Return what the probe sees of a service with settings, which is confined besides."""
    whole = text(f"SocketBindDeny=any\n{dedent(settings)}", head, start)
    return unit_of(whole, shown)


def unit_of(whole: str, shown: str = "web.service") -> Seen:
    """Return what the probe sees of a unit's whole text."""
    probe = SystemdFileProbe(whole, shown)
    (target,) = probe.find()
    return seen(probe.collect(target))


def found(whole: str, shown: str = "web.service") -> Sequence[Target]:
    """Return the targets of a unit's whole text."""
    return SystemdFileProbe(whole, shown).find()


def beside(path: Path) -> Seen:
    """Return what the probe sees of a unit that lies on the disk."""
    probe = SystemdFileProbe(path.read_text(), path.name, Beside(path, path.name))
    (target,) = probe.find()
    return seen(probe.collect(target))
