"""The container that a unit's command starts with an engine: `ExecStart=podman run …`.

Sources: systemd.service(5) (command lines: variables, what is split), systemd.unit(5) (specifiers),
docker-run and podman-run(1).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from isoaudit.documents.passage import Passage
from isoaudit.documents.unit import Entry, Unit, UnitWord
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet
from isoaudit.probes.run_line.lines import WRAPPERS, found_in
from isoaudit.probes.run_line.origins import run_origin
from isoaudit.probes.run_line.parse import Called, called
from isoaudit.probes.run_line.service import Asked, service_facts, service_node
from isoaudit.probes.run_line.words import RunWord
from isoaudit.probes.systemd_file.service import SECTION

_MOST = 200
"""Commands of one unit that may start containers."""

_PREFIXES = "@-:+!|"
_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|%%|%([A-Za-z])")
_ALONE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_COMMAND_FLAG = re.compile(r"-[a-z]{0,8}c")
_SPECIFIER = re.compile(r"\$\$|%%|%[A-Za-z]")
_OF_SCRIPT = {"$$": "$", "%%": "%"}
_IN_QUOTES = {"$$": "\\$", "%%": "%"}
_PLAIN = re.compile(r"[A-Za-z0-9_=:,./@+-]+")
_TO_ESCAPE = re.compile(r'\\(?!\$)|["`]')
_RUNS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
         "ExecStopPost")  # fmt: skip
_ROOT = frozenset({"root", "0"})


class Line:
    """A command of a unit that starts a container."""

    def __init__(self, entry: Entry, asked: Asked, found: Called, rootless: bool | None) -> None:
        self.entry = entry
        self.name = asked.name
        self._asked = asked
        self._found = found
        self._rootless = rootless

    def facts(self, name: str) -> FactSet:
        """Return what the line asks for; raises DocumentError for a value that no engine takes."""
        origin = run_origin(self._found.engine, self._rootless)
        origin = replace(origin, noun="unit's command")
        asked = self._asked
        return service_facts(
            asked._replace(doubt=self._found.before.doubt or asked.doubt), name, origin
        )


def container_lines(unit: Unit, of_user: bool) -> list[Line]:
    """Return the commands of a unit that start containers; raises DocumentError."""
    known = _environment(unit)
    lines: list[Line] = []
    for entry, words in _started(unit):
        direct = called(list(_run_words(words, unit, known)))
        for found in [direct] if direct is not None else _behind(words):
            if len(lines) == _MOST:
                why = f"more than {_MOST} commands that start containers, not read"
                raise DocumentError(f"{entry.location}: {why}", "Split the unit.")
            asked = service_node(found.words, found.engine, entry.location)
            lines.append(Line(entry, asked, found, _rootless(unit, of_user)))
    return lines


def _started(unit: Unit) -> Iterator[tuple[Entry, list[UnitWord]]]:
    """Yield every command that the unit runs, those before and after its main one too.

    Of several in one line each is one: a semicolon that stands alone parts them.
    """
    kept = {id(entry) for key in _RUNS for entry in unit.all(SECTION, key)}
    for entry in (entry for entry in unit.entries if id(entry) in kept):
        words: list[UnitWord] = []
        for word in entry.words():
            if word.text != ";":
                words.append(word)
                continue
            yield entry, words
            words = []
        yield entry, words


def _behind(words: list[UnitWord]) -> Iterator[Called]:
    """Yield the containers that a command starts by way of another program."""
    program = posixpath.basename(words[0].text.lstrip(_PREFIXES)) if words else ""
    if program in _SHELLS:
        yield from _in_shell(words)
    elif program in WRAPPERS:
        where = words[0].location
        line = " ".join([program, *(_quoted(word.text) for word in words[1:])])
        for found in found_in(Passage.of_line(line, where.file, where.line or 1)):
            call = found.call
            # NOTE: the line was written anew, so that no column of it is one of the file's.
            yield call._replace(words=tuple(w._replace(location=where) for w in call.words))


def _quoted(text: str) -> str:
    """Return a word as a shell has it, in which variables stay variables."""
    if _ALONE.fullmatch(text) or _PLAIN.fullmatch(text):
        return text
    text = _SPECIFIER.sub(lambda found: _IN_QUOTES.get(found[0], _open(found)), text)
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", text) + '"'


def _in_shell(words: list[UnitWord]) -> Iterator[Called]:
    """Yield the containers that a script starts which a shell is given (`/bin/sh -c '…'`)."""
    flag = next((n for n, word in enumerate(words) if _COMMAND_FLAG.fullmatch(word.text)), None)
    if flag is None or flag + 1 == len(words):
        return
    script, where = words[flag + 1].text, words[flag + 1].location
    text = _SPECIFIER.sub(lambda found: _OF_SCRIPT.get(found[0], _open(found)), script)
    passage = Passage.of_line(text, where.file, where.line or 1, where.column or 1)
    for found in found_in(passage):
        yield found.call


def _open(found: re.Match[str]) -> str:
    return f"${{specifier_{found[0][1]}}}"


def _rootless(unit: Unit, of_user: bool) -> bool | None:
    """Say whether an ordinary user's engine is asked, None if the unit does not tell."""
    user = unit.last(SECTION, "User")
    if user is None:
        return of_user or False
    return user.value not in _ROOT


def _environment(unit: Unit) -> dict[str, str]:
    """Return the variables that the unit sets, none where a file may set them otherwise."""
    if unit.all(SECTION, "EnvironmentFile", "PassEnvironment", "UnsetEnvironment"):
        return {}
    found: dict[str, str] = {}
    for entry in unit.all(SECTION, "Environment"):
        for word in entry.words():
            name, equals, value = word.text.partition("=")
            if equals and "%" not in value.replace("%%", ""):
                found[name] = value.replace("%%", "%")
    return found


def _run_words(words: list[UnitWord], unit: Unit, known: Mapping[str, str]) -> Iterator[RunWord]:
    """Yield the words of a command as the engine gets them, as far as they are known."""
    given_name = False
    for number, word in enumerate(words):
        text = word.text
        if number == 0:
            text = text.lstrip(_PREFIXES)
            given_name = "@" in word.text[: len(word.text) - len(text)]
        elif number == 1 and given_name:
            continue  # argv[0], which no parser looks at
        yield from _filled_in(text, word, unit, known)


def _filled_in(
    text: str, word: UnitWord, unit: Unit, known: Mapping[str, str]
) -> Iterator[RunWord]:
    alone = _ALONE.fullmatch(text)
    if alone is not None:
        if alone[1] not in known:
            yield RunWord(f"${{{alone[1]}}}", word.location, several=True)
            return
        for piece in known[alone[1]].split():
            yield RunWord(piece.replace("$", "$$"), word.location)
        return
    pieces: list[str] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        pieces.append(text[at : match.start()].replace("$", "$$"))
        pieces.append(_value(match, unit, known))
        at = match.end()
    pieces.append(text[at:].replace("$", "$$"))
    yield RunWord("".join(pieces), word.location)


def _value(match: re.Match[str], unit: Unit, known: Mapping[str, str]) -> str:
    """Return what a variable or specifier stands for, in the form that words have."""
    if match[0] == "$$":
        return "$$"
    if match[0] == "%%":
        return "%"
    if match[1]:
        value = known.get(match[1])
        return f"${{{match[1]}}}" if value is None else value.replace("$", "$$")
    name = posixpath.basename(unit.file)
    stem = name.rpartition(".")[0] or name
    told = {"n": name, "N": stem, "p": stem.partition("@")[0]}
    if match[2] in told and "@" not in name:
        return told[match[2]].replace("$", "$$")
    return f"${{specifier_{match[2]}}}"
