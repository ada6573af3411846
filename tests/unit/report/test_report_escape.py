"""What is invisible is shown, whatever a target calls itself."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.report.escape import clean, clean_block

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("plain text", "plain text"),
        ("Grüße, 容器", "Grüße, 容器"),
        ("\\x1b[2J", "\x1b[2J"),
        ("a\\x0ab\\x0d\\x09", "a\nb\r\t"),
        ("\\u202egpj.exe", "\u202egpj.exe"),
        ("a\\u200bb\\xad\\xa0", "a\u200bb\xad\xa0"),
        ("\\ud800", "\ud800"),
        ("\\U000e0041", "\U000e0041"),
        ("\\u3164\\ufe0f", "\u3164\ufe0f"),
    ],
)
def test_invisible_characters_are_spelt_out(shown: str, text: str) -> None:
    """Control, direction, zero-width and filler characters are shown by their number."""
    assert shown == clean(text)


def test_a_block_keeps_its_line_breaks() -> None:
    """Only line breaks survive in a block."""
    assert "one\ntwo\\x07" == clean_block("one\ntwo\x07")


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_invisible_is_left(text: str) -> None:
    """No text at all leaves a character that is not drawn."""
    assert [] == [one for one in clean(text) if unicodedata.category(one) in INVISIBLE]


@given(st.text(st.characters(exclude_categories=())))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Clean text stays as it is."""
    assert clean(text) == clean(clean(text))
