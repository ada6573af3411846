"""Where reports go: stdout, files, both; whole, and in the format that was asked for."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import CLOSED, OPEN, ROOT, House, Isoaudit

from isoaudit.cli import running

SCHEMA: dict[str, Any] = json.loads((ROOT / "reports/schemas/report-1.json").read_text())


@pytest.fixture
def compose(here: Path) -> Path:
    """Give a folder with a compose file."""
    (here / "compose.yaml").write_text(OPEN)
    return here


@pytest.mark.parametrize("target", ["compose.yaml", "broken.yaml"])
def test_json_on_stdout_is_one_valid_document(
    isoaudit: Isoaudit, compose: Path, target: str
) -> None:
    """Nothing else is there, and the published schema holds, even if nothing could be read."""
    (compose / "broken.yaml").write_text("services: [\n")

    ended = isoaudit("scan", target, "-f", "json")

    jsonschema.validate(ended.report, SCHEMA)


def test_the_table_is_the_default(isoaudit: Isoaudit, compose: Path) -> None:
    """Without -f, people read it."""
    ended = isoaudit("scan", "compose.yaml")

    assert "compose:compose.yaml#web" in ended.out
    assert not ended.out.startswith("{")


def test_stdout_stays_empty_if_a_file_is_named(isoaudit: Isoaudit, compose: Path) -> None:
    """A report is not written twice unless that is asked for."""
    ended = isoaudit("scan", "compose.yaml", "-o", "report.json")

    assert "" == ended.out
    jsonschema.validate(json.loads((compose / "report.json").read_text()), SCHEMA)


def test_several_outputs_each_have_their_format(isoaudit: Isoaudit, compose: Path) -> None:
    """By its `F=`, by its suffix, and the table for people on stdout."""
    ended = isoaudit("scan", "compose.yaml", "-o", "json=result", "-o", "report.txt",
                     "-o", "table=-")  # fmt: skip

    result = json.loads((compose / "result").read_text())
    assert ["compose:compose.yaml#web"] == [target["id"] for target in result["targets"]]
    assert ended.out == (compose / "report.txt").read_text()


def test_f_leaves_several_files_their_own_formats(isoaudit: Isoaudit, compose: Path) -> None:
    """A table in a file called .sarif is refused where it is uploaded, long after the run."""
    isoaudit("scan", "compose.yaml", "-f", "table", "-o", "a.sarif", "-o", "b.json", "-o", "c")

    assert "2.1.0" == json.loads((compose / "a.sarif").read_text())["version"]
    assert "1" == json.loads((compose / "b.json").read_text())["schema_version"]
    assert (compose / "c").read_text().startswith("isoaudit ")


def test_f_decides_for_a_file_of_any_name(isoaudit: Isoaudit, compose: Path) -> None:
    """Of a single one -f outranks the suffix."""
    isoaudit("scan", "compose.yaml", "-f", "json", "-o", "report.txt")

    assert "1" == json.loads((compose / "report.txt").read_text())["schema_version"]


def test_all_json_is_the_same_report(isoaudit: Isoaudit, compose: Path) -> None:
    """Written as results come, or at the end beside another format: the findings agree.

    Changes that close ways out are worked out where people are shown them, and stand in it then.
    """
    streamed = isoaudit("scan", "compose.yaml", "-f", "json").report
    isoaudit("scan", "compose.yaml", "-o", "report.json", "-o", "table=-")
    whole = json.loads((compose / "report.json").read_text())

    assert all(target.pop("fixes") for target in whole["targets"])
    assert {**streamed, "run": None} == {**whole, "run": None}


@pytest.mark.parametrize("place", ["missing/report.json", "folder.json", ""])
def test_a_place_that_cannot_be_is_told_before_anything_is_audited(
    isoaudit: Isoaudit, compose: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Nobody waits for an audit whose report is then lost."""
    (compose / "folder.json").mkdir()
    monkeypatch.setattr(running, "audit", lambda *_: pytest.fail("audited"))

    assert 2 == isoaudit("scan", "compose.yaml", "-o", place).code


@pytest.mark.parametrize("outputs", [("json=-", "table=-"), ("a.json", "table=a.json")])
def test_one_place_takes_one_report(
    isoaudit: Isoaudit, compose: Path, outputs: tuple[str, str]
) -> None:
    """Two reports in one place would be none."""
    ended = isoaudit("scan", "compose.yaml", "-o", outputs[0], "-o", outputs[1])

    assert (2, "") == (ended.code, ended.out)


@pytest.mark.parametrize("options", [("-o", "report.json"), ("-o", "report.json", "-o", "t.txt")])
def test_a_run_that_breaks_leaves_no_half_report(
    isoaudit: Isoaudit,
    compose: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    """What was there before stays, and nothing is left beside it."""
    (compose / "report.json").write_text("before")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(running, "ending", broken)

    assert 70 == isoaudit("scan", "compose.yaml", *options).code
    assert "before" == (compose / "report.json").read_text()
    assert ["compose.yaml", "report.json"] == sorted(os.listdir(compose))


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(
    isoaudit: Isoaudit, compose: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says why; no `.part` stays."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)

    ended = isoaudit("scan", "compose.yaml", "-o", "report.json")

    assert 2 == ended.code
    assert "report.json: cannot be written: Permission denied" in ended.err
    assert ["compose.yaml"] == os.listdir(compose)


def test_a_pipe_is_written_to_and_stays_one(isoaudit: Isoaudit, compose: Path) -> None:
    """As /dev/stdout and /dev/null must: a rename would take a device away from everybody."""
    os.mkfifo(compose / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((compose / "pipe").read_text()))
    reader.start()

    isoaudit("scan", "compose.yaml", "-o", "json=pipe")
    reader.join(5)

    assert (compose / "pipe").is_fifo()
    jsonschema.validate(json.loads(read[0]), SCHEMA)


def test_a_report_takes_the_place_of_a_link_laid_beforehand(
    isoaudit: Isoaudit, compose: Path
) -> None:
    """In a shared folder a stranger's link must not lead a report over another file."""
    (compose / "precious").write_text("precious")
    (compose / ".report.json.part").symlink_to(compose / "precious")

    isoaudit("scan", "compose.yaml", "-o", "report.json")

    assert "precious" == (compose / "precious").read_text()


@pytest.mark.parametrize(
    ("option", "environment", "colored"),
    [
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", {}, False),
    ],
)
def test_colour_follows_the_option_then_the_environment(
    *,
    isoaudit: Isoaudit,
    compose: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    environment: dict[str, str],
    colored: bool,
) -> None:
    """--color, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert colored == ("\x1b[" in isoaudit("scan", "compose.yaml", "--color", option).out)


def test_a_file_never_holds_colours(isoaudit: Isoaudit, compose: Path) -> None:
    """They are for terminals."""
    isoaudit("scan", "compose.yaml", "-o", "report.txt", "--color", "always")

    assert "\x1b" not in (compose / "report.txt").read_text()


def test_an_option_may_stand_in_the_environment(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ISOAUDIT_FAIL_ON is --fail-on; the option itself outranks it."""
    (here / "compose.yaml").write_text(OPEN)
    monkeypatch.setenv("ISOAUDIT_FAIL_ON", "never")

    assert 0 == isoaudit("scan", "compose.yaml", *house()).code
    assert 1 == isoaudit("scan", "compose.yaml", *house(), "--fail-on", "low").code


def test_quiet_is_one_line_a_target(isoaudit: Isoaudit, here: Path) -> None:
    """-q is for lists."""
    (here / "compose.yaml").write_text("services: {a: {image: a}, b: {image: b}}\n")

    assert 2 == len(isoaudit("scan", "compose.yaml", "-q").out.splitlines())


def test_results_hold_no_time_of_their_own(isoaudit: Isoaudit, here: Path) -> None:
    """Two runs over the same file differ in `run` alone."""
    (here / "compose.yaml").write_text(CLOSED)
    first, second = (isoaudit("scan", "compose.yaml", "-f", "json").report for _ in range(2))

    assert {**first, "run": None} == {**second, "run": None}
