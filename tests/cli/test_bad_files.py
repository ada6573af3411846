"""Files that are broken, enormous, hostile or no files at all: each costs one row, never a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from command_line import CLOSED, OPEN, ROOT, House, Isoaudit

from isoaudit.documents import limits

BROKEN = "services:\n  web:\n    image: [web\n"
DEEP = "services: " + "[" * 500 + "]" * 500 + "\n"
ALIASES = (
    "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n"
        for i in range(12)
    )
    + "services: {web: {image: web, environment: *m, cap_add: *m}}\n"
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE domain [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    "<domain><name>&b;</name></domain>\n"
)
EXTERNAL = (
    '<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain><name>&x;</name></domain>\n'
)
HELM = """
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "chart.fullname" . }}
{{- if .Values.extra }}
spec:
  containers: [{name: web, image: web}]
{{- end }}
"""


def _only_row(isoaudit: Isoaudit, target: str) -> dict[str, Any]:
    ended = isoaudit("scan", target, "-f", "json", "--fail-on", "never")
    assert 4 == ended.code
    (row,) = ended.report["errors"]
    found: dict[str, Any] = row
    return found


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(("others", "code"), [(CLOSED, 4), (OPEN, 1)], ids=["holds", "breaks"])
def test_one_broken_file_among_fifty_costs_one_row(
    isoaudit: Isoaudit, here: Path, house: House, others: str, code: int
) -> None:
    """Its file and line are told, the others are judged: in forked workers as well as without."""
    for number in range(50):
        (here / f"{number}.yaml").write_text(others)
    (here / "25b.yaml").write_text(BROKEN)

    for jobs in ("1", "2"):
        ended = isoaudit("scan", ".", "-f", "json", "-j", jobs, *house())

        (row,) = ended.report["errors"]
        assert (code, 50) == (ended.code, len(ended.report["targets"]))
        assert row["message"].startswith("25b.yaml:4:1: not valid YAML")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("compose.yaml", BROKEN, "compose.yaml:4:1: not valid YAML"),
        ("compose.yaml", DEEP, "nested deeper"),
        ("compose.yaml", ALIASES, "compose.yaml:"),
        ("compose.yaml", "services: {web: {image: a}, web: {image: b}}\n", "stands twice"),
        ("compose.yaml", "services: [web]\n", "compose.yaml:1:11"),
        ("compose.yaml", "services: {web: privileged}\n", "compose.yaml:1:17"),
        ("compose.yaml", "services: {web: {image: a, privileged: maybe}}\n", "compose.yaml:1:"),
        ("compose.yaml", "services: {web: {image: \x07}}\n", "compose.yaml"),
        ("vm.xml", LAUGHS, "declares a document type"),
        ("vm.xml", EXTERNAL, "declares a document type"),
        ("vm.xml", "<domain><name>x</name>\n", "vm.xml:2:1: not valid XML"),
        ("vm.xml", "<domain>" + "<a>" * 500 + "</a>" * 500 + "</domain>", "nested too deep"),
        ("pod.yaml", HELM, "pod.yaml:"),
    ],
    ids=["broken", "deep", "aliases", "twice", "list", "scalar", "word", "control", "laughs",
         "external", "unclosed", "deep xml", "template"],
)  # fmt: skip
def test_a_bad_file_is_one_row_with_its_place(
    isoaudit: Isoaudit, here: Path, name: str, content: str, words: str
) -> None:
    """What is wrong, and in which line where there is one."""
    (here / name).write_text(content)

    assert words in _only_row(isoaudit, name)["message"]


def test_a_file_too_large_is_not_read_whole(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the limit."""
    with (here / "compose.yaml").open("wb") as stream:
        stream.write(CLOSED.encode())
        stream.truncate(limits.MAX_BYTES + 1)

    assert "larger than 32 MiB" in _only_row(isoaudit, "compose.yaml")["message"]


def test_a_file_without_end_on_standard_input_is_cut(isoaudit: Isoaudit, here: Path) -> None:
    """No more is read than the limit."""
    ended = isoaudit("scan", "-", "-f", "json", stdin=b"#" * (limits.MAX_BYTES + 2))

    assert 4 == ended.code
    assert "larger than 32 MiB" in ended.report["errors"][0]["message"]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(isoaudit: Isoaudit, here: Path) -> None:
    """It is not guessed at."""
    (here / "compose.yaml").write_bytes(b"services:\n  web:\n    image: caf\xe9\n")

    assert "compose.yaml:3: not UTF-8 text" == _only_row(isoaudit, "compose.yaml")["message"]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"<page>caf\xe9</page>", 0),
        (b"<domain type='kvm'><name>caf\xe9</name></domain>", 1),
        ("<domain type='kvm'/>".encode("utf-16"), 1),
    ],
)
def test_another_encoding_in_a_folder_is_told_where_it_may_be_a_workload(
    isoaudit: Isoaudit, here: Path, data: bytes, rows: int
) -> None:
    """Pages of other tools are passed by; a domain that cannot be read is not."""
    (here / "a.xml").write_bytes(data)
    (here / "compose.yaml").write_text(CLOSED)

    assert rows == len(isoaudit("scan", ".", "-f", "json").report["errors"])


def test_a_pipe_is_never_waited_for(isoaudit: Isoaudit, here: Path) -> None:
    """A named one is a row; one met in a folder is passed by."""
    os.mkfifo(here / "compose.yaml")

    assert "not a regular file" in _only_row(isoaudit, "compose.yaml")["message"]
    assert 3 == isoaudit("scan", ".").code


def test_a_folder_may_be_called_like_a_file(isoaudit: Isoaudit, here: Path) -> None:
    """It is searched like any other."""
    (here / "x.yaml").mkdir()
    (here / "x.yaml" / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")

    assert (0, 1) == (ended.code, len(ended.report["targets"]))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_one_row(isoaudit: Isoaudit, here: Path) -> None:
    """It is there, so the command line is right and the audit incomplete."""
    (here / "compose.yaml").write_text(CLOSED)
    (here / "compose.yaml").chmod(0)

    assert "permission denied" in _only_row(isoaudit, "compose.yaml")["message"]


def test_a_file_that_may_not_be_looked_up_is_one_row(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without search permission hides whether the file is there: not a missing file."""
    look_up, open_file = Path.lstat, os.open

    def refuse(path: Path) -> os.stat_result:
        if path.parent.name == "locked":
            raise PermissionError(13, "Permission denied")
        return look_up(path)

    def refuse_to_open(path: Path, *rest: Any, **options: Any) -> int:
        if Path(path).parent.name == "locked":
            raise PermissionError(13, "Permission denied")
        return open_file(path, *rest, **options)

    monkeypatch.setattr(Path, "lstat", refuse)
    monkeypatch.setattr(os, "open", refuse_to_open)

    assert "permission denied" in _only_row(isoaudit, "locked/compose.yaml")["message"]


def test_a_link_to_itself_is_one_row(isoaudit: Isoaudit, here: Path) -> None:
    """A named one; one met in a folder is passed by."""
    (here / "loop.yaml").symlink_to("loop.yaml")

    assert "too many levels of symbolic links" in _only_row(isoaudit, "loop.yaml")["message"]
    assert 3 == isoaudit("scan", ".").code


def test_links_between_folders_end(isoaudit: Isoaudit, here: Path) -> None:
    """A folder that contains itself is searched once."""
    (here / "compose.yaml").write_text(CLOSED)
    (here / "again").symlink_to(here)

    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")

    assert (0, 1) == (ended.code, len(ended.report["targets"]))


def test_a_link_that_leads_nowhere_is_one_row(isoaudit: Isoaudit, here: Path) -> None:
    """A named one is there, and cannot be read."""
    (here / "compose.yaml").symlink_to("../gone.yaml")

    assert "no such file" in _only_row(isoaudit, "compose.yaml")["message"]


def test_a_link_out_of_a_folder_is_not_followed(isoaudit: Isoaudit, here: Path) -> None:
    """A stranger's repository must not make isoaudit read what lies outside of it."""
    (here.parent / "outside.yaml").write_text(CLOSED)
    (here / "compose.yaml").symlink_to("../outside.yaml")

    assert 3 == isoaudit("scan", ".").code


def test_a_name_too_long_is_a_missing_file(isoaudit: Isoaudit, here: Path) -> None:
    """Not a fault."""
    assert 2 == isoaudit("scan", "./" + "a" * 300 + ".yaml").code


def test_a_manifest_without_workload_is_nothing_to_audit(isoaudit: Isoaudit, here: Path) -> None:
    """A Service declares no container: ending with 0 would look like a clean one."""
    (here / "service.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")

    assert 3 == isoaudit("scan", ".").code


def test_the_examples_are_judged(isoaudit: Isoaudit) -> None:
    """What newcomers scan first is audited without a row in `errors`."""
    ended = isoaudit("scan", str(ROOT / "examples"), "-f", "json", "--fail-on", "never")

    assert (0, []) == (ended.code, ended.report["errors"])
