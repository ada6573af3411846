"""The part `build_input`: what a build is given by name, and whether it looks like a secret.

A value is looked at and never kept. That of an ARG without one is whoever builds gives: its name
tells. What a secret mount brings (`RUN --mount=type=secret`) stays out of every layer, and is none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.dockerfile import Instruction, Spot
from isoaudit.facts.redaction import looks_secret, redact_text
from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.declared import record
from isoaudit.probes.dockerfile.shell import MARK, Command
from isoaudit.probes.dockerfile.stages import Stage, Stages, Step, pairs
from isoaudit.probes.dockerfile.steps import file_words, shown
from isoaudit.probes.dockerfile.words import UNSET

_GIVEN_LATER = "given-later"
_A_VALUE = "a value"
_LONGEST_NAME = 100
_OPTION = re.compile(r"--?([A-Za-z][\w.\-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.\-]*)=(.*)", re.DOTALL)
_FILLED_IN = re.compile(r"\$\{[^{}]*\}|\$\([^()]*\)|\$\w+")
_ENDS_SECRET = re.compile(
    r"--(?:[\w.\-]{0,60}[\-_.])?(?:pass(?:word|wd|phrase)?|pwd|secret|token|auth|credentials?"
    r"|(?:api|access|private|secret)[\-_]?key)"
)
"""Options of which the next word is the value: `--auth-no-challenge` is none of them."""

_NO_SECRET = re.compile(r"(?:no|disabled?|empty|without|skip)-.*|.*-?stdin", re.IGNORECASE)
_KEY_FILES = re.compile(
    r"""id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|\.env(?:\.(?!example|sample|template|dist|defaults?).+)?
    |\.npmrc|\.pypirc|\.netrc|_netrc|\.git-credentials|\.dockercfg|\.htpasswd|\.pgpass|\.my\.cnf
    |\.vault-token|\.terraformrc|kubeconfig|credentials(?:\.(?:json|ya?ml|toml|env))?
    |secrets?\.(?:json|ya?ml|toml|env)|.{0,100}\.(?:key|p12|pfx|ppk|jks|keystore)
    |.{0,100}(?:key|priv).{0,20}\.pem|service[-_]?account.{0,60}\.json
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEY_FOLDERS = re.compile(
    r"(?:.{0,1000}/)?\.(?:ssh|aws|kube|gnupg|azure|docker/config\.json)/?", re.DOTALL
)
_PUBLIC = re.compile(r".{0,200}(?:\.pub|pub(?:lic)?[-_.]?key.{0,50})", re.IGNORECASE | re.DOTALL)


class _Input(NamedTuple):
    kind: str
    name: str
    secret: bool
    spot: Spot


def inputs(stages: Stages, built: list[Stage]) -> tuple[list[Record], Missing | None]:
    """Return what is given to the built stages, and why there may be more than could be read."""
    in_image = {stage.number for stage in stages.last.lineage()}
    found = [_record(one, "", False) for step in stages.preface for one in _of(step)]
    unread: Missing | None = None
    for stage in built:
        for step in stage.steps:
            found += [_record(o, stage.title, stage.number in in_image) for o in _of(step)]
            if step.instruction.name == "RUN" and step.commands() is None:
                unread = Missing("build_input", Reason.LIMIT, "a script longer than is read",
                                 vantage=Vantage.DECLARED)  # fmt: skip
    return found, unread


def _record(one: _Input, stage: str, in_image: bool) -> Record:
    return record(
        one.spot,
        {
            "build_input.stage": stage,
            "build_input.kind": one.kind,
            "build_input.name": one.name,
            "build_input.secret": one.secret,
            "build_input.in_image": in_image,
        },
    )


def _of(step: Step) -> Iterator[_Input]:
    name = step.instruction.name
    if name in {"ARG", "ENV"}:
        yield from _variables(step, name.lower())
    elif name in {"ADD", "COPY"}:
        yield from _files(step)
        yield from _documents(step.instruction, "file")
    elif name == "RUN":
        yield from _words(step)
        yield from _documents(step.instruction, "command")


def _variables(step: Step, kind: str) -> Iterator[_Input]:
    for name, value, spot in pairs(step):
        # A value of another variable, or of whoever builds: what it is called tells.
        known = _GIVEN_LATER if value is None or UNSET in value else value
        yield _Input(kind, redact_text(name)[:_LONGEST_NAME], looks_secret(name, known), spot)


def _files(step: Step) -> Iterator[_Input]:
    words = file_words(step)
    spot = Spot(step.instruction.location)
    target = words[-1] if len(words) > 1 else ""
    for word in words[:-1]:
        if word.startswith("<<"):
            continue
        secret = _is_key(word) or (_is_key(target) and not target.endswith("/"))
        yield _Input("file", shown(word), secret, spot)


def _is_key(path: str) -> bool:
    name = posixpath.basename(path.rstrip("/"))[:255]
    if _PUBLIC.fullmatch(name):
        return False
    return _KEY_FILES.fullmatch(name) is not None or _KEY_FOLDERS.fullmatch(path[:2000]) is not None


def _documents(instruction: Instruction, kind: str) -> Iterator[_Input]:
    for document in instruction.documents:
        if _holds_secret(document.text):
            yield _Input(kind, _A_VALUE, True, Spot(instruction.location))


def _words(step: Step) -> Iterator[_Input]:
    """Yield the words of a RUN that look like secrets, each name once."""
    instruction = step.instruction
    names = {name for command in step.commands() or [] for name in _secrets(command)}
    if _holds_secret(instruction.text):
        names.add(_A_VALUE)
    for name in sorted(names):
        yield _Input("command", name, True, Spot(instruction.location))


def _holds_secret(text: str) -> bool:
    """Say whether a token of known form stands in a text; one that is filled in does not."""
    bare = _FILLED_IN.sub("", text)
    return redact_text(bare) != bare


def _secrets(command: Command) -> Iterator[str]:
    given = list(command.assignments)
    for word, following in zip(command.words, [*command.words[1:], ""], strict=False):
        if (match := _OPTION.fullmatch(word)) is not None:
            if match[2] is not None:
                given.append((match[1], match[2]))
            elif _ENDS_SECRET.fullmatch(word) and not following.startswith("-"):
                given.append((match[1], following))
        elif (match := _ASSIGNED.fullmatch(word)) is not None:
            given.append((match[1], match[2]))
    if command.program == "chpasswd" and command.fed_by is not None:
        # echo 'root:secret' | chpasswd
        given += [("password", word) for word in command.fed_by.words if ":" in word]
    for name, value in given:
        is_literal = "$" not in value and MARK not in value
        if is_literal and not _NO_SECRET.fullmatch(name) and looks_secret(name, value):
            yield redact_text(name)[:_LONGEST_NAME]
