"""Collects from files: deployment files alone or in folders, bundles, standard input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from isoaudit import bundle
from isoaudit.audit.live import run_error
from isoaudit.bundle import Bundle, Evidence
from isoaudit.documents import limits
from isoaudit.errors import DocumentError, IsoauditError, UsageError
from isoaudit.model import RunError
from isoaudit.probes.table import open_file
from isoaudit.targets.address import Address
from isoaudit.targets.folder import Problem, expand, shown_path
from isoaudit.targets.recognise import recognise


@dataclass(frozen=True, slots=True)
class FileUnit:
    """One file to read. `dialect` is "" where its content decides; `data` is standard input's."""

    address: Address
    path: Path
    shown: str
    dialect: str
    named: bool
    data: bytes | None = None


def file_units(
    addresses: Sequence[Address], stdin: bytes | None
) -> tuple[list[FileUnit], list[RunError]]:
    """Return the files behind addresses, and what of them could not be reached.

    Raises UsageError for a file or folder that is named and is not there.
    """
    units: list[FileUnit] = []
    errors: list[RunError] = []
    for address in addresses:
        dialect = "" if address.scheme == "file" else address.scheme
        if address.name == "-":
            units.append(FileUnit(address, Path("-"), "stdin", dialect, named=True, data=stdin))
            continue
        path = Path(address.name)
        if not path.is_dir():
            if not path.exists():
                raise UsageError(f"{path}: no such file or folder", "Check the path.")
            units.append(FileUnit(address, path, shown_path(path), dialect, named=True))
            continue
        for entry in expand(path):
            if isinstance(entry, Problem):
                errors.append(RunError(shown_path(entry.path), "read", entry.cause, asked=True))
            else:
                units.append(FileUnit(address, entry, shown_path(entry), dialect, named=False))
    return units, errors


def read_unit(unit: FileUnit) -> Iterator[Evidence | Bundle | RunError]:
    """Yield the targets of one file, or the bundle it is; broken ones cost only themselves.

    A file met in a folder that declares no workload yields nothing; a named one yields an error.
    """
    try:
        data = unit.data if unit.data is not None else limits.read_bytes(unit.path, unit.shown)
        if bundle.is_bundle(data) and not unit.dialect:
            if unit.named:
                yield bundle.decode(data, unit.shown)
            return
        text = limits.decode(data, unit.shown)
        dialect = unit.dialect or recognise(text, unit.path.name) or ""
        if dialect not in {"compose", "kubernetes", "libvirt_xml"}:
            if unit.named:
                yield run_error(unit.address, "read", _not_recognised(unit, dialect))
            return
        yield from _targets(unit, dialect, text)
    except IsoauditError as error:
        yield _error(unit, error)
    except Exception as error:
        yield _error(unit, error)


def _targets(unit: FileUnit, dialect: str, text: str) -> Iterator[Evidence | RunError]:
    probe = open_file(dialect, text, unit.shown)
    for target in probe.find():
        if not unit.address.matches(target):
            continue
        try:
            yield Evidence(target, probe.collect(target))
        except Exception as error:
            yield _error(unit, error, target.id)


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
        "Known: compose, Kubernetes, libvirt domain XML, evidence bundles. "
        "Say which it is: compose:FILE, kubernetes:FILE, libvirt_xml:FILE.",
    )
