"""Profiles: which checks, with which parameters and severities, and which gate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit import __version__
from isoaudit.documents import limits, standing
from isoaudit.errors import DefinitionError, DocumentError, UsageError
from isoaudit.model import Location, Severity, Value
from isoaudit.regex import regex
from isoaudit.resources import data_dir
from isoaudit.rules import kept
from isoaudit.rules.check import Check

_AT = regex(r"(.+)@(latest|1\.(?:0|[1-9][0-9]{0,2}))", re.DOTALL)
"""A profile at one version of the standard it is about, as pss-restricted@1.29."""


class Selector(NamedTuple):
    """Names checks by id pattern, tag, framework or severity; matching one of them is enough."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()

    def matches(self, check: Check) -> bool:
        """Say whether a check is among those named."""
        return (
            any(fnmatchcase(check.id, pattern) for pattern in self.ids)
            or not set(self.tags).isdisjoint(check.tags)
            or not set(self.frameworks).isdisjoint(check.references)
            or check.severity.value in self.severities
        )


class Profile(NamedTuple):
    """One profile file as written, before what it extends is worked in.

    `version` is the minor version that was named behind its name, 29 for @1.29; None for none.
    """

    id: str
    title: str
    description: str
    extends: tuple[str, ...]
    include: Selector | None
    exclude: Selector | None
    params: Mapping[str, Mapping[str, Value]]
    severity: Mapping[str, Severity]
    gate: Mapping[str, Any]
    text: str
    file: str
    version: int | None = None
    workload: Mapping[str, Any] = {}

    def locate(self, path: Iterable[str | int]) -> Location:
        """Return the position of the value below `path`, for complaints about it."""
        from isoaudit.documents import yaml
        from isoaudit.rules.schema import locate

        return locate(yaml.load(self.text, self.file), path)


def profile_names() -> list[str]:
    """Return the names of the built-in profiles."""
    return sorted(path.stem for path in data_dir("profiles").glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Load a profile by its name, or by the path of a file; `@1.29` behind it names a version.

    Raises UsageError if there is none and DefinitionError, with the position, if it does not load.
    """
    asked = _AT.fullmatch(name)
    if asked is not None:
        minor = asked[2].partition(".")[2]
        return load_profile(asked[1])._replace(version=int(minor) if minor else None)
    is_file = "/" in name or name.endswith((".yaml", ".yml"))
    path = Path(name)
    if not is_file:
        path = data_dir("profiles") / f"{name}.yaml"
        if name not in profile_names():
            from difflib import get_close_matches

            close = get_close_matches(name, profile_names(), n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            at = " Versions are named as NAME@1.29." if "@" in name else ""
            raise UsageError(
                f"no profile {name!r}", f"{hint}There are: {', '.join(profile_names())}.{at}"
            )
    try:
        # NOTE: a built-in one is never a file of what is audited, not even in isoaudit's own clone.
        text = (standing if is_file else limits).read_text(path, str(path))
        data = _validated(text, str(path))
    except DocumentError as error:
        raise DefinitionError(error.cause, error.remedy) from error
    return Profile(
        id=data["id"],
        title=data["title"],
        description=data["description"],
        extends=tuple(data.get("extends", ())),
        include=_selector(data.get("include")),
        exclude=_selector(data.get("exclude")),
        params=data.get("params", {}),
        severity={check: Severity(level) for check, level in data.get("severity", {}).items()},
        gate=data.get("gate", {}),
        text=text,
        file=str(path),
        workload=data.get("workload", {}),
    )


def _validated(text: str, file: str) -> Any:
    """Return the plain value of a profile that fits its schema.

    What fitted once is kept: the validator alone takes as long to import as a small scan lasts.
    """
    schema = (data_dir("reports") / "schemas" / "profile-1.json").read_bytes()
    digest = hashlib.sha256(f"{__version__}\0{len(schema)}\0".encode())
    digest.update(schema)
    digest.update(text.encode())
    name = f"profile-{digest.hexdigest()[:32]}"
    data = kept.read(name)
    if not isinstance(data, dict):
        from isoaudit.documents import yaml
        from isoaudit.rules.schema import validate

        data = validate(yaml.load(text, file), "profile-1")
        kept.write(name, data)
    return data


def _selector(data: Mapping[str, Any] | None) -> Selector | None:
    return Selector(**{key: tuple(value) for key, value in data.items()}) if data else None
