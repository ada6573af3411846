"""Gates of ways out and of scores: what fails a run, what is accepted, known or not ruled out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import PROFILE, ROOT, House, Isoaudit
from repository import Repo

WAYS = PROFILE.replace("gate: {fail_on: critical}", "gate: {fail_on_way_out: host-read}")
"""No check of it is about what these files hold: ways alone decide."""

CONFINED = """\
services:
  web:
    image: example/web@sha256:{digest}
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    cgroup: private
    security_opt: [no-new-privileges:true, apparmor:docker-default]
    mem_limit: 256m
    pids_limit: 100
    cpus: 0.5
""".format(digest="0" * 64)

ROOT_OPEN = "services: {web: {image: web, privileged: true}}\n"
FILES = {
    "root": ROOT_OPEN,
    "read": CONFINED.replace('"10001:10001"', "root") + "    volumes: ['/etc/shadow:/x:ro']\n",
    "neighbour": CONFINED + "    network_mode: host\n",
    "dos": CONFINED.replace("    pids_limit: 100\n", ""),
    "none": CONFINED,
}
"""By what the worst open way of each leads to."""

GATES = {
    "never": set(),
    "way-out:host-root": {"root"},
    "way-out": {"root", "read"},
    "way-out:host-read": {"root", "read"},
    "way-out:neighbour": {"root", "read", "neighbour"},
    "way-out:host-dos": {"root", "read", "neighbour", "dos"},
    "critical": {"root", "read"},
    "high": {"root", "read"},
}
"""What each gate fails on."""


def _house(house: House) -> list[str]:
    """Return options by which no check fails, so that only ways and scores do."""
    return house("info", WAYS)


def _write(here: Path, name: str) -> None:
    (here / "compose.yaml").write_text(FILES[name])


def _path(document: dict[str, Any], name: str) -> dict[str, Any]:
    (target,) = document["targets"]
    return next(path for path in target["escape_paths"] if path["id"] == name)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("name", FILES)
def test_open_ways_to_the_goal_or_worse_fail_the_run(
    isoaudit: Isoaudit, here: Path, house: House, name: str, gate: str
) -> None:
    """A severity adds the goals that are as severe to those that the profile gates."""
    _write(here, name)

    ended = isoaudit("scan", "compose.yaml", "--fail-on", gate, *_house(house))

    assert (1 if name in GATES[gate] else 0) == ended.code


def test_a_severity_asks_for_no_ways_where_the_profile_asks_for_none(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """A profile of a few checks of one's own fails on these alone."""
    _write(here, "root")
    profile = PROFILE.replace("fail_on: critical", "fail_on: never")

    ended = isoaudit("scan", "compose.yaml", "--fail-on", "critical", *house("info", profile))

    assert 0 == ended.code


def test_the_default_profile_fails_on_a_way_to_the_host(isoaudit: Isoaudit, here: Path) -> None:
    """It says the gate in words, and where the way leads."""
    _write(here, "read")

    ended = isoaudit("scan", "compose.yaml")

    assert 1 == ended.code
    assert 'gate "no open way to the host; no finding of critical severity"' in ended.err
    assert "compose:compose.yaml#web: a way out is open: reads host files" in ended.err


def test_a_goal_that_there_is_not_is_no_gate(isoaudit: Isoaudit, here: Path) -> None:
    """Nothing is audited; the word that may have been meant is named."""
    _write(here, "none")

    ended = isoaudit("scan", "compose.yaml", "--fail-on", "way-out:host-rot")

    assert (2, "") == (ended.code, ended.out)
    assert "did you mean 'way-out:host-root'?" in ended.err


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("20", 0), ("21", 1), ("100", 1)])
def test_the_low_end_of_the_escape_score_may_be_no_lower(
    isoaudit: Isoaudit, here: Path, house: House, least: str, code: int
) -> None:
    """A way that reads host files caps it at 20; --fail-on is a gate of its own."""
    _write(here, "read")

    ended = isoaudit("scan", "compose.yaml", "--fail-on", "never", "--min-score", least,
                     *_house(house))  # fmt: skip

    assert code == ended.code
    assert bool(code) == (f"compose:compose.yaml#web: escape 20, under {least}" in ended.err)


@pytest.mark.parametrize("least", ["-1", "101", "x"])
def test_a_score_that_there_is_not_is_a_usage_error(
    isoaudit: Isoaudit, here: Path, least: str
) -> None:
    """Scores go from 0 to 100."""
    _write(here, "none")

    assert 2 == isoaudit("scan", "compose.yaml", "--min-score", least).code


def test_the_gate_is_set_by_variables_too(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option outranks them."""
    _write(here, "neighbour")
    monkeypatch.setenv("ISOAUDIT_FAIL_ON", "way-out:neighbour")
    assert 1 == isoaudit("scan", "compose.yaml", *_house(house)).code
    assert 0 == isoaudit("scan", "compose.yaml", "--fail-on", "way-out", *_house(house)).code

    monkeypatch.setenv("ISOAUDIT_FAIL_ON", "never")
    monkeypatch.setenv("ISOAUDIT_MIN_SCORE", "99")
    assert 1 == isoaudit("scan", "compose.yaml", *_house(house)).code


def test_the_gate_is_set_by_a_file_of_settings_too(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Under the names of the options."""
    _write(here, "neighbour")
    (here / "settings.yaml").write_text("fail-on: way-out:neighbour\nmin-score: 10\n")

    ended = isoaudit("scan", "compose.yaml", "--config", "settings.yaml", *_house(house))

    assert 1 == ended.code
    assert "escape 10 or more" in ended.err


def test_a_saved_result_is_gated_again(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """By the gate of its run, or by what is asked for now."""
    _write(here, "read")
    saved = isoaudit("scan", "compose.yaml", "-f", "json", *_house(house))
    (here / "r.json").write_text(saved.out)

    codes = {
        words: isoaudit("report", "r.json", *words.split()).code
        for words in ("", "--fail-on way-out:host-root", "--fail-on never",
                      "--fail-on never --min-score 21")
    }  # fmt: skip

    assert [1, 0, 0, 1] == list(codes.values())


def test_a_waiver_of_a_step_covers_the_way(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """It fails the run no more; that it is open stays said, and so does the score."""
    _write(here, "read")
    (here / "waivers.yaml").write_text(
        'waivers: [{check: ESC-028, target: "*", reason: read on purpose, owner: ops, '
        'until: "2999-12-31"}]\n'
    )

    ended = isoaudit("scan", "compose.yaml", "-f", "json", "--waivers", "waivers.yaml",
                     *_house(house))  # fmt: skip

    assert 0 == ended.code, ended.err
    path = _path(ended.report, "ESC-028")
    assert ("open", "read on purpose") == (path["certainty"], path["waiver"]["reason"])
    assert "open" == ended.report["targets"][0]["verdict"]["status"]
    assert 20 == ended.report["targets"][0]["score"]["high"]
    jsonschema.validate(
        ended.report, json.loads((ROOT / "reports/schemas/report-1.json").read_text())
    )


def test_a_way_that_is_known_fails_no_run(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A new one does; whether a baseline file or a saved result holds it."""
    _write(here, "read")
    isoaudit("scan", "compose.yaml", "-o", "baseline=b.json", "-o", "json=r.json", *_house(house))

    for baseline in ("b.json", "r.json"):
        known = isoaudit("scan", "compose.yaml", "--baseline", baseline, "-f", "json",
                         *_house(house))  # fmt: skip
        assert 0 == known.code
        assert "known" == _path(known.report, "ESC-028")["baseline"]

    _write(here, "root")
    assert 1 == isoaudit("scan", "compose.yaml", "--baseline", "b.json", *_house(house)).code


def test_a_way_known_as_not_ruled_out_is_new_once_it_is_open(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Who accepted that it is not known has not accepted that it is so."""
    (here / "compose.yaml").write_text(ROOT_OPEN.replace("true", "'${PRIVILEGED}'"))
    before = isoaudit("scan", "compose.yaml", "-f", "json", "-o", "json=-", "-o",
                      "baseline=b.json", *_house(house))  # fmt: skip
    assert "possible" == _path(before.report, "ESC-001")["certainty"]

    _write(here, "root")

    assert 1 == isoaudit("scan", "compose.yaml", "--baseline", "b.json", *_house(house)).code


def test_a_way_that_was_there_at_the_revision_fails_no_run(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """One that a change brought does."""
    repo = Repo(here)
    repo.write("compose.yaml", FILES["read"])
    repo.commit()
    old = isoaudit("scan", "compose.yaml", "--since", "main", "-f", "json", *_house(house))

    repo.write("compose.yaml", ROOT_OPEN)
    new = isoaudit("scan", "compose.yaml", "--since", "main", "-f", "json", *_house(house))

    assert (0, 1) == (old.code, new.code)
    assert "known" == _path(old.report, "ESC-028")["baseline"]
    assert "new" == _path(new.report, "ESC-001")["baseline"]


def test_ways_that_are_not_ruled_out_are_counted_if_that_is_asked_for(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """They fail nothing, and leave the run undecided."""
    (here / "compose.yaml").write_text(ROOT_OPEN.replace("true", "'${PRIVILEGED}'"))

    silent = isoaudit("scan", "compose.yaml", *_house(house))
    asked = isoaudit("scan", "compose.yaml", "--fail-on-unknown", *_house(house))

    assert (0, 4) == (silent.code, asked.code)
    assert "left undecided: compose:compose.yaml#web" in asked.err


def test_quiet_gives_each_target_its_wall_verdict_and_score(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """One line each, the worst first."""
    text = "services:\n  open: {image: x, privileged: true}\n" + CONFINED.partition("\n")[2]
    (here / "compose.yaml").write_text(text)

    lines = isoaudit("scan", "compose.yaml", "-q", *_house(house)).out.splitlines()

    assert 2 == len(lines)
    assert lines[0].startswith("compose:compose.yaml#open") and lines[0].endswith("  0-5")
    assert "OPEN: root on the host" in lines[0]
    assert lines[1].startswith("compose:compose.yaml#web") and "HOLDS" in lines[1]


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "csv", "markdown"])
def test_ways_stand_beside_findings_in_every_format(
    isoaudit: Isoaudit, here: Path, form: str
) -> None:
    """By the ids of their steps, with the place in the file that opens them."""
    _write(here, "read")

    ended = isoaudit("scan", "compose.yaml", "-f", form)

    assert "ESC-028" in ended.out
    assert "Secrets of the host are mounted" in ended.out
