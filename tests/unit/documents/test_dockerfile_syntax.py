"""Dockerfiles as BuildKit reads them: lines, flags, here-documents, and what it would refuse."""

from __future__ import annotations

import time

import pytest

from isoaudit.documents.dockerfile import Dockerfile, load
from isoaudit.errors import DocumentError


def read(text: str) -> Dockerfile:
    return load(text, "Dockerfile")


def test_lines_are_joined_and_comments_between_them_left_out() -> None:
    """A comment or a blank line does not end what goes on."""
    (run,) = read("RUN a && \\\n  # no \\\n\n   b \\  \n c\n").instructions

    assert ["a", "&&", "b", "c"] == [word.text for word in run.words()]
    assert ["1:5", "1:7", "4:4", "5:2"] == [
        f"{spot.line}:{spot.column}"
        for spot in (run.spot(word.offset).location for word in run.words())
    ]


def test_the_escape_may_be_a_backtick() -> None:
    """Then a backslash at the end of a line is part of a path."""
    text = "# escape=`\nFROM a\nCOPY x C:\\\nRUN a `\n b\n"

    assert ["FROM", "COPY", "RUN"] == [one.name for one in read(text).instructions]


def test_directives_stand_before_everything_else() -> None:
    """One behind a comment is a comment."""
    assert "docker/dockerfile:1" == read("#syntax = docker/dockerfile:1 x\nFROM a\n").syntax
    assert "" == read("# hello\n# syntax=docker/dockerfile:1\nFROM a\n").syntax


def test_flags_stand_before_the_words() -> None:
    """And may be quoted; behind the first word they are words."""
    (run,) = read('run --mount=type=secret,id="a b" --network=host cmd --flag\n').instructions

    assert [("mount", 'type=secret,id="a b"'), ("network", "host")] == [
        (flag.name, flag.value) for flag in run.flags
    ]
    assert "cmd --flag" == run.text


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("RUN <<EOF\na\nb\nEOF\nUSER x\n", ["a\nb\n"]),
        ("RUN <<-EOF cat\n\ta\n\tEOF\nUSER x\n", ["a\n"]),
        ("COPY <<'A' <<\"B\" /x/\nFROM a\nA\nb\nB\nUSER x\n", ["FROM a\n", "b\n"]),
        ('RUN echo "<<EOF" $((1 << 2))\nUSER x\n', []),
        ("ONBUILD RUN <<EOF\na\nEOF\nUSER x\n", ["a\n"]),
        ("RUN a \\\n <<EOF\nb\nEOF\nUSER x\n", ["b\n"]),
    ],
)
def test_here_documents_are_no_instructions(text: str, documents: list[str]) -> None:
    """Up to the line that ends them; within quotes nothing begins one."""
    first, last = read(text).instructions

    assert documents == [one.text for one in first.documents]
    assert "USER" == last.name


def test_the_json_form_is_told_from_the_shell_form() -> None:
    """What is no list of texts is the shell's."""
    cmds = read('CMD ["a", "b c"]\nCMD [ a ]\nCMD [1]\nCMD a\n').instructions

    assert [["a", "b c"], None, None, None] == [cmd.listed() for cmd in cmds]


def test_onbuild_marks_what_it_triggers() -> None:
    """The instruction behind it is the one that is told."""
    (one,) = read("ONBUILD  run  a\n").instructions

    assert ("RUN", True, "a") == (one.name, one.triggered, one.text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("FROM a\n{% if x %}\n", "Dockerfile:2:1: no instruction"),
        ("FROM a\n  BUILD x\n", "Dockerfile:2:3: no instruction of a Dockerfile: 'BUILD'"),
        ("FROM a\nhunter2 x\n", "Dockerfile:2:1: no instruction of a Dockerfile"),
        ("RUN <<EOF\na\n", "Dockerfile:1: a here-document that does not end"),
        ("# escape=x\nFROM a\n", "Dockerfile:1: the escape"),
        ("RUN a\n" * 5001, "Dockerfile:5001:1: more than"),
        ("#" * 1_048_577, "Dockerfile: longer than"),
    ],
    ids=["template", "word", "other", "document", "escape", "many", "long"],
)
def test_what_buildkit_would_refuse_is_told_with_its_place(text: str, place: str) -> None:
    """And so is what is too much to be a Dockerfile."""
    with pytest.raises(DocumentError) as error:
        read(text)

    assert error.value.cause.startswith(place)
    assert "hunter2" not in error.value.cause


@pytest.mark.parametrize(
    "text",
    ["RUN " + "\\\n" * 400_000, "RUN " + '"' * 900_000, "RUN " + "<<a " * 200_000,
     "RUN " + "--a=b " * 150_000, "RUN " + "'\\" * 400_000, "#\n" * 500_000],
    ids=["continued", "quotes", "documents", "flags", "escapes", "comments"],
)  # fmt: skip
def test_hostile_text_is_read_in_little_time(text: str) -> None:
    """Time grows with the length alone."""
    begin = time.process_time()
    try:
        for one in read(text).instructions:
            one.words()
    except DocumentError:
        pass

    assert 5 > time.process_time() - begin
