"""Lines that start a container, as arguments, on standard input and in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Ended, House, Isoaudit

LINE = ("docker", "run", "--privileged", "-v", "/a b:/c", "alpine")


def _ids(ended: Ended) -> list[str]:
    return sorted(target["id"] for target in ended.report["targets"])


def test_a_line_is_taken_as_it_is(isoaudit: Isoaudit, house: House) -> None:
    """All behind the two dashes is one, and its options are none of isoaudit's."""
    ended = isoaudit("scan", *house(), "-f", "json", "--", *LINE)

    assert (1, ["docker_run:argument#alpine"]) == (ended.code, _ids(ended))
    (finding,) = ended.report["targets"][0]["findings"]
    assert "argument" == finding["location"]["file"]
    assert (1, 12) == (finding["location"]["line"], finding["location"]["column"])


def test_targets_may_stand_before_a_line(isoaudit: Isoaudit, house: House, here: Path) -> None:
    """A line may begin with sudo, and what is no engine's name is a target."""
    (here / "compose.yaml").write_text("services: {web: {image: a}}\n")
    line = ("sudo", "/usr/bin/podman", "create", "alpine")
    ended = isoaudit("scan", *house(), "-f", "json", "--", "compose.yaml", *line)

    assert ["compose:compose.yaml#web", "docker_run:argument#alpine"] == _ids(ended)
    assert 0 == ended.code


@pytest.mark.parametrize("address", ["-", "docker_run:-"])
def test_a_line_is_read_from_standard_input(isoaudit: Isoaudit, house: House, address: str) -> None:
    """Known by its first words."""
    ended = isoaudit("scan", *house(), "-f", "json", address, stdin=b"docker run alpine\n")

    assert ["docker_run:stdin#alpine"] == _ids(ended)


def test_scripts_makefiles_and_units_are_found_in_a_folder(
    isoaudit: Isoaudit, house: House, here: Path
) -> None:
    """By name and content; what only talks of such lines is passed by."""
    files = {
        "run.sh": "docker run a\n",
        "talk.sh": "cat <<E\ndocker run no\nE\n",
        "other.sh": "echo hello\n",
        "Makefile": "run:\n\tdocker run b\n",
        "rules.mk": "run:\n\tpodman run c\n",
        "web.container": "[Container]\nImage=d\n",
        "web.pod": "[Pod]\nNetwork=host\n",
    }
    for name, text in files.items():
        (here / name).write_text(text)
    ended = isoaudit("scan", *house(), "-f", "json", ".")

    assert ["docker_run:Makefile#b", "docker_run:rules.mk#c", "docker_run:run.sh#a",
            "quadlet:web.container"] == _ids(ended)  # fmt: skip
    assert [] == ended.report["errors"]


def test_no_secret_of_a_line_reaches_the_report(isoaudit: Isoaudit) -> None:
    """Neither a variable's value nor the line itself."""
    ended = isoaudit("scan", "-f", "json", "--", "docker", "run", "-e", "TOKEN=s3cr3t-s3cr3t-0123",
                     "alpine")  # fmt: skip

    assert "s3cr3t" not in ended.out + ended.err
