"""What a devcontainer.json asks for: as a command line, and as a service of compose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isoaudit.documents.beside import Beside
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Location
from isoaudit.probes.compose.origin import DOCKER
from isoaudit.probes.devcontainer.probe import DevcontainerProbe
from isoaudit.probes.run_line.origins import run_origin
from isoaudit.probes.run_line.service import service_facts, service_node
from isoaudit.probes.run_line.words import literal

SHOWN = ".devcontainer/devcontainer.json"
HERE = Location(SHOWN, 1, 1)


def collected(config: dict[str, Any], beside: Beside | None = None, shown: str = SHOWN) -> FactSet:
    """Return what the probe reads of a file."""
    probe = DevcontainerProbe(json.dumps(config), shown, beside)
    (target,) = probe.find()
    return probe.collect(target)


def values(found: FactSet) -> dict[str, Any]:
    """Return all facts without their places, and the records of all parts."""
    flat: dict[str, Any] = {path: several[0].value for path, several in found.facts.items()}
    for name, several in found.parts.items():
        flat[name] = sorted(
            (sorted((p, f.value) for p, f in r.facts.items()) for r in several[0].records), key=repr
        )
    return flat


def as_line(*words: str) -> dict[str, Any]:
    """Return the facts of a `docker run` with these options."""
    asked = service_node([literal(w, HERE) for w in (*words, "a:1")], DOCKER, HERE)
    found = values(service_facts(asked, "devcontainer", run_origin(DOCKER)))
    return {path: value for path, value in found.items() if path != "container.platform"}


def alone(**config: Any) -> dict[str, Any]:
    """Return the facts of a devcontainer of an image, its project not mounted."""
    found = values(collected({"image": "a:1", "workspaceMount": "", **config}))
    for path in ("container.platform", "container.host_command"):
        found.pop(path)
    return found


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({}, []),
        ({"privileged": True}, ["--privileged"]),
        ({"privileged": False}, []),
        ({"capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"]},
         ["--cap-add=SYS_PTRACE", "--security-opt=seccomp=unconfined"]),
        ({"containerUser": "1000"}, ["--user=1000"]),
        ({"remoteUser": "root"}, ["--user=root"]),
        ({"remoteUser": "node"}, []),
        ({"containerUser": "1000", "remoteUser": "root"}, ["--user=1000"]),
        ({"mounts": ["source=/a,target=/b,type=bind,readonly"]},
         ["--mount=source=/a,target=/b,type=bind,readonly"]),
        ({"mounts": [{"source": "/a,c", "target": "/b", "type": "bind"}]},
         ['--mount="source=/a,c",target=/b,type=bind']),
        ({"mounts": ["source=${localEnv:HOME}${localEnv:USERPROFILE}/.ssh,target=/s,type=bind"]},
         ["--mount=source=~/.ssh,target=/s,type=bind"]),
        ({"runArgs": ["--pid", "host", "-v", "/:/host", "--cap-drop=ALL"]},
         ["--pid", "host", "-v", "/:/host", "--cap-drop=ALL"]),
        ({"appPort": 80}, ["--publish=127.0.0.1:80:80"]),
        ({"appPort": ["8080:80", 9000]}, ["--publish=8080:80", "--publish=127.0.0.1:9000:9000"]),
        ({"forwardPorts": [80]}, []),
        ({"containerEnv": {"API_TOKEN": "x"}, "remoteEnv": {"TZ": "UTC", "NO": None}},
         ["--env=API_TOKEN=x", "--env=TZ=UTC"]),
        ({"features": {"registry.example/devcontainers/features/docker-in-docker:2": {}}},
         ["--privileged",
          "--mount=type=volume,source=dind-var-lib-docker,target=/var/lib/docker"]),
        ({"features": {"docker-from-docker": "latest"}},
         ["--mount=type=bind,source=/var/run/docker.sock,target=/var/run/docker-host.sock",
          "--security-opt=label=disable"]),
        ({"features": {"registry.example/devcontainers/features/sshd:1": {}, "git": {}}}, []),
        ({"hostRequirements": {"gpu": True}}, ["--gpus=all"]),
        ({"workspaceMount": "type=bind,source=/srv,target=/w"},
         ["--mount=type=bind,source=/srv,target=/w"]),
    ],
)  # fmt: skip
def test_it_asks_for_what_a_command_line_would(config: dict[str, Any], line: list[str]) -> None:
    """Fact by fact."""
    assert as_line(*line) == alone(**config)


@pytest.mark.parametrize(
    ("shown", "source"),
    [
        (".devcontainer/devcontainer.json", "."),
        ("sub/.devcontainer/devcontainer.json", "sub"),
        (".devcontainer/python/devcontainer.json", "."),
        (".devcontainer.json", "."),
    ],
)
def test_the_project_is_mounted_unless_another_mount_is_named(shown: str, source: str) -> None:
    """It is the folder that the file's own folder belongs to."""
    found = collected({"image": "a:1"}, shown=shown)
    mounts = [record.facts for record in found.parts["mount"][0].records]
    binds = [one for one in mounts if one["mount.kind"].value == "bind"]

    assert [source] == [one["mount.source"].value for one in binds]


@pytest.mark.parametrize(
    "config",
    [
        {"features": {"registry.example/someone/features/tool:1": {}}},
        {"features": {"./local": {}}},
        {"image": "registry.example/devcontainers/rust:1"},
        {"runArgs": ["stray"]},
        {"runArgs": ["--no-such-option"]},
    ],
)
def test_what_may_add_more_lets_nothing_pass(config: dict[str, Any]) -> None:
    """A feature or a label may ask for anything: what is said may not be all."""
    found = collected({"image": "a:1", **config})

    assert found.missing["container.privileged"]
    assert found.parts["mount"][0].incomplete is not None


def test_what_the_machine_of_whoever_opens_it_decides_is_unknown() -> None:
    """A default stands where there is one."""
    found = collected(
        {"image": "a:1", "containerUser": "${localEnv:UID}", "runArgs": ["-v${localEnv:D:/}:/d"]}
    )
    (process,) = found.parts["process"][0].records

    assert "UID of whoever opens the project" in process.missing["process.uid"].detail
    sources = {r.facts["mount.source"].value for r in found.parts["mount"][0].records
               if "mount.source" in r.facts}  # fmt: skip
    assert "/" in sources


@pytest.mark.parametrize(
    ("command", "value"), [("make", True), (["a", "b"], True), ({"a": "b"}, True), ("", False)]
)
def test_a_command_on_the_host_is_told(command: object, value: bool) -> None:
    """In each of its forms, with its place."""
    found = collected({"image": "a:1", "initializeCommand": command})

    assert value is found.facts["container.host_command"][0].value


def test_the_place_of_a_value_is_that_of_its_word() -> None:
    """Line and column of the element, not of the list."""
    text = '// c\n{\n "image": "a",\n "capAdd": [\n  "A",\n  "SYS_ADMIN"],\n "privileged": true }'
    probe = DevcontainerProbe(text, SHOWN)
    found = probe.collect(probe.find()[0])

    assert f"{SHOWN}:7:16" == found.facts["container.privileged"][0].source
    assert f"{SHOWN}:5:3" == found.facts["container.capabilities.added"][0].source


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a compose file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / "compose.yaml").write_text(
        "services:\n  app:\n    image: a:1\n    cap_add: [NET_ADMIN]\n    volumes: ['./data:/d']\n"
        "  db: {image: b}\n"
    )
    (tmp_path / ".devcontainer/more.yaml").write_text("services: {app: {pid: host}}\n")
    return tmp_path


def _in_project(project: Path, **config: Any) -> FactSet:
    beside = Beside(project / ".devcontainer/devcontainer.json", SHOWN)
    return collected(config, beside)


def test_a_service_of_compose_is_merged_with_what_the_file_adds(project: Path) -> None:
    """Lists are added to; runArgs and the project's mount are not for compose."""
    found = _in_project(
        project, dockerComposeFile=["../compose.yaml", "more.yaml"], service="app",
        capAdd=["SYS_PTRACE"], mounts=["type=bind,source=/etc,target=/e"], privileged=True,
        runArgs=["--ipc=host"], features={"docker-in-docker": {}},
    )  # fmt: skip
    said = values(found)
    sources = {r.facts["mount.source"].value for r in found.parts["mount"][0].records
               if "mount.source" in r.facts}  # fmt: skip

    assert ("CAP_NET_ADMIN", "CAP_SYS_PTRACE") == said["container.capabilities.added"]
    assert {"data", "/etc"} <= sources
    assert (True, "devcontainer") == (said["container.privileged"], said["container.platform"])
    assert "host" == found.parts["process"][0].records[0].facts["process.namespaces.pid"].value
    assert "host" != found.parts["process"][0].records[0].facts["process.namespaces.ipc"].value


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"dockerComposeFile": "../compose.yaml"}, "needs a `service`"),
        ({"dockerComposeFile": "../compose.yaml", "service": "none"}, "no service of that name"),
        ({"dockerComposeFile": "../gone.yaml", "service": "app"}, "cannot be read"),
        ({"dockerComposeFile": "../../../../etc/passwd", "service": "app"}, "cannot be read"),
        ({"dockerComposeFile": [], "service": "app"}, "names 1 to 20 files"),
        ({}, "names no image, no Dockerfile and no file of compose"),
        ({"image": "a", "capAdd": "X"}, "a list is expected"),
        ({"image": "a", "mounts": [["a"]]}, "a single value is expected"),
        ({"image": "a", "features": ["x"]}, "a mapping is expected"),
        ({"image": ["a"]}, "a single value is expected"),
        ({"image": "a", "privileged": "maybe"}, "true or false is expected"),
        ({"image": "a", "workspaceMount": {}}, "a single value is expected"),
    ],
)
def test_what_is_malformed_is_told_with_its_place(
    project: Path, config: dict[str, Any], words: str
) -> None:
    """One line, and nothing outside of the project is read."""
    with pytest.raises(DocumentError) as error:
        _in_project(project, **config)

    assert error.value.cause.startswith(f"{SHOWN}:1:")
    assert words in error.value.cause


@pytest.mark.parametrize(
    ("build", "dockerfile", "uid"),
    [
        ({"dockerfile": "Dockerfile"}, "FROM a\nUSER 1000\n", 1000),
        ({"dockerfile": "Dockerfile"}, "FROM a\nUSER root\n", 0),
        ({"dockerfile": "Dockerfile"}, "FROM a\nUSER node\n", None),
        ({"dockerfile": "Dockerfile"}, "FROM a\n", None),
        ({"dockerfile": "Dockerfile"}, "no Dockerfile\n", None),
        ({"dockerfile": "Dockerfile", "target": "x"}, "FROM a\nUSER 1000\n", None),
        ({"dockerfile": "Dockerfile", "args": {"A": "b"}}, "FROM a\nUSER 1000\n", None),
        ({"dockerfile": "../../../etc/Dockerfile"}, "FROM a\nUSER 1000\n", None),
    ],
)
def test_the_user_of_a_build_is_followed(
    project: Path, build: dict[str, Any], dockerfile: str, uid: int | None
) -> None:
    """Where the Dockerfile gives it as a number, with its place there."""
    (project / ".devcontainer/Dockerfile").write_text(dockerfile)
    (process,) = _in_project(project, build=build).parts["process"][0].records

    said = process.facts.get("process.uid")
    assert uid == (said.value if said else None)
    assert uid is None or said.source.startswith(".devcontainer/Dockerfile:2:1")


def test_the_user_of_the_file_outdoes_that_of_a_build(project: Path) -> None:
    """As `docker run --user` outdoes the image."""
    (project / ".devcontainer/Dockerfile").write_text("FROM a\nUSER root\n")
    build = {"dockerfile": "Dockerfile"}
    (process,) = _in_project(project, build=build, containerUser="7").parts["process"][0].records

    assert 7 == process.facts["process.uid"].value


def test_a_build_leaves_image_and_user_open(project: Path) -> None:
    """The Dockerfile is a target of its own."""
    found = _in_project(project, build={"dockerfile": "Dockerfile"})

    assert "container.image.reference" in found.missing
    assert "process.uid" in found.parts["process"][0].records[0].missing
