"""`isoaudit collect` and the bundles it writes: judged elsewhere, the findings are the same."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import CLOSED, OPEN, ROOT, Ended, Isoaudit, open_recording

from isoaudit import bundle

RECORDED = ["plain", "privileged", "hardened", "host-namespaces", "socket"]


def _findings(ended: Ended) -> list[Any]:
    return [target["findings"] for target in ended.report["targets"]]


@pytest.fixture
def evidence(isoaudit: Isoaudit, here: Path) -> Path:
    """Give the bundle of a compose file."""
    (here / "compose.yaml").write_text(OPEN)
    assert 0 == isoaudit("collect", "compose.yaml", "-o", "evidence.json").code
    return here / "evidence.json"


@pytest.mark.parametrize("name", ["evidence.json", "evidence.json.gz"])
def test_a_compose_file_is_judged_alike(isoaudit: Isoaudit, here: Path, name: str) -> None:
    """Cut in two, a run comes to the same."""
    target = str(ROOT / "examples/compose/risky.yaml")
    isoaudit("collect", target, "-o", name)

    assert _findings(isoaudit("scan", target, "-fjson")) == _findings(
        isoaudit("scan", name, "-fjson")
    )


@pytest.mark.parametrize("recording", RECORDED)
def test_a_container_is_judged_alike(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch, recording: str
) -> None:
    """The host and the engine, by whose evidence a container is judged too, go along."""
    open_recording(monkeypatch, f"docker/{recording}")
    assert 0 == isoaudit("collect", "docker:", "-o", "evidence.json.gz").code

    direct = _findings(isoaudit("scan", "docker:", "-fjson"))
    assert direct == _findings(isoaudit("scan", "evidence.json.gz", "-fjson"))
    assert direct[0]


def test_a_bundle_says_the_same_bytes_of_the_same_evidence(
    isoaudit: Isoaudit, here: Path, evidence: Path
) -> None:
    """Read and written again, it is unchanged."""
    data = evidence.read_bytes()

    assert data == bundle.encode(bundle.decode(data, "evidence.json"), compress=False)


def test_a_target_is_picked_from_a_bundle(isoaudit: Isoaudit, here: Path) -> None:
    """BUNDLE#NAME, as of a file."""
    (here / "compose.yaml").write_text("services: {web: {image: a}, db: {image: b}}\n")
    isoaudit("collect", "compose.yaml", "-o", "evidence.json")

    ended = isoaudit("scan", "evidence.json#db", "-f", "json", "--fail-on", "never")

    assert ["db"] == [target["name"] for target in ended.report["targets"]]
    assert 4 == isoaudit("scan", "evidence.json#dc").code


def test_what_could_not_be_collected_is_told(isoaudit: Isoaudit, here: Path) -> None:
    """It ends with 4, and so does judging what there is."""
    (here / "broken.yaml").write_text("services:\n  web:\n    image: [\n")
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("collect", ".", "-o", "evidence.json")

    assert (4, "") == (ended.code, ended.out)
    assert "broken.yaml:4:1: not valid YAML" in ended.err
    assert 4 == isoaudit("scan", "evidence.json").code


def test_nothing_to_collect_writes_no_bundle(isoaudit: Isoaudit, here: Path) -> None:
    """It ends with 3."""
    assert 3 == isoaudit("collect", ".", "-o", "../evidence.json").code
    assert not (here.parent / "evidence.json").exists()


def test_a_bundle_is_not_collected_again(isoaudit: Isoaudit, evidence: Path) -> None:
    """It is evidence already; that is said instead of writing an empty one."""
    ended = isoaudit("collect", "evidence.json", "-o", "again.json")

    assert 4 == ended.code
    assert "isoaudit scan evidence.json" in ended.err


def _bomb(_: bytes) -> bytes:
    return gzip.compress(b"[" + b" " * (bundle._MAX_UNPACKED + 1), 9)


def _newer(data: bytes) -> bytes:
    return data.replace(b'"isoaudit_bundle": "2"', b'"isoaudit_bundle": "3"')


def _without_facts(data: bytes) -> bytes:
    content = json.loads(data)
    del content["targets"][0]["facts"]
    return json.dumps(content).encode()


def _with_a_value_of_no_type(data: bytes) -> bytes:
    content = json.loads(data)
    for several in content["targets"][0]["facts"]["facts"].values():
        several[0]["value"] = {"a": 1.5}
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-100], "not a whole evidence bundle"),
        (lambda data: gzip.compress(data)[:-30], "not a whole evidence bundle"),
        (lambda data: gzip.compress(data)[:20] + b"\0" * 200, "damaged compression"),
        (lambda _: gzip.compress(b"hello"), "not a whole evidence bundle"),
        (lambda _: gzip.compress(b'{"isoaudit_bundle":' + b"[" * 99_999), "not a whole"),
        (_newer, "format '3'"),
        (_without_facts, "not a whole evidence bundle"),
        (_with_a_value_of_no_type, "not a whole evidence bundle"),
    ],
    ids=["cut", "cut.gz", "damaged.gz", "other.gz", "deep.gz", "newer", "no facts", "no type"],
)
def test_a_damaged_bundle_is_one_clear_line(
    isoaudit: Isoaudit, evidence: Path, damage: Any, words: str
) -> None:
    """It ends with 4; what was to be judged could not be."""
    evidence.write_bytes(damage(evidence.read_bytes()))

    ended = isoaudit("scan", "evidence.json", "-f", "json")

    assert (4, []) == (ended.code, ended.report["targets"])
    row = ended.report["errors"][0]
    assert row["message"].startswith("evidence.json: ")
    assert words in row["message"]


def test_a_bundle_that_unpacks_to_too_much_is_not_unpacked(
    isoaudit: Isoaudit, evidence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file must not take all memory."""
    monkeypatch.setattr(bundle, "_MAX_UNPACKED", 1_000_000)
    evidence.write_bytes(_bomb(b""))

    ended = isoaudit("scan", "evidence.json", "-f", "json")

    assert 4 == ended.code
    assert "unpacks to more than" in ended.report["errors"][0]["message"]
