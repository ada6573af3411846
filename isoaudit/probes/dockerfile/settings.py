"""What an image sets for the containers made of it: user, ports, volumes, health check.

Source: the Dockerfile reference; the OCI image specification, "Image Configuration". What nobody
sets comes from the image at the bottom, which a file does not show; of `scratch` it is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.documents.dockerfile import Spot
from isoaudit.facts.redaction import redact_text
from isoaudit.probes.declared import Sheet
from isoaudit.probes.dockerfile.scripts import STEP_DOWN
from isoaudit.probes.dockerfile.shell import Command
from isoaudit.probes.dockerfile.stages import SCRATCH, Stage, Step
from isoaudit.probes.dockerfile.words import UNSET

_USER = "container.user_is_root"
_OPEN = "depends on a variable without a value in the file"
_REMEDY = "Set USER to a number in the last stage, as 10001:10001."
_UID = re.compile(r"\+?[0-9]{1,10}")
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([a-z]{1,8}))?", re.IGNORECASE)
_MOST = 1_000
_MAKES_USERS = frozenset({"useradd", "adduser"})
_ACCOUNTS = "/etc/passwd"
_UID_OPTION = re.compile(r"(?:-[a-zA-Z]*u|--uid)(?:=(.*))?")


def note_settings(sheet: Sheet, last: Stage) -> None:
    """Note what the image sets, or that only the image it begins from tells."""
    lineage = last.lineage()
    steps = [s for stage in lineage for s in stage.steps if not s.instruction.triggered]
    from_scratch = lineage[0].base == SCRATCH
    _note_user(sheet, steps, from_scratch)
    _note_ports(sheet, steps)
    _note_volumes(sheet, steps)
    _note_health(sheet, steps, from_scratch)
    _note_step_down(sheet, steps)


def numeric_user(last: Stage) -> tuple[str, Spot] | None:
    """Return the uid that the image names as a number, or as root, and where; None for another."""
    named = _users(last)
    words = [word for word, _ in named[-1].arguments()] if named else []
    user = (words[0] if words else "").partition(":")[0]
    if not named or not (_UID.fullmatch(user) or user == "root"):
        return None
    return str(int(user)) if user != "root" else "0", Spot(named[-1].instruction.location)


def _users(last: Stage) -> list[Step]:
    steps = (step for stage in last.lineage() for step in stage.steps)
    return [s for s in steps if s.instruction.name == "USER" and not s.instruction.triggered]


def _note_user(sheet: Sheet, steps: list[Step], from_scratch: bool) -> None:
    named = [step for step in steps if step.instruction.name == "USER"]
    if not named:
        if from_scratch:
            sheet.default(_USER, True, "no USER upon scratch")
        else:
            sheet.unknown(_USER, "no USER: the image it begins from decides", _REMEDY)
        return
    step = named[-1]
    spot = Spot(step.instruction.location)
    words = [word for word, _ in step.arguments()]
    user = (words[0] if words else "").partition(":")[0]
    if UNSET in user or not user:
        sheet.unknown(_USER, _OPEN, _REMEDY)
    elif _UID.fullmatch(user):
        sheet.say(_USER, int(user) == 0, spot)
    elif user == "root":
        sheet.say(_USER, True, spot)
    elif (uid := _made(steps, user)) is None or uid == UNSET:
        sheet.unknown(_USER, "which uid that name has, the image tells", _REMEDY)
    else:
        sheet.say(_USER, uid == "0", spot, "a user that is made in this file")


def _made(steps: list[Step], user: str) -> str | None:
    """Return the uid with which the file makes a user, "" for one the system picks.

    None if it makes none of that name, UNSET if another step may change which uid it is.
    """
    found = None
    if any(_ACCOUNTS in step.instruction.text for step in steps):
        return UNSET
    for command in _commands(steps):
        if user not in command.words:
            continue
        if command.program == "usermod" and _uid(command):
            return UNSET
        if command.program in _MAKES_USERS:
            found = _uid(command)
    return found


def _uid(command: Command) -> str:
    for word, following in zip(command.words, [*command.words[1:], ""], strict=False):
        match = _UID_OPTION.fullmatch(word) if len(word) < 40 else None
        if match is not None:
            uid = match[1] if match[1] is not None else following
            return str(int(uid)) if uid.isascii() and uid.isdecimal() and len(uid) < 11 else UNSET
    return ""


def _commands(steps: list[Step]) -> Iterator[Command]:
    for step in steps:
        if step.instruction.name == "RUN":
            yield from step.commands() or []


def _note_ports(sheet: Sheet, steps: list[Step]) -> None:
    ports: list[str] = []
    where: Spot | None = None
    for word, spot in _words(steps, "EXPOSE"):
        match = _PORT.fullmatch(word)
        if UNSET in word:
            sheet.unknown("container.image.exposed_ports", _OPEN)
            return
        if match is None:
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        ports += [
            f"{n}/{(match[3] or 'tcp').lower()}" for n in range(first, min(last, first + _MOST) + 1)
        ]
        where = where or spot
    _say(sheet, "container.image.exposed_ports", ports, where, "no EXPOSE in this file")


def _note_volumes(sheet: Sheet, steps: list[Step]) -> None:
    words = list(_words(steps, "VOLUME"))
    if any(UNSET in word for word, _ in words):
        sheet.unknown("container.image.volumes", _OPEN)
        return
    where = words[0][1] if words else None
    _say(
        sheet,
        "container.image.volumes",
        [redact_text(word)[:300] for word, _ in words],
        where,
        "no VOLUME in this file",
    )


def _say(sheet: Sheet, path: str, values: list[str], where: Spot | None, remark: str) -> None:
    listed = tuple(dict.fromkeys(values))[:_MOST]
    if where is None:
        sheet.default(path, listed, remark)
    else:
        sheet.say(path, listed, where)


def _words(steps: list[Step], name: str) -> Iterator[tuple[str, Spot]]:
    for step in steps:
        if step.instruction.name == name:
            yield from step.arguments()


def _note_health(sheet: Sheet, steps: list[Step], from_scratch: bool) -> None:
    path = "container.image.health_check"
    set_up = [step.instruction for step in steps if step.instruction.name == "HEALTHCHECK"]
    if set_up:
        words = set_up[-1].words()
        sheet.say(path, bool(words) and words[0].text.upper() != "NONE", Spot(set_up[-1].location))
    elif from_scratch:
        sheet.default(path, False, "no HEALTHCHECK upon scratch")
    else:
        sheet.unknown(path, "no HEALTHCHECK: the image it begins from may have one")


def _note_step_down(sheet: Sheet, steps: list[Step]) -> None:
    """Note whether a program to give up root is installed, fetched or called by name.

    Whether an entrypoint calls it, and when, only the script that it runs tells.
    """
    path = "container.image.steps_down"
    for step in steps:
        if step.instruction.name not in {"RUN", "CMD", "ENTRYPOINT", "COPY", "ADD"}:
            continue
        text = step.instruction.text
        if any(name in text for name in STEP_DOWN):
            sheet.say(path, True, Spot(step.instruction.location), "a program to give up root")
            return
    sheet.default(path, False, "no such program is named in this file")
