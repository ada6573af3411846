"""`isoaudit compare` of a real container and a real guest, by what was read and what was measured.

With ISOAUDIT_RECORD=1 the page of docs/compare.md is written anew from what was seen here.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from support.command import Said, isoaudit
from support.docker import Docker
from support.folder import ROOT
from support.libvirt import Libvirt

pytestmark = [pytest.mark.lab_docker, pytest.mark.lab_libvirt]

BOX, GUEST = "isolab-plain", "isolab-legacy"
PAGE = ROOT / "docs" / "compare.md"
MARK = "<!-- what follows is written by tests/lab/test_compare.py -->"
RUNS = "2"
_RECORD = os.environ.get("ISOAUDIT_RECORD") == "1"  # before the environment is cleaned


def _compare(docker: Docker, libvirt: Libvirt, *options: str) -> Said:
    named = libvirt.folder / "compared-guests.yaml"
    named.write_text(f"guests: {{{GUEST}: 'ssh://root@127.0.0.1:{libvirt.port}'}}\n")
    return isoaudit(
        "compare", docker.address(BOX), libvirt.address(GUEST), "--guests", str(named),
        *options, HOME=str(libvirt.home()), timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(docker: Docker, libvirt: Libvirt) -> dict[str, Any]:
    """The rows of both sides with copies measured, by their labels."""
    done = _compare(docker, libvirt, "--measure", "--runs", RUNS, "-f", "json")
    assert 0 == done.exit, done.stderr.decode()
    found = json.loads(done.stdout)
    return {row["label"]: row for row in found["rows"]} | {"notes": found}


def test_all_six_dimensions_are_told(measured: dict[str, Any]) -> None:
    """Each has rows, and each row says for both sides what it is known by."""
    rows = [row for label, row in measured.items() if label != "notes"]
    wanted = {"virtualization", "compatibility", "size", "performance", "security",
              "replicability"}  # fmt: skip

    assert wanted == {row["dimension"] for row in rows}
    assert all(row["known_by"] for row in rows)


def test_whose_kernel_it_is_comes_from_both_boot_ids(measured: dict[str, Any]) -> None:
    """A container runs in this boot of this kernel, a guest in one of its own."""
    assert ("yes", "no") == (measured["is the host's"]["a"]["text"],
                             measured["is the host's"]["b"]["text"])  # fmt: skip


@pytest.mark.parametrize("label", ["start of a copy", "a system call", "memory of a copy"])
def test_both_sides_are_measured(measured: dict[str, Any], label: str) -> None:
    """By throw-away copies, and the guest by a loop inside it."""
    states = [measured[label][side]["state"] for side in "ab"]

    assert ["measured", "measured"] == states, measured[label]


@pytest.mark.parametrize("label", ["memory", "start", "image or disk"])
def test_both_sides_are_read(measured: dict[str, Any], label: str) -> None:
    """From the engines' records and the kernel's, without starting anything."""
    states = [measured[label][side]["state"] for side in "ab"]

    assert ["read", "read"] == states, measured[label]


def test_nothing_is_left_of_the_copies(
    docker: Docker, libvirt: Libvirt, measured: dict[str, Any]
) -> None:
    """Neither containers nor domains, and the originals still run."""
    left = docker.cli("ps", "--all", "--format", "{{.Names}}").split()

    assert [] == [name for name in left if name.startswith("isoaudit-measure")]
    assert BOX in left
    assert "isoaudit-measure" not in libvirt.virsh("list", "--all", "--name")
    assert GUEST in libvirt.virsh("list", "--name")


def test_the_page_is_written(docker: Docker, libvirt: Libvirt) -> None:
    """It fits 80 columns and names both; with ISOAUDIT_RECORD=1 the documentation shows it."""
    done = _compare(docker, libvirt, "--measure", "--runs", RUNS)
    text = done.stdout.decode()
    assert 0 == done.exit, done.stderr.decode()

    assert max(map(len, text.splitlines())) <= 80
    for word in ("SIX DIMENSIONS", "THE TWO WALLS", BOX, GUEST):
        assert word in text
    if _RECORD:
        head = PAGE.read_text().partition(MARK)[0]
        shown = text.replace(str(docker.socket), "/run/docker.sock")
        PAGE.write_text(f"{head}{MARK}\n\n```\n{shown.strip(chr(10))}\n```\n")
