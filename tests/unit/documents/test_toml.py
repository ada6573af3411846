"""TOML with lines: where keys stand, and what is said of text that is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.documents import toml
from isoaudit.errors import DocumentError

TEXT = '''# [not.a.table]
top = "a # no comment"  # a = 1
[one.two] # b
key = """
three = 3
"quotes" ""and more"""
list = [
  "]", # ]
  'x = 1',
]
next = {a = 1, b = "}"}
[ "quoted.name" . 'other' ]
dotted.key = 1
[[rows]]
a = 1
[[rows]]
a = 2
last = \'\'\'
[table]
it's\'\'\'
'''


@pytest.mark.parametrize(
    ("keys", "line", "value"),
    [
        (("top",), 2, "a # no comment"),
        (("one", "two", "key"), 4, 'three = 3\n"quotes" ""and more'),
        (("one", "two", "list"), 7, ["]", "x = 1"]),
        (("one", "two", "next"), 11, {"a": 1, "b": "}"}),
        (("one", "two", "next", "b"), 11, "}"),
        (("quoted.name", "other", "dotted", "key"), 13, 1),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_key_has_its_line(ends, keys, line, value):
    """Whatever strings, comments and brackets stand before it."""
    entry = toml.load(TEXT.replace("\n", ends), "a.toml").get(*keys)
    assert (line, value) == (entry.location.line, entry.value)


def test_a_table_has_the_line_of_its_name():
    """As [one.two] has; of several rows the first."""
    document = toml.load(TEXT, "a.toml")
    assert [3, 14] == [document.get(*k).location.line for k in (("one", "two"), ("rows",))]


def test_what_is_not_there_is_none():
    """Also below what is no table."""
    document = toml.load(TEXT, "a.toml")
    assert document.get("one", "three") is None
    assert document.get("top", "x") is None


@pytest.mark.parametrize(
    "text",
    ["a", "a = ", "[a", "a = 1\na = 2", "a = " + "[" * 50_000, "a = 1" + "0" * 10_000,
     "a = '\x00'", "[b]\n" + "a." * 300_000 + "a = 1", "a = {" + "'b' . " * 90_000 + "c = 1}",
     "x" * (toml.MAX_CHARACTERS + 1)],
    ids=["word", "nothing", "table", "twice", "deep", "digits", "nul", "dots",
         "inner dots", "long"],
)  # fmt: skip
def test_what_is_no_toml_costs_one_line(text):
    """It names the file, and the place where the parser knows it."""
    with pytest.raises(DocumentError, match=r"a\.toml") as caught:
        toml.load(text, "a.toml")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


_WORDS = st.text("ab_-", min_size=1, max_size=3)
_VALUES = st.sampled_from(["1", '"a#b"', "'[x]'", "[1, 2]", '"""\n[t]\nk = 1\n"""', "{a = 1}"])


@given(st.lists(st.tuples(_WORDS, _VALUES), max_size=8, unique_by=lambda pair: pair[0]))
def test_lines_are_those_of_the_text(pairs):
    """The line found for a key starts with that key."""
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    document = toml.load(text, "a.toml")
    lines = text.split("\n")
    for key, _ in pairs:
        assert lines[document.get(key).location.line - 1].startswith(f"{key} =")


@pytest.mark.parametrize(
    "text",
    ["\n" * 1_000_000, "#\n" * 500_000, "a = [" + "1," * 400_000 + "]",
     'a = """' + '"" ' * 300_000 + '"""',
     "".join(f"k{n} = 1\n" for n in range(80_000)),
     "a" * 500_000 + " = 1"],
    ids=["lines", "comments", "list", "quotes", "keys", "word"],
)  # fmt: skip
def test_looking_for_lines_is_linear(text):
    """A file of a megabyte costs seconds at most."""
    started = time.process_time()
    toml.load(text, "a.toml")
    assert time.process_time() - started < 5
