"""What a target says never reaches the terminal raw, and its secrets reach nothing at all."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import Ended, Isoaudit, open_as, open_recording

from isoaudit.model import Fact, FactSet, Kind, Part, Record, Target, Vantage
from isoaudit.probes.table import Opened

HOSTILE = (
    "web\x1b]0;owned\x07\x1b[2J\x1b[1;1H\x9b31m\r\nexit 0  gate holds\n"
    "\u202egnp.exe\u2066\u200b\u2028\udcff\U000e0041\t\b\x7f"
)
"""Escape sequences of both kinds, line breaks, directions, tags, surrogates, backspaces."""


def _raw(text: str) -> set[str]:
    """Return the characters of a text that could do something to a terminal or a reader."""
    return {
        one
        for one in text
        if one != "\n" and unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"}
    }


class HostileProbe:
    """A target whose every word is hostile."""

    def find(self) -> Sequence[Target]:
        return [Target(f"docker:{HOSTILE}", Kind.CONTAINER, HOSTILE, HOSTILE, "handle")]

    def collect(self, target: Target) -> FactSet:
        def fact(path: str, value: str | bool | tuple[str, ...]) -> Fact:
            return Fact(path, value, f"docker inspect {HOSTILE}", Vantage.ENGINE)

        process = [fact("process.name", HOSTILE), fact("process.user_namespace", "host"),
                   fact("process.capabilities.effective", ("CAP_SYS_ADMIN", HOSTILE))]  # fmt: skip
        mount = [fact("mount.kind", "bind"), fact("mount.source", f"/var/run/docker.sock{HOSTILE}"),
                 fact("mount.destination", HOSTILE)]  # fmt: skip
        return FactSet.of(
            [fact("container.privileged", True), fact("container.image.name", HOSTILE)],
            [Part("process", Vantage.ENGINE, (Record.of(process),)),
             Part("mount", Vantage.ENGINE, (Record.of(mount),))],
        )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-v",), ("-q",), ("--color", "never", "-v")])
def test_a_hostile_target_cannot_move_the_cursor(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """Neither on stdout nor on stderr; nor can it forge a line of its own."""
    open_as(monkeypatch, "docker", lambda: Opened(HostileProbe(), "unix:///x"))

    ended = isoaudit("scan", "docker:", *options)

    assert 1 == ended.code
    assert (set(), set()) == (_raw(ended.out), _raw(ended.err))
    assert "exit 0  gate holds" not in [
        line.strip() for line in (ended.out + ended.err).splitlines()
    ]


def test_advice_on_a_hostile_target_cannot_move_the_cursor(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on the page nor in what is said of how it ended."""
    open_as(monkeypatch, "docker", lambda: Opened(HostileProbe(), "unix:///x"))

    ended = isoaudit("advise", "docker:", "--why", "--code", "tenant")

    assert 1 == ended.code
    assert (set(), set()) == (_raw(ended.out), _raw(ended.err))


def test_a_hostile_target_is_whole_in_json(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines get what it said, and ASCII only."""
    open_as(monkeypatch, "docker", lambda: Opened(HostileProbe(), "unix:///x"))

    ended = isoaudit("scan", "docker:", "-f", "json")

    assert HOSTILE == ended.report["targets"][0]["name"]
    assert (True, set()) == (ended.out.isascii(), _raw(ended.out))


def test_a_hostile_bundle_and_result_are_shown_clean(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may come from a stranger's machine."""
    open_as(monkeypatch, "docker", lambda: Opened(HostileProbe(), "unix:///x"))
    isoaudit("collect", "docker:", "-o", "evidence.json")
    isoaudit("scan", "docker:", "-o", "result.json")

    for words in (("scan", "evidence.json", "-v"), ("report", "result.json", "-v")):
        ended = isoaudit(*words)

        assert 1 == ended.code
        assert (set(), set()) == (_raw(ended.out), _raw(ended.err))


HOSTILE_FILES = [
    f"services: {{{json.dumps(HOSTILE.replace(chr(0xDCFF), ''))}: {{image: a}}}}\n",
    f"services: {{web: {{image: a, privileged: {json.dumps('x' + chr(27) + '[2J')}}}}}\n",
    'services: {web: {image: a, volumes: ["/etc:/x\\e[2J\\n\\u202e"], privileged: true}}\n',
    'services: {web: {image: a, "\\e[2J": 1, "\\e[2J": 2}}\n',
    "services: {web: {image: a, cap_add: [\x1b[2J]}}\n",
]


@pytest.mark.parametrize("text", HOSTILE_FILES, ids=["name", "word", "mount", "key", "raw"])
def test_a_hostile_file_is_shown_clean(isoaudit: Isoaudit, here: Path, text: str) -> None:
    """In findings as well as in errors."""
    (here / "compose.yaml").write_text(text)

    ended = isoaudit("scan", "compose.yaml", "-v")

    assert ended.code in {0, 1, 4}
    assert (set(), set()) == (_raw(ended.out), _raw(ended.err))


@pytest.mark.parametrize(
    "content", ["services: {web: {image: a}}\n", "services: {web: {image: [}\n"]
)
def test_a_hostile_file_name_is_shown_clean(isoaudit: Isoaudit, here: Path, content: str) -> None:
    """A name may hold any byte but a slash and a zero; it need not be UTF-8."""
    name = os.fsencode("a\x1b[2J\n\u202eb") + b"\xff.yaml"
    (here / os.fsdecode(name)).write_text(content)

    for words in ((".",), (".", "-f", "json"), (f"./{os.fsdecode(name)}",), ("./\x1b[2J.yaml",)):
        ended = isoaudit("scan", *words)

        assert ended.code in {0, 2, 3, 4}
        assert (set(), set()) == (_raw(ended.out), _raw(ended.err))


TOKENS = [
    "ghp_" + "a1B2c3D4e5" * 4,
    "AKIA" + "ABCDEFGH12345678",
    "glpat-" + "x9" * 12,
    "hunter2-planted",
]
PLANTED = f"""
services:
  web:
    image: web
    command: [serve, --password={TOKENS[3]}, --token, {TOKENS[0]}, "{TOKENS[1]}"]
    entrypoint: ["/run", "--api-key", "{TOKENS[3]}"]
    environment:
      DB_PASSWORD: {TOKENS[3]}
      PLAIN: {TOKENS[0]}
      URL: https://user:{TOKENS[3]}@db.invalid/x
    labels:
      token: {TOKENS[2]}
      note: "{TOKENS[0]}"
    healthcheck: {{test: ["CMD", "check", "--token={TOKENS[3]}"]}}
    logging: {{driver: x, options: {{token: {TOKENS[3]}}}}}
    build: {{context: ., args: {{NPM_TOKEN: {TOKENS[3]}}}}}
"""


def _leaks(*texts: str) -> set[str]:
    return {token for token in TOKENS for text in texts if token in text}


def _all_of(isoaudit: Isoaudit, here: Path, target: str) -> list[str]:
    """Return everything that isoaudit writes about a target."""
    shown: list[Ended] = [
        isoaudit("scan", target, "-v"),
        isoaudit("scan", target, "-f", "json"),
        isoaudit("collect", target, "-o", "evidence.json.gz"),
    ]
    evidence = gzip.decompress((here / "evidence.json.gz").read_bytes()).decode()
    assert "[redacted" in evidence or '"environment"' in evidence
    return [text for ended in shown for text in (ended.out, ended.err)] + [evidence]


def test_the_secrets_of_a_file_are_written_nowhere(isoaudit: Isoaudit, here: Path) -> None:
    """In the environment, commands, labels, addresses, build arguments: none survives."""
    (here / "compose.yaml").write_text(PLANTED)

    assert set() == _leaks(*_all_of(isoaudit, here, "compose.yaml"))


def test_the_secrets_of_a_recorded_container_are_written_nowhere(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording was made with DB_PASSWORD=planted-secret; not even it holds the value."""
    open_recording(monkeypatch, "docker/plain")

    written = _all_of(isoaudit, here, "docker:isorec-plain")

    assert [] == [text for text in written if "planted-secret" in text]
    assert any("DB_PASSWORD" in text for text in written)


def test_the_secrets_of_a_broken_file_are_written_nowhere(isoaudit: Isoaudit, here: Path) -> None:
    """An error names the place, not what stands there."""
    (here / "compose.yaml").write_text(PLANTED + "    privileged: [\n")
    shutil.copy(here / "compose.yaml", here / "other.yaml")
    ended = [isoaudit("scan", ".", *options) for options in ((), ("-f", "json"))]

    assert set() == _leaks(*(text for one in ended for text in (one.out, one.err)))
