"""The catalogue: isoaudit's own checks, and those that --checks adds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from isoaudit.errors import DefinitionError, UsageError
from isoaudit.resources import data_dir
from isoaudit.rules import cache
from isoaudit.rules.check import Check
from isoaudit.rules.folder import STEPS, paths_below


def load_catalogue(extra: Sequence[Path] = ()) -> dict[str, Check]:
    """Return every check by id: the built-in ones, then those of the `extra` folders.

    Raises DefinitionError for a file that does not load and for an id that stands twice, and
    UsageError for a folder that is not there.
    """
    builtin = str(data_dir("checks"))
    shown = ((path, path[len(builtin) + 1 :]) for path in paths_below(builtin))
    files = [(path, f"checks/{name}") for path, name in shown if not name.startswith(f"{STEPS}/")]
    for folder in extra:
        if not folder.exists():
            raise UsageError(f"{folder}: no such file or folder", "Name a folder of check files.")
        files += [(path, path) for path in paths_below(str(folder))]
    key = cache.key_of_files(files)
    checks = cache.read(key)
    if checks is None:
        from isoaudit.rules.load import load_check

        checks = [load_check(Path(path), shown) for path, shown in files]
        cache.write(key, checks)
    return _by_id(checks)


def find_check(catalogue: dict[str, Check], check_id: str) -> Check:
    """Return a check by id, in any case; raises UsageError with a suggestion."""
    check = catalogue.get(check_id.upper())
    if check is not None:
        return check
    from difflib import get_close_matches

    close = get_close_matches(check_id.upper(), list(catalogue), n=1)
    hint = f"Did you mean {close[0]}?" if close else "`isoaudit checks list` lists them."
    raise UsageError(f"no check {check_id!r}", hint)


def _by_id(checks: Sequence[Check]) -> dict[str, Check]:
    found: dict[str, Check] = {}
    for check in checks:
        if check.id in found:
            raise DefinitionError(
                f"{check.file}: check {check.id} stands in {found[check.id].file} already",
                "Give yours an id of its own, with a prefix nobody else uses.",
            )
        found[check.id] = check
    return dict(sorted(found.items()))


def version_of(checks: Iterable[Check]) -> str:
    """Return a short word that changes whenever a check, or a parameter of one, does."""
    digest = hashlib.sha256()
    for check in checks:
        levels = [(level.severity, level.when and level.when.source) for level in check.levels]
        when = check.when and check.when.source
        words = (check.id, check.title, levels, check.each, when, check.passes.source)
        digest.update(repr((words, sorted(check.params.items()))).encode())
    return digest.hexdigest()[:12]
