"""A comparison of compose projects: what a file comes to rests on the files beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import House, Isoaudit
from repository import Repo
from test_since import baselines

OVERRIDE = "services:\n  web:\n    privileged: true\n"
BOTH = "compose:shop/compose.yaml,shop/compose.override.yaml"


@pytest.fixture
def project(here: Path) -> Repo:
    """A service that is as privileged as its .env says, and an example that is."""
    repo = Repo(here)
    repo.write("shop/compose.yaml", "services:\n  web: {image: web, privileged: '${P}'}\n")
    repo.write("shop/.env", "P=false\n")
    repo.write("shop/examples/risky.yaml", OVERRIDE + "    image: web\n")
    repo.commit()
    return repo


@pytest.mark.parametrize("target", ["shop/", BOTH])
def test_an_override_that_is_added_brings_what_it_changes(
    isoaudit: Isoaudit, project: Repo, house: House, target: str
) -> None:
    """The compose file itself is as it was; with the commit it is known."""
    project.write("shop/compose.override.yaml", OVERRIDE)
    scan = ("scan", target, "--since", "HEAD", *house())

    assert 1 == isoaudit(*scan).code
    project.commit()
    assert 0 == isoaudit(*scan).code


def test_the_variables_of_the_revision_count_there(
    isoaudit: Isoaudit, project: Repo, house: House
) -> None:
    """A change of .env alone is what the change brought."""
    project.write("shop/.env", "P=true\n")
    scan = ("scan", "shop/", "--since", "HEAD", *house())

    assert 1 == isoaudit(*scan).code
    project.commit()
    project.write("shop/.env", "P=true\nX=1\n")
    assert 0 == isoaudit(*scan).code


def test_an_example_that_becomes_an_override_is_new(
    isoaudit: Isoaudit, project: Repo, house: House
) -> None:
    """Git says it was renamed; what it does to another file nobody has seen before."""
    project.git("mv", "shop/examples/risky.yaml", "shop/compose.override.yaml")
    project.commit()

    ended = isoaudit("scan", "shop/", "--since", "HEAD~1", "-f", "json", *house())

    assert (1, {"compose:shop/compose.yaml#web": "new"}) == (ended.code, baselines(ended))
