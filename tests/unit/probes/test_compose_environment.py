"""Variables of compose: where they come from, where they go, and that no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_projects import read, write

from isoaudit.model import Location

SECRET = "hunter2"


def _environment(folder: Path) -> dict[str, bool]:
    return {
        str(record["environment.name"]): bool(record["environment.secret"])
        for record in read(folder).records("environment")
    }


def test_the_env_file_of_the_project_sets_variables(tmp_path: Path) -> None:
    """The one beside it, not that of another folder."""
    files = {
        ".env": "TAG=wrong\n",
        "app/.env": "TAG=1.4\nMODE=host\n",
        "app/compose.yaml": "services: {web: {image: 'web:$TAG', network_mode: '${MODE}'}}\n",
    }
    seen = read(write(tmp_path, files), main="app/compose.yaml")

    assert ("web:1.4", "host") == (
        seen.facts["container.image.reference"],
        seen.facts["process.namespaces.net"],
    )


def test_what_depends_on_an_unset_variable_is_unknown(tmp_path: Path, monkeypatch) -> None:
    """The auditor's own environment is not that of the deployment."""
    monkeypatch.setenv("MODE", "host")
    seen = read(write(tmp_path, {"compose.yaml": "services: {web: {privileged: '$MODE'}}\n"}))

    assert "depends on ${MODE}" in seen.missing["container.privileged"]


def test_a_broken_env_file_leaves_every_variable_open(tmp_path: Path) -> None:
    """Nothing of it is quoted, and no default is believed."""
    files = {
        ".env": f"A=1\n{SECRET} is not a line\n",
        "compose.yaml": "services: {web: {user: '${WHO:-1000}'}}\n",
    }
    seen = read(write(tmp_path, files))

    assert ".env:2: not a line of an env file" in seen.missing["process.uid"]
    assert SECRET not in repr(seen)


@pytest.mark.parametrize(
    "service",
    [
        "image: 'registry/$DB_PASSWORD'",
        "volumes: ['/srv/${DB_PASSWORD}:/x']",
        "container_name: $DB_PASSWORD\n    hostname: $DB_PASSWORD",
        "sysctls: {net.a: $DB_PASSWORD}",
        "network_mode: $DB_PASSWORD",
        "user: $INDIRECT",
        "pids_limit: $DB_PASSWORD",
        "mem_limit: $PLAIN",
        "ports: ['$PLAIN:x']",
        "cpus: $PLAIN",
        "privileged: $PLAIN",
        "environment: {A: $DB_PASSWORD, '$DB_PASSWORD': b}",
        "environment: ['${DB_PASSWORD}=1', 'A=$DB_PASSWORD']",
        "logging: {driver: $DB_PASSWORD}",
        "security_opt: ['seccomp:$DB_PASSWORD', '$DB_PASSWORD:x']",
        "profiles: [$DB_PASSWORD]",
        "extends: $DB_PASSWORD",
        "env_file: $DB_PASSWORD",
    ],
)
def test_no_secret_of_the_env_file_is_shown(tmp_path: Path, service: str) -> None:
    """Neither as a fact nor in a reason or an error; a value that is wrong is shown as written."""
    files = {
        ".env": f"DB_PASSWORD={SECRET}\nINDIRECT=x$DB_PASSWORD\nPLAIN=x{SECRET}\n",
        "compose.yaml": f"services:\n  web:\n    {service}\n",
    }
    write(tmp_path, files)
    try:
        shown = repr(read(tmp_path))
    except Exception as error:
        shown = repr(error)
        assert "$PLAIN" in shown

    assert SECRET not in shown


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("a.env", {"API_TOKEN": True, "LEVEL": False}),
        ("[a.env, b.env]", {"API_TOKEN": False, "LEVEL": False, "B_SECRET": True}),
        ("[{path: a.env, required: false}]", {"API_TOKEN": True, "LEVEL": False}),
        ("[{path: raw.env, format: raw}]", {"API_TOKEN": True}),
        ("./sub/../a.env", {"API_TOKEN": True, "LEVEL": False}),
        ("'${NAME}.env'", {"API_TOKEN": True, "LEVEL": False}),
    ],
)
def test_env_files_of_a_service(tmp_path: Path, entries: str, expected: dict[str, bool]) -> None:
    """Names, and whether a secret stands there; a later file counts over an earlier one."""
    files = {
        ".env": "NAME=a\n",
        "compose.yaml": f"services: {{web: {{env_file: {entries}}}}}\n",
        "a.env": f"API_TOKEN={SECRET}\nLEVEL=info\n",
        "b.env": f"API_TOKEN=\nB_SECRET='{SECRET}'\n",
        "raw.env": f"API_TOKEN='{SECRET}\n",
    }
    write(tmp_path, files)

    assert expected == _environment(tmp_path)
    seen = read(tmp_path)
    assert "" == seen.incomplete("environment")
    assert SECRET not in repr(seen)


def test_a_variable_of_an_env_file_stands_there(tmp_path: Path) -> None:
    """With the line in that file; what the service says itself comes first."""
    files = {
        "compose.yaml": "services:\n  web:\n    env_file: x/a.env\n    environment: {A_TOKEN: x}\n",
        "x/a.env": "# c\nA_TOKEN=a\nB_TOKEN=b\n",
    }
    records = read(write(tmp_path, files)).factset.parts["environment"][0].records
    places = {
        record.facts["environment.name"].value: record.facts["environment.name"].location
        for record in records
    }

    assert {
        "A_TOKEN": Location("compose.yaml", 4, 28),
        "B_TOKEN": Location("x/a.env", 3, 1),
    } == places


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("gone.env", "gone.env: no such file"),
        ("{path: gone.env, required: false}", "gone.env: no such file"),
        ("../../etc/shadow", "lies outside"),
        ("/etc/shadow", "lies outside"),
        ("'${WHERE}.env'", "depends on ${WHERE}"),
        ("key.pem", "key.pem:1: not a line of an env file"),
    ],
)
def test_an_env_file_that_is_not_read_leaves_the_part_open(
    tmp_path: Path, entry: str, why: str
) -> None:
    """One that is optional may well be there where the service is deployed."""
    files = {
        "compose.yaml": f"services: {{web: {{env_file: [a.env, {entry}]}}}}\n",
        "a.env": "A=1\n",
        "key.pem": f"-----BEGIN PRIVATE KEY-----\n{SECRET}=\n",
    }
    write(tmp_path, files)

    assert why in read(tmp_path).incomplete("environment")
    assert {"A": False} == _environment(tmp_path)
    assert SECRET not in repr(read(tmp_path))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("{DB_PASSWORD: $FROM_ENV}", True),
        ("[DB_PASSWORD=$FROM_ENV]", True),
        ("{DB_PASSWORD: }", True),
        ("[DB_PASSWORD]", True),
        ("{DB_PASSWORD: $UNSET}", False),
        ("[DB_PASSWORD=$UNSET]", False),
        ("{DB_PASSWORD: $EMPTY}", False),
        ("{OTHER_PASSWORD: }", False),
        ("[OTHER_PASSWORD]", False),
    ],
)
def test_a_secret_that_the_project_hands_in_is_one(
    tmp_path: Path, environment: str, expected: bool
) -> None:
    """It stands in the environment, wherever it came from; of an unset variable nothing does."""
    files = {
        ".env": f"FROM_ENV={SECRET}\nDB_PASSWORD={SECRET}\nEMPTY=\n",
        "compose.yaml": f"services: {{web: {{environment: {environment}}}}}\n",
    }
    assert [expected] == list(_environment(write(tmp_path, files)).values())


def test_a_gpu_by_the_variable_of_an_env_file(tmp_path: Path) -> None:
    """The toolkit does not ask where its variables were set."""
    files = {
        "compose.yaml": "services: {web: {runtime: nvidia, env_file: gpu.env}}\n",
        "gpu.env": "NVIDIA_VISIBLE_DEVICES=all\nNVIDIA_DRIVER_CAPABILITIES=compute,utility\n",
    }
    seen = read(write(tmp_path, files))

    assert seen.facts["container.gpu.by_environment"] is True
    assert ("compute", "utility") == seen.facts["container.gpu.capabilities"]
    assert "gpu.env:1:1" == seen.sources["container.gpu.by_environment"]
