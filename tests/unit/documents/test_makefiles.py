"""Recipes of makefiles: what make puts in, what it strips, and where all of it stood."""

from __future__ import annotations

import time

import pytest

from isoaudit.documents.makefile import recipes
from isoaudit.documents.shell import commands


def _lines(text: str) -> list[list[str]]:
    found = [c for passage in recipes(text, "Makefile") for c in commands(passage)]
    return [
        ["".join(f"<{p.text}>" if p.open else p.text for p in word.pieces) for word in c.words]
        for c in found
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all:\n\t@-a b\n\t+ c", [["a", "b"], ["c"]]),
        ("all: x ; a b\n", [["a", "b"]]),
        ("A := x\nall:\n\tb $(A) ${A} $$A", [["b", "x", "x", "<A>"]]),
        ("A = $(B) y\nB = x\nall:\n\tb $(A)", [["b", "x", "y"]]),
        ("A ?= x # why\nall:\n\tb '$(A)'", [["b", "x"]]),
        ("A = x \\\n    y\nall:\n\tb $(A) \\\n\t  c", [["b", "x", "y", "c"]]),
        ("a b\nall:\n", []),
        ("all:\n\tb $(A) $(shell c d) $@", [["b", "<A>", "<what make fills in>", "<@>"]]),
        ("A := x\nifdef D\nA := y\nendif\nall:\n\tb $(A)", [["b", "<A>"]]),
        ("A := x\nA += y\nall:\n\tb $(A)", [["b", "<A>"]]),
        ("A := x\nall: A := y\nall:\n\tb $(A)", [["b", "<A>"]]),
        ("include c.mk\nA := x\nall:\n\tb $(A)", [["b", "<A>"]]),
        ("A = $(A)\nall:\n\tb $(A)", [["b", "<A>"]]),
    ],
)
def test_recipes_are_what_the_shell_is_given(text: str, expected: list[list[str]]) -> None:
    """A variable that the file assigns in one way is put in; any other stays open."""
    assert expected == _lines(text)


def test_words_behind_an_expansion_keep_their_places() -> None:
    """However long what was put in is."""
    (passage,) = recipes("A := long-value\nall:\n\t@b $(A) c \\\n\t  d\n", "Makefile")
    (command,) = commands(passage)

    places = [str(word.location) for word in command.words]
    assert ["Makefile:3:3", "Makefile:3:5", "Makefile:3:10", "Makefile:4:4"] == places


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"A{n} = $(A{n + 1})$(A{n + 1})\n" for n in range(60)) + "all:\n\tb $(A0)",
        "all:\n\t" + "$(" * 50_000,
        "all:\n\tb " + "$(A)" * 50_000,
        "x" * 500_000 + " = " + "y" * 500_000,
        "\\\n" * 100_000,
    ],
    ids=["doubling", "nested", "many", "long", "continued"],
)
def test_a_hostile_makefile_takes_no_longer_than_its_length(text: str) -> None:
    """Each variable is worked out once."""
    begun = time.process_time()
    list(recipes(text, "Makefile"))
    assert time.process_time() - begun < 5
