"""Env files: docker's syntax, the plain one, and files that are none."""

from __future__ import annotations

import contextlib
import time

import pytest

from isoaudit.documents import dotenv
from isoaudit.documents.dotenv import parse, parse_plain
from isoaudit.documents.variables import Known, Variables
from isoaudit.errors import DocumentError
from isoaudit.model import Location


def _values(text: str, **outer: str) -> dict[str, str | None]:
    scope = Variables({name: Known(value) for name, value in outer.items()})
    return {
        entry.name: entry.value.text if entry.value else None
        for entry in parse(text, ".env", scope)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n\n  \n", {}),
        ("# VAR=VAL\n", {}),
        ("VAR=VAL", {"VAR": "VAL"}),
        ("VAR=VAL\r\nB=c\r\n", {"VAR": "VAL", "B": "c"}),
        ("VAR= VAL \n", {"VAR": "VAL"}),
        ("VAR =VAL\n", {"VAR": "VAL"}),
        ("VAR: VAL\n", {"VAR": "VAL"}),
        ("export VAR=VAL\n", {"VAR": "VAL"}),
        ("  VAR=VAL\n", {"VAR": "VAL"}),
        ('VAR="VAL"\n', {"VAR": "VAL"}),
        ("VAR='VAL'\n", {"VAR": "VAL"}),
        ("VAR=\n", {"VAR": ""}),
        ('VAR=""\n', {"VAR": ""}),
        ("VAR=VAL # comment\n", {"VAR": "VAL"}),
        ("VAR=VAL# no comment\n", {"VAR": "VAL# no comment"}),
        ('VAR="VAL # no comment"\n', {"VAR": "VAL # no comment"}),
        ('VAR="VAL" # comment\nB=c\n', {"VAR": "VAL", "B": "c"}),
        ("A=a\nVAR='$A'\n", {"A": "a", "VAR": "$A"}),
        ("A=a\nVAR=$A\n", {"A": "a", "VAR": "a"}),
        ('A=a\nVAR="${A}b"\n', {"A": "a", "VAR": "ab"}),
        ("VAR=${NO:-d}\n", {"VAR": "d"}),
        ("VAR='Let\\'s go!'\n", {"VAR": "Let's go!"}),
        ('VAR="{\\"hello\\": \\"json\\"}"\n', {"VAR": '{"hello": "json"}'}),
        ('VAR="some\\tvalue"\n', {"VAR": "some\tvalue"}),
        ("VAR='some\\tvalue'\n", {"VAR": "some\\tvalue"}),
        ("VAR=some\\tvalue\n", {"VAR": "some\\tvalue"}),
        ('VAR="two\nlines"\nB=c\n', {"VAR": "two\nlines", "B": "c"}),
        ("VAR\nB=c\n", {"VAR": None, "B": "c"}),
        ("VAR", {"VAR": None}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("A.b-c[0]=1\n", {"A.b-c[0]": "1"}),
    ],
)
def test_docker_s_syntax(text: str, expected: dict[str, str | None]) -> None:
    """Quotes, comments, escapes and variables, as docker's page on env files shows them."""
    assert expected == _values(text)


def test_the_outer_variables_come_first() -> None:
    """The project's environment has precedence over that of an include."""
    assert {"A": "1", "B": "outer", "C": "1"} == _values("A=1\nB=$X\nC=$A\n", X="outer")
    assert "outer" == _values("A=1\nC=$A\n", A="outer")["C"]


def test_every_entry_has_its_place() -> None:
    """Counted from 1, over values of several lines."""
    entries = parse("# c\nA=1\nB=\"2\n3\"\n  export C=4\nD='5' E=6\n", "x.env")

    assert [
        ("A", Location("x.env", 2, 1)),
        ("B", Location("x.env", 3, 1)),
        ("C", Location("x.env", 5, 3)),
        ("D", Location("x.env", 6, 1)),
        ("E", Location("x.env", 6, 7)),
    ] == [(entry.name, entry.location) for entry in entries]


def test_what_a_secret_went_into_is_one() -> None:
    """Whatever its own name is."""
    text = "DB_PASSWORD=hunter2\nURL=x-$DB_PASSWORD\nPLAIN=b\n"
    entries = parse(text, ".env", None, lambda name, _value: "PASSWORD" in name)

    assert [True, True, False] == [entry.value.secret for entry in entries if entry.value]


def test_a_value_of_an_unset_variable_is_not_known() -> None:
    """It depends on what is set where the file is used."""
    (entry,) = parse("A=$NO\n", ".env")

    assert entry.value is not None
    assert "${NO}" == entry.value.depends


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nhunter2 is it\n", 2),
        ("=hunter2\n", 1),
        ("A B=hunter2\n", 1),
        ("A='hunter2\n", 1),
        ('A="hunter2\n\n', 1),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n", 1),
        ("root:hunter2:19000:0:99999\n$1$=x\n", 2),
        ("A=1\nB=\0hunter2\n", 2),
        ('{"hunter2": 1}', 1),
    ],
)
def test_what_is_no_env_file_is_refused_without_quoting_it(text: str, line: int) -> None:
    """Whoever names a file as an env file does not get to see it by an error."""
    with pytest.raises(DocumentError, match=rf"^x:{line}: not a line of an env file") as caught:
        parse(text, "x")
    assert "hunter2" not in f"{caught.value.cause}{caught.value.remedy}"


def test_the_plain_syntax_knows_no_quotes() -> None:
    """That of `docker run --env-file` and of `format: raw`."""
    entries = parse_plain("# c\nA='1' # c\n\nB=$A\r\nC\n  D=\n", "x.env")

    assert [("A", "'1' # c"), ("B", "$A"), ("C", None), ("D", "")] == [
        (entry.name, entry.value.text if entry.value else None) for entry in entries
    ]
    assert Location("x.env", 6, 3) == entries[-1].location
    with pytest.raises(DocumentError, match=r"^x.env:2: not a line of an env file"):
        parse_plain("A=1\nhunter2 B=1\n", "x.env")


@pytest.mark.parametrize(
    "text",
    ["A='1' " * 100_000, "A=" + "$B" * 200_000, "A=1\n" * 19_000, " " * 1_000_000, "A" * 1_000_000,
     "A='" + "\\'" * 500_000, "#\n" * 500_000],
)  # fmt: skip
def test_hostile_env_files_end(text: str) -> None:
    """In a time that grows with their size, and with so many entries at most."""
    begin = time.process_time()
    with contextlib.suppress(DocumentError):
        assert len(parse(text, ".env")) <= dotenv.MAX_ENTRIES
    assert time.process_time() - begin < 5


def test_a_chain_of_values_does_not_explode() -> None:
    """Each line doubles the one above it."""
    lines = ["A0=xxxxxxxxxx"] + [f"A{n + 1}=$A{n}$A{n}" for n in range(60)]
    entries = parse("\n".join(lines), ".env")

    assert max(len(entry.value.text) for entry in entries if entry.value) < 100_000
    last = entries[-1].value
    assert last is not None
    assert last.depends
