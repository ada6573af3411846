"""Configuration files: `.isoaudit.yaml`, or `[tool.isoaudit]` of pyproject.toml.

One that was merely found is part of what is audited. It counts only if nobody but its owner, who
is root or the caller, can write to it; and it may neither switch the gate off nor send isoaudit
anywhere. One that is named may say all that options can.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.cli.owned import read_owned
from isoaudit.documents import limits
from isoaudit.documents.standing import ReadThen
from isoaudit.errors import DocumentError, UsageError
from isoaudit.model import Location
from isoaudit.targets.revision import reader_at, root_around

NAMES = (".isoaudit.yaml", ".isoaudit.yml")
PROJECT = "pyproject.toml"
_TABLE = b"tool.isoaudit"
_MOST = 2**20

_NAMED_ONLY = frozenset(
    {"output", "checks", "guests", "deep", "on", "report-only", "accept-labels"}
)
"""What only a file that is named may set: where to write and to connect, what to run, whether the
gate holds at all."""

_PATHS = frozenset({"waivers", "baseline", "checks", "guests", "on"})


class Settings(NamedTuple):
    """What a configuration file sets, by the names of options, and where each stands.

    `shown` is what people know the file by; `remark` says what else there is to say of it.
    `was_found` tells a file that nobody named, and `read_then` reads what such a file names as it
    stood at the revision of which the file itself counts.
    """

    shown: str
    values: Mapping[str, Any]
    places: Mapping[str, Location]
    remark: str = ""
    was_found: bool = False
    read_then: ReadThen | None = None


def named(path: Path) -> Settings:
    """Return the settings of a file that was named; raises UsageError for what cannot be used."""
    shown = str(path)
    try:
        text = limits.read_text(path, shown, _MOST)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error
    settings = _parsed(text, shown, path.name)
    if settings is None:
        raise UsageError(f"{shown}: has no [tool.isoaudit]", "Add it, or name another file.")
    return _with_paths(settings, path.parent, None)


def discovered(here: Path, since: str | None = None) -> Settings | None:
    """Return the settings that hold in a folder: the nearest file up to the repository's root.

    With `since`, what stood at that revision counts. Raises UsageError for a file that is there
    and cannot be used.
    """
    root = root_around(here)
    if root is not None and since is not None:
        return _stood(here, root, since) or _too_new(here, root, since)
    for folder in _upwards(here, root or here):
        if (found := _in_folder(folder)) is not None:
            return _confined(found, folder, root or here)
    return None


def _stood(here: Path, root: Path, since: str) -> Settings | None:
    """Return the settings that held in a folder at a revision."""
    read = reader_at(root, since)
    for folder in _upwards(here, root):
        below = folder.relative_to(root)
        for name in (*NAMES, PROJECT):
            data = read(str(below / name))
            if data is not None and (found := _of_bytes(data, folder / name)) is not None:
                settings = _confined(found, folder, root)
                remark = _then(folder / name, data, since)
                return settings._replace(remark=remark, read_then=_reader(root, read, since))
    return None


def _reader(root: Path, read: Callable[[str], bytes | None], since: str) -> ReadThen:
    """Return what reads a repository's files as they stood at a revision."""

    def then(path: Path, shown: str) -> bytes | None:
        whole = Path(os.path.realpath(path.parent), path.name)
        if not whole.is_relative_to(os.path.realpath(root)):
            return None
        data = read(str(whole.relative_to(os.path.realpath(root))))
        if data is None:
            raise DocumentError(f"{shown}: not there at {since}, where the settings name it",
                                "Name it by its option, if it is to count already.")  # fmt: skip
        return data

    return then


def _too_new(here: Path, root: Path, since: str) -> Settings | None:
    """Return no settings, with the name of a file that was not there at a revision."""
    for folder in _upwards(here, root):
        for name in (*NAMES, PROJECT):
            path = folder / name
            if path.is_file() and (name != PROJECT or _TABLE in _read(path)):
                remark = f"not there at {since}: it counts once it is merged"
                return Settings(os.path.relpath(path), {}, {}, remark)
    return None


def _read(path: Path) -> bytes:
    """Return what a project's file holds; raises UsageError where its settings cannot be known."""
    shown = os.path.relpath(path)
    try:
        data = limits.read_bytes(path, shown, _MOST)
    except DocumentError as error:
        raise UsageError(error.cause, "Leave it out: --no-config.") from error
    if len(data) > _MOST:
        raise UsageError(f"{shown}: larger than {_MOST // 2**20} MiB, not searched for settings",
                         "Leave it out: --no-config.")  # fmt: skip
    return data


def _then(path: Path, data: bytes, since: str) -> str:
    """Say that a file counts as it was, and whether it reads otherwise today."""
    try:
        same = path.read_bytes() == data
    except OSError:
        same = False
    return f"as of {since}" if same else f"as of {since}, today's counts once that is merged"


def _upwards(here: Path, root: Path) -> Iterator[Path]:
    """Yield a folder and those above it, up to the root."""
    whole, last = Path(os.path.realpath(here)), Path(os.path.realpath(root))
    yield whole
    for folder in whole.parents:
        if not folder.is_relative_to(last):
            return
        yield folder


def _in_folder(folder: Path) -> Settings | None:
    for name in NAMES:
        if os.path.lexists(folder / name):
            return _of_bytes(read_owned(folder / name, _MOST), folder / name)
    project = folder / PROJECT
    if not project.is_file() or _TABLE not in _read(project):
        return None
    return _of_bytes(read_owned(project, _MOST), project)


def _of_bytes(data: bytes, path: Path) -> Settings | None:
    """Return the settings in a file's bytes, None if it is a project's file without any."""
    if path.name == PROJECT and _TABLE not in data:
        return None
    shown = os.path.relpath(path)
    try:
        return _parsed(limits.decode(data, shown, _MOST), shown, path.name)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error


def _parsed(text: str, shown: str, name: str) -> Settings | None:
    """Return the settings of a text; raises UsageError with the place of what does not fit."""
    from isoaudit.rules.schema import violation

    try:
        read = _toml(text, shown) if name.endswith(".toml") else _yaml(text, shown)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error
    if read is None:
        return None
    values, places = read
    for key in values:
        _require_known(key, places)
    found = violation(values, "config-1")
    if found is not None:
        place = places.get(str(found.path[0])) if found.path else None
        raise UsageError(f"{place or shown}: {found}", found.remedy)
    return Settings(shown, values, places)


def _yaml(text: str, shown: str) -> tuple[dict[str, Any], dict[str, Location]]:
    from isoaudit.documents import yaml

    node = yaml.load(text, shown)
    if node.is_null:
        return {}, {}
    if not node.is_map:
        raise node.error("settings are expected here, as `fail-on: high`")
    return node.value(), {key: where.location for key, (where, _) in node.keyed().items()}


def _toml(text: str, shown: str) -> tuple[dict[str, Any], dict[str, Location]] | None:
    from isoaudit.documents import toml

    document = toml.load(text, shown)
    table = document.get("tool", "isoaudit")
    if table is None:
        return None
    if not isinstance(table.value, dict):
        raise table.error("[tool.isoaudit] is a table")
    entries = {key: document.get("tool", "isoaudit", key) for key in table.value}
    return dict(table.value), {key: e.location for key, e in entries.items() if e is not None}


def _require_known(key: str, places: Mapping[str, Location]) -> None:
    from difflib import get_close_matches

    known = known_keys()
    if key in known:
        return
    close = get_close_matches(str(key).replace("_", "-"), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise UsageError(f"{places.get(key)}: unknown key {key!r}", f"{hint}Known: {', '.join(known)}.")


def known_keys() -> list[str]:
    """Return the keys that a configuration file may have, in the order of its schema."""
    import json

    from isoaudit.resources import data_dir

    text = (data_dir("reports") / "schemas" / "config-1.json").read_text("utf-8")
    return list(json.loads(text)["properties"])


def _confined(settings: Settings, folder: Path, root: Path) -> Settings:
    """Return the settings of a file that was found; raises UsageError for what it may not say."""
    for key, value in settings.values.items():
        # Ways out alone would leave findings without a gate: no milder than never for these.
        never = key == "fail-on" and (value == "never" or str(value).startswith("way-out"))
        lax = never or (key == "min-score" and not value)
        if key in _NAMED_ONLY or lax:
            said = f"{key}: {value}" if lax else key
            raise UsageError(
                f"{settings.places[key]}: {said} counts only in a file that is named",
                f"What is audited may not decide that: give the option, or --config "
                f"{settings.shown}",
            )
    return _with_paths(settings, folder, root)._replace(was_found=True)


def _with_paths(settings: Settings, folder: Path, root: Path | None) -> Settings:
    """Return settings whose paths are relative to the working directory, not to the file.

    Raises UsageError for one that leads out of `root`.
    """
    values = dict(settings.values)
    for key, value in values.items():
        if key not in _PATHS and key != "profile":
            continue
        several = [value] if isinstance(value, str) else value
        moved = [_path(key, word, settings, folder, root) for word in several]
        values[key] = moved[0] if isinstance(value, str) else moved
    return settings._replace(values=values)


def _path(key: str, word: str, settings: Settings, folder: Path, root: Path | None) -> str:
    if key == "profile" and "/" not in word and not word.endswith((".yaml", ".yml")):
        return word
    whole = os.path.realpath(folder / word)
    if root is not None and not Path(whole).is_relative_to(os.path.realpath(root)):
        raise UsageError(
            f"{settings.places[key]}: {word} leads out of the repository",
            "Name it by an option, or name this file with --config.",
        )
    if os.path.isabs(word):
        return word
    path = os.path.relpath(os.path.join(folder, word))
    return path if "/" in path or key != "profile" else f"./{path}"
