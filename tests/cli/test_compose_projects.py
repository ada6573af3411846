"""Compose projects of several files, as a scan is asked for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import CLOSED, OPEN, Ended, House, Isoaudit

BROKEN = "services: [\n"


def _verdicts(ended: Ended) -> dict[str, str]:
    return {
        target["id"].removeprefix("compose:"): target["findings"][0]["status"]
        for target in ended.report["targets"]
    }


def _finding(ended: Ended) -> Any:
    return ended.report["targets"][0]["findings"][0]


def test_files_named_as_one_are_merged(isoaudit: Isoaudit, house: House, here: Path) -> None:
    """The target goes by the first; the finding points to where its cause stands."""
    (here / "a.yaml").write_text(CLOSED)
    (here / "b.yaml").write_text("services:\n  web:\n    privileged: true\n")

    ended = isoaudit("scan", "compose:a.yaml,b.yaml", "-f", "json", *house())

    assert (1, {"a.yaml#web": "fail"}) == (ended.code, _verdicts(ended))
    assert {"file": "b.yaml", "line": 3, "column": 17} == _finding(ended)["location"]


def test_the_order_of_files_counts(isoaudit: Isoaudit, house: House, here: Path) -> None:
    """The later one wins; a part of the project is picked as of one file."""
    (here / "a.yaml").write_text(OPEN)
    (here / "b.yaml").write_text("services: {web: {privileged: false}, db: {image: db}}\n")

    whole = isoaudit("scan", "compose:a.yaml,./b.yaml", "-f", "json", *house())
    part = isoaudit("scan", "compose:b.yaml,a.yaml#web", "-f", "json", *house())

    assert {"a.yaml#web": "pass", "a.yaml#db": "pass"} == _verdicts(whole)
    assert {"b.yaml#web": "fail"} == _verdicts(part)


def test_one_of_several_that_is_not_there_is_a_usage_error(isoaudit: Isoaudit, here: Path) -> None:
    """Nothing is audited then, as for a file named alone."""
    (here / "a.yaml").write_text(CLOSED)

    ended = isoaudit("scan", "compose:a.yaml,gone.yaml", "-f", "json")

    assert 2 == ended.code
    assert "gone.yaml: no such file" in ended.err


def test_one_of_several_that_is_broken_is_an_error_of_all(
    isoaudit: Isoaudit, house: House, here: Path
) -> None:
    """What the others say need not hold."""
    (here / "a.yaml").write_text(CLOSED)
    (here / "b.yaml").write_text(BROKEN)

    ended = isoaudit("scan", "compose:a.yaml,b.yaml", "-f", "json", *house())

    assert (4, {}) == (ended.code, _verdicts(ended))
    assert ended.report["errors"][0]["message"].startswith("b.yaml:2:")


def test_a_name_with_a_comma_is_a_name(isoaudit: Isoaudit, house: House, here: Path) -> None:
    """If there is such a file."""
    (here / "a,b.yaml").write_text(OPEN)

    ended = isoaudit("scan", "compose:a,b.yaml", "-f", "json", *house())

    assert {"a,b.yaml#web": "fail"} == _verdicts(ended)


@pytest.mark.parametrize("target", [".", "./compose.yaml", "compose:compose.yaml", "compose:."])
def test_an_override_is_merged_and_no_target_itself(
    isoaudit: Isoaudit, house: House, here: Path, target: str
) -> None:
    """Whether the folder is scanned or the first file is named alone."""
    (here / "compose.yaml").write_text(CLOSED)
    (here / "compose.override.yaml").write_text(OPEN)

    ended = isoaudit("scan", target, "-f", "json", *house())

    assert (1, {"compose.yaml#web": "fail"}) == (ended.code, _verdicts(ended))
    assert "compose.override.yaml" == _finding(ended)["location"]["file"]


def test_an_include_that_cannot_be_read_is_a_row_and_the_rest_is_judged(
    isoaudit: Isoaudit, house: House, here: Path
) -> None:
    """The services over there were not seen, which is not the same as nothing wrong."""
    (here / "compose.yaml").write_text("include:\n  - gone.yaml\n" + CLOSED)
    (here / "other.yaml").write_text(CLOSED)

    ended = isoaudit("scan", ".", "-f", "json", *house())

    assert {"compose.yaml#web": "pass", "other.yaml#web": "pass"} == _verdicts(ended)
    (row,) = ended.report["errors"]
    assert row["message"].startswith("compose.yaml:2:5: an include that is not followed: gone.yaml")
    assert 4 == ended.code


def test_one_service_of_a_project_is_complete_without_its_includes(
    isoaudit: Isoaudit, house: House, here: Path
) -> None:
    """It was asked for by name, and is all that was asked for."""
    (here / "compose.yaml").write_text("include: [gone.yaml]\n" + CLOSED)

    ended = isoaudit("scan", "compose.yaml#web", "-f", "json", *house())

    assert (0, []) == (ended.code, ended.report["errors"])


def test_nothing_lies_beside_standard_input(isoaudit: Isoaudit, house: House, here: Path) -> None:
    """What is named there is unknown, even if a file of that name lies here."""
    (here / ".env").write_text("PRIVILEGED=false\n")
    (here / "base.yaml").write_text(CLOSED)
    text = (
        "services:\n  web: {extends: {file: base.yaml, service: web}}\n"
        "  db: {privileged: '${PRIVILEGED}'}\n"
    )
    ended = isoaudit("scan", "-", "-f", "json", *house(), stdin=text.encode())

    assert {"stdin#web": "unknown", "stdin#db": "unknown"} == _verdicts(ended)


def test_a_folder_outside_a_repository_bounds_what_is_read(
    isoaudit: Isoaudit, house: House, here: Path
) -> None:
    """A file of it may name others of that folder, and none outside."""
    (here / "app").mkdir()
    (here / "base.yaml").write_text("services: {base: {privileged: true}}\n")
    text = "services: {web: {extends: {file: ../base.yaml, service: base}}}\n"
    (here / "app" / "compose.yaml").write_text(text)

    inside = isoaudit("scan", ".", "-f", "json", *house())
    outside = isoaudit("scan", "./app", "-f", "json", *house())

    assert "fail" == _verdicts(inside)["app/compose.yaml#web"]
    assert "unknown" == _verdicts(outside)["app/compose.yaml#web"]


def test_no_secret_beside_a_file_reaches_the_report(isoaudit: Isoaudit, here: Path) -> None:
    """Neither of `.env` nor of an env file, nor of one that is no env file at all."""
    (here / ".env").write_text("DB_PASSWORD=hunter2\n")
    (here / "db.env").write_text("API_TOKEN=hunter2\n")
    (here / "key").write_text("hunter2 is the key\n")
    (here / "compose.yaml").write_text(
        "services:\n"
        "  web:\n    image: a:$DB_PASSWORD\n    env_file: [db.env, key]\n"
        "    environment: [A=$DB_PASSWORD, DB_PASSWORD]\n"
        "    volumes: ['/$DB_PASSWORD:/x']\n    mem_limit: $DB_PASSWORD\n"
        "  bad: {mem_limit: $PLAIN, extends: {file: key, service: a}}\n"
    )
    for form in ("json", "table"):
        ended = isoaudit("scan", ".", "-f", form, "-v")
        assert "compose.yaml" in ended.out
        assert "hunter2" not in ended.out + ended.err
