"""Whatever stands in a Dockerfile or a devcontainer.json, reading it ends in facts or one error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isoaudit.errors import DocumentError
from isoaudit.facts.vocabulary import facts
from isoaudit.probes.base import Probe
from isoaudit.probes.devcontainer.probe import DevcontainerProbe
from isoaudit.probes.dockerfile.probe import DockerfileProbe

PIECES = st.sampled_from(
    [
        "FROM a",
        "FROM ",
        "FROM a AS b",
        "FROM b",
        "FROM scratch",
        "ARG ",
        "ARG X=1",
        "ENV ",
        "ENV A b",
        "ENV A=$X B=${X:-",
        "RUN ",
        "RUN sudo ",
        "chmod u+s ",
        "apt-get install ",
        "curl x | sh",
        "USER ",
        "USER $X",
        "COPY ",
        "COPY --from=0 a b",
        "COPY --from=b ",
        "ADD ",
        "--chmod=",
        "--mount=from=",
        "<<EOF",
        "EOF",
        "ONBUILD ",
        "EXPOSE 1-",
        "VOLUME [",
        '["',
        '"]',
        "HEALTHCHECK ",
        "\n",
        "\n",
        "\n",
        "\\\n",
        " ",
        "#",
        "# escape=`",
        "# syntax=",
        "'",
        '"',
        "`",
        "$(",
        ")",
        "${",
        "}",
        "\0",
        "\1",
        "é",
        "=",
        ",",
        ":",
        "@",
        "/",
        "\t",
        "\r",
    ]
)
WORDS = st.sampled_from(
    [
        "",
        "a",
        "${",
        "${localEnv:X}",
        "${localEnv:HOME}/.ssh",
        "type=bind,source=/,target=/x",
        "--",
        "-v",
        "--privileged",
        "--pid=host",
        "/:/x",
        "1:2:3",
        "80",
        "\0",
        '"',
        ",",
        "=",
        "$",
        "../..",
        "a=b",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 99999) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "image",
        "build",
        "privileged",
        "capAdd",
        "securityOpt",
        "mounts",
        "runArgs",
        "containerUser",
        "remoteUser",
        "workspaceMount",
        "workspaceFolder",
        "appPort",
        "containerEnv",
        "remoteEnv",
        "features",
        "initializeCommand",
        "hostRequirements",
        "dockerComposeFile",
        "service",
    ]
)


def _read(make: Any) -> None:
    try:
        probe: Probe = make()
        for target in probe.find():
            found = probe.collect(target)
            assert set(found.facts) <= set(facts())
            for several in found.parts.values():
                for record in several[0].records:
                    assert set(record.facts) <= set(facts())
            json.dumps(found.to_json()).encode()
    except DocumentError as error:
        assert "\n" not in error.cause


@given(st.lists(PIECES, max_size=40))
def test_any_dockerfile_is_facts_or_one_line(pieces: list[str]) -> None:
    """No exception of another kind, and no word that the vocabulary lacks."""
    _read(lambda: DockerfileProbe("FROM x\n" + "".join(pieces), "Dockerfile"))


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_devcontainer_is_facts_or_one_line(config: dict[str, Any]) -> None:
    """Lists where maps belong, and the other way round."""
    _read(lambda: DevcontainerProbe(json.dumps(config), ".devcontainer/devcontainer.json"))
