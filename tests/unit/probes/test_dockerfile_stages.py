"""Which stages the image is made of, what variables come to, and who runs it."""

from __future__ import annotations

from typing import Any

import pytest
from dockerfiles import facts, missing, records

from isoaudit.errors import DocumentError

USER = "container.user_is_root"
SHA = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("FROM a\nUSER 0", True),
        ("FROM a\nUSER root:1000", True),
        ("FROM a\nUSER 00", True),
        ("FROM a\nUSER 1000", False),
        ('FROM a\nUSER "1000:0"', False),
        ("FROM a\nUSER 1000\nRUN x\nUSER root", True),
        ("FROM a\nUSER root\nRUN x\nUSER 1000", False),
        ("FROM a", None),
        ("FROM a\nUSER node", None),
        ("FROM a\nRUN useradd -m app\nUSER app", False),
        ("FROM a\nRUN adduser -D -u 10001 app\nUSER app:app", False),
        ("FROM a\nRUN useradd -o -u 0 app\nUSER app", True),
        ("FROM a\nRUN useradd -u $ID app\nUSER app", None),
        ("FROM a\nRUN useradd app && usermod -o -u 0 app\nUSER app", None),
        ("FROM a\nRUN useradd app && usermod -aG x app\nUSER app", False),
        ("FROM a\nRUN useradd app && sed -i s/1000/0/ /etc/passwd\nUSER app", None),
        ("FROM a\nRUN useradd app\nCOPY p /etc/passwd\nUSER app", None),
        ("FROM a\nRUN useradd other\nUSER app", None),
        ("FROM scratch", True),
        ("FROM scratch\nUSER 1", False),
        ("FROM a\nARG ID=1000\nUSER $ID", False),
        ("FROM a\nARG ID\nUSER ${ID}", None),
        ("FROM a\nUSER ${ID:-1000}", False),
        ("FROM a\nARG ID\nUSER ${ID:-0}", None),
        ("FROM a\nENV ID=0\nUSER $ID", True),
        ("FROM a\nENV ID=0\nARG ID=1000\nUSER $ID", True),
        ("ARG ID=1000\nFROM a\nUSER $ID", None),
        ("ARG ID=1000\nFROM a\nARG ID\nUSER $ID", False),
        ("FROM a AS b\nUSER 1000\nFROM b", False),
        ("FROM a AS b\nUSER 1000\nFROM c", None),
        ("FROM a AS Base\nUSER 1000\nFROM base AS x\nFROM X\nRUN y", False),
        ("FROM scratch AS b\nFROM b", True),
        ("FROM a AS b\nARG ID=7\nFROM b\nUSER $ID", False),
        ("FROM a AS b\nONBUILD USER 1000\nFROM b", False),
        ("FROM a\nONBUILD USER 1000", None),
        ("FROM a\nUSER \\\n  # comment\n  1000", False),
        ("FROM a\nUSER $(id)", None),
    ],
)
def test_the_last_user_of_the_last_stage_counts(text: str, root: bool | None) -> None:
    """With what it begins from; nothing is guessed of what only the image tells."""
    assert root == facts(text).get(USER)
    assert (root is None) == (USER in missing(text))


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("FROM a AS x\nRUN 1\nFROM b\nRUN 2", ["1"]),
        ("FROM a AS x\nRUN 1\nFROM b\nCOPY --from=x / /", ["x", "1"]),
        ("FROM a\nRUN 1\nFROM b\nCOPY --from=0 / /", ["0", "1"]),
        ("FROM a AS x\nRUN 1\nFROM b\nRUN --mount=type=bind,from=x,target=/x 2", ["x", "1"]),
        ("FROM a AS x\nRUN 1\nFROM x AS y\nRUN 2\nFROM b\nCOPY --from=y / /", ["x", "y", "2"]),
        ("FROM a AS x\nRUN 1\nFROM b\nCOPY --from=image / /", ["1"]),
        ("FROM a AS x\nONBUILD RUN 1\nFROM x", ["x", "1"]),
    ],
)
def test_stages_that_are_not_built_do_not_count(text: str, stages: list[str]) -> None:
    """Built is the last one with all that it takes."""
    assert stages == [one["build_step.stage"] for one in records(text, "build_step")]


def test_only_layers_of_the_last_stage_are_in_the_image() -> None:
    """Not those of a stage that files are taken of."""
    text = "FROM a AS x\nRUN 1\nFROM a AS y\nRUN 2\nFROM x\nCOPY --from=y / /"

    assert [True, False, True] == [
        one["build_step.in_image"] for one in records(text, "build_step")
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM node", ("node", False, "latest")),
        ("FROM registry:5000/node", ("registry:5000/node", False, "latest")),
        ("FROM registry:5000/node:22", ("registry:5000/node:22", False, "22")),
        (f"FROM node:22{SHA}", (f"node:22{SHA}", True, "22")),
        (f"FROM node{SHA} AS x", (f"node{SHA}", True, "")),
        ("ARG V=22\nFROM --platform=$X node:${V}-slim", ("node:22-slim", False, "22-slim")),
        ("ARG I=node:22\nFROM $I", ("node:22", False, "22")),
        ("ARG I\nFROM $I", (None, None, None)),
        ("ARG I\nFROM $I" + SHA, (None, True, None)),
        ("ARG I\nFROM ${I:-node:22}", (None, None, None)),
        ("FROM ${I:-node:22}", ("node:22", False, "22")),
    ],
)
def test_images_are_known_as_far_as_variables_are(line: str, expected: tuple[Any, ...]) -> None:
    """An ARG without a value may bring any."""
    (image,) = records(line, "base_image")

    assert expected == tuple(
        image.get(f"base_image.{name}") for name in ("reference", "pinned", "tag")
    )


def test_images_of_all_roles_are_told() -> None:
    """Neither scratch nor a stage is one; nor is the image of a stage that is not built."""
    text = (
        "# syntax=docker/dockerfile:1\nFROM unused AS u\nFROM a:1 AS b\n"
        "FROM scratch\nCOPY --from=b / /\nCOPY --from=c:1 / /\nRUN --mount=from=d:1,target=/d x"
    )

    assert [("docker/dockerfile:1", "frontend"), ("a:1", "base"), ("c:1", "copied"),
            ("d:1", "copied")] == [
        (one["base_image.reference"], one["base_image.role"])
        for one in records(text, "base_image")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "path", "value"),
    [
        ("EXPOSE 22 80/udp 8000-8002", "exposed_ports",
         ("22/tcp", "80/udp", "8000/tcp", "8001/tcp", "8002/tcp")),
        ("ENV P=22\nEXPOSE $P", "exposed_ports", ("22/tcp",)),
        ("EXPOSE $P", "exposed_ports", None),
        ("RUN x", "exposed_ports", ()),
        ('VOLUME ["/a b", "/c"]', "volumes", ("/a b", "/c")),
        ("VOLUME /a /b", "volumes", ("/a", "/b")),
        ("HEALTHCHECK --interval=5s CMD x", "health_check", True),
        ("HEALTHCHECK CMD x\nHEALTHCHECK NONE", "health_check", False),
        ("RUN x", "health_check", None),
        ("RUN apt-get install gosu", "steps_down", True),
        ("RUN x", "steps_down", False),
    ],
)  # fmt: skip
def test_what_the_image_sets_is_told(lines: str, path: str, value: object) -> None:
    """Of the stages it is made of; what the image below may set stays open."""
    assert value == facts(f"FROM a\n{lines}").get(f"container.image.{path}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RUN x\nFROM a\n", "Dockerfile:1:1: stands before the first FROM"),
        ("ARG x\n", "Dockerfile: no FROM"),
        ("FROM a b\n", "Dockerfile:1:1: FROM takes"),
        ("FROM a AS b c\n", "Dockerfile:1:1: FROM takes"),
        ("FROM a\n" + "".join(f"ENV A{n}=1\n" for n in range(400)), "too much in one file"),
        ("FROM a AS x\n" + "ONBUILD RUN a\n" * 200 + "FROM x\n" * 200, "too much in one file"),
    ],
    ids=["before", "none", "words", "more words", "variables", "triggers"],
)
def test_what_is_no_dockerfile_is_an_error(text: str, words: str) -> None:
    """With its place, and what is too much of one with it."""
    with pytest.raises(DocumentError) as error:
        facts(text)

    assert words in error.value.cause


def test_variables_that_grow_are_cut() -> None:
    """Each doubles the one before it."""
    lines = ["FROM a", "ENV A0=aaaaaaaaaaaaaaaa"]
    lines += [f"ENV A{n + 1}=$A{n}$A{n}" for n in range(60)]

    assert USER in missing("\n".join([*lines, "USER $A60"]))
