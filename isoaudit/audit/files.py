"""Collects from files: deployment files alone or in folders, bundles, standard input."""

from __future__ import annotations

import errno
import os
import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from isoaudit import bundle
from isoaudit.audit.common import listed, run_error
from isoaudit.audit.excluding import NOTHING, Excluded
from isoaudit.bundle import Bundle, Evidence
from isoaudit.documents import limits
from isoaudit.documents.beside import Beside, Folder, Neighbour, Scan
from isoaudit.errors import DocumentError, TargetError, TemplateError, UsageError
from isoaudit.model import RunError, Target
from isoaudit.model.dialects import DIALECTS
from isoaudit.probes.base import Partial
from isoaudit.probes.table import FILES, open_file
from isoaudit.rules.inline import inline_waivers
from isoaudit.targets.address import Address
from isoaudit.targets.folder import Problem, expand, shown_path
from isoaudit.targets.recognise import recognise, recognised

_SEVERAL = frozenset(dialect.name for dialect in DIALECTS if dialect.several)
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}


class FileUnit(NamedTuple):
    """One file to read. `dialect` is "" where its content decides; `data` is standard input's.

    `scan` is that of the folder in which it was found, `further` are files that are one with it.
    """

    address: Address
    path: Path
    shown: str
    dialect: str
    named: bool
    data: bytes | None = None
    scan: Scan | None = None
    further: tuple[Path, ...] = ()


def file_units(
    addresses: Sequence[Address], stdin: bytes | None, excluded: Excluded = NOTHING
) -> tuple[list[FileUnit], list[RunError]]:
    """Return the files behind addresses, and what of them could not be reached.

    What is excluded is passed by where it is found in a folder, and read where it is named.

    Raises UsageError for a file or folder that is named and is not there.
    """
    units: dict[tuple[str, str, str, tuple[Path, ...]], FileUnit] = {}
    errors: list[RunError] = []
    for address in addresses:
        for entry in _units_at(address, stdin):
            if isinstance(entry, RunError):
                errors.append(entry)
                continue
            if not entry.named and excluded.holds(entry.shown):
                continue
            path = os.path.abspath(entry.path)
            key = (path, entry.dialect, entry.address.part, entry.further)
            if key not in units or entry.named:
                units[key] = entry
    return list(units.values()), errors


def _units_at(address: Address, stdin: bytes | None) -> Iterator[FileUnit | RunError]:
    """Yield the file of an address, or the files below the folder it names."""
    dialect = "" if address.scheme == "file" else address.scheme
    if address.data is not None:
        yield FileUnit(address, Path(address.name), address.name, dialect, named=True,
                       data=address.data)  # fmt: skip
        return
    if address.name == "-":
        yield FileUnit(address, Path("-"), "stdin", dialect, named=True, data=stdin)
        return
    path, *further = [Path(name) for name in _names(address)]
    if further or not os.path.isdir(path):
        for one in (path, *further):
            _require_there(one)
        shown = shown_path(path)
        yield FileUnit(address, path, shown, dialect, named=True, further=tuple(further))
        return
    if address.part:
        raise UsageError(f"{path}: a folder, of which #{address.part} can be no part",
                         "Name the file: FILE#NAME.")  # fmt: skip
    entries = list(expand(path))
    found = (os.path.normpath(one) for one in entries if not isinstance(one, Problem))
    scan = Scan(path, frozenset(found))
    for entry in entries:
        if isinstance(entry, Problem):
            yield RunError(shown_path(entry.path), "read", entry.cause, asked=True)
        else:
            yield FileUnit(address, entry, shown_path(entry), dialect, named=False, scan=scan)


def _names(address: Address) -> list[str]:
    """Return the files of an address: one, or several that are one (`compose:a.yaml,b.yaml`)."""
    if address.scheme not in _SEVERAL or os.path.lexists(address.name):
        return [address.name]
    return [name for name in address.name.split(",") if name] or [address.name]


def _require_there(path: Path) -> None:
    """Raise UsageError if there is no such file; what merely hides it is told by reading it."""
    try:
        path.lstat()
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise UsageError(f"{path}: no such file or folder", "Check the path.") from error


def read_unit(unit: FileUnit) -> Iterator[Evidence | Bundle | RunError]:
    """Yield the targets of one file, or the bundle it is; broken ones cost only themselves.

    A file that declares no workload yields nothing; a named one of an unknown kind yields an error.
    """
    try:
        data = unit.data if unit.data is not None else limits.read_bytes(unit.path, unit.shown)
        if bundle.is_bundle(data) and not unit.dialect:
            if unit.named:
                if len(data) > limits.MAX_BYTES and unit.data is None:
                    data = limits.read_bytes(unit.path, unit.shown, limits.OWN_BYTES)
                yield _chosen(unit, bundle.decode(data, unit.shown))
            return
        if _is_none_of_ours(unit, data):
            return
        text = limits.decode(data, unit.shown)
        kinds = [unit.dialect] if unit.dialect else recognised(text, unit.path.name)
        dialects = [kind for kind in kinds if kind in FILES]
        if not dialects and unit.named:
            yield run_error(unit.address, "read", _not_recognised(unit, "".join(kinds[:1])))
        if len(dialects) < 2:
            for dialect in dialects:
                yield from _targets(unit, dialect, text)
            return
        yield from _several(unit, dialects, text)
    except TemplateError as error:
        yield _raw_chart(unit) or _error(unit, error)
    except Exception as error:
        yield _error(unit, error)


def _several(unit: FileUnit, dialects: Sequence[str], text: str) -> Iterator[Evidence | RunError]:
    """Yield the targets of a script that starts machines and containers: what cannot be read of
    one kind hides none of another."""
    lost: list[Exception] = []
    for dialect in dialects:
        try:
            yield from _targets(unit, dialect, text)
        except Exception as error:
            lost.append(error)
    if not unit.address.part:
        yield from (_error(unit, error) for error in lost)
    elif len(lost) == len(dialects):
        yield _error(unit, lost[0])  # a part that is asked for is of one kind only


def _is_none_of_ours(unit: FileUnit, data: bytes) -> bool:
    """Say of a file in another encoding, found in a folder, that it is of no kind we know.

    What files are known by is ASCII, and looks the same in Latin-1, which every byte is text of;
    so it does in UTF-16, but for the mark in front and the zeros in between.
    """
    if unit.named or unit.dialect or len(data) > limits.MAX_BYTES:
        return False
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.replace(b"\0", b"").lstrip(b"\xff\xfe").decode("latin-1")
        return recognise(text, unit.path.name) not in FILES
    return False


def _targets(unit: FileUnit, dialect: str, text: str) -> Iterator[Evidence | RunError]:
    beside = _beside(unit)
    probe = open_file(dialect, text, unit.shown, beside)
    found = probe.find()
    said = inline_waivers(text, dialect, unit.shown)
    for other in beside.texts():
        said += inline_waivers(other.text, dialect, other.shown)
    if unit.address.part:
        said = tuple(one._replace(whole=False) for one in said)
    chosen = [target for target in found if unit.address.matches(target)]
    if unit.address.part and not chosen:
        raise _no_part(unit, found)
    for target in chosen:
        try:
            yield Evidence(target, probe.collect(target), said)
        except Exception as error:
            yield _error(unit, error, target.id)
    if isinstance(probe, Partial) and not unit.address.part:
        for problem in probe.unread():
            yield _error(unit, problem)


def _beside(unit: FileUnit) -> Beside:
    """Return what lies beside a file; raises DocumentError for a further one that is unreadable."""
    further = []
    for path in unit.further:
        shown = shown_path(path)
        folder = Folder(str(path.parent), posixpath.dirname(shown))
        further.append(Neighbour(shown, folder, limits.read_text(path, shown)))
    # NOTE: text that is handed in with a path, as by `harden`, stands where that file does.
    own = None if unit.address.name == "-" else unit.path
    return Beside(own, unit.shown, unit.scan, further=tuple(further))


def _chosen(unit: FileUnit, whole: Bundle) -> Bundle:
    """Return a bundle with those of its targets that the address asks for."""
    if not unit.address.part:
        return whole
    chosen = tuple(one for one in whole.targets if unit.address.matches(one.target))
    if not chosen:
        raise _no_part(unit, [one.target for one in whole.targets])
    return replace(whole, targets=chosen, errors=())


def _no_part(unit: FileUnit, found: Sequence[Target]) -> TargetError:
    from difflib import get_close_matches

    part = unit.address.part
    names = sorted({target.name for target in found})
    close = get_close_matches(part, names, n=1)
    hint = f"Did you mean {unit.shown}#{close[0]}?" if close else f"There are: {listed(names)}"
    return TargetError(f"{unit.shown}: nothing in it is called {part!r}", hint)


def _raw_chart(unit: FileUnit) -> RunError | None:
    """Return the row of the Helm chart whose template a file is; it is the same for all of them.

    None for a file that was named, or that is in no chart.
    """
    folders = [] if unit.named else unit.path.parents
    for folder in folders:
        if folder.name == "templates" and os.path.lexists(folder.parent / "Chart.yaml"):
            chart = shown_path(folder.parent)
            command = f"helm template {shlex.quote(chart)} | isoaudit scan -"
            return RunError(chart, "read", f"{chart}: a Helm chart that is not rendered",
                            f"Render it: {command}", unit.address.asked)  # fmt: skip
    return None


def _error(unit: FileUnit, error: BaseException, target: str = "") -> RunError:
    row = run_error(unit.address, "read", error)
    return RunError(target or unit.shown, row.stage, row.message, row.how_to_get, row.asked)


def _not_recognised(unit: FileUnit, kind: str) -> DocumentError:
    if kind == "result":
        return DocumentError(
            f"{unit.shown}: a saved result, not evidence",
            f"Show it in another format: isoaudit report {unit.shown}",
        )
    return DocumentError(
        f"{unit.shown}: no deployment file that isoaudit knows",
        f"Known: {', '.join(dialect.title for dialect in DIALECTS)}, evidence bundles. "
        f"Say which it is: {', '.join(f'{dialect.name}:FILE' for dialect in DIALECTS)}.",
    )
