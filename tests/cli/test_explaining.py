"""explain, checks, profiles, doctor and --help."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from command_line import CHECK, ROOT, House, Isoaudit

from isoaudit import __version__
from isoaudit.cli.app import COMMANDS, app


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CAP-001", "WHY"),
        ("cap-001", "CAP-001"),
        ("process.uid", "read by"),
        ("mount", "mount.source"),
        ("facts", "container.privileged"),
        ("T1611", "evidence comes from"),
        ("cis_docker", "evidence comes from"),
    ],
)
def test_explain_knows_what_reports_name(isoaudit: Isoaudit, name: str, words: str) -> None:
    """A check in any case, a fact, a part, the list of facts, a control, a framework."""
    ended = isoaudit("explain", name)

    assert 0 == ended.code
    assert words in ended.out


def test_checks_list_is_the_catalogue(isoaudit: Isoaudit) -> None:
    """For people and for programs, whole and for one kind."""
    everything = json.loads(isoaudit("checks", "list", "-f", "json").out)
    machines = json.loads(isoaudit("checks", "list", "-f", "json", "--kind", "vm").out)

    assert f"{len(everything)} checks" in isoaudit("checks", "list").out
    assert {i for i, check in everything.items() if "vm" in check["applies_to"]} == set(machines)


def test_an_option_of_an_inner_command_may_stand_in_the_environment(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of the others: ISOAUDIT_KIND is --kind."""
    monkeypatch.setenv("ISOAUDIT_KIND", "vm")

    assert isoaudit("checks", "list", "--kind", "vm").out == isoaudit("checks", "list").out


def test_checks_of_ones_own_stand_beside_the_built_in_ones(
    isoaudit: Isoaudit, house: House
) -> None:
    """In the list, and in full."""
    folder = house()[:2]

    assert "ACME-001" in isoaudit("checks", "list", *folder).out
    assert "A privileged container" in isoaudit("checks", "show", "ACME-001", *folder).out


def test_checks_test_runs_the_built_in_examples(isoaudit: Isoaudit) -> None:
    """They all hold."""
    ended = isoaudit("checks", "test")

    assert 0 == ended.code
    assert "0 wrong, 0 not loaded" in ended.out


def test_checks_test_finds_an_example_that_does_not_hold(isoaudit: Isoaudit, here: Path) -> None:
    """It ends with 1 and says what was expected and what came."""
    text = CHECK.format(severity="low").replace(
        "container.privileged: false}, expect: pass", "container.privileged: true}, expect: pass"
    )
    (here / "mine.yaml").write_text(text)

    ended = isoaudit("checks", "test", "mine.yaml")

    assert 1 == ended.code
    assert "FAIL ACME-001 confined: expected pass, got fail" in ended.out


def test_checks_test_finds_a_check_that_does_not_load(isoaudit: Isoaudit, here: Path) -> None:
    """It ends with 2, and the others are still run."""
    (here / "bad.yaml").write_text(CHECK.format(severity="urgent"))
    (here / "good.yaml").write_text(CHECK.format(severity="low"))

    ended = isoaudit("checks", "test", ".")

    assert 2 == ended.code
    assert "bad.yaml:4:11" in ended.err
    assert "2 checks, 3 examples, 0 wrong, 1 not loaded" in ended.out


def test_checks_test_of_nothing_is_no_success(isoaudit: Isoaudit, here: Path) -> None:
    """A folder without checks proves nothing about any."""
    assert 3 == isoaudit("checks", "test", ".").code


def test_profiles_show_says_what_is_in_one(isoaudit: Isoaudit, house: House) -> None:
    """Its checks and its gate; of a file too, by the built-in checks."""
    ended = isoaudit("profiles", "show", "strict")

    assert 0 == ended.code
    assert "no finding of high severity or above, and none of those left undecided" in ended.out
    assert "CAP-001" in ended.out


def test_profiles_list_names_every_profile(isoaudit: Isoaudit) -> None:
    """As they stand in profiles/."""
    ended = isoaudit("profiles", "list")

    for path in (ROOT / "profiles").glob("*.yaml"):
        assert path.stem in ended.out


def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isoaudit.targets.discover.find_endpoints", list)
    monkeypatch.setattr("isoaudit.targets.discover.available_uris", list)
    monkeypatch.setattr("isoaudit.targets.discover.sandboxes", list)


def test_doctor_ends_with_0_where_nothing_runs(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how that could change."""
    _nothing_runs(monkeypatch)

    ended = isoaudit("doctor")

    assert (0, "") == (ended.code, ended.err)
    assert "DOCKER_HOST" in ended.out


@pytest.mark.parametrize(
    "uri",
    ["unix:///no/such/socket", "tcp://127.0.0.1:1", "garbage", "unix://", "http://[", "ssh://",
     "tcp://127.0.0.1:99999", "unix://relative"],
)  # fmt: skip
def test_doctor_ends_with_0_whatever_docker_host_says(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    """An endpoint that does not answer is a line with its cause."""
    monkeypatch.setenv("DOCKER_HOST", uri)
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    monkeypatch.setattr("isoaudit.transports.endpoints._sockets", lambda *_: iter(()))
    monkeypatch.setattr("isoaudit.targets.discover.available_uris", list)

    ended = isoaudit("doctor", "--timeout", "2")

    assert 0 == ended.code
    assert f"no    docker at {uri}: " in ended.out
    assert "fault of isoaudit" not in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_imports_and_has_the_help_it_is_listed_with(name: str) -> None:
    """The table of commands names real ones."""
    module, _, attribute = COMMANDS[name][0].partition(":")

    assert isinstance(getattr(import_module(module), attribute), click.Command)
    assert name in app.list_commands(click.Context(app))


def _leaves() -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = app.get_command(click.Context(app), name)
        inner = command.commands if isinstance(command, click.Group) else {}
        paths += [(name, below) for below in inner] or [(name,)]
    return paths


@pytest.mark.parametrize("path", _leaves(), ids=" ".join)
def test_help_mentions_every_option(isoaudit: Isoaudit, path: tuple[str, ...]) -> None:
    """No option is a secret, and none stands without a word on what it does."""
    command: click.Command | None = app
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(app), name)
    assert command is not None

    ended = isoaudit(*path, "--help")

    assert 0 == ended.code
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.opts[-1] in ended.out
            assert option.help, option.opts


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command_and_exit_code(isoaudit: Isoaudit, option: str) -> None:
    """The first page is enough to go on."""
    ended = isoaudit(option)

    assert 0 == ended.code
    assert [] == [name for name in COMMANDS if f"  {name} " not in ended.out]
    codes = ended.out.partition("Exit codes:")[2].split()
    assert ["0", "1", "2", "3", "4", "70", "130"] == [word for word in codes if word.isdigit()]


def test_version_is_answered_without_importing_anything_slow() -> None:
    """A bare --version loads neither click nor an engine's library."""
    code = (
        "import sys; sys.argv = ['isoaudit', '--version']\n"
        "from isoaudit.__main__ import main; main()\n"
        "assert not {'click', 'docker', 'yaml', 'libvirt', 'cel_expr_python'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)  # fmt: skip

    assert (0, f"isoaudit {__version__}\n") == (done.returncode, done.stdout)
