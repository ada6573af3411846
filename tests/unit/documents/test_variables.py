"""Variables in a text: the Compose specification's forms, and what stays unknown."""

from __future__ import annotations

import time

import pytest

from isoaudit.documents import variables as module
from isoaudit.documents.variables import UNSET, Known, Variables

SCOPE = Variables(
    {
        "A": Known("a"),
        "EMPTY": Known(""),
        "PASSWORD": Known("hunter2", secret=True),
        "OPEN": Known(UNSET, "${OTHER}"),
        "LOOP": Known("$LOOP"),
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$A", "a"),
        ("${A}", "a"),
        ("x-${A}-$A.", "x-a-a."),
        ("$A_", UNSET),
        ("${EMPTY}", ""),
        ("$$A", "$A"),
        ("$${A}", "${A}"),
        ("$$$A", "$a"),
        ("$", "$"),
        ("a $ b", "a $ b"),
        ("$1", "$1"),
        ("${A:-b}", "a"),
        ("${A-b}", "a"),
        ("${EMPTY:-b}", "b"),
        ("${EMPTY-b}", ""),
        ("${NO:-b}", "b"),
        ("${NO-b}", "b"),
        ("${NO:-}", ""),
        ("${NO:-:-}", ":-"),
        ("${A:?err}", "a"),
        ("${A?err}", "a"),
        ("${EMPTY?err}", ""),
        ("${A:+b}", "b"),
        ("${A+b}", "b"),
        ("${EMPTY+b}", "b"),
        ("${EMPTY:+b}", ""),
        ("${A:+}", ""),
        ("${NO:-${A}}", "a"),
        ("${NO:-${NOR:-c}}", "c"),
        ("${NO:-$A-${EMPTY:-d}}", "a-d"),
        ("${NO:-a}b}", "ab}"),
        ("${NO:-$$A}", "$A"),
        ("${NO-a?b:-c}", "a?b:-c"),
        ("${NO:-two\nlines}", "two\nlines"),
        ("$LOOP", "$LOOP"),
        ("${OPEN+b}", "b"),
        ("${PASSWORD:+b}", "b"),
    ],
)
def test_what_variables_bring(text: str, expected: str) -> None:
    """Every form of the specification, nested ones too; a value is not looked into again."""
    assert expected == SCOPE.expand(text).text


@pytest.mark.parametrize(
    ("text", "depends"),
    [
        ("$NO", "${NO}"),
        ("${NO}", "${NO}"),
        ("${NO:?err}", "${NO}"),
        ("${NO?err}", "${NO}"),
        ("${EMPTY:?err}", "${EMPTY}, which must not be empty"),
        ("${NO+b}", "${NO}"),
        ("${NO:+b}", "${NO}"),
        ("${NO:-$NOR}", "${NOR}"),
        ("${OPEN}", "${OPEN}, which depends on ${OTHER}"),
        ("${OPEN:-b}", "${OPEN}, which depends on ${OTHER}"),
        ("${OPEN:+b}", "${OPEN}, which depends on ${OTHER}"),
        ("${A/b/c}", "a variable that is none"),
        ("${}", "a variable that is none"),
        ("${1}", "a variable that is none"),
        ("${A", "a variable that is not closed"),
        ("${A:-${B}", "a variable that is not closed"),
    ],
)
def test_what_is_not_known_is_never_empty(text: str, depends: str) -> None:
    """A variable that no file sets leaves a mark, and says which it is."""
    found = SCOPE.expand(f"<{text}>")

    assert depends == found.depends
    assert UNSET in found.text


def test_secrets_are_left_out_unless_they_are_wanted() -> None:
    """A text that holds one is not to be shown."""
    hidden = SCOPE.expand("x${PASSWORD}")
    assert ("x" + UNSET, "${PASSWORD}, a secret", True) == tuple(hidden)
    assert ("xhunter2", "", True) == tuple(SCOPE.expand("x${PASSWORD}", secrets=True))
    assert "hunter2" not in repr(SCOPE.expand("${PASSWORD:-$PASSWORD}"))


def test_where_other_variables_may_be_set_no_default_is_believed() -> None:
    """As when the env file could not be read."""
    scope = Variables({"A": Known("a")}, "no .env")

    assert "a" == scope.expand("${A:-b}").text
    assert "${NO}: no .env" == scope.expand("${NO:-b}").depends


def test_the_environment_of_the_auditor_counts_for_nothing(monkeypatch) -> None:
    """It is not the one in which the file will be used."""
    monkeypatch.setenv("NO", "from the shell")

    assert "${NO}" == SCOPE.expand("$NO").depends
    assert "b" == SCOPE.expand("${NO:-b}").text


@pytest.mark.parametrize(
    "text",
    [
        "${A:-" * 50_000 + "}" * 50_000,
        "${NO:-" * 50_000 + "}" * 50_000,
        "${" * 200_000,
        "$" * 400_000,
        "${A}" * 100_000,
        "${NO:-" + "${A}" * 50_000 + "}",
    ],
)
def test_hostile_nesting_ends(text: str) -> None:
    """Depth is bounded, and no form is looked at more than a few times."""
    begin = time.process_time()
    SCOPE.expand(text)
    assert time.process_time() - begin < 5


def test_what_variables_bring_in_is_bounded(monkeypatch) -> None:
    """In one place, and in all of a project together."""
    scope = Variables({"A": Known("a" * 1000)})
    assert "too much" in scope.expand("$A" * 100).depends

    monkeypatch.setattr(module, "_MAX_TOTAL", 3000)
    scope = Variables({"A": Known("a" * 1000)})
    assert ["", "", "", "variables that bring in too much"] == [
        scope.expand("$A").depends for _ in range(4)
    ]
