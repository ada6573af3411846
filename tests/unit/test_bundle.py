"""Evidence bundles: the same evidence comes back, and damage is an error that says so."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit import bundle
from isoaudit.bundle import Bundle, Evidence
from isoaudit.errors import DocumentError
from isoaudit.model import (
    Fact,
    FactSet,
    Kind,
    Location,
    Missing,
    Part,
    Reason,
    Record,
    RunError,
    Target,
    Vantage,
)

WHOLE = Bundle(
    "2026-01-01T00:00:00Z",
    Evidence(Target("host:a", Kind.HOST, "a", "running", host="host:a"), FactSet()),
    (
        Evidence(
            Target("docker:web", Kind.CONTAINER, "web", "running", engine="unix:///x",
                   host="host:a", aliases=("docker:w",)),
            FactSet.of(
                [Fact("container.privileged", True, "docker inspect", Vantage.ENGINE)],
                [Part("mount", Vantage.KERNEL, (Record.of(
                    [Fact("mount.options", ("ro", "nodev"), "mountinfo", Vantage.KERNEL)],
                    [Missing("mount.source", Reason.VANISHED)]),))],
                [Missing("process", Reason.TIMEOUT, "slow", "wait", Vantage.KERNEL)],
            ),
        ),
        Evidence(
            Target("compose:a#b", Kind.CONTAINER, "b", "declared", dialect="compose",
                   location=Location("a", 3)),
            FactSet.of([Fact("limits.memory.bytes", 5, "a:3:4", Vantage.DECLARED,
                             Location("a", 3, 4))]),
        ),
    ),
    (RunError("docker:x", "connect", "gone", "start it", asked=False),),
    {"unix:///x": Record.of([Fact("engine.name", "docker", "/version", Vantage.ENGINE)])},
)  # fmt: skip


@pytest.mark.parametrize("compress", [True, False])
def test_the_same_evidence_comes_back(compress: bool) -> None:
    """Targets, the host, engines and errors, compressed or not."""
    assert WHOLE == bundle.decode(bundle.encode(WHOLE, compress=compress), "x")


def test_the_same_evidence_gives_the_same_bytes() -> None:
    """No time of packing goes into the file."""
    assert bundle.encode(WHOLE, compress=True) == bundle.encode(WHOLE, compress=True)


def test_the_published_schema_holds() -> None:
    """Others may read bundles by it."""
    import jsonschema

    from isoaudit.resources import data_dir

    schema = json.loads((data_dir("reports") / "schemas" / "bundle-2.json").read_text())
    jsonschema.validate(json.loads(bundle.encode(WHOLE, compress=False)), schema)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"isoaudit_bundle": "1"}', True),
        (gzip.compress(b"anything", mtime=0), True),
        (b"services: {}", False),
        (b"", False),
    ],
)
def test_a_bundle_is_told_by_its_first_bytes(data: bytes, expected: bool) -> None:
    """What is compressed is taken for one: no deployment file is."""
    assert expected == bundle.is_bundle(data)


def test_a_bundle_too_large_is_not_parsed() -> None:
    """The remedy is to compress it."""
    with pytest.raises(DocumentError, match="larger than 32 MiB"):
        bundle.decode(b'{"isoaudit_bundle": "1"' + b" " * bundle.MAX_BYTES, "x")


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    below = [place for key in keys for place in _places(value[key], (*path, key))]
    return [path, *below] if path else below


_CONTENT = json.loads(bundle.encode(WHOLE, compress=False))
_ODD = [None, True, -1, 10**40, 1.5, "", "x", "kernel", [], ["x"], [1], [[]], {}, {"x": 1},
        {"value": 1}]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(_places(_CONTENT)), st.sampled_from(_ODD))
def test_any_value_out_of_place_is_an_error_or_evidence(path: tuple[Any, ...], odd: Any) -> None:
    """A bundle from a stranger is decoded to sound values, or refused as a whole."""
    content = json.loads(json.dumps(_CONTENT))
    below = content
    for key in path[:-1]:
        below = below[key]
    below[path[-1]] = odd
    try:
        decoded = bundle.decode(json.dumps(content).encode(), "x")
    except DocumentError as error:
        assert error.cause.startswith("x: ")
        return

    assert bundle.encode(decoded, compress=False)
    for evidence in decoded.targets:
        hash(tuple(evidence.facts.all_missing()))
        for facts in evidence.facts.facts.values():
            hash(facts)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_error(data: bytes) -> None:
    """Never another exception."""
    with pytest.raises(DocumentError, match=r"^x: "):
        bundle.decode(data, "x")
    with pytest.raises(DocumentError, match=r"^x: "):
        bundle.decode(gzip.compress(data), "x")
