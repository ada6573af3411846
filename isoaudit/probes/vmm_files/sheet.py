"""What the readers of these files share: the target one declares, and records that are clean."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from isoaudit.errors import DocumentError
from isoaudit.facts.redaction import redact_text
from isoaudit.model import FactSet, Kind, Missing, Reason, Record, Target, Value, Vantage
from isoaudit.probes.declared import Placed, Sheet, record
from isoaudit.probes.disk_names import whole_disk

_LONGEST = 4096  # PATH_MAX
_LONGEST_NAME = 255
_WIDEST = 2**63
_NOT_TOLD = "the name does not say what it is on the host"


class VmSheet(Sheet):
    """A sheet whose texts are kept short and free of secrets of known form."""

    def __init__(self, anchor: Placed, unless: str = "") -> None:
        super().__init__(anchor, unless)
        self._more: list[Missing] = []

    def more(self, path: str, detail: str) -> None:
        """Note that there may be more of a list than was read: it may fail a check, pass none."""
        self._more.append(Missing(path, Reason.NOT_DECLARABLE, detail, "Scan the running VM.",
                                  Vantage.KERNEL))  # fmt: skip

    def factset(self) -> FactSet:
        """Return what was noted as a target's fact set."""
        return super().factset().merge(FactSet.of(missing=self._more))

    def say(self, path: str, value: Value, node: Placed, remark: str = "") -> None:
        """Note a value that stands at `node`; `remark` tells what was concluded from it."""
        super().say(path, clean(value), node, remark)


def declared_vm(dialect: str, shown: str, name: str, anchor: Placed) -> Target:
    """Return the virtual machine a file declares; one without a name is called after its file."""
    return Target(
        id=f"{dialect}:{shown}",
        kind=Kind.VM,
        name=name[:_LONGEST_NAME] or file_name(shown),
        state="declared",
        handle=shown,
        dialect=dialect,
        location=anchor.location,
    )


def file_name(shown: str) -> str:
    """Return a file's name without folder and suffix."""
    return posixpath.basename(shown).partition(".")[0] or shown


def row(
    node: Placed, fields: Mapping[str, Value], unread: Mapping[str, str | Missing] | None = None
) -> Record:
    """Return one record of a part, all of it read at `node`; `unread` says why a field is not."""
    return record(node, {path: clean(value) for path, value in fields.items()}, unread)


def medium(
    node: Placed,
    fields: Mapping[str, Value],
    source: str,
    unread: Mapping[str, str | Missing] | None = None,
) -> Record:
    """Return the record of a drive whose medium is a path of the host, "" for an empty one."""
    told: dict[str, Value] = {**fields, "disk.source_type": "none", "disk.whole_host_disk": False}
    open_ends = dict(unread or {})
    if source:
        told["disk.source_type"] = "block" if source.startswith("/dev/") else "file"
        told["disk.source"] = source
        whole = whole_disk(source)
        if whole is None:
            open_ends["disk.whole_host_disk"] = _NOT_TOLD
        else:
            told["disk.whole_host_disk"] = whole
    return row(node, told, open_ends)


def amount(node: Placed, number: int, unit: int = 1) -> int:
    """Return an amount in its unit; raises DocumentError for less than nothing or too much."""
    if not 0 <= number * unit < _WIDEST:
        raise DocumentError(f"{node.location}: {number} is no amount that a machine can have")
    return number * unit


def clean(value: Value) -> Value:
    """Return a value without credentials of known form, and cut where it is absurdly long."""
    if isinstance(value, tuple):
        return tuple(_short(word) for word in value)
    return _short(value) if isinstance(value, str) else value


def _short(text: str) -> str:
    text = redact_text(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (cut)"
