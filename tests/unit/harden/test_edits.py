"""Edits of mappings: what each would do, and that others who share a value keep theirs."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.harden.edits import Effect, apply, effect
from isoaudit.rules.fixes import Edit


@pytest.mark.parametrize(
    ("said", "edit", "expected"),
    [
        ({}, Edit("set", "read_only", True), Effect.ADDS),
        ({"read_only": True}, Edit("set", "read_only", True), Effect.NOTHING),
        ({"read_only": False}, Edit("set", "read_only", True), Effect.TAKES_AWAY),
        ({}, Edit("set", "a.b.c", 1), Effect.ADDS),
        ({}, Edit("add", "cap_drop", "ALL"), Effect.ADDS),
        ({"cap_drop": ["CHOWN"]}, Edit("add", "cap_drop", "ALL"), Effect.ADDS),
        ({"cap_drop": ["ALL"]}, Edit("add", "cap_drop", "ALL"), Effect.NOTHING),
        ({}, Edit("remove", "cap_add", "SYS_ADMIN"), Effect.NOTHING),
        ({"cap_add": ["cap_sys_admin"]}, Edit("remove", "cap_add", "SYS_ADMIN"),
         Effect.TAKES_AWAY),
        ({"cap_add": ["SYS_ADMIN_NOT"]}, Edit("remove", "cap_add", "SYS_ADMIN"), Effect.NOTHING),
        ({"o": ["seccomp=unconfined"]}, Edit("remove", "o", "seccomp:unconfined"),
         Effect.TAKES_AWAY),
        ({}, Edit("delete", "privileged"), Effect.NOTHING),
        ({"privileged": False}, Edit("delete", "privileged"), Effect.TAKES_AWAY),
        ({"a": "text"}, Edit("delete", "a.b"), Effect.NOTHING),
    ],
)  # fmt: skip
def test_an_edit_is_told_by_what_it_does_to_what_stands_there(
    said: dict[str, Any], edit: Edit, expected: Effect
) -> None:
    """Adding is one thing; changing or removing what the file says is another."""
    assert expected is effect(said, edit)


@pytest.mark.parametrize(
    ("said", "edit", "expected"),
    [
        ({}, Edit("set", "a.b", 1), {"a": {"b": 1}}),
        ({"a": {"c": 2}}, Edit("set", "a.b", 1), {"a": {"c": 2, "b": 1}}),
        ({"o": "x"}, Edit("add", "o", "y"), {"o": ["x", "y"]}),
        ({"o": ["x"]}, Edit("add", "o", "y"), {"o": ["x", "y"]}),
        ({"o": ["x", "y"]}, Edit("remove", "o", "x"), {"o": ["y"]}),
        ({"o": ["x"]}, Edit("remove", "o", "x"), {}),
        ({"o": 1, "p": 2}, Edit("delete", "o"), {"p": 2}),
    ],
)
def test_an_edit_changes_what_it_names_and_nothing_else(
    said: dict[str, Any], edit: Edit, expected: dict[str, Any]
) -> None:
    """A value that stands alone where a list may becomes a list of both; an empty list goes."""
    apply(said, edit)

    assert expected == said
