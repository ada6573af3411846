"""Edits of Quadlet files: lines are put in and out, and nothing else moves."""

from __future__ import annotations

import pytest

from isoaudit.harden.edits import Effect
from isoaudit.harden.unit_text import QuadletFile
from isoaudit.model import Kind, Location, Target
from isoaudit.rules.fixes import Edit

TARGET = Target("quadlet:x.container", Kind.CONTAINER, "x", "declared", "x", "quadlet")

TEXT = """\
# why
[Container]
Image=a
AddCapability=SYS_ADMIN CHOWN
Volume=/run:/run
PodmanArgs=--pid=host --privileged

[Install]
WantedBy=default.target
"""


def _edited(*edits: Edit, evidence: Location | None = None, text: str = TEXT) -> str:
    file = QuadletFile(text, "x.container")
    for edit in edits:
        file.apply(TARGET, edit, evidence)
    return file.text()


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (Edit("add", "cap_drop", "ALL"), "DropCapability=ALL"),
        (Edit("set", "read_only", True), "ReadOnly=true"),
        (Edit("add", "security_opt", "no-new-privileges:true"), "NoNewPrivileges=true"),
        (Edit("set", "mem_limit", "64m"), "PodmanArgs=--memory 64m"),
        (Edit("set", "user", "7:8"), "User=7\nGroup=8"),
    ],
)
def test_a_setting_is_put_in_behind_the_image(edit: Edit, line: str) -> None:
    """In the words of Quadlet, or of podman where Quadlet has none."""
    assert TEXT.replace("Image=a\n", f"Image=a\n{line}\n") == _edited(edit)


def test_words_of_one_line_are_taken_out_one_by_one() -> None:
    """The line goes with its last word."""
    first = Edit("remove", "cap_add", "SYS_ADMIN")

    assert TEXT.replace("SYS_ADMIN CHOWN", "CHOWN") == _edited(first)
    assert TEXT.replace("AddCapability=SYS_ADMIN CHOWN\n", "") == _edited(
        first, Edit("remove", "cap_add", "CHOWN")
    )


def test_what_a_finding_points_at_is_taken_out() -> None:
    """A volume is one line."""
    after = _edited(Edit("cut", "evidence"), evidence=Location("x.container", 5, 8))

    assert TEXT.replace("Volume=/run:/run\n", "") == after


def test_half_an_option_of_podman_is_not_taken_out() -> None:
    """Which words of PodmanArgs belong together is podman's to say."""
    file = QuadletFile(TEXT, "x.container")
    place = Location("x.container", 6, 23)

    assert file.effect(TARGET, Edit("cut", "evidence"), place) is None
    assert file.effect(TARGET, Edit("delete", "privileged"), None) is None


def test_what_has_no_key_is_no_edit() -> None:
    """A log driver of docker's is none of podman's."""
    file = QuadletFile(TEXT, "x.container")

    assert file.effect(TARGET, Edit("set", "logging.driver", "local"), None) is None
    assert Effect.TAKES_AWAY is file.effect(TARGET, Edit("delete", "cap_add"), None)


def test_a_file_that_ends_in_its_image_gets_a_line_of_its_own() -> None:
    """Whether or not the last line is ended."""
    assert "[Container]\nImage=a\nReadOnly=true\n" == _edited(
        Edit("set", "read_only", True), text="[Container]\nImage=a"
    )
