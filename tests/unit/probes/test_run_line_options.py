"""Options, image and command of a line, as Go's pflag tells them apart."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_lines import words

from isoaudit.model import Location
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.options import SYNTAX
from isoaudit.probes.run_line.parse import Parsed, called, parse_run
from isoaudit.probes.run_line.words import RunWord, literal

HERE = Location("f", 1, 1)


def _parsed(line: str, engine: str = "docker") -> Parsed:
    return parse_run(words(line), engine)


def _options(parsed: Parsed) -> list[tuple[str, str]]:
    return [(given.name, given.value.text) for given in parsed.options]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("-it x", [("interactive", "true"), ("tty", "true")]),
        ("-itd --rm x", [("interactive", "true"), ("tty", "true"), ("detach", "true"),
                         ("rm", "true")]),
        ("-p 80:80 x", [("publish", "80:80")]),
        ("-p80:80 x", [("publish", "80:80")]),
        ("-p=80:80 x", [("publish", "80:80")]),
        ("-dp 80:80 x", [("detach", "true"), ("publish", "80:80")]),
        ("-ePASS=a=b x", [("env", "PASS=a=b")]),
        ("-v=/a:/b x", [("volume", "/a:/b")]),
        ("--volume /a:/b x", [("volume", "/a:/b")]),
        ("--volume=/a:/b x", [("volume", "/a:/b")]),
        ("--privileged=false x", [("privileged", "false")]),
        ("--privileged false", [("privileged", "true")]),
        ("-t=false x", [("tty", "false")]),
        ("--net host x", [("network", "host")]),
        ("--name= x", [("name", "")]),
        ("--env -v x", [("env", "-v")]),
        ("-- x", []),
        ("x --privileged", []),
    ],
)  # fmt: skip
def test_options_are_told_from_their_values(line: str, options: list[tuple[str, str]]) -> None:
    """Clusters of letters, values behind an equals sign or in the next word, flags with a value."""
    parsed = _parsed(line)

    assert options == _options(parsed)
    assert parsed.doubt == ""
    assert parsed.image is not None


def test_the_command_begins_behind_the_image() -> None:
    """Its options are none of the engine's."""
    parsed = _parsed("--rm alpine sh -c '--privileged'")

    assert "alpine" == parsed.image.text
    assert ["sh", "-c", "--privileged"] == [word.text for word in parsed.command]


@pytest.mark.parametrize(
    ("line", "image", "why"),
    [
        ("${OPTS}… nginx", "nginx", "${OPTS}"),
        ("${OPTS} nginx", "nginx", "${OPTS}"),
        ("--rm ${ARGS}… --privileged nginx", "nginx", "${ARGS}"),
        ("--rm ${X}…", None, "${X}"),
        ("--foo nginx", None, "--foo"),
        ("--foo bar nginx", None, "--foo"),
        ("-Z nginx", "nginx", "-Z"),
        ("--cpus", None, "--cpus"),
        ("--${X}=y nginx", "nginx", "an option"),
    ],
)
def test_what_may_hide_an_option_casts_doubt(line: str, image: str | None, why: str) -> None:
    """And what is known is told all the same."""
    parsed = _parsed(line)

    assert image == (parsed.image.text if parsed.image else None)
    assert parsed.doubt.startswith(why)


@pytest.mark.parametrize(
    "line",
    ["--rm ${X}", "--rm ${IMAGE}… sh", "${REGISTRY}/app:1… sh", "${IMG:-nginx}… sh",
     "--cpus ${N} x", "-p ${P}:80… x",
     "app:${TAG}… sh", "--name=${N} x"],
)  # fmt: skip
def test_a_variable_in_the_place_of_a_value_or_the_image_casts_none(line: str) -> None:
    """The last single word is the image, and so is one that is called so."""
    parsed = _parsed(line)

    assert parsed.doubt == ""
    assert parsed.image is not None


@pytest.mark.parametrize(
    ("line", "engine"),
    [
        ("docker run x", "docker"),
        ("/usr/bin/docker container create x", "docker"),
        ("docker -H tcp://h:1 --context=c run x", "docker"),
        ("podman --runtime runsc --log-level=debug run x", "podman"),
        ("podman-remote run x", "podman"),
        ("nerdctl -n k8s.io run x", "nerdctl"),
    ],
)
def test_a_line_is_known_by_its_program_and_command(line: str, engine: str) -> None:
    """Options of the program itself stand in between."""
    assert engine == called(words(line)).engine


@pytest.mark.parametrize("line", ["docker ps", "docker build run", "echo docker run x", "docker",
                                  "docker compose run x", "docker exec run x"])  # fmt: skip
def test_another_command_starts_nothing(line: str) -> None:
    """Only run and create do."""
    assert called(words(line)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a,b", ["a", "b"]), ('"a,b",c', ["a,b", "c"]), ("a", ["a"]), ("", [""]), ("a,", ["a", ""]),
     ('"a""b"', ['a"b']), ("${X:-a,b},c", ["${X:-a,b}", "c"]), ('a"b,c', ['a"b', "c"])],
)  # fmt: skip
def test_fields_are_split_as_csv(text: str, expected: list[str]) -> None:
    """As Go's encoding/csv does, and not inside a variable."""
    assert expected == [field.text for field in fields(RunWord(text, HERE))]


_NAMES = sorted(SYNTAX["docker"].values)
_FLAGS = sorted(SYNTAX["docker"].flags)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(_NAMES), st.text(max_size=8)),
            st.tuples(st.sampled_from(_FLAGS), st.none()),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.lists(st.text(max_size=8), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_any_options_are_read_back(
    options: list[tuple[str, str | None]], joined: bool, command: list[str]
) -> None:
    """Whatever their values are, in either way of writing them, quoted and split again."""
    line: list[str] = []
    for name, value in options:
        if value is None:
            line.append(f"--{name}")
        elif joined:
            line.append(f"--{name}={value}")
        else:
            line += [f"--{name}", value]
    again = shlex.split(shlex.join([*line, "image:1", *command]))
    parsed = parse_run([literal(word, HERE) for word in again], "docker")

    expected = [(name, "true" if value is None else value) for name, value in options]
    assert expected == [(given.name, given.value.plain) for given in parsed.options]
    assert "image:1" == parsed.image.text
    assert command == [word.plain for word in parsed.command]
    assert "" == parsed.doubt


@pytest.mark.parametrize("engine", ["docker", "podman", "nerdctl"])
@settings(deadline=None)
@given(st.lists(st.text(alphabet="-abcpv=$,:/{}\"' \0", max_size=10), max_size=10))
def test_any_words_are_read(engine: str, several: list[str]) -> None:
    """Never an exception."""
    parse_run([RunWord(text, HERE, several="$" in text) for text in several], engine)
