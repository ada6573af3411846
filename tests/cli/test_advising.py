"""isoaudit advise: which wall a workload needs, which it has, and how that ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, Isoaudit
from jsonschema import Draft202012Validator

from isoaudit.report.layout import width

EXAMPLES = ROOT / "examples"
HARDENED = str(EXAMPLES / "compose" / "hardened.yaml")
RISKY = str(EXAMPLES / "compose" / "risky.yaml")
LAB = str(EXAMPLES / "evidence" / "lab.json.gz")


def schema() -> Draft202012Validator:
    """Return the published schema of advice."""
    text = (ROOT / "reports" / "schemas" / "advice-1.json").read_text()
    return Draft202012Validator(json.loads(text))


def advice(isoaudit: Isoaudit, *words: str) -> list[dict[str, Any]]:
    """Return what is advised in JSON, held to its schema."""
    document = isoaudit("advise", "-f", "json", *words).report
    schema().validate(document)
    targets: list[dict[str, Any]] = document["targets"]
    return targets


def test_without_a_workload_the_advice_fails_nothing(isoaudit: Isoaudit) -> None:
    """What was assumed is told, and is nobody's demand."""
    ended = isoaudit("advise", RISKY)

    assert 0 == ended.code
    assert "assumed, since nobody said: --data, --code" in ended.out
    assert "" == ended.err


@pytest.mark.parametrize(
    ("words", "code", "state"),
    [
        ((HARDENED, "--code", "third-party"), 1, "not proven"),
        ((HARDENED, "--code", "tenant"), 1, "not enough"),
        ((HARDENED, "--class", "multi-tenant"), 1, "not enough"),
    ],
)
def test_a_workload_that_the_wall_is_not_proven_enough_for_ends_with_1(
    isoaudit: Isoaudit, words: tuple[str, ...], code: int, state: str
) -> None:
    """And says on stderr whether that is certain."""
    ended = isoaudit("advise", *words)

    assert code == ended.code
    assert state in ended.err
    assert "for the workload asked for" in ended.err


def test_a_workload_that_the_wall_is_enough_for_ends_with_0(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ways out aside, which other tests judge: here none is known."""
    from isoaudit.assess import load_assessor

    monkeypatch.setattr(load_assessor()._finder, "find", _nothing_found)
    ended = isoaudit("advise", LAB, "--only", "docker:isolab-hardened", "--code", "own")

    assert (0, "") == (ended.code, ended.err)
    assert "ENOUGH" in ended.out.splitlines()[0]


def _nothing_found(_context: object) -> Any:
    from isoaudit.assess.ways import Ways

    return Ways((), ())


def test_json_says_what_is_needed_why_and_by_whose_word(isoaudit: Isoaudit) -> None:
    """All rules that fire, those that decided first."""
    (target,) = advice(isoaudit, HARDENED, "--data", "sensitive", "--code", "tenant")
    needed = target["required"]

    assert ["user-space-kernel"] == needed["walls"]
    assert ["strangers-code", "sensitive-data"] == [one["id"] for one in needed["rules"]]
    assert all(one["ground"] for one in needed["rules"])
    assert [("one-level", False, None)] == [
        (one["id"], one["seen"], one["met"]) for one in needed["demands"]
    ]
    assert {"data", "code"}.isdisjoint(target["workload"]["assumed"])
    assert target["enough"]["value"] is False


def test_needs_are_given_inside_a_guest(isoaudit: Isoaudit) -> None:
    """Several in one word or in several."""
    (target,) = advice(isoaudit, HARDENED, "--needs", "privileged,gpu", "--needs", "device")

    assert ["privileged", "gpu", "device"] == target["workload"]["needs"]
    assert ["microvm", "vm"] == target["required"]["walls"]
    assert ["microvm", "vm"] == [move["to"] for move in target["moves"]]


def test_a_class_is_a_workload_that_options_may_change(isoaudit: Isoaudit) -> None:
    """The option counts."""
    (target,) = advice(isoaudit, HARDENED, "--class", "multi-tenant", "--tenancy", "teams")

    assert ("tenant", "teams", "sensitive") == tuple(
        target["workload"][name] for name in ("code", "tenancy", "data")
    )


def test_what_stands_in_the_way_of_a_stronger_wall_is_named(isoaudit: Isoaudit) -> None:
    """By what the target uses, and by what this host lacks."""
    runner = advice(isoaudit, LAB, "--only", "docker:isolab-socket", "--needs", "privileged")[0]
    blocked = {one["id"] for one in runner["blockers"] if one["known"]}

    assert {"control-socket", "no-kata", "nested"} & blocked >= {"control-socket", "no-kata"}


def test_a_way_out_comes_before_every_wall(isoaudit: Isoaudit) -> None:
    """Enough for nothing but what the host is trusted to."""
    ended = isoaudit("advise", LAB, "--only", "docker:isolab-socket")

    assert "OPEN: root on the host" in ended.out.splitlines()[0]
    assert "ESC-008" in ended.out
    assert "nothing but what the host is trusted to" in ended.out


def test_why_tells_the_score_line_by_line(isoaudit: Isoaudit) -> None:
    """What gives, what caps, what is not known and how to settle that."""
    ended = isoaudit("advise", LAB, "--only", "docker:isolab-s*", "--why")

    assert "capped by ESC-008" in ended.out
    assert "bits against" in ended.out
    assert "[not known]" in ended.out
    assert "--deep" in ended.out.split("SETTLE")[1]


@pytest.mark.parametrize("words", [(str(EXAMPLES),), (LAB, "--why", "--needs", "gpu")])
def test_no_line_is_wider_than_a_terminal(isoaudit: Isoaudit, words: tuple[str, ...]) -> None:
    """Whatever is advised on."""
    ended = isoaudit("advise", *words)

    assert len(ended.out.splitlines()) > 40
    assert [] == [line for line in ended.out.splitlines() if width(line) > 80]


def test_every_example_has_advice_that_fits_the_schema(isoaudit: Isoaudit) -> None:
    """Containers and VMs of every kind of file; what has no boundary is passed by."""
    targets = advice(isoaudit, str(EXAMPLES))

    assert {"container", "vm"} == {one["kind"] for one in targets}
    assert len(targets) > 40


def test_a_host_that_is_named_settles_what_a_file_leaves_open(isoaudit: Isoaudit) -> None:
    """Whether a security module confines it, the host tells."""
    (alone,) = advice(isoaudit, HARDENED)
    (placed,) = advice(isoaudit, HARDENED, "--on", LAB)

    assert "hardened" == alone["verdict"]["wall"]["possible"]
    assert "shared-kernel" == placed["verdict"]["wall"]["possible"]


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ((HARDENED, "--data", "sensible"), 2, "Did you mean sensitive?"),
        ((HARDENED, "--class", "nobody"), 2, "ai-agent-sandbox"),
        ((HARDENED, "--only", "nobody"), 2, "There are: web"),
        (("nowhere.yaml",), 2, "nowhere.yaml"),
        ((str(EXAMPLES / "dockerfile"),), 3, "boundary"),
        ((), 2, "TARGET"),
    ],
)
def test_what_cannot_be_advised_on_says_what_to_do(
    isoaudit: Isoaudit, words: tuple[str, ...], code: int, hint: str
) -> None:
    """With the exit codes of every command."""
    ended = isoaudit("advise", *words)

    assert code == ended.code
    assert hint in ended.err
    assert "" == ended.out


def test_a_file_that_cannot_be_read_leaves_it_incomplete(
    isoaudit: Isoaudit, tmp_path: Path
) -> None:
    """The others are advised on."""
    (tmp_path / "compose.yaml").write_text("services: {a: {image: [}}")
    ended = isoaudit("advise", str(tmp_path / "compose.yaml"), HARDENED)

    assert 4 == ended.code
    assert "hardened.yaml#web" in ended.out
    assert "compose.yaml" in ended.err


def test_the_rules_are_told_with_their_sources(isoaudit: Isoaudit) -> None:
    """Every wall, question, rule, demand and workload."""
    ended = isoaudit("explain", "wall-rules")

    assert 0 == ended.code
    for words in ("microVM", "* third-party", "strangers-code", "one-level", "ai-agent-sandbox",
                  "NIST SP 800-190", "by EKS"):  # fmt: skip
        assert words in ended.out
    assert [] == [line for line in ended.out.splitlines() if width(line) > 80]


def test_a_profile_gates_by_the_wall_that_its_workload_needs(isoaudit: Isoaudit) -> None:
    """Exit 1, and the reason in words on stderr."""
    ended = isoaudit("scan", HARDENED, "-p", "multi-tenant")

    assert 1 == ended.code
    assert "a wall that is enough for multi-tenant" in ended.err
    assert "#web: not enough for multi-tenant: its wall is hardened shared kernel" in ended.err
