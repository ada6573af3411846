"""The exit codes: one test for each row of the table, and what outranks what."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CHECK, CLOSED, OPEN, PROFILE, ROOT, UNDECIDED, House, Isoaudit

from isoaudit.cli import app, running

LEVELS = ["critical", "high", "medium", "low", "info"]


def test_a_gate_that_holds_ends_with_0(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Audited, and nothing that gates failed."""
    (here / "compose.yaml").write_text(CLOSED)

    assert 0 == isoaudit("scan", "compose.yaml", *house()).code


def test_a_gate_that_breaks_ends_with_1(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A finding at the gate's severity fails the run."""
    (here / "compose.yaml").write_text(OPEN)

    assert 1 == isoaudit("scan", "compose.yaml", *house()).code


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "missing.yaml"),
        ("scan", "nonsense"),
        ("scan", "--no-such-option"),
        ("scann",),
        ("scan", ".", "-p", "no-such-profile"),
        ("scan", ".", "-p", "missing/profile.yaml"),
        ("scan", ".", "-p", "pss-restricted@1.999"),
        ("scan", ".", "--checks", "missing"),
        ("scan", ".", "--fail-on", "urgent"),
        ("scan", ".", "-f", "jsno"),
        ("scan", ".", "-o", "missing/report.json"),
        ("scan", ".", "-o", "report.what"),
        ("scan", ".", "-j", "0"),
        ("scan", ".", "--timeout", "soon"),
        ("scan", ".", "--timeout", "nan"),
        ("scan", ".", "--since", "main"),
        ("scan", ".", "--on", "missing.json"),
        ("scan", ".", "--config", "missing.yaml"),
        ("scan", ".", "--waivers", "missing.yaml"),
        ("scan", ".", "--baseline", "missing.json"),
        ("report", "missing.json"),
        ("checks", "show", "ACME-999"),
        ("checks", "test", "missing"),
        ("profiles", "show", "no-such-profile"),
        ("explain", "no.such.fact"),
        ("collect", "."),
        ("collect", ".", "-o", "missing/evidence.json"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_ends_with_2(
    isoaudit: Isoaudit, here: Path, words: tuple[str, ...]
) -> None:
    """Usage, and a file, check or profile that does not load: said on stderr, stdout empty."""
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit(*words)

    assert (2, "") == (ended.code, ended.out)
    assert ended.err.strip()


def test_a_check_that_does_not_load_ends_with_2(isoaudit: Isoaudit, here: Path) -> None:
    """Nothing is audited then; the file, the line and a guess at what was meant are told."""
    (here / "compose.yaml").write_text(OPEN)
    check = here / "checks" / "ACME-001.yaml"
    check.parent.mkdir()
    check.write_text(CHECK.format(severity="low").replace("privileged'", "privilegd'"))

    ended = isoaudit("scan", "compose.yaml", "--checks", str(check.parent))

    assert (2, "") == (ended.code, ended.out)
    assert f"{check}:6" in ended.err
    assert "container.privileged" in ended.err


def test_nothing_to_audit_ends_with_3(isoaudit: Isoaudit, here: Path) -> None:
    """An empty folder is never the same as a folder in which nothing is wrong."""
    assert 3 == isoaudit("scan", str(here)).code


@pytest.mark.parametrize("stdin", [b"", b" \n\n"], ids=["empty", "blank"])
def test_empty_standard_input_ends_with_3(isoaudit: Isoaudit, here: Path, stdin: bytes) -> None:
    """A template that rendered to nothing is nothing to audit."""
    assert 3 == isoaudit("scan", "-", stdin=stdin).code


def test_a_named_file_that_cannot_be_read_ends_with_4(isoaudit: Isoaudit, here: Path) -> None:
    """The audit is incomplete."""
    (here / "compose.yaml").write_text("services: [\n")

    assert 4 == isoaudit("scan", "compose.yaml").code


def test_an_undecided_check_that_gates_ends_with_4_if_asked_for(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """--fail-on-unknown counts what the gate's severity covers and nothing else."""
    (here / "compose.yaml").write_text(UNDECIDED)
    scan = ("scan", "compose.yaml", *house())
    milder = ("scan", "compose.yaml", *house("high"))

    assert 0 == isoaudit(*scan).code
    assert 4 == isoaudit(*scan, "--fail-on-unknown").code
    assert 0 == isoaudit(*scan, "--fail-on-unknown", "--fail-on", "never").code
    assert 0 == isoaudit(*milder, "--fail-on-unknown").code


@pytest.mark.parametrize("profile", ["strict", "sensitive"])
def test_what_no_file_can_say_is_not_held_against_it(
    isoaudit: Isoaudit, here: Path, profile: str
) -> None:
    """A hardened file passes the strictest gate, though some checks need the running target."""
    ended = isoaudit("scan", str(ROOT / "examples/compose/hardened.yaml"), "-p", profile)

    assert 0 == ended.code
    assert "need the running target" in ended.out


def test_a_profile_may_ask_for_fail_on_unknown(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """The gate of the profile holds where no option says otherwise."""
    (here / "compose.yaml").write_text(UNDECIDED)
    profile = PROFILE.replace("fail_on: critical", "fail_on: critical, fail_on_unknown: true")

    assert 4 == isoaudit("scan", "compose.yaml", *house(profile=profile)).code


@pytest.mark.parametrize(
    ("profile", "level", "unknown"),
    [("default", "critical", "false"), ("strict", "high", "true"), ("sensitive", "medium", "true")],
)
def test_every_profile_has_its_gate(
    isoaudit: Isoaudit, here: Path, profile: str, level: str, unknown: str
) -> None:
    """As `isoaudit profiles show` says, where no option and no file says otherwise."""
    shown = isoaudit("scan", "-p", profile, "--show-config").out

    assert f'fail-on: "{level}"  # profile {profile}' in shown
    assert f"fail-on-unknown: {unknown}" in shown


def test_several_profiles_have_the_strictest_gate(isoaudit: Isoaudit, here: Path) -> None:
    """The union of their checks, and no more lenient than any."""
    shown = isoaudit("scan", "-p", "default", "-p", "strict", "--show-config").out

    assert 'fail-on: "high"  # profile default, strict' in shown


def test_1_outranks_4(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A broken gate is told by the code even where a file could not be read."""
    (here / "broken.yaml").write_text("services: [\n")
    (here / "compose.yaml").write_text(OPEN)

    ended = isoaudit("scan", "compose.yaml", "broken.yaml", *house())

    assert 1 == ended.code
    assert "broken.yaml" in ended.err


@pytest.mark.parametrize("content", [OPEN, "services: [\n"], ids=["gate", "incomplete"])
def test_report_only_turns_1_and_4_into_0(
    isoaudit: Isoaudit, here: Path, house: House, content: str
) -> None:
    """What is reported stays the same."""
    (here / "compose.yaml").write_text(content)

    assert 0 == isoaudit("scan", "compose.yaml", "--report-only", *house()).code


@pytest.mark.parametrize(("code", "target"), [(2, "missing.yaml"), (3, ".")])
def test_report_only_turns_nothing_else_into_0(
    isoaudit: Isoaudit, here: Path, code: int, target: str
) -> None:
    """A command line that cannot be used and an empty folder are no reports."""
    assert code == isoaudit("scan", target, "--report-only").code


@pytest.mark.parametrize("gate", [*LEVELS, "never"])
def test_fail_on_takes_its_severity_and_all_above(
    isoaudit: Isoaudit, here: Path, house: House, gate: str
) -> None:
    """A medium finding breaks a gate of medium, low or info."""
    (here / "compose.yaml").write_text(OPEN)
    expected = 1 if gate in {"medium", "low", "info"} else 0

    ended = isoaudit("scan", "compose.yaml", "--fail-on", gate, *house("medium"))

    assert expected == ended.code


@pytest.mark.parametrize(
    "display",
    [("-q",), ("-v",), ("--color", "always"), ("--color", "never"), ("-f", "json"),
     ("-o", "report.txt"), ("-j", "1")],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("content", [CLOSED, OPEN], ids=["holds", "broken"])
def test_how_it_is_shown_never_changes_the_code(
    isoaudit: Isoaudit, here: Path, house: House, display: tuple[str, ...], content: str
) -> None:
    """Display options are no gate."""
    (here / "compose.yaml").write_text(content)
    scan = ("scan", "compose.yaml", *house())

    assert isoaudit(*scan).code == isoaudit(*scan, *display).code


def test_two_targets_of_one_name_both_count(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A target that holds never hides another of the same id that does not."""
    options = house()
    (here / "compose.yaml").write_text(OPEN)
    assert 0 == isoaudit("collect", "compose.yaml", "-o", "open.json").code
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", "open.json", "compose.yaml", "-f", "json", *options)

    assert (1, 2) == (ended.code, ended.report["summary"]["targets"])


def test_a_fault_of_its_own_ends_with_70(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: what happened, how to report it, and no control character of what it says."""

    def broken(*_: object) -> None:
        raise RuntimeError("boom \x1b[31m")

    monkeypatch.setattr(running, "audit", broken)
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", "compose.yaml")

    assert (70, "") == (ended.code, ended.out)
    assert "RuntimeError: boom \\x1b[31m" in ended.err
    assert "Traceback" not in ended.err


def test_a_fault_of_its_own_shows_where_if_asked_to(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ISOAUDIT_DEBUG lets the exception through."""

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(running, "audit", broken)
    monkeypatch.setenv("ISOAUDIT_DEBUG", "1")
    (here / "compose.yaml").write_text(CLOSED)

    with pytest.raises(RuntimeError, match="boom"):
        app.run(["scan", "compose.yaml"])


def test_an_interrupt_ends_with_130(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of every program that Ctrl-C ends."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "audit", interrupted)
    (here / "compose.yaml").write_text(CLOSED)

    assert 130 == isoaudit("scan", "compose.yaml").code


def test_in_ci_a_target_must_be_named(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens to run on a build machine is no answer."""
    monkeypatch.setenv("CI", "true")

    ended = isoaudit("scan")

    assert (2, "") == (ended.code, ended.out)
    assert "isoaudit scan ." in ended.err
    assert 2 == isoaudit("collect", "-o", "evidence.json").code


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("scan", "--fail-om", "high", "."), "--fail-on"),
        (("scna",), "scan"),
        (("scan", "dokcer:web"), "docker:web"),
        (("scan", "web"), "docker:web"),
        (("scan", ".", "-p", "defualt"), "default"),
        (("scan", ".", "-f", "jsno"), "json"),
        (("scan", ".", "-o", "jsno=report"), "json"),
        (("explain", "CAP-0001"), "CAP-001"),
        (("explain", "process.uids"), "process.uid"),
        (("checks", "show", "CAP-01"), "CAP-01"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else words,
)
def test_a_slip_is_met_with_what_was_meant(
    isoaudit: Isoaudit, here: Path, words: tuple[str, ...], hint: str
) -> None:
    """Unknown options, commands, addresses, profiles, formats and ids come with a guess."""
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit(*words)

    assert 2 == ended.code
    assert hint in ended.err


def test_the_end_of_a_run_is_explained_on_stderr(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """The code, the gate and the targets that broke it."""
    (here / "compose.yaml").write_text(OPEN)

    ended = isoaudit("scan", "compose.yaml", *house())

    assert 'exit 1  gate "no finding of critical severity"' in ended.err
    assert "compose:compose.yaml#web" in ended.err


def test_checks_about_nothing_that_is_there_end_with_3(isoaudit: Isoaudit, here: Path) -> None:
    """A gate for pods that is given compose files alone has looked at nothing: never green."""
    (here / "compose.yaml").write_text(OPEN)

    ended = isoaudit("scan", "compose.yaml", "-p", "pss-restricted", "--report-only")

    assert 3 == ended.code
    assert "no check of this run is about what was found" in ended.err
    assert "No check of this run is about what was found." in ended.out
