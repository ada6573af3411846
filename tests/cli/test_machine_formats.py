"""The formats for machines from the command line: from a scan, and from a saved result."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from command_line import CLOSED, OPEN, UNDECIDED, House, Isoaudit, open_as
from test_hostile_text import HostileProbe, _raw

from isoaudit.probes.table import Opened
from isoaudit.report.formats import FORMATS

FOR_MACHINES = [name for name in FORMATS if name != "table"]


@pytest.mark.parametrize("form", FOR_MACHINES)
def test_a_saved_result_gives_the_text_of_the_scan(
    isoaudit: Isoaudit, here: Path, house: House, form: str
) -> None:
    """Gate, paths and all; so CI can scan once and write what it needs later."""
    (here / "compose.yaml").write_text(OPEN)
    scanned = isoaudit("scan", "compose.yaml", *house(), "-o", f"{form}=-", "-o", "table=t",
                       "-o", "json=result.json")  # fmt: skip
    again = isoaudit("report", "result.json", "-f", form)

    assert (1, scanned.out) == (again.code, again.out)


def test_one_run_writes_them_all(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Each told by its name or its suffix, and each readable by its own reader."""
    (here / "compose.yaml").write_text(OPEN)
    names = ["a.sarif", "a.xml", "a.csv", "a.md", "gl-code-quality-report.json", "a.json", "a.txt"]
    outputs = [word for name in names for word in ("-o", name)]
    ended = isoaudit("scan", "compose.yaml", *house(), *outputs, "-o", "github=-")

    run = json.loads((here / "a.sarif").read_text())["runs"][0]
    assert 1 == ended.code
    assert ended.out.startswith("::error file=compose.yaml,line=1,col=")
    assert ["ACME-001"] == [one["ruleId"] for one in run["results"]]
    assert 1 == len(ET.parse(here / "a.xml").findall(".//failure"))  # noqa: S314 - our own
    assert 1 == len(list(csv.DictReader(io.StringIO((here / "a.csv").read_text()))))
    assert "does not hold" in (here / "a.md").read_text()
    assert 1 == len(json.loads((here / "gl-code-quality-report.json").read_text()))
    assert "1" == json.loads((here / "a.json").read_text())["schema_version"]


@pytest.mark.parametrize(("content", "code"), [(CLOSED, 0), (OPEN, 1), ("services: [\n", 4)])
@pytest.mark.parametrize("form", FOR_MACHINES)
def test_a_format_does_not_change_the_exit(
    *, isoaudit: Isoaudit, here: Path, house: House, form: str, content: str, code: int
) -> None:
    """The gate decides; a format only shows."""
    (here / "compose.yaml").write_text(content)

    assert code == isoaudit("scan", "compose.yaml", *house(), "-f", form).code


def test_what_gates_undecided_is_an_error(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """--fail-on-unknown reaches the formats."""
    (here / "compose.yaml").write_text(UNDECIDED)
    options = ("compose.yaml", *house(), "--fail-on-unknown")

    assert "::error file=compose.yaml" in isoaudit("scan", *options, "-f", "github").out
    assert "<error " in isoaudit("scan", *options, "-f", "junit").out


def test_paths_start_at_the_top_of_the_repository(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code host knows no other; wherever isoaudit was started, however the file was named."""
    subprocess.run(["git", "init", "-q", here], check=True)
    (here / "deploy app").mkdir()
    (here / "deploy app" / "compose.yaml").write_text(OPEN)
    monkeypatch.chdir(here / "deploy app")
    for name in ("compose.yaml", str(here / "deploy app" / "compose.yaml")):
        ended = isoaudit("scan", name, *house(), "-f", "sarif")

        (result,) = json.loads(ended.out)["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert {"uri": "deploy%20app/compose.yaml", "uriBaseId": "SRCROOT"} == place


def test_a_file_outside_of_the_tree_keeps_a_relative_path(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No absolute path and no `..`: code hosts refuse them, or take them for line 1 of nothing."""
    (here / "compose.yaml").write_text(OPEN)
    (here / "tree").mkdir()
    monkeypatch.chdir(here / "tree")

    text = isoaudit("scan", "../compose.yaml", *house(), "-f", "sarif").out

    uri = f"outside{here}/compose.yaml"
    assert f'"uri": "{uri}", "uriBaseId": "SRCROOT"' in text


@pytest.mark.parametrize("form", FOR_MACHINES)
def test_a_hostile_target_acts_in_no_format(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Nothing raw reaches a reader, from a scan or from a saved result."""
    open_as(monkeypatch, "docker", lambda: Opened(HostileProbe(), "unix:///x"))
    scanned = isoaudit("scan", "docker:", "-f", form)
    isoaudit("scan", "docker:", "-o", "result.json")
    again = isoaudit("report", "result.json", "-f", form)

    for ended in (scanned, again):
        assert (1, set()) == (ended.code, _raw(ended.out))


@pytest.mark.parametrize("command", ["scan", "report"])
def test_the_help_names_every_format(isoaudit: Isoaudit, command: str) -> None:
    """From the table of formats, so that none is forgotten."""
    text = " ".join(isoaudit(command, "--help").out.split())

    assert "table, json, sarif, junit, github, gitlab, csv, markdown or baseline" in text
