"""Containers that a unit starts by another command than its main one, or by way of a program."""

from __future__ import annotations

import time

import pytest
from systemd_units import found, unit_of

from isoaudit.model import Location


@pytest.mark.parametrize(
    "line",
    [
        "ExecStartPre=/usr/bin/docker create --privileged img",
        "ExecStartPost=-/usr/bin/docker run --privileged img",
        "ExecReload=/usr/bin/podman run --privileged img",
        "ExecStop=/usr/bin/docker run --privileged img",
        "ExecStart=/bin/true ; /usr/bin/docker run --privileged img",
        "ExecStart=/usr/bin/env A=b docker run --privileged img",
        "ExecStart=-/usr/bin/sudo -u root docker run --privileged img",
        "ExecStart=/usr/bin/flock /run/lock /usr/bin/docker run --privileged img",
        "ExecStart=/usr/bin/env docker run -e 'A=$$b \"c' --privileged img",
    ],
)
def test_every_command_of_a_unit_is_read(line: str) -> None:
    """Whichever key it stands under, and whatever starts it."""
    seen = unit_of(f"[Service]\n{line}\n")

    assert seen.facts["container.privileged"] is True


def test_commands_keep_the_order_of_the_file() -> None:
    """An empty assignment forgets those of its own key alone."""
    targets = found(
        "[Service]\nExecStartPre=docker run --name a img\nExecStart=docker run --name b img\n"
        "ExecStart=\nExecStart=docker run --name c img\n"
    )

    assert ["a", "c"] == [target.name for target in targets]


def test_commands_that_start_nothing_are_none() -> None:
    """Stopping, removing and asking are no containers."""
    lines = "ExecStartPre=-/usr/bin/docker rm -f x\nExecStop=/usr/bin/docker stop x\n"

    assert [] == list(found(f"[Service]\nExecStart=/usr/bin/x\n{lines}"))


def test_words_behind_a_program_stand_where_it_does() -> None:
    """The line is written anew to be read, so that its columns are none of the file's."""
    seen = unit_of("[Service]\nExecStart=/usr/bin/env docker run --privileged img\n")
    fact = next(f for f in seen.factset.facts["container.privileged"])

    assert Location("web.service", 2, 11) == fact.location


def test_many_commands_take_no_more_than_their_number() -> None:
    """A unit of as many as are read is read in seconds."""
    started = time.monotonic()
    found("[Service]\n" + "ExecStartPre=/usr/bin/env a\n" * 19_000)

    assert time.monotonic() - started < 10
