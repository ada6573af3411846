"""Finds the data folders (checks, profiles, reports) in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from isoaudit.errors import IsoauditError

_PACKAGE = Path(__file__).resolve().parent


def data_dir(kind: str) -> Path:
    """Return the folder that holds the data of `kind`: "checks", "profiles" or "reports".

    A wheel carries the folders inside the package; a checkout or an editable install has them
    beside `pyproject.toml`. Raises IsoauditError when neither is there.
    """
    installed = _PACKAGE / "_data" / kind
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():
        return checkout / kind
    raise IsoauditError(
        f"isoaudit's own folder {kind}/ is missing from this installation",
        "Reinstall isoaudit; a wheel built from this source contains it.",
    )
