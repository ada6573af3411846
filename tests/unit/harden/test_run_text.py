"""Edits of docker run lines: words are put in and out, and nothing else moves."""

from __future__ import annotations

import pytest

from isoaudit.harden.edits import Effect
from isoaudit.harden.run_text import RunFile
from isoaudit.model import Location, Target
from isoaudit.probes.run_line.probe import DockerRunProbe
from isoaudit.rules.fixes import Edit

DROP = Edit("add", "cap_drop", "ALL")


def _target(text: str, name: str = "x.sh") -> Target:
    return DockerRunProbe(text, name).find()[0]


def _edited(text: str, *edits: Edit, evidence: Location | None = None, name: str = "x.sh") -> str:
    file, target = RunFile(text, name), _target(text, name)
    for edit in edits:
        file.apply(target, edit, evidence)
    return file.text()


def test_options_are_put_right_behind_the_verb() -> None:
    """There no image or command can be mistaken for what they are put before."""
    after = _edited("docker run -it a sh\n", DROP, Edit("set", "read_only", True))

    assert "docker run --cap-drop ALL --read-only -it a sh\n" == after


def test_a_command_on_several_lines_gets_lines_of_its_own() -> None:
    """With the indentation of those that are there."""
    after = _edited("docker run -d \\\n    --name a \\\n    a\n", DROP)

    assert "docker run \\\n    --cap-drop ALL \\\n    -d \\\n    --name a \\\n    a\n" == after


def test_options_below_the_verb_stay_in_their_column() -> None:
    """The new one stands above the first of them."""
    assert "docker run \\\n  --cap-drop ALL \\\n  -d a\n" == _edited(
        "docker run \\\n  -d a\n", DROP
    )


@pytest.mark.parametrize(
    ("line", "edit", "expected"),
    [
        ("--privileged -d", Edit("delete", "privileged"), "-d"),
        ("--privileged=true -d", Edit("delete", "privileged"), "-d"),
        ("--cap-add SYS_ADMIN -d", Edit("remove", "cap_add", "SYS_ADMIN"), "-d"),
        ("--cap-add=cap_sys_admin -d", Edit("remove", "cap_add", "SYS_ADMIN"), "-d"),
        ("--cap-add CHOWN -d", Edit("remove", "cap_add", "SYS_ADMIN"), "--cap-add CHOWN -d"),
        ("--net host -d", Edit("delete", "network_mode"), "-d"),
        ("--security-opt seccomp=unconfined -d",
         Edit("remove", "security_opt", "seccomp:unconfined"), "-d"),
        ("-u root -d", Edit("set", "user", "1:1"), "--user 1:1 -d"),
        ("--cap-add 'SYS_ADMIN' -d", Edit("remove", "cap_add", "SYS_ADMIN"),
         "--cap-add 'SYS_ADMIN' -d"),
    ],
)  # fmt: skip
def test_an_option_is_taken_out_with_its_value(line: str, edit: Edit, expected: str) -> None:
    """Quoted words are left alone: where they end is not certain enough to cut."""
    assert f"docker run {expected} a\n" == _edited(f"docker run {line} a\n", edit)


@pytest.mark.parametrize("given", ["-v /run:/r", "--volume=/run:/r", "--volume /run:/r"])
def test_what_a_finding_points_at_is_taken_out(given: str) -> None:
    """Whether it stands behind its option or in one word with it."""
    text = f"docker run {given} a\n"
    column = text.index("/run") + 1 if "=" not in given else text.index("--volume") + 1
    after = _edited(text, Edit("cut", "evidence"), evidence=Location("x.sh", 1, column))

    assert "docker run a\n" == after


def test_what_an_array_brings_in_stays() -> None:
    """It may be used elsewhere; that the finding stays is said."""
    text = 'o=(--privileged)\ndocker run "${o[@]}" a\n'
    file = RunFile(text, "x.sh")

    assert Effect.NOTHING is file.effect(_target(text), Edit("delete", "privileged"), None)


def test_recipes_keep_their_tabs() -> None:
    """A makefile's line is edited in its place."""
    text = "run:\n\t@docker run -d $(IMAGE)\n"

    assert "run:\n\t@docker run --cap-drop ALL -d $(IMAGE)\n" == _edited(
        text, DROP, name="Makefile"
    )


def test_a_value_is_quoted_for_the_shell() -> None:
    """What a profile brings in is no command."""
    after = _edited("docker run a\n", Edit("add", "security_opt", "seccomp:$(x) y"))

    assert "docker run --security-opt 'seccomp:$(x) y' a\n" == after
