"""Addresses: what each spelling stands for, and what is said of a word that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.errors import UsageError
from isoaudit.model import Kind, Target
from isoaudit.targets.address import Address, parse

CONTAINER = Target("docker:web-1", Kind.CONTAINER, "web-1", "running", handle="ab12cd34ef56" * 5)
SERVICE = Target("kubernetes:a.yaml#Pod/ns/web/app", Kind.CONTAINER, "app", "declared")


@pytest.mark.parametrize(
    ("text", "scheme", "uri", "name", "part"),
    [
        ("host", "host", "", "*", ""),
        ("host:debian", "host", "", "debian", ""),
        ("docker:web", "docker", "", "web", ""),
        ("docker:", "docker", "", "*", ""),
        ("docker:web-*", "docker", "", "web-*", ""),
        ("podman:web", "podman", "", "web", ""),
        ("libvirt:vm 1", "libvirt", "", "vm 1", ""),
        ("docker+unix:///run/x.sock#web", "docker", "unix:///run/x.sock", "web", ""),
        ("docker+unix:///run/x.sock", "docker", "unix:///run/x.sock", "*", ""),
        ("docker+tcp://h.invalid:2376#w", "docker", "tcp://h.invalid:2376", "w", ""),
        ("podman+ssh://u@h.invalid/x#w", "podman", "ssh://u@h.invalid/x", "w", ""),
        ("libvirt+qemu+ssh://h/system#vm", "libvirt", "qemu+ssh://h/system", "vm", ""),
        ("ssh://u@h.invalid:22", "ssh", "ssh://u@h.invalid:22", "*", ""),
        ("compose.yaml", "file", "", "compose.yaml", ""),
        ("a.yaml#web", "file", "", "a.yaml", "web"),
        ("./x", "file", "", "./x", ""),
        ("/x/y", "file", "", "/x/y", ""),
        (".", "file", "", ".", ""),
        ("..", "file", "", "..", ""),
        ("evidence.json.gz", "file", "", "evidence.json.gz", ""),
        ("./docker:web", "file", "", "./docker:web", ""),
        ("-", "file", "", "-", ""),
        ("compose:x#web", "compose", "", "x", "web"),
        ("kubernetes:-", "kubernetes", "", "-", ""),
        ("libvirt_xml:a b", "libvirt_xml", "", "a b", ""),
    ],
)
def test_every_spelling_has_one_meaning(
    *, text: str, scheme: str, uri: str, name: str, part: str
) -> None:
    """A word is a file with a slash, with the suffix of one, or if it is here."""
    assert Address(text, scheme, uri, name, part) == parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("web", "docker:web"),
        ("dokcer:web", "Did you mean docker:web?"),
        ("lbvirt:vm", "Did you mean libvirt:vm?"),
        ("compse:x", "Did you mean compose:x?"),
        ("docker+web", "docker:docker+web"),
        ("lxc:web", "Known: host, docker:NAME"),
        ("compose:", "compose:FILE"),
        ("ssh:h", "ssh://[user@]host[:port]"),
        ("ssh:", "ssh://[user@]host[:port]"),
        ("ssh://h/x.yaml", "ssh://[user@]host[:port]"),
        ("ssh://h#x", "ssh://[user@]host[:port]"),
        ("", "file"),
    ],
)
def test_what_is_no_address_is_met_with_what_was_meant(text: str, hint: str) -> None:
    """Never taken for something else in silence."""
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert hint in caught.value.remedy


def test_one_guest_has_one_spelling() -> None:
    """A slash at the end says nothing, so that the guest is found again by its id."""
    assert "ssh://h.invalid" == parse("ssh://h.invalid/").uri


def test_a_password_in_an_address_is_not_repeated() -> None:
    """It is refused, and stands in no error."""
    with pytest.raises(UsageError) as caught:
        parse("ssh://me:hunter2@h.invalid")

    assert "hunter2" not in f"{caught.value.cause}{caught.value.remedy}"


@given(st.text(max_size=30))
def test_any_word_is_an_address_or_a_usage_error(text: str) -> None:
    """And an address keeps the word, by which errors call it."""
    try:
        address = parse(text)
    except UsageError:
        return

    assert (text, True) == (address.text, address.asked)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("docker:web-1", True),
        ("docker:web-*", True),
        ("docker:", True),
        ("docker:ab12cd", True),
        ("docker:ab12c", False),
        ("docker:web", False),
        ("docker:WEB-1", False),
        ("docker:b12cd34", False),
    ],
)
def test_a_container_is_matched_by_name_pattern_or_the_start_of_its_id(
    text: str, matches: bool
) -> None:
    """Six characters of an id at least, as fewer could be a name."""
    assert matches == parse(text).matches(CONTAINER)


def test_a_name_with_brackets_is_a_name() -> None:
    """A VM may be called so; the pattern does not get in its way."""
    target = Target("libvirt:vm[1]", Kind.VM, "vm[1]", "running")

    assert parse("libvirt:vm[1]").matches(target)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("a.yaml", True),
        ("a.yaml#app", True),
        ("a.yaml#a*", True),
        ("a.yaml#Pod/ns/web/app", True),
        ("a.yaml#Pod/ns/web", False),
        ("a.yaml#web", False),
    ],
)
def test_a_part_of_a_file_is_matched_by_name_or_by_its_whole_id(text: str, matches: bool) -> None:
    """As reports print it after the #."""
    assert matches == parse(text).matches(SERVICE)


def test_a_folder_that_is_here_needs_no_slash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`isoaudit scan deploy` is what people write; nothing else is called by a bare word."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").mkdir()

    address = parse("deploy")

    assert ("file", "deploy") == (address.scheme, address.name)


def test_a_misspelt_dialect_before_a_path_is_met_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slash does not make a file of it, as long as none is called so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.yaml").touch()

    with pytest.raises(UsageError) as raised:
        parse("compsoe:a/x.yaml")

    assert "Did you mean compose:a/x.yaml?" == raised.value.remedy
