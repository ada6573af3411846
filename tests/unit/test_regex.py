"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from isoaudit.regex import regex


def test_it_finds_what_a_compiled_pattern_finds() -> None:
    """By every method, with its flags."""
    lazy, compiled = regex(r"a(\w)", re.IGNORECASE), re.compile(r"a(\w)", re.IGNORECASE)

    for _ in range(2):
        assert compiled.findall("Ab ac") == lazy.findall("Ab ac")
        assert compiled.sub(r"<\1>", "Ab ac") == lazy.sub(r"<\1>", "Ab ac")
    assert (compiled.pattern, compiled.flags, 1) == (lazy.pattern, lazy.flags, lazy.groups)


def test_bytes_are_searched_as_well() -> None:
    """As PyYAML, which is imported by it, might."""
    found = regex(rb"b+").search(b"abbc")

    assert found is not None
    assert b"bb" == found[0]


def test_a_broken_pattern_is_an_error_where_it_is_used() -> None:
    """And no silent miss."""
    broken = regex("(")

    with pytest.raises(re.error):
        broken.search("")
