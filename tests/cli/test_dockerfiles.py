"""Dockerfiles and devcontainers on the command line: found, judged, and told where."""

from __future__ import annotations

from pathlib import Path

from command_line import Isoaudit

RISKY = "FROM a:1\nENV API_TOKEN=correct-horse\nUSER root\n"
LEAN = "FROM scratch\nCOPY app /app\nUSER 10001\n"


def test_a_folder_of_dockerfiles_is_judged(isoaudit: Isoaudit, here: Path) -> None:
    """Each is a target; ignore files of builds are none; a finding stands on its line."""
    (here / "web").mkdir()
    (here / "web/Dockerfile").write_text(LEAN)
    (here / "web/Dockerfile.dockerignore").write_text("FROM a\n")
    (here / "risky.Dockerfile").write_text(RISKY)

    report = isoaudit("scan", ".", "-f", "json").report

    targets = {target["id"]: target["findings"] for target in report["targets"]}
    assert {"dockerfile:web/Dockerfile", "dockerfile:risky.Dockerfile"} == set(targets)
    (secret,) = [one for one in targets["dockerfile:risky.Dockerfile"]
                 if one["check"] == "IMG-005"]  # fmt: skip
    assert ("fail", 2, 5) == (
        secret["status"], secret["location"]["line"], secret["location"]["column"]
    )  # fmt: skip
    assert not [one for one in targets["dockerfile:web/Dockerfile"] if one["status"] == "fail"]


def test_a_broken_dockerfile_costs_one_row(isoaudit: Isoaudit, here: Path) -> None:
    """What beside it can be read is judged."""
    (here / "Dockerfile.j2").write_text("FROM a\n{% if x %}\n")
    (here / "Dockerfile").write_text(LEAN)

    ended = isoaudit("scan", ".", "-f", "json")

    (row,) = ended.report["errors"]
    assert "Dockerfile.j2:2:1: no instruction of a Dockerfile: '{%'" == row["message"]
    assert (4, 1) == (ended.code, len(ended.report["targets"]))


def test_what_only_a_container_shows_is_one_line(isoaudit: Isoaudit, here: Path) -> None:
    """A Dockerfile leaves no gate undecided by what it cannot say."""
    (here / "Dockerfile").write_text(LEAN + "HEALTHCHECK NONE\n")

    assert 0 == isoaudit("scan", "Dockerfile", "--fail-on-unknown").code


def test_a_devcontainer_is_found_with_the_service_it_names(isoaudit: Isoaudit, here: Path) -> None:
    """The compose file is a target of its own, without what the devcontainer adds."""
    (here / ".git").mkdir()
    (here / ".devcontainer").mkdir()
    (here / "compose.yaml").write_text("services: {app: {image: a}}\n")
    (here / ".devcontainer/devcontainer.json").write_text(
        '// a\n{"dockerComposeFile": "../compose.yaml", "service": "app", "privileged": true,}\n'
    )

    report = isoaudit("scan", ".", "-f", "json").report

    failed = {target["dialect"]: {one["check"] for one in target["findings"]
                                  if one["status"] == "fail"}
              for target in report["targets"]}  # fmt: skip
    assert "CAP-001" in failed["devcontainer"]
    assert "CAP-001" not in failed["compose"]
