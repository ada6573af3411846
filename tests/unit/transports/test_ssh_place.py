"""Where an SSH server is: what a word names, and that no other word is taken for a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.transports.ssh_patterns import matches, matches_any
from isoaudit.transports.ssh_place import Place, parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ssh://erp", Place("erp")),
        ("ssh://erp/", Place("erp")),
        ("ssh://audit@erp.example:2222", Place("erp.example", "audit", 2222)),
        ("audit@erp:22", Place("erp", "audit", 22)),
        ("ssh://[fe80::1%eth0]:22", Place("fe80::1%eth0", "", 22)),
        ("ssh://root@[::1]", Place("::1", "root")),
        ("::1", Place("::1")),
        ("10.0.0.7", Place("10.0.0.7")),
    ],
)
def test_a_place_is_read_as_it_was_written(text: str, place: Place) -> None:
    """With or without ssh://, as ProxyJump too has it."""
    assert place == parse_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "ssh://", "ssh://@h", "ssh://h:", "ssh://h:0", "ssh://h:65536", "ssh://h:+1", "ssh://h:22x",
        "ssh://h:٢٢", "ssh://-oProxyCommand=x", "ssh://-l@h", "ssh://h/x", "ssh://h#x", "ssh://h?x",
        "ssh://u;id@h", "ssh://$(id)@h", "ssh://u@h@h:1x", "ssh://[::1", "ssh://[h]", "ssh://[::1]22",
        "ssh://h h", "ssh://h\n", "ssh://hé", "ssh://h%41",
    ],
)  # fmt: skip
def test_what_names_no_place_is_refused(text: str) -> None:
    """Options of ssh, words a shell would take up, and ports that are none among them."""
    with pytest.raises(ValueError, match=r"."):
        parse_place(text)


@given(st.text(max_size=20))
def test_a_password_is_never_repeated(word: str) -> None:
    """An error says that there is one, and not which."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_place(f"ssh://user:{word}SECRETWORD@host")

    assert "SECRETWORD" not in str(caught.value)


@given(
    st.from_regex(r"[a-z0-9_.][a-z0-9_.-]{0,20}", fullmatch=True),
    st.from_regex(r"([a-z0-9_.]{1,9})?", fullmatch=True),
    st.integers(0, 65_535),
)
def test_a_place_survives_its_own_address(host: str, user: str, port: int) -> None:
    """What `uri` writes is what is read again."""
    if host.startswith("."):
        return
    assert Place(host, user, port) == parse_place(Place(host, user, port).uri)


@pytest.mark.parametrize(
    ("name", "pattern", "holds"),
    [
        ("erp.example", "*.example", True), ("erp.example", "ERP.*", True), ("a", "?", True),
        ("ab", "?", False), ("", "*", True), ("[h]:22", "[h]:22", True), ("h", "[h]", False),
        ("a" * 60 + "b", "*a" * 30 + "c", False), ("abc", "a*b*c*", True), ("abc", "", False),
    ],
)  # fmt: skip
def test_patterns_know_stars_and_question_marks_only(
    *, name: str, pattern: str, holds: bool
) -> None:
    """Brackets are letters; a pattern of many stars takes no longer for it."""
    assert holds == matches(name, pattern)


def test_what_must_not_match_decides() -> None:
    """`!` takes away what another pattern matches, and matches nothing by itself."""
    assert matches_any("a.example", ["*.example", "!b.example"])
    assert not matches_any("b.example", ["*.example", "!b.example"])
    assert not matches_any("a.example", ["!b.example"])
