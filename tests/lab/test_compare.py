"""`isoaudit compare` of a real container and a real guest, by what was read and what was measured.

With ISOAUDIT_RECORD=1 the page of docs/compare.md is written anew from what was seen here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import processes
from support.command import Said, isoaudit
from support.docker import Docker
from support.folder import ROOT
from support.image import IMAGE
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
    done = _compare(docker, libvirt, "--measure", "--deep", "--runs", RUNS, "-f", "json")
    assert 0 == done.exit, done.stderr.decode()
    found = json.loads(done.stdout)
    return {row["label"]: row for row in found["rows"]} | {"whole": found}


def test_all_six_dimensions_are_told(measured: dict[str, Any]) -> None:
    """Each has rows, and each row says for both sides what it is known by."""
    rows = [row for label, row in measured.items() if label != "whole"]
    wanted = {"virtualization", "compatibility", "size", "performance", "security",
              "replicability"}  # fmt: skip

    assert wanted == {row["dimension"] for row in rows}
    assert all(row["known_by"] for row in rows)


def test_whose_kernel_it_is_comes_from_both_boot_ids(measured: dict[str, Any]) -> None:
    """A container runs in this boot of this kernel, a guest in one of its own."""
    assert ("the same", "another") == (measured["host's boot"]["a"]["text"],
                                       measured["host's boot"]["b"]["text"])  # fmt: skip


@pytest.mark.parametrize("label", ["copy starts in", "system call", "copy's memory"])
def test_both_sides_are_measured(measured: dict[str, Any], label: str) -> None:
    """By throw-away copies of both."""
    states = [measured[label][side]["state"] for side in "ab"]

    assert ["measured", "measured"] == states, measured[label]


@pytest.mark.parametrize("label", ["memory", "start to ready", "disk", "runs since", "fit here"])
def test_both_sides_are_read(measured: dict[str, Any], label: str) -> None:
    """From the engines' records and the kernel's, without starting anything."""
    states = [measured[label][side]["state"] for side in "ab"]

    assert ["read", "read"] == states, measured[label]


def test_the_document_keeps_to_its_schema(measured: dict[str, Any]) -> None:
    """As it is published, with numbers that were measured in it."""
    text = (ROOT / "reports" / "schemas" / "comparison-1.json").read_text()

    Draft202012Validator(json.loads(text)).validate(measured["whole"])


def test_what_was_measured_is_as_it_must_be(measured: dict[str, Any]) -> None:
    """An emulated guest starts later and takes more than a container of the same programs."""
    for label in ("copy starts in", "copy's memory", "memory", "start to ready"):
        a, b = measured[label]["a"]["value"], measured[label]["b"]["value"]
        assert 0 < a < b, label
    assert 0 < measured["system call"]["a"]["value"] < 1e-4
    assert 0 < measured["system call"]["b"]["value"] < 1e-3
    assert measured["start to ready"]["b"]["value"] < 120


def test_nothing_is_left_of_a_copy_that_ends_at_once(docker: Docker) -> None:
    """Nor of the volumes that were made for it since its image declares them."""
    docker.cli("create", "--name", "isolab-seed", IMAGE, "true")
    docker.cli("commit", "--change", "VOLUME /data", "isolab-seed", "isolab/volumed")
    docker.remove("isolab-seed")
    docker.cli("run", "--detach", "--name", "isolab-needy", "-e", "WAIT=1d", "isolab/volumed",
               "sh", "-c", 'sleep "$WAIT"')  # fmt: skip
    before = _left(docker)
    try:
        address = docker.address("isolab-needy")
        done = isoaudit("compare", address, address, "--measure", "--runs", "1", "-f", "json")
    finally:
        after = _left(docker)
        docker.remove("isolab-needy")
        docker.cli("rmi", "isolab/volumed")

    assert 0 == done.exit, done.stderr.decode()
    assert any("does not keep running" in note for note in json.loads(done.stdout)["notes"])
    assert before == after


def test_nothing_is_left_of_a_run_that_is_ended(docker: Docker) -> None:
    """Whoever ends isoaudit in the middle finds no container that nobody knows."""
    before = _left(docker)
    address = docker.address(BOX)
    words = ("compare", address, address, "--measure", "--runs", "20")
    ending = subprocess.Popen(
        [sys.executable, "-m", "isoaudit", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        processes.await_ready(
            lambda: "isoaudit-measure" in docker.cli("ps", "--format", "{{.Names}}"),
            "a copy", None, docker.folder / "log", 60,
        )  # fmt: skip
        ending.terminate()
        code = ending.wait(60)
    finally:
        ending.kill()

    assert 143 == code
    assert before == _left(docker)


def _left(docker: Docker) -> tuple[list[str], list[str]]:
    """Return the names of all containers and volumes."""
    names = docker.cli("ps", "--all", "--format", "{{.Names}}")
    return sorted(names.split()), sorted(docker.cli("volume", "ls", "--quiet").split())


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
    done = _compare(docker, libvirt, "--measure", "--deep", "--runs", RUNS)
    text = done.stdout.decode()
    assert 0 == done.exit, done.stderr.decode()

    assert max(map(len, text.splitlines())) <= 80
    for word in ("SIX DIMENSIONS", "THE TWO WALLS", BOX, GUEST):
        assert word in text
    if _RECORD:
        head = PAGE.read_text().partition(MARK)[0]
        shown = text.replace(str(docker.socket), "/run/docker.sock")
        shown = shown.replace(str(libvirt.folder), "/srv")
        PAGE.write_text(f"{head}{MARK}\n\n```\n{shown.strip(chr(10))}\n```\n")
