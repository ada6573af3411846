"""Merging compose files: what holds whatever they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoaudit.documents.beside import Beside, Folder
from isoaudit.documents.variables import Known, Variables
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet
from isoaudit.probes.compose.layer import Layer, documents, project_of
from isoaudit.probes.compose.probe import ComposeProbe

_CALM = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])

_WORDS = st.sampled_from(
    ["a", "b", "A=1", "B=${X}", "A", "/x", "vol:/x", "vol:/y:ro", "80:80", "81:80/udp", "$Y", "ALL",
     "SYS_ADMIN", "host", "true", "${Y}:/x", "no-new-privileges:true"]
)  # fmt: skip
_LISTS = st.lists(_WORDS, max_size=3)
_NAMED = st.dictionaries(st.sampled_from(["A", "B", "a", "b"]), st.none() | _WORDS, max_size=3)
_SERVICES = st.fixed_dictionaries(
    {},
    optional={
        "cap_add": _LISTS, "cap_drop": _LISTS, "volumes": _LISTS, "ports": _LISTS,
        "security_opt": _LISTS, "devices": _LISTS, "tmpfs": _LISTS | _WORDS, "secrets": _LISTS,
        "environment": _LISTS | _NAMED, "sysctls": _LISTS | _NAMED, "labels": _LISTS | _NAMED,
        "networks": _LISTS | st.dictionaries(st.sampled_from("ab"), st.none(), max_size=2),
        "extra_hosts": _LISTS | _NAMED, "env_file": _LISTS | _WORDS, "dns": _LISTS | _WORDS,
        "privileged": st.booleans(), "image": _WORDS, "user": _WORDS, "read_only": st.booleans(),
        "logging": st.fixed_dictionaries({}, optional={"driver": _WORDS, "options": _NAMED}),
        "build": _WORDS | st.fixed_dictionaries({"context": _WORDS}, optional={"args": _NAMED}),
        "ulimits": st.dictionaries(st.sampled_from(["core", "nofile"]), st.integers(0, 9)),
        "command": _LISTS | _WORDS,
    },
)  # fmt: skip
_EMPTY = st.sampled_from(
    ["services: {web: {}}\n", "services: {web: }\n", "services: {}\n", "services:\n", "{}\n",
     "x-a: 1\n", "services: {web: {image: null, volumes: }}\n"]
)  # fmt: skip


def _layer() -> Layer:
    variables = Variables({"X": Known("x")})
    return Layer(Beside(Path("compose.yaml"), "compose.yaml"), Folder(".", ""), variables)


def _read(*texts: str) -> list[Node]:
    layer = _layer()
    return [
        node for number, text in enumerate(texts) for node in documents(text, f"{number}", layer)
    ]


def _text(service: Any) -> str:
    return pyyaml.safe_dump({"services": {"web": service}})


def _facts(*texts: str) -> FactSet | str:
    probe = ComposeProbe(_read(*texts), "compose.yaml")
    try:
        (target,) = probe.find()
        return probe.collect(target)
    except DocumentError as error:
        return error.cause


def _values(*texts: str) -> Any:
    project = project_of(_read(*texts))
    assert project.document is not None
    services = project.document.value().get("services") or {}
    said = services.get("web") or {}
    return {key: value for key, value in said.items() if value is not None}


@_CALM
@given(_SERVICES, _EMPTY)
def test_merging_with_a_file_that_says_nothing_changes_nothing(service: Any, empty: str) -> None:
    """Neither a value nor where it stands; whichever of the two comes first."""
    alone = _facts(_text(service))

    assert alone == _facts(_text(service), empty)
    if "web" not in empty:  # where a service stands first is where its target stands
        before = _facts(_text(service), "x-a: 1\n")
        assert alone == before


@_CALM
@given(_SERVICES, _EMPTY)
def test_an_empty_file_below_changes_no_value(service: Any, empty: str) -> None:
    """What an empty file says is nothing, and everything is merged over it."""
    assert _values(_text(service)) == _values(empty, _text(service))


@_CALM
@given(_SERVICES, _SERVICES)
def test_merging_the_same_twice_adds_no_privilege(service: Any, other: Any) -> None:
    """A third file that repeats the second one leaves what is unique as it is."""
    texts = (_text(service), _text(other))
    twice, thrice = _values(*texts), _values(*texts, texts[1])
    for key in ("cap_add", "cap_drop"):
        assert set(twice.get(key, ())) == set(thrice.get(key, ()))
    for key in ("privileged", "image", "command", "user"):
        assert twice.get(key) == thrice.get(key)


@_CALM
@given(_SERVICES, _SERVICES)
def test_nothing_is_lost_but_what_is_replaced(service: Any, other: Any) -> None:
    """Every capability and option of either file is in what they come to."""
    merged = _values(_text(service), _text(other))
    for key in ("cap_add", "security_opt"):
        wanted = {*service.get(key, ()), *other.get(key, ())}
        assert {word.partition("=")[0] for word in wanted} == {
            word.partition("=")[0] for word in merged.get(key, ())
        }


@pytest.mark.parametrize("number", [10_000])
def test_many_profiles_are_no_burden(number: int) -> None:
    """They are told by name up to a few."""
    profiles = ", ".join(f"p{one}" for one in range(number))
    facts = _facts(f"services: {{web: {{profiles: [{profiles}]}}}}\n", "services: {web: {}}\n")

    assert isinstance(facts, FactSet)
    assert facts.facts["container.platform"][0].source.endswith(
        "(a service of profile p0, p1, p2, p3, p4)"
    )
