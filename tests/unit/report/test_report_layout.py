"""Text fits its columns."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.report.escape import clean
from isoaudit.report.layout import clip, clip_apart, rule, width, wrap

ANY = st.text(st.characters(exclude_categories=()), max_size=300)
COLUMNS = st.integers(8, 90)


def drawn(text: str) -> int:
    """Columns a terminal gives to text: two for wide characters, none for combining ones."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)


@given(ANY, COLUMNS)
def test_wrapped_lines_fit(text: str, columns: int) -> None:
    """No line of a paragraph is wider than asked for."""
    assert all(drawn(line) <= columns for line in wrap(text, columns))


@given(ANY, COLUMNS)
def test_clipped_text_fits(text: str, columns: int) -> None:
    """Clipped text is no wider than asked for."""
    assert drawn(clip(text, columns)) <= columns


@given(ANY, ANY, COLUMNS)
def test_a_rule_is_as_wide_as_the_page(left: str, right: str, columns: int) -> None:
    """A section's first line fills the page, whatever stands in it."""
    assert width(rule(left, right, columns + 12)) == columns + 12


@pytest.mark.parametrize(
    ("lines", "text", "columns"),
    [
        ([""], "", 10),
        (["one two", "three"], "one  two\n three", 8),
        (["--cap-drop", "ALL"], "--cap-drop ALL", 11),
        (["/proc/48213/", "mountinfo"], "/proc/48213/mountinfo", 15),
        (["abcdefghij", "klm"], "abcdefghijklm", 10),
    ],
)
def test_words_are_kept_whole_where_they_fit(lines: list[str], text: str, columns: int) -> None:
    """Lines break at spaces; a word that is too long is cut behind a joint if it has one."""
    assert lines == wrap(text, columns)


def test_clipping_keeps_both_ends() -> None:
    """The middle of a long name is what goes."""
    assert "kube…/web" == clip("kubernetes:a.yaml#x/web", 9)


def test_clipping_a_megabyte_is_cheap() -> None:
    """Only the ends of an enormous name are looked at, so that it costs no time."""
    assert "xxxx…xxxxx" == clip("x" * 10_000_000, 10)


def test_a_text_without_end_has_an_end() -> None:
    """Megabytes in a stranger's report are neither shown nor looked through."""
    lines = wrap("x" * 10_000_000 + " end", 76)

    assert (True, "end") == (len(lines) < 1000, lines[-1][-3:])


def test_clipped_texts_that_look_alike_keep_their_ends() -> None:
    """Two services of one name in two folders; what is told apart already stays as it was."""
    ids = ["compose:a/long/folder/compose.yaml#agent", "compose:a/long/ops/compose.yaml#agent",
           "docker:x"]  # fmt: skip

    assert ["…folder/compose.yaml#agent", "…ng/ops/compose.yaml#agent", "docker:x"] == (
        clip_apart(ids, 26)
    )


@given(st.lists(ANY, max_size=4), st.integers(2, 30))
def test_ends_fit_and_are_clean(texts: list[str], columns: int) -> None:
    """Whatever the texts hold, the same ones twice."""
    shown = clip_apart([*texts, *texts], columns)

    assert all(width(one) <= columns and clean(one) == one for one in shown)
