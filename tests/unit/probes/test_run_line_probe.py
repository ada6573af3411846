"""Lines in files: which are found, what they are called, who runs them, and where they stand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from declared_facts import Seen, seen

from isoaudit.documents.beside import Beside
from isoaudit.errors import DocumentError
from isoaudit.probes.run_line.probe import DockerRunProbe

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def _names(text: str, shown: str = "run.sh") -> list[str]:
    return [target.name for target in DockerRunProbe(text, shown).find()]


def _seen(text: str, name: str, shown: str = "run.sh") -> Seen:
    probe = DockerRunProbe(text, shown)
    (target,) = (one for one in probe.find() if one.name == name)
    return seen(probe.collect(target))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("docker run a", ["a"]),
        ("exec docker run --name x a", ["x"]),
        ("sudo -E -u root docker run a", ["a"]),
        ("env A=1 B=2 docker run a", ["a"]),
        ("A=1 docker run a", ["a"]),
        ("timeout -k 5 10 docker run a", ["a"]),
        ("nohup nice -n 5 docker run a &", ["a"]),
        ("sh -c 'docker run a && docker run b'", ["a", "b"]),
        ('bash -lc "docker run $X a"', ["a"]),
        ("eval 'docker run a' --rm b", ["a"]),
        ("flock -n /x docker run a", ["a"]),
        ("ssh -i key host docker run a", ["a"]),
        ("ssh host <<E\ndocker run a\nE", ["a"]),
        ("cat x | xargs -n1 docker run a", ["a"]),
        ("if ! docker run a; then docker run b; fi", ["a", "b"]),
        ("id=$(docker run -d a)", ["a"]),
        ("DOCKER=podman\n$DOCKER run a", ["a"]),
        ("${DOCKER:-docker} run a\n$PODMAN_CMD run b", ["a", "b"]),
        ("trap 'docker run a' EXIT", ["a"]),
        ("su - web -c 'docker run a'", ["a"]),
        ("sg docker -c 'docker run a'", ["a"]),
        ("runuser -u web -- podman run a", ["a"]),
        ("chroot /host docker run a", ["a"]),
        ("nsenter -t 1 -m -- docker run a", ["a"]),
        ("taskset 1 chrt 5 docker run a", ["a"]),
        ("winpty docker run a", ["a"]),
        ("D=docker\n$D run a", ["a"]),
        ("docker run $IMAGE", ["docker"]),
        ("docker run r.example/x/$NAME:1", ["docker"]),
        ("docker run r.example/x/app-$NAME:1", ["app-"]),
        ("\ufeffdocker run a\r\ndocker run b\r\n", ["b"]),
        ("podman create a\nnerdctl run b\ndocker container run c", ["a", "b", "c"]),
    ],
)
def test_lines_are_found_wherever_a_shell_would_run_them(text: str, names: list[str]) -> None:
    """Behind what starts another program, in scripts within scripts, by a variable's name."""
    assert names == _names(text)


@pytest.mark.parametrize(
    "text",
    ["# docker run a", "echo docker run a", "cat <<E\ndocker run a\nE", "echo 'docker run a'",
     "docker ps", "docker build -t run .", ""],
)  # fmt: skip
def test_what_starts_nothing_is_no_line(text: str) -> None:
    """Comments, texts, other commands: a file without a line is an error if it is named."""
    with pytest.raises(DocumentError, match="no line in it starts a container"):
        DockerRunProbe(text, "run.sh")


def test_names_do_not_change_when_a_line_moves() -> None:
    """Of several with one name the words decide which is called otherwise."""
    one, two = "docker run --rm nginx", "docker run --privileged nginx"
    there = {t.name: t.location.line for t in DockerRunProbe(f"{one}\n{two}", "f").find()}
    back = {t.name: t.location.line for t in DockerRunProbe(f"{two}\n\n{one}", "f").find()}

    assert {"nginx": 2, "nginx-2": 1} == there
    assert {"nginx": 1, "nginx-2": 3} == back


def test_a_name_that_is_taken_is_made_another() -> None:
    """Even by one that looks like it."""
    names = _names("docker run a\ndocker run a\ndocker run --name a-2 b\n")

    assert len(set(names)) == 3


def test_every_value_stands_where_its_word_does() -> None:
    """Over continuation lines."""
    found = _seen("docker run \\\n  --privileged \\\n  --name web nginx", "web")

    assert "run.sh:2:3" == found.sources["container.privileged"]
    assert "run.sh:3:14" == found.sources["container.image.reference"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("sudo podman run a", "host"), ("podman run a", "host")],
)
def test_who_runs_podman_decides_on_the_user_namespace(text: str, kind: str) -> None:
    """Of root's it is plain; else the worse is taken, and the network is left open."""
    found = _seen(text, "a")

    assert kind == found.facts["process.user_namespace"]
    assert ("container.network.names" in found.facts) is text.startswith("sudo")


@pytest.mark.parametrize(
    ("before", "source"),
    [("", "d"), ("cd /\n", None), ('cd "$(dirname "$0")"\n', "d"), ("cd $X\n", None)],
)
def test_a_relative_source_is_known_as_long_as_the_folder_is(
    before: str, source: str | None
) -> None:
    """A script that goes elsewhere takes relative paths along."""
    (mount,) = _seen(f"{before}docker run -v ./d:/d a", "a").records("mount")

    assert source == mount.get("mount.source")


def test_a_makefile_is_read_by_its_name() -> None:
    """With make's variables, and the dollars that it passes on."""
    text = "IMG := a:1\nrun:\n\t@docker run -v $(PWD):/w -v $$HOME:/h $(IMG)\n"
    found = _seen(text, "a", "tools/Makefile")

    assert "tools/Makefile:3:40" == found.sources["container.image.reference"]
    assert ["bind", "bind"] == [m["mount.kind"] for m in found.records("mount")]
    assert all("mount.source" not in m for m in found.records("mount"))


def test_a_file_of_variables_is_read_beside_the_script(tmp_path: Path) -> None:
    """Names and whether they are secrets, no more."""
    (tmp_path / "a.env").write_text("# c\nA=1\nDB_PASSWORD=hunter2hunter2\n")
    script = tmp_path / "run.sh"
    script.write_text("docker run --env-file a.env x")
    probe = DockerRunProbe(script.read_text(), "run.sh", Beside(script, "run.sh"))
    found = seen(probe.collect(probe.find()[0]))

    secret = {r["environment.name"]: r["environment.secret"] for r in found.records("environment")}
    assert {"A": False, "DB_PASSWORD": True} == secret
    assert found.incomplete("environment") == ""


def test_the_hardened_example_says_what_composes_does() -> None:
    """The same service in two forms: the same facts, but for what is a project's."""
    from isoaudit.documents import yaml
    from isoaudit.probes.compose.probe import ComposeProbe

    text = (EXAMPLES / "compose" / "hardened.yaml").read_text()
    composed = ComposeProbe(yaml.load_all(text, "compose.yaml"), "compose.yaml")
    declared = seen(composed.collect(composed.find()[0]))
    asked = _seen((EXAMPLES / "docker_run" / "hardened.sh").read_text(), "web")

    own = {"container.platform", "container.engine", "container.network.names",
           "container.build.privileged", "container.build.entitlements",
           "container.lifecycle.privileged", "container.lifecycle.root"}  # fmt: skip
    assert {p: v for p, v in declared.facts.items() if p not in own} == {
        p: v for p, v in asked.facts.items() if p not in own
    }
    assert declared.records("port") == asked.records("port")
    assert declared.records("environment") == asked.records("environment")
    assert _places(declared) == _places(asked)


def _places(found: Seen) -> set[tuple[object, ...]]:
    return {
        (m["mount.destination"], m["mount.kind"], m["mount.read_only"])
        for m in found.records("mount")
    }


@pytest.mark.parametrize(
    "text",
    [
        "docker run " + "-e A=b " * 50_000 + "x",
        "docker run x " + "y " * 100_000,
        "docker run --mount " + "a=b," * 50_000 + " x",
        "docker run -" + "i" * 100_000 + " x",
        "docker run " + "${X} " * 50_000 + "x",
        "docker run x\n" * 1_500,
        "docker run -p 1-65535:1-65535 x",
        "docker " + "--log-level x " * 50_000 + "run x",
        "sudo " * 50_000 + "docker run x",
        "sh -c '" * 500 + "docker run x",
        "docker run '" + "/" * 500_000 + "'",
        "docker run " + "--ulimit nofile=1 " * 20_000 + "x",
    ],
    ids=["options", "words", "fields", "cluster", "open", "lines", "ports", "globals", "wrappers",
         "nested", "image", "maps"],
)  # fmt: skip
def test_a_hostile_line_takes_no_longer_than_its_length(text: str) -> None:
    """Read or refused, in seconds."""
    begun = time.process_time()
    try:
        probe = DockerRunProbe(text, "run.sh")
        for target in probe.find()[:20]:
            probe.collect(target)
    except DocumentError:
        pass
    assert time.process_time() - begun < 8
