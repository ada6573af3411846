"""Folders of strangers: what cannot be read is a row each, what can be is judged."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from command_line import CLOSED, OPEN, House, Isoaudit

from isoaudit.documents import limits

TEMPLATE = """
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "chart.fullname" . }}
spec:
  containers: [{name: web, image: web}]
"""
QUOTED = """
apiVersion: v1
kind: Pod
metadata: {name: "{{ .Release.Name }}"}
spec:
  containers: [{name: web, image: "{{ .Values.image }}"}]
"""
PLAIN = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: web}]
"""


def _chart(folder: Path) -> None:
    (folder / "templates/tests").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("image: web\n")
    (folder / "templates/a.yaml").write_text(TEMPLATE)
    (folder / "templates/b.yaml").write_text(QUOTED)
    (folder / "templates/tests/c.yaml").write_text(TEMPLATE)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("others", [1, 30], ids=["alone", "workers"])
def test_a_chart_that_is_not_rendered_is_one_row(
    isoaudit: Isoaudit, here: Path, house: House, others: int
) -> None:
    """It says how to render the chart; templates that need no rendering are judged."""
    _chart(here / "web chart")
    (here / "web chart/templates/plain.yaml").write_text(PLAIN)
    for number in range(others):
        (here / f"{number}.compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", "-j", "2", *house())

    assert (4, others + 1) == (ended.code, len(ended.report["targets"]))
    (row,) = ended.report["errors"]
    assert ("web chart", "web chart: a Helm chart that is not rendered") == (
        row["target"],
        row["message"],
    )
    assert "Render it: helm template 'web chart' | isoaudit scan -" == row["how_to_get"]


def test_a_template_that_is_named_is_told_with_its_place(isoaudit: Isoaudit, here: Path) -> None:
    """And so is one that lies in no chart."""
    _chart(here / "web")
    (here / "alone.yaml").write_text(TEMPLATE)

    named = isoaudit("scan", "web/templates/a.yaml", "-f", "json")
    found = isoaudit("scan", ".", "-f", "json")

    assert "web/templates/a.yaml:5:9" == named.report["errors"][0]["message"].partition(": ")[0]
    rows = [row["message"].partition(": ")[0] for row in found.report["errors"]]
    assert ["alone.yaml:5:9", "web"] == rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("apiVersion: v1\nkind: Pod\nkind: Pod\n", "pod.yaml:3:1: key 'kind' stands"),
        (PLAIN.replace("[{name", "{name").replace("}]", "}"), "pod.yaml:6:15: a list is"),
        (PLAIN.replace("{name: web}\nspec", "[web]\nspec"), "pod.yaml:4:11: a mapping is"),
        (PLAIN + "  x: " + "[" * 300 + "]" * 300, "pod.yaml:7: nested deeper"),
        (PLAIN.replace("image: web", "image: [web, db]"), "pod.yaml:6:"),
        ("services: {web: {image: a, ports: {a: b}}}", "compose.yaml:1:35: a list"),
        ("services: {web: {image: a, cap_add: {a: b}}}", "compose.yaml:1:37: a list"),
    ],
    ids=["twice", "map", "list", "deep", "lists", "ports", "capabilities"],
)  # fmt: skip
def test_one_bad_file_in_a_folder_is_one_row_with_its_place(
    isoaudit: Isoaudit, here: Path, house: House, content: str, words: str
) -> None:
    """The file beside it breaks the gate all the same."""
    name = "compose.yaml" if content.startswith("services") else "pod.yaml"
    (here / name).write_text(content)
    (here / "open.compose.yaml").write_text(OPEN)

    ended = isoaudit("scan", ".", "-f", "json", *house())

    (row,) = ended.report["errors"]
    assert words in row["message"]
    assert (1, 1) == (ended.code, len(ended.report["targets"]))
    assert "\n" not in row["message"]


def test_a_file_of_a_hundred_megabytes_is_one_row(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """No more of it is read than the limit."""
    with (here / "compose.yaml").open("wb") as stream:
        stream.write(CLOSED.encode())
        stream.truncate(100 * 2**20)
    (here / "b.compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", *house())

    (row,) = ended.report["errors"]
    assert f"larger than {limits.MAX_BYTES // 2**20} MiB" in row["message"]
    assert (4, 1) == (ended.code, len(ended.report["targets"]))


def test_a_folder_that_may_not_be_read_is_one_row(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is incomplete, and goes on beside it; root, who runs this, may read everything."""
    look = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    (here / "locked").mkdir()
    (here / "z").mkdir()
    (here / "z/compose.yaml").write_text(CLOSED)
    monkeypatch.setattr(os, "scandir", refuse)

    ended = isoaudit("scan", ".", "-f", "json", *house())

    (row,) = ended.report["errors"]
    assert ("locked", "permission denied") == (row["target"], row["message"])
    assert (4, 1) == (ended.code, len(ended.report["targets"]))


def test_what_a_repository_ignores_is_read_when_it_is_named(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """In a folder it is passed by, and alone there is nothing to audit."""
    subprocess.run(["git", "init", "-q", "."], cwd=here, check=True)
    (here / ".gitignore").write_text("compose.yaml\n")
    (here / "compose.yaml").write_text(OPEN)

    assert 3 == isoaudit("scan", ".").code
    assert 1 == isoaudit("scan", "compose.yaml", *house()).code
