"""Every option stands in the environment as well, under its own name."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from command_line import Isoaudit

from isoaudit.cli import app


def _commands() -> list[tuple[str, click.Command]]:
    found = []
    for name in app.COMMANDS:
        command = app.app.get_command(click.Context(app.app), name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", one) for inner, one in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), _commands(), ids=lambda value: str(value)[:30])
def test_every_option_has_its_variable(name: str, command: click.Command) -> None:
    """--fail-on is ISOAUDIT_FAIL_ON, in every command."""
    for option in command.params:
        longest = max(option.opts, key=len)
        if isinstance(option, click.Option) and longest.startswith("--"):
            assert f"ISOAUDIT_{longest[2:].upper().replace('-', '_')}" == option.envvar, name


@pytest.mark.parametrize(
    "case",
    [
        ("PROFILE", "strict", ("-p", "strict")),
        ("PROFILE", "default strict", ("-p", "default", "-p", "strict")),
        ("FAIL_ON", "low", ("--fail-on", "low")),
        ("FAIL_ON_UNKNOWN", "1", ("--fail-on-unknown",)),
        ("REPORT_ONLY", "true", ("--report-only",)),
        ("STRICT_WAIVERS", "yes", ("--strict-waivers",)),
        ("WAIVERS", "a.yaml:b.yaml", ("--waivers", "a.yaml", "--waivers", "b.yaml")),
        ("NO_INLINE_WAIVERS", "on", ("--no-inline-waivers",)),
        ("ACCEPT_LABELS", "1", ("--accept-labels",)),
        ("BASELINE", "b.json", ("--baseline", "b.json")),
        ("EXCLUDE", "a/ b*", ("--exclude", "a/", "--exclude", "b*")),
        ("FORMAT", "json", ("-f", "json")),
        ("COLOR", "never", ("--color", "never")),
        ("JOBS", "3", ("-j", "3")),
        ("TIMEOUT", "7", ("--timeout", "7")),
        ("OUTPUT", "a.json table=-", ("-o", "a.json", "-o", "table=-")),
        ("CHECKS", "a:b", ("--checks", "a", "--checks", "b")),
        ("GUESTS", "g.yaml", ("--guests", "g.yaml")),
        ("DEEP", "1", ("--deep",)),
        ("ON", "lab.json.gz", ("--on", "lab.json.gz")),
    ],
    ids=lambda case: case[0],
)
def test_a_variable_comes_to_what_the_option_does(
    isoaudit: Isoaudit,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, str, tuple[str, ...]],
) -> None:
    """Flags take 1 or true; what may be repeated has blanks between, files have colons."""
    variable, value, words = case
    by_option = isoaudit("scan", "--show-config", *words).out
    default = isoaudit("scan", "--show-config").out
    monkeypatch.setenv(f"ISOAUDIT_{variable}", value)
    by_variable = isoaudit("scan", "--show-config").out

    assert by_option == by_variable.replace(f"environment ISOAUDIT_{variable}", "option")
    assert default != by_variable


def test_a_flag_is_taken_back_by_0(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which no option can: the environment outranks the file."""
    here.chmod(0o755)
    (here / ".isoaudit.yaml").write_text("fail-on-unknown: true\n")
    (here / ".isoaudit.yaml").chmod(0o644)
    monkeypatch.setenv("ISOAUDIT_FAIL_ON_UNKNOWN", "0")

    assert "fail-on-unknown: false  # environment" in isoaudit("scan", "--show-config").out
