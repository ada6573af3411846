"""The stages of a Dockerfile: what each begins from, and which of them the image is made of.

Source: the Dockerfile reference, FROM, COPY --from, RUN --mount and "Understand how ARG and FROM
interact". By default the last stage is built, with all that it begins from or takes files of.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from isoaudit.documents.dockerfile import Dockerfile, Instruction, Spot
from isoaudit.errors import DocumentError
from isoaudit.facts.redaction import looks_secret, redact_text
from isoaudit.probes.dockerfile.shell import LONGEST, SHELLS, Command, commands
from isoaudit.probes.dockerfile.words import UNSET, resolved

SCRATCH = "scratch"

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+= -]{0,400}")
_FILLED_IN = 16_384
"""Longest script of which variables are followed: looking whether it sets them takes its length
for each."""

_MOST_STEPS = 20_000
_MOST_VARIABLES = 300
_LONGEST_VALUE = 1_000
"""What is far beyond files in use: variables multiply what a short text comes to."""


class Step:
    """An instruction as it runs in a stage, with the variables that have a value there."""

    __slots__ = ("_commands", "escape", "instruction", "scope")

    def __init__(self, instruction: Instruction, scope: dict[str, str | None], escape: str) -> None:
        self.instruction = instruction
        self.scope = scope
        self.escape = escape
        self._commands: list[Command] | None = None

    @property
    def script(self) -> str:
        """What a RUN, CMD or ENTRYPOINT hands to a shell.

        A here-document is part of it where no program stands before it, or where a shell does.
        """
        listed = self.instruction.listed()
        if listed is not None:
            return shlex.join(listed)
        text = self.instruction.text
        first = (text.split(maxsplit=1) or [""])[0]
        if first.startswith("<<") or first.rpartition("/")[2] in SHELLS:
            text = "\n".join([text, *(one.text for one in self.instruction.documents)])
        return text

    def commands(self) -> list[Command] | None:
        """Return the commands of the script; None where it is longer than is read."""
        if self._commands is None:
            script = self.script
            if len(script) > LONGEST:
                return None
            self._commands = commands(self._filled_in(script))
        return self._commands

    def _filled_in(self, script: str) -> str:
        """Return a script with the variables of ARG and ENV that it does not set itself."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            known = self.scope.get(name)
            if known is None or _PLAIN.fullmatch(known) is None or looks_secret(name, known):
                return match[0]
            return match[0] if _sets(script, name) else known

        return _VARIABLE.sub(value, script) if self.scope and len(script) < _FILLED_IN else script

    def resolved(self, raw: str) -> str:
        """Return a word without quotes, its variables replaced."""
        return resolved(raw, self.scope, self.escape)

    def arguments(self) -> list[tuple[str, Spot]]:
        """Return the words of either form, resolved, with where each stands."""
        listed = self.instruction.listed()
        if listed is not None:
            where = Spot(self.instruction.location)
            return [(self.resolved(word), where) for word in listed]
        return [
            (self.resolved(word.text), self.instruction.spot(word.offset))
            for word in self.instruction.words()
        ]


def _sets(script: str, name: str) -> bool:
    return f"{name}=" in script or f"for {name} " in script or "read " in script


class Source(NamedTuple):
    """What files are taken from: an earlier stage, or an image by the name it is given."""

    name: str
    spot: Spot
    stage: Stage | None


@dataclass(slots=True)
class Stage:
    """One stage. `base` is the image it begins from, with UNSET in it for what is not known; ""
    where it begins from the stage `parent`. `fixed` are the variables of ENV, which outdo ARG."""

    name: str
    number: int
    base: str
    parent: Stage | None
    spot: Spot
    steps: list[Step] = field(default_factory=list)
    scope: dict[str, str | None] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    sources: list[Source] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the stage is called in facts: its name, else its number."""
        return redact_text(self.name)[:100] or str(self.number)

    def lineage(self) -> list[Stage]:
        """Return the stages whose layers it is made of, the one on the image first."""
        found: list[Stage] = []
        stage: Stage | None = self
        while stage is not None:
            found.append(stage)
            stage = stage.parent
        return found[::-1]


class Stages:
    """The stages of a file, and the ARGs before them in `preface`.

    Raises DocumentError if there is no stage, or too much of them.
    """

    def __init__(self, file: Dockerfile, shown: str) -> None:
        self._all: list[Stage] = []
        self._named: dict[str, Stage] = {}
        self._escape = file.escape
        self._global: dict[str, str | None] = {}
        self._steps = 0
        self.preface: list[Step] = []
        for instruction in file.instructions:
            if instruction.name == "FROM" and not instruction.triggered:
                self._begin(instruction)
            elif self._all:
                self._add(self._all[-1], instruction)
            elif instruction.name == "ARG":
                self.preface.append(Step(instruction, self._global, self._escape))
                _declare(self.preface[-1], self._global, {})
            else:
                raise instruction.error("stands before the first FROM")
        if not self._all:
            raise DocumentError(f"{shown}: no FROM in it", "Name a Dockerfile.")

    @property
    def last(self) -> Stage:
        """The stage that is built by default."""
        return self._all[-1]

    def built(self) -> list[Stage]:
        """Return the stages that building the last one builds, in the order of the file."""
        wanted: dict[int, Stage] = {}
        todo = [self.last]
        while todo:
            stage = todo.pop()
            if stage.number in wanted:
                continue
            wanted[stage.number] = stage
            todo += [stage.parent] if stage.parent else []
            todo += [source.stage for source in stage.sources if source.stage]
        return [wanted[number] for number in sorted(wanted)]

    def _begin(self, instruction: Instruction) -> None:
        words = instruction.words()
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].text.lower() != "as"):
            raise instruction.error("FROM takes an image, and `AS name`")
        base = resolved(words[0].text, self._global, self._escape)
        name = words[2].text.lower() if len(words) == 3 else ""
        parent = self._named.get(base.lower())
        spot = instruction.spot(words[0].offset)
        stage = Stage(name, len(self._all), "" if parent else base, parent, spot)
        self._all.append(stage)
        if parent is not None:
            stage.scope, stage.fixed = dict(parent.scope), parent.fixed
            for step in parent.steps:
                if step.instruction.triggered:
                    self._add(stage, step.instruction._replace(triggered=False))
        if name:
            self._named[name] = stage

    def _add(self, stage: Stage, instruction: Instruction) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or len(stage.scope) > _MOST_VARIABLES:
            raise instruction.error("too much in one file, not read")
        step = Step(instruction, stage.scope, self._escape)
        stage.steps.append(step)
        if instruction.triggered:
            return
        if instruction.name in {"ARG", "ENV"}:
            # The variables hold from here on; earlier steps keep what they had.
            stage.scope = dict(stage.scope)
            _declare(step, stage.scope, self._global, stage.fixed)
        if instruction.name == "ENV":
            stage.fixed |= {name for name, _, _ in pairs(step)}
        stage.sources += [
            Source(name, spot, self._stage(name, stage)) for name, spot in _sources(instruction)
        ]

    def _stage(self, name: str, before: Stage) -> Stage | None:
        if name.isascii() and name.isdecimal() and len(name) < 6:
            return self._all[int(name)] if int(name) < before.number else None
        found = self._named.get(name.lower())
        return None if found is before else found


def _declare(
    step: Step,
    scope: dict[str, str | None],
    defaults: dict[str, str | None],
    fixed: frozenset[str] = frozenset(),
) -> None:
    """Note the variables of an ARG or ENV in a scope; an ARG without value takes the file's own."""
    for name, value, _ in pairs(step):
        if step.instruction.name == "ARG" and name in fixed:
            continue
        if value is None:
            scope[name] = defaults.get(name)
        else:
            scope[name] = None if UNSET in value or len(value) > _LONGEST_VALUE else value


def pairs(step: Step) -> Iterator[tuple[str, str | None, Spot]]:
    """Yield the variables of an ARG or ENV: name, value resolved or None, and where it stands."""
    words = step.instruction.words()
    if step.instruction.name == "ENV" and words and "=" not in words[0].text:
        # The old form names one variable, whose value is the rest of the line.
        rest = step.instruction.text[len(words[0].text) :].strip()
        yield words[0].text, step.resolved(rest), step.instruction.spot(words[0].offset)
        return
    for word in words:
        name, equals, value = word.text.partition("=")
        spot = step.instruction.spot(word.offset)
        yield name.strip("\"'"), step.resolved(value) if equals else None, spot


def _sources(instruction: Instruction) -> Iterator[tuple[str, Spot]]:
    """Yield what an instruction takes files from, by the name it is given."""
    for flag in instruction.values("from") if instruction.name == "COPY" else []:
        yield flag.value.strip("\"'"), instruction.spot(flag.offset)
    for flag in instruction.values("mount") if instruction.name == "RUN" else []:
        for item in flag.value.strip("\"'").split(","):
            key, _, value = item.partition("=")
            if key == "from" and value:
                yield value, instruction.spot(flag.offset)
