"""What a compose file includes: whole projects, with a folder and variables of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_projects import names, probe, read, write

from isoaudit.errors import DocumentError
from isoaudit.model import Location


def test_the_services_of_an_include_are_targets(tmp_path: Path) -> None:
    """Named by the file that includes, and standing where they stand; paths begin over there."""
    files = {
        "compose.yaml": "include: [lib/compose.yaml]\nservices: {web: {image: a}}\n",
        "lib/compose.yaml": "services: {db: {volumes: ['./x:/x', 'data:/v']}}\nvolumes: {data: }\n",
    }
    opened = probe(write(tmp_path, files))
    found = {target.name: target for target in opened.find()}

    assert {"web", "db"} == set(found)
    assert "compose:compose.yaml#db" == found["db"].id
    assert Location("lib/compose.yaml", 1, 12) == found["db"].location
    assert ["lib/x", None] == [m.get("mount.source") for m in read(tmp_path, "db").records("mount")]
    assert () == tuple(opened.unread())


def test_services_of_both_know_each_other(tmp_path: Path) -> None:
    """What is included is copied into the project, volumes and networks as well."""
    files = {
        "compose.yaml": "include: [a.yaml]\nservices:\n"
        "  web: {network_mode: 'service:db', volumes: ['data:/x']}\n",
        "a.yaml": "services: {db: {network_mode: host}}\n"
        "volumes: {data: {driver_opts: {type: none, device: /etc}}}\n",
    }
    seen = read(write(tmp_path, files))

    assert "host" == seen.facts["process.namespaces.net"]
    assert ["/etc"] == [mount["mount.source"] for mount in seen.records("mount")]
    assert "" == seen.incomplete("mount")


@pytest.mark.parametrize(
    ("entry", "user", "source"),
    [
        ("lib/a.yaml", 1, "lib/x"),
        ("{path: lib/a.yaml}", 1, "lib/x"),
        ("{path: [lib/a.yaml, b.yaml]}", 2, "lib/x"),
        ("{path: lib/a.yaml, project_directory: other}", 3, "other/x"),
        ("{path: lib/a.yaml, project_directory: .}", 0, "x"),
        ("{path: lib/a.yaml, env_file: more.env}", 4, "lib/x"),
        ("{path: lib/a.yaml, env_file: [more.env, last.env]}", 5, "lib/x"),
        ("{path: '${LIB}/a.yaml'}", 1, "lib/x"),
        ("{path: lib/a.yaml, env_file: /dev/null}", 9, "lib/x"),
    ],
)
def test_short_and_long_form(tmp_path: Path, entry: str, user: int, source: str) -> None:
    """Where its paths begin and which variables it knows."""
    files = {
        "compose.yaml": f"include:\n  - {entry}\n",
        ".env": "LIB=lib\n" + ("USER=0\n" if "project_directory: ." in entry else ""),
        "b.yaml": "services: {db: {user: '2'}}\n",
        "lib/a.yaml": "services: {db: {user: '${USER:-9}', volumes: ['./x:/x']}}\n",
        "lib/.env": "USER=1\n",
        "other/.env": "USER=3\n",
        "more.env": "USER=4\n",
        "last.env": "USER=5\n",
    }
    seen = read(write(tmp_path, files), "db")

    assert user == seen.facts["process.uid"]
    assert [source] == [mount["mount.source"] for mount in seen.records("mount")]


def test_the_variables_of_the_project_come_first(tmp_path: Path) -> None:
    """An include sets what the project leaves open, and nothing else."""
    files = {
        ".env": "WHO=1\n",
        "compose.yaml": "include: [lib/a.yaml]\nservices: {web: {user: '${OTHER:-7}'}}\n",
        "lib/.env": "WHO=2\nOTHER=3\n",
        "lib/a.yaml": "services: {a: {user: $WHO}, b: {user: $OTHER}}\n",
    }
    write(tmp_path, files)

    assert [7, 1, 3] == [read(tmp_path, name).facts["process.uid"] for name in ("web", "a", "b")]


def test_what_the_file_says_itself_counts_over_what_it_includes(tmp_path: Path) -> None:
    """And an override file over both."""
    files = {
        "compose.yaml": "include: [a.yaml]\nservices: {db: {user: '2', read_only: true}}\n",
        "compose.override.yaml": "services: {db: {user: '3'}}\n",
        "a.yaml": "services: {db: {user: '1', privileged: true, read_only: false}}\n",
    }
    facts = read(write(tmp_path, files), "db").facts

    assert (3, True, True) == (
        facts["process.uid"],
        facts["container.privileged"],
        facts["container.rootfs.read_only"],
    )


def test_what_is_included_twice_is_there_once(tmp_path: Path) -> None:
    """As when two includes need the same third one."""
    files = {
        "compose.yaml": "include: [a.yaml, b.yaml]\n",
        "a.yaml": "include: [c.yaml]\n",
        "b.yaml": "include: [c.yaml]\nservices: {b: {image: b}}\n",
        "c.yaml": "services: {c: {security_opt: ['a:b'], volumes: ['/x']}}\n",
    }
    write(tmp_path, files)

    assert {"b", "c"} == set(names(tmp_path))
    assert 1 == len(read(tmp_path, "c").records("mount"))


def test_an_included_service_can_be_extended(tmp_path: Path) -> None:
    """Includes come first, as in docker compose."""
    files = {
        "compose.yaml": "include: [a.yaml]\nservices: {web: {extends: base}}\n",
        "a.yaml": "services: {base: {privileged: true}}\n",
    }
    assert read(write(tmp_path, files)).facts["container.privileged"] is True


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("gone.yaml", "gone.yaml: no such file"),
        ("../outside.yaml", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("https://example.com/a.git", "no such file"),
        ("'${WHERE}/a.yaml'", "depends on ${WHERE}"),
        ("text.yaml", "text.yaml: cannot be read as a compose file"),
        ("list.yaml", "a mapping is expected"),
        ("compose.yaml", "compose.yaml: includes itself"),
        ("circle.yaml", "includes itself"),
        ("{path: []}", "names no file"),
        ("{env_file: a}", "names no file"),
        ("[a]", "a single value is expected"),
        ("{path: a.yaml, project_directory: '${X}'}", "depends on ${X}"),
    ],
)
def test_what_cannot_be_followed_is_told(tmp_path: Path, entry: str, why: str) -> None:
    """There may be more services than are seen, and more volumes; the others are read."""
    files = {
        "compose.yaml": f"services: {{web: {{volumes: ['data:/x']}}}}\ninclude:\n  - {entry}\n",
        "a.yaml": "services: {db: {}}\n",
        "text.yaml": "hunter2: [\n",
        "list.yaml": "[hunter2]\n",
        "circle.yaml": "include: [round.yaml]\n",
        "round.yaml": "include: [circle.yaml]\n",
    }
    write(tmp_path, files)
    opened = probe(tmp_path)
    (web,) = opened.find()
    problems = opened.unread()

    assert any(why in problem.cause for problem in problems), problems
    assert all("an include that is not followed" in problem.cause for problem in problems)
    assert "hunter2" not in repr(problems)
    assert "declared elsewhere" in read(tmp_path).incomplete("mount")
    assert opened.collect(web).facts["container.privileged"][0].value is False


def test_an_env_file_that_is_missing_leaves_its_variables_open(tmp_path: Path) -> None:
    """Even a default is not believed: the file may set another value."""
    files = {
        "compose.yaml": "include: [{path: a.yaml, env_file: gone.env}]\n",
        "a.yaml": "services: {db: {user: '${WHO:-1000}'}}\n",
    }
    seen = read(write(tmp_path, files), "db")

    assert "gone.env: no such file" in seen.missing["process.uid"]


def test_a_bomb_of_includes_ends(tmp_path: Path) -> None:
    """Ten files, each of which includes the next one a hundred times."""
    files = {
        f"{n}.yaml": "include: [" + ", ".join([f"{n + 1}.yaml"] * 100) + "]\n"
        f"services: {{s{n}: {{image: a}}}}\n"
        for n in range(10)
    }
    write(tmp_path, {**files, "10.yaml": "services: {last: {}}\n"})
    opened = probe(tmp_path, "0.yaml")

    assert "s0" in [target.name for target in opened.find()]
    assert any("too many includes" in problem.cause for problem in opened.unread())


def test_a_deep_line_of_includes_ends(tmp_path: Path) -> None:
    """At a depth that no project needs."""
    files = {f"{n}.yaml": f"include: [{n + 1}.yaml]\nservices: {{s{n}: {{}}}}\n" for n in range(99)}
    opened = probe(write(tmp_path, files), "0.yaml")

    assert "s20" in [target.name for target in opened.find()]
    (problem,) = opened.unread()
    assert "too many includes" in problem.cause


@pytest.mark.parametrize("text", ["include: a.yaml\n", "include: {path: a.yaml}\n"])
def test_includes_that_are_no_list_are_an_error(tmp_path: Path, text: str) -> None:
    """As they are for docker compose."""
    write(tmp_path, {"compose.yaml": text, "a.yaml": "services: {a: {}}\n"})

    with pytest.raises(DocumentError, match=r"^compose.yaml:1:10: a list is expected"):
        names(tmp_path)
