"""Which probe reads what: one line each, imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from isoaudit.documents.beside import Beside
from isoaudit.model import Record, Target
from isoaudit.model.dialects import DIALECTS
from isoaudit.probes.base import Probe
from isoaudit.transports.base import Unreadable

LIVE = {
    "host": "isoaudit.probes.open:open_host",
    "proc": "isoaudit.probes.open:open_proc",
    "vmm": "isoaudit.probes.open:open_vmm",
    "docker": "isoaudit.probes.open:open_docker",
    "podman": "isoaudit.probes.open:open_podman",
    "libvirt": "isoaudit.probes.open:open_libvirt",
    "ssh": "isoaudit.probes.open:open_ssh",
}

FILES = {dialect.name: dialect.reader for dialect in DIALECTS}
_WITH_BESIDE = frozenset(dialect.name for dialect in DIALECTS if dialect.beside)


def _nothing() -> None:
    """Close what holds nothing open."""


def _nobody(_name: str) -> Target | None:
    """Locate nothing: every target of the source is listed."""
    return None


def _nothing_hidden() -> Unreadable | None:
    """Return None: what was listed is all there is."""
    return None


class Effort(NamedTuple):
    """How far a probe goes: seconds that each request to an engine may take, and whether it may
    do what has a side effect, as stopping a process for an instant to read its filters."""

    timeout: float = 30.0
    deep: bool = False


class Opened(NamedTuple):
    """A probe that answers, where it does, how to ask about the engine itself, how to hang up.

    `locate` finds a target by a name that its list does not hold, as a sandbox by any of its pids;
    `unseen` says, after a list was made, why it may lack some.
    """

    probe: Probe
    endpoint: str = ""
    local: bool = True
    engine_record: Callable[[], Record] | None = None
    close: Callable[[], None] = _nothing
    locate: Callable[[str], Target | None] = _nobody
    unseen: Callable[[], Unreadable | None] = _nothing_hidden


def open_live(scheme: str, uri: str, effort: Effort) -> Opened:
    """Open the probe of something that runs; `uri` "" is the usual endpoint. Raises Unreadable."""
    opener: Callable[[str, Effort], Opened] = _load(LIVE[scheme])
    return opener(uri, effort)


def open_file(dialect: str, text: str, shown: str, beside: Beside | None = None) -> Probe:
    """Open the probe of a file's text; raises DocumentError if it is not what it looks like.

    Without `beside` the file stands alone, like standard input.
    """
    opener: Callable[..., Probe] = _load(FILES[dialect])
    if dialect in _WITH_BESIDE:
        return opener(text, shown, beside or Beside(None, shown))
    return opener(text, shown)


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
