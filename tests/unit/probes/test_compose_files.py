"""Which files are one compose project: as docker compose looks for them, and as they are listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_projects import names, probe, read, write

from isoaudit.errors import DocumentError

MAIN = "services: {web: {image: a}}\n"
OVER = "services: {web: {privileged: true}, more: {image: b}}\n"


@pytest.mark.parametrize(
    ("main", "over"),
    [
        ("compose.yaml", "compose.override.yaml"),
        ("compose.yaml", "compose.override.yml"),
        ("compose.yml", "compose.override.yaml"),
        ("compose.yaml", "docker-compose.override.yml"),
        ("docker-compose.yml", "docker-compose.override.yml"),
        ("docker-compose.yaml", "docker-compose.override.yaml"),
        ("docker-compose.yml", "compose.override.yml"),
    ],
)
def test_an_override_beside_it_is_merged(tmp_path: Path, main: str, over: str) -> None:
    """In every spelling that docker compose looks for; found in a folder it is no target itself."""
    write(tmp_path, {main: MAIN, over: OVER})

    assert ["web", "more"] == names(tmp_path, main)
    assert read(tmp_path, main=main).facts["container.privileged"] is True
    assert [] == names(tmp_path, over, asked=False)
    assert ["web", "more"] == names(tmp_path, over, asked=True)


def test_the_order_of_names_is_docker_compose_s(tmp_path: Path) -> None:
    """Of several it takes one of each; the others stand for themselves."""
    every = {
        "compose.yaml": "services: {a: {}}\n",
        "docker-compose.yml": "services: {b: {}}\n",
        "compose.override.yml": "services: {c: {}}\n",
        "compose.override.yaml": "services: {d: {}}\n",
    }
    write(tmp_path, every)
    found = {main: names(tmp_path, main, asked=False) for main in every}

    assert {
        "compose.yaml": ["a", "c"],
        "docker-compose.yml": ["b"],
        "compose.override.yml": [],
        "compose.override.yaml": ["d"],
    } == found


def test_an_override_without_a_file_below_it_is_a_target(tmp_path: Path) -> None:
    """There is nothing that it would be merged over."""
    write(tmp_path, {"compose.override.yaml": OVER})

    assert ["web", "more"] == names(tmp_path, "compose.override.yaml", asked=False)


def test_a_file_of_another_name_has_no_override(tmp_path: Path) -> None:
    """It has to be named to docker compose, which then looks for nothing else."""
    write(tmp_path, {"prod.yaml": MAIN, "compose.override.yaml": OVER})

    assert ["web"] == names(tmp_path, "prod.yaml")


@pytest.mark.parametrize(
    "dotenv",
    [
        "COMPOSE_FILE=base.yaml:prod/more.yaml\n",
        "COMPOSE_FILE=./base.yaml:./prod/more.yaml\n",
        "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=base.yaml,prod/more.yaml\n",
        "WHERE=prod\nCOMPOSE_FILE=base.yaml:${WHERE}/more.yaml\n",
    ],
)
def test_the_files_that_the_env_file_lists(tmp_path: Path, dotenv: str) -> None:
    """And no override besides; a later one of them in the same folder is no target itself."""
    files = {
        ".env": dotenv,
        "base.yaml": MAIN,
        "prod/more.yaml": OVER,
        "compose.yaml": "services: {other: {}}\n",
        "compose.override.yaml": "services: {over: {}}\n",
    }
    write(tmp_path, files)

    assert ["web", "more"] == names(tmp_path, "base.yaml", asked=False)
    assert ["other"] == names(tmp_path, "compose.yaml", asked=False)


def test_a_later_file_of_the_list_is_no_target(tmp_path: Path) -> None:
    """Unless it is named."""
    write(tmp_path, {".env": "COMPOSE_FILE=a.yaml:b.yaml\n", "a.yaml": MAIN, "b.yaml": OVER})

    assert [] == names(tmp_path, "b.yaml", asked=False)
    assert ["web", "more"] == names(tmp_path, "b.yaml", asked=True)


@pytest.mark.parametrize(
    ("dotenv", "why"),
    [
        ("COMPOSE_FILE=compose.yaml:gone.yaml\n", "gone.yaml: no such file"),
        ("COMPOSE_FILE=compose.yaml:../../etc/passwd\n", "outside"),
        ("COMPOSE_FILE=compose.yaml:/etc/passwd\n", "outside"),
        ("COMPOSE_FILE=compose.yaml:$MORE\n", "depends on a variable"),
    ],
)
def test_a_listed_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, dotenv: str, why: str
) -> None:
    """What the others say need not hold: it might take all of it back."""
    write(tmp_path, {".env": dotenv, "compose.yaml": MAIN})

    with pytest.raises(DocumentError, match=why):
        probe(tmp_path)


def test_a_broken_override_is_an_error_of_the_project(tmp_path: Path) -> None:
    """As it is for docker compose; the place is in the override."""
    write(tmp_path, {"compose.yaml": MAIN, "compose.override.yaml": "services: {web: [\n"})

    with pytest.raises(DocumentError, match=r"^compose\.override\.yaml:2:"):
        probe(tmp_path)


def test_a_profile_is_told_and_changes_nothing(tmp_path: Path) -> None:
    """Whoever asks for it starts the service, so it is judged like any other."""
    files = {"compose.yaml": "services: {web: {profiles: [debug, '${X}'], privileged: true}}\n"}
    seen = read(write(tmp_path, files))

    assert seen.facts["container.privileged"] is True
    assert "(a service of profile debug)" in seen.sources["container.platform"]
