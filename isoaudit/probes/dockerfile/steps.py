"""The part `build_step`: instructions that run programs or bring in files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from isoaudit.documents.dockerfile import Spot
from isoaudit.facts.redaction import redact_text
from isoaudit.model import Record, Value
from isoaudit.probes.declared import record
from isoaudit.probes.dockerfile.scripts import (
    elevates,
    packages,
    set_id,
    sets_id,
    unverified,
)
from isoaudit.probes.dockerfile.shell import MARK
from isoaudit.probes.dockerfile.stages import Stage, Step
from isoaudit.probes.dockerfile.words import UNSET

_RUN = frozenset({"RUN", "CMD", "ENTRYPOINT"})
_BRING = frozenset({"ADD", "COPY"})
_OPEN = "depends on a variable without a value in the file"
_LONG = "a script longer than is read"
_REMOTE = re.compile(r"(?:https?|ftp)://|git@|git://|ssh://")
_COMMIT = re.compile(r"#[0-9a-f]{40}(?:[0-9a-f]{24})?(?::.*)?\Z")
_ARCHIVE = re.compile(r".*\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst|lz4?|Z))", re.DOTALL)
_LONGEST = 300
_MOST_LISTED = 100
_OF_COMMANDS = ("build_step.packages", "build_step.elevates", "build_step.set_id",
                "build_step.unverified")  # fmt: skip
_OF_FILES = ("build_step.fetched", "build_step.added")


def steps(built: list[Stage], last: Stage) -> Iterator[Record]:
    """Yield a record for each instruction of the built stages that runs or brings in something."""
    in_image = {stage.number for stage in last.lineage()}
    for stage in built:
        for step in stage.steps:
            name = step.instruction.name
            if name in _BRING or (name in _RUN and (name == "RUN" or stage is last)):
                yield _step(stage, step, stage.number in in_image)


def _step(stage: Stage, step: Step, in_image: bool) -> Record:
    instruction = step.instruction
    fields: dict[str, Value] = {
        "build_step.stage": stage.title,
        "build_step.instruction": ("ONBUILD " if instruction.triggered else "") + instruction.name,
        "build_step.in_image": in_image,
        "build_step.entitlements": (),
        **dict.fromkeys((*_OF_COMMANDS, *_OF_FILES), ()),
    }
    unread: dict[str, str] = {}
    if instruction.name in _RUN:
        _entitlements(step, fields, unread)
        _commands(step, fields, unread)
    else:
        _files(step, fields, unread)
    return record(Spot(instruction.location), fields, unread)


def _entitlements(step: Step, fields: dict[str, Value], unread: dict[str, str]) -> None:
    asked = []
    for name, harmless in (("security", {"sandbox"}), ("network", {"default", "none"})):
        for flag in step.instruction.values(name):
            value = step.resolved(flag.value)
            if UNSET in value:
                unread["build_step.entitlements"] = _OPEN
            elif value not in harmless:
                asked.append(f"{name}={value[:40]}")
    fields["build_step.entitlements"] = _listed(asked)
    if asked:
        unread.pop("build_step.entitlements", None)


def _commands(step: Step, fields: dict[str, Value], unread: dict[str, str]) -> None:
    found, script = step.commands(), step.script
    if found is None:
        unread.update(dict.fromkeys(_OF_COMMANDS, _LONG))
        return
    installed = packages(found)
    known = [name for name in installed if "$" not in name and MARK not in name]
    fields["build_step.packages"] = _listed(known)
    if len(known) < len(installed):
        unread["build_step.packages"] = _OPEN
    fields["build_step.elevates"] = _listed(elevates(found, script))
    fields["build_step.set_id"] = _listed(set_id(found))
    fields["build_step.unverified"] = _listed(unverified(found, script))
    if any("$" in command.program or MARK in command.program for command in found):
        # What is not known to be run may do any of it; what is known stands.
        unread.update({path: _OPEN for path in _OF_COMMANDS if not fields[path]})


def _files(step: Step, fields: dict[str, Value], unread: dict[str, str]) -> None:
    instruction = step.instruction
    modes = [step.resolved(flag.value) for flag in instruction.values("chmod")]
    fields["build_step.set_id"] = _listed(f"--chmod={mode}" for mode in modes if sets_id(mode))
    if any(UNSET in mode for mode in modes):
        unread["build_step.set_id"] = _OPEN
    if instruction.name != "ADD":
        return
    proven = bool(instruction.values("checksum"))
    fetched, added = [], []
    for source in file_sources(step):
        if UNSET in source and not _REMOTE.match(source):
            unread.update(dict.fromkeys(_OF_FILES, _OPEN))
        elif _REMOTE.match(source):
            if not proven and not _COMMIT.search(source[-400:]):
                fetched.append(shown(source))
        elif not _ARCHIVE.fullmatch(source):
            added.append(shown(source))
    fields["build_step.fetched"], fields["build_step.added"] = _listed(fetched), _listed(added)
    for path in _OF_FILES:
        if fields[path]:
            unread.pop(path, None)


def file_sources(step: Step) -> list[str]:
    """Return what an ADD or COPY brings in, here-documents left out."""
    return [word for word in file_words(step)[:-1] if not word.startswith("<<")]


def file_words(step: Step) -> list[str]:
    """Return the words of an ADD or COPY: its sources, and where they go."""
    return [word for word, _ in step.arguments()]


def shown(name: str) -> str:
    """Return a file's name or address without query or secrets, and not too long."""
    return redact_text(name.partition("?")[0].replace(UNSET, "…"))[:_LONGEST]


def _listed(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(redact_text(one) for one in dict.fromkeys(values))[:_MOST_LISTED]
