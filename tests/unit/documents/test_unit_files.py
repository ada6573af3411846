"""Unit files: sections, repeated keys, resets, continuation lines, quotes, and where all stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.documents import unit
from isoaudit.documents.passage import Passage
from isoaudit.errors import DocumentError

TEXT = """\
# a comment
[Unit]
Description=A  web server

[Container]
Image = registry.example/nginx
Volume=/srv:/srv \\
  ; a comment in between
   --read-only
Volume=
Volume=/data:/data
Volume=/etc:/etc
no assignment
"""


def _words(text: str) -> list[str]:
    return [word.text for word in unit.split_words(Passage.of_line(text, "f"))]


def test_the_last_of_several_values_counts_where_one_is_asked_for() -> None:
    """And nothing is found in another section."""
    loaded = unit.load(TEXT, "web.container")

    assert "/etc:/etc" == loaded.last("Container", "Volume").value
    assert loaded.last("Unit", "Volume") is None
    assert loaded.has("Container")
    assert not loaded.has("Service")


def test_an_empty_assignment_forgets_those_before_it() -> None:
    """As systemd has it for every list."""
    values = [entry.value for entry in unit.load(TEXT, "f").all("Container", "Volume")]

    assert ["/data:/data", "/etc:/etc"] == values


def test_continuation_lines_are_joined_and_keep_their_places() -> None:
    """A comment between them is no part of the value."""
    entry = next(e for e in unit.load(TEXT, "f").entries if e.key == "Volume")
    words = entry.words()

    assert ["/srv:/srv", "--read-only"] == [word.text for word in words]
    assert [(7, 8), (9, 4)] == [word.location[1:] for word in words]


def test_a_value_begins_after_the_blanks() -> None:
    """The key stands where its line begins."""
    entry = unit.load(TEXT, "f").last("Container", "Image")

    assert "f:6:9" == str(entry.location)
    assert "f:6:1" == str(entry.key_location)


def test_a_line_that_is_nothing_is_told_apart() -> None:
    """Quadlet refuses such a file; systemd does not."""
    assert [13] == [place.line for place in unit.load(TEXT, "f").stray]
    assert [1] == [place.line for place in unit.load("a=b\n", "f").stray]


def test_drop_ins_come_after_the_unit() -> None:
    """So that they add to it, and may take back."""
    base = unit.load("[Container]\nDropCapability=all\n", "a")
    more = unit.load("[Container]\nDropCapability=\nAddCapability=SYS_ADMIN\n", "b")
    whole = base.with_drop_ins([more])

    assert [] == whole.all("Container", "DropCapability")
    assert "b:3:15" == str(whole.last("Container", "AddCapability").location)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ["a", "b"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a='b c'd", ["a=b cd"]),
        (r"a\x20b \u00e9 \101", ["a b", "é", "A"]),
        (r'"a\"b" c\\d \q', ['a"b', r"c\d", r"\q"]),
        ("''", [""]),
        ("  ", []),
        ("a\\", ["a\\"]),
    ],
)
def test_words_are_split_as_systemd_does(text: str, words: list[str]) -> None:
    """Quotes hold blanks, escapes are C's."""
    assert words == _words(text)


def test_a_quote_that_stays_open_is_an_error_with_its_place() -> None:
    """systemd refuses the assignment."""
    with pytest.raises(DocumentError, match=r"^f:1:3: a quote"):
        _words("a 'b")


def test_too_many_assignments_are_not_read() -> None:
    """A bound, with the line at which it was reached."""
    text = "[Service]\n" + "A=b\n" * (unit.MAX_ENTRIES + 1)
    with pytest.raises(DocumentError, match=r"^f:20002:1: more than"):
        unit.load(text, "f")


@settings(deadline=None)
@given(st.text(alphabet="[]=\\\n\r #;ab'\" \t%"))
def test_any_text_is_read(text: str) -> None:
    """Whatever it is, every entry has a place within the text."""
    lines = text.split("\n")
    for entry in unit.load(text, "f").entries:
        place = entry.location
        assert 1 <= place.line <= len(lines)
        assert place.column <= len(lines[place.line - 1]) + 1
