"""JSON with comments: what is a comment, and where values stand."""

from __future__ import annotations

import time

import pytest

from isoaudit.documents import jsonc
from isoaudit.errors import DocumentError


def test_comments_and_trailing_commas_are_left_out() -> None:
    """Every value stays where it is."""
    text = '// a {\n{ /* b\n "x": 1 */ "a": [1, /* 2, */ 3,], // "b": 2\n\t"c": "d",\n}\n// end'
    found = jsonc.load(text, "x.json")

    assert {"a": [1, 3], "c": "d"} == found.value()
    assert "x.json:4:7" == str(found.get("c").location)


@pytest.mark.parametrize("value", ["https://x/y", "/* no */", 'a \\" // b', "\\\\", "/", "a\\/b"])
def test_what_is_in_quotes_is_no_comment(value: str) -> None:
    """A quote behind a backslash does not end a text."""
    assert {"a": value.replace('\\"', '"').replace("\\\\", "\\").replace("\\/", "/")} == (
        jsonc.load(f'{{"a": "{value}"}} // b', "x.json").value()
    )


@pytest.mark.parametrize("text", ["{", '{"a": /* }', '{"a" 1}', ""])
def test_what_is_no_json_is_an_error(text: str) -> None:
    """With its place."""
    with pytest.raises(DocumentError) as error:
        jsonc.load(text, "x.json").value()

    assert error.value.cause.startswith("x.json")


@pytest.mark.parametrize("piece", ["/", "/*", '"', '"\\', "//", "*/"])
def test_hostile_text_is_read_in_little_time(piece: str) -> None:
    """Nothing is tried twice."""
    begin = time.process_time()
    jsonc.without_comments(piece * 300_000)

    assert 3 > time.process_time() - begin
