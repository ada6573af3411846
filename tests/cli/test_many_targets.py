"""A folder of many services: what lets someone out comes first, what all lack is said once."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Isoaudit

SERVICES = ("web", "api", "db", "cache", "worker")
SOCKET = "compose:app5/compose.yaml#api"


@pytest.fixture
def collection(here: Path) -> Path:
    """Eight files of five services that lack the same, and one of these with docker's socket."""
    for app in range(8):
        text = "services:\n"
        for number, name in enumerate(SERVICES):
            text += f"  {name}:\n    image: {name}:1\n    restart: always\n"
            if number == 0:
                text += f'    ports: ["80{app}0:80"]\n'
            if number == 3:
                text += '    volumes: ["./conf:/etc/app"]\n'
            if (app, name) == (5, "api"):
                text += '    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]\n'
        (here / f"app{app}").mkdir()
        (here / f"app{app}" / "compose.yaml").write_text(text)
    return here


def test_the_dangerous_one_comes_first(isoaudit: Isoaudit, collection: Path) -> None:
    """In the list of targets, and as the first section."""
    lines = isoaudit("scan", ".").out.splitlines()

    heads = [line for line in lines if line.startswith("--")]
    rows = [line for line in lines if line.startswith("  compose:")]
    assert rows[0].split()[0] == SOCKET
    assert heads[0].startswith(f"-- {SOCKET} ")
    assert "OPEN: root on the host" in heads[0]
    assert "WAY OUT" in lines[lines.index(heads[0]) + 1]


def test_the_page_is_short(isoaudit: Isoaudit, collection: Path) -> None:
    """Forty services, of which thirty-nine say nothing new, fit on two screens."""
    assert 115 >= len(isoaudit("scan", ".").out.splitlines())


def test_what_all_lack_is_one_line(isoaudit: Isoaudit, collection: Path) -> None:
    """Once for all forty, with what is high first and how to end it."""
    out = isoaudit("scan", ".").out

    assert 1 == out.count("memory is not limited")
    assert 1 == out.count("CAP-018")
    assert "in all 40 compose targets" in out
    shared = out[out.index("in all 40 compose targets") :].splitlines()
    assert shared[1].split()[0] == "HIGH"
    assert 'FIX       `user: "10001:10001"`.' in out


def test_one_that_does_better_does_not_make_it_forty_lines(
    isoaudit: Isoaudit, collection: Path
) -> None:
    """What nearly all lack is still said once, with how many they are."""
    (collection / "app0" / "compose.yaml").write_text(
        "services:\n  web:\n    image: web:1\n    mem_limit: 64m\n    user: '1000'\n"
    )

    out = isoaudit("scan", ".").out

    assert "in most of 36 compose targets" in out
    assert "fails in 35 of 36: memory is not limited" in out
    assert 1 == out.count("CAP-018")


def test_what_is_hidden_on_the_page_still_decides(isoaudit: Isoaudit, collection: Path) -> None:
    """Every target is in the document, and every line of -q and -v."""
    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "high")

    assert (1, 40) == (ended.code, len(ended.report["targets"]))
    assert 40 == len(isoaudit("scan", ".", "-q").out.splitlines())
    verbose = isoaudit("scan", ".", "-v").out
    assert all(f"-- {target['id']} " in verbose for target in ended.report["targets"])
    assert "and 30 more; -q gives each a line" in isoaudit("scan", ".").out


def test_targets_with_critical_findings_are_all_listed(
    isoaudit: Isoaudit, collection: Path
) -> None:
    """However many rows are left out, theirs are not."""
    for app in range(4):
        file = collection / f"app{app}" / "compose.yaml"
        file.write_text(file.read_text().replace("image: ", "privileged: true\n    image: "))

    lines = isoaudit("scan", ".").out.splitlines()

    rows = [line.split()[0] for line in lines if line.startswith("  compose:")]
    assert {f"compose:app{a}/compose.yaml#{name}" for a in range(4) for name in SERVICES} < set(
        rows
    )
    assert SOCKET in rows


def test_of_targets_that_fail_alike_one_stands_for_all(
    isoaudit: Isoaudit, collection: Path
) -> None:
    """With the names of the others; where something is waived, each has its own section."""
    for app in range(8):
        file = collection / f"app{app}" / "compose.yaml"
        file.write_text(file.read_text().replace("image: db", "pid: host\n    image: db"))

    out = isoaudit("scan", ".").out

    # In app5 a neighbour holds the engine's socket: its db stands for itself.
    assert 2 == out.count("db is in the PID namespace of the host")
    assert "SAME IN   compose:app1/compose.yaml#db" in out
    assert "and 3 more" in out
    assert 190 >= len(out.splitlines())
    assert 8 == isoaudit("scan", ".", "-v").out.count("db is in the PID namespace of the host")
