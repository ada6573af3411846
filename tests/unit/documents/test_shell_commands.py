"""The commands of scripts: words, quotes, nesting, heredocs, what is certain of variables."""

from __future__ import annotations

import contextlib
import shlex
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.documents.passage import Passage
from isoaudit.documents.shell import commands
from isoaudit.documents.shell_values import resolved
from isoaudit.documents.shell_words import ShellWord
from isoaudit.errors import DocumentError


def _shown(word: ShellWord) -> str:
    return "".join(f"<{piece.text}>" if piece.open else piece.text for piece in word.pieces)


def _lines(text: str) -> list[list[str]]:
    found = resolved(commands(Passage.of_text(text, "s.sh")))
    return [[_shown(word) for word in command.words] for command in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\\\n c", [["a", "b", "c"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("a $'b\\'c'", [["a", "b'c"]]),
        ("a # b\nc#d", [["a"], ["c#d"]]),
        ("a && b || c; d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a >b 2>&1 <c &>d e", [["a", "e"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("! a; { b; }; (c; d)", [["a"], ["b"], ["c"], ["d"]]),
        ("f() { a; }; function g { b; }", [["a"], ["b"]]),
        ("x=$(a \"b $(c)\") d", [["c"], ["a", "b <the output of a command>"],
                                ["x=<the output of a command>", "d"]]),
        ("a `b c` d", [["b", "c"], ["a", "<the output of a command>", "d"]]),
        ("a <(b) c", [["b"], ["a", "<a process substitution>", "c"]]),
        ("(( a << 2 ))\nb", [["b"]]),
        ("a $((1 << 2)) b", [["a", "<a computed number>", "b"]]),
        ("a \"${b:-c}\" ${d}", [["a", "<b>", "<d>"]]),
        ("while a; do b; done <<< x", [["a"], ["b"]]),
        ("a 'b\nc' d\ne", [["a", "b\nc", "d"], ["e"]]),
    ],
)  # fmt: skip
def test_commands_are_split_as_a_shell_does(text: str, expected: list[list[str]]) -> None:
    """Operators, quotes and keywords, and substitutions before what they are part of."""
    assert expected == _lines(text)


def test_a_case_in_a_substitution_ends_with_the_substitution() -> None:
    """The parenthesis of a pattern does not close it."""
    found = _lines("x=$(case a in a) b;; (c) d;; esac) e")

    assert ["b"] in found
    assert ["d"] in found
    assert ["x=<the output of a command>", "e"] == found[-1]


def test_a_heredoc_is_no_command() -> None:
    """Unless a shell reads it."""
    assert [["cat"], ["c"]] == _lines("cat <<-'E' >x\nb\n\tE\nc")
    assert [["sudo", "bash"], ["b"], ["c"]] == _lines("sudo bash <<E\nb\nE\nc")


def test_every_word_knows_its_place() -> None:
    """Over continuation lines and quotes of several lines."""
    found = commands(Passage.of_text("a 'b\nc' \\\n  d\n\tbash <<E\n x y\nE\n", "s.sh"))
    places = [[str(word.location) for word in command.words] for command in found]

    assert [["s.sh:1:1", "s.sh:1:3", "s.sh:3:3"], ["s.sh:4:2"], ["s.sh:5:2", "s.sh:5:4"]] == places


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=x\nb $A", [["b", "x"]]),
        ("A='x y'\nb $A \"$A\" c$A", [["b", "x", "y", "x y", "cx", "y"]]),
        ('A=\nb $A "$A"', [["b", ""]]),
        ("A=(x 'y z')\nb \"${A[@]}\" ${A[@]}", [["b", "x", "y z", "x", "y z"]]),
        ("export A=x B=y\nb $A$B", [["b", "xy"]]),
        ("A=x\nA=y\nb $A", [["b", "y"]]),
        ("A=x\nB=$A/c\nb $B", [["b", "x/c"]]),
    ],
)
def test_a_value_that_the_script_leaves_no_doubt_about_is_put_in(
    text: str, expected: list[list[str]]
) -> None:
    """Split where it is not quoted, as the shell does."""
    assert expected == _lines(text)


@pytest.mark.parametrize(
    "text",
    [
        "b $A", "if c; then A=x; fi\nb $A", "A=x\nif c; then A=y; fi\nb $A", "c && A=x\nb $A",
        "(A=x)\nb $A", "A=x\nread A\nb $A", "for A in x y; do b $A; done", "A=x\n. ./c\nb $A",
        "A=x\nA+=y\nb $A", "A=$(c)\nb $A", "A=x c\nb $A", "c | A=x\nb $A", "A=x\nunset A\nb $A",
        "b $A\nA=x", ": ${A:=y}\nA=x\nb $A", "A=x\nf() { b $A; }\nA=y\nf",
    ],
)  # fmt: skip
def test_a_value_that_is_not_certain_is_left_open(text: str) -> None:
    """A branch, a loop, a function, a pipe, a sourced file, an argument."""
    (found,) = [line for line in _lines(text) if line[0] == "b"]
    assert ["b", "<A>"] == found


def test_values_that_double_are_given_up() -> None:
    """A script of a few lines must not bring gigabytes."""
    text = "A0=xxxxxxxxxx\n" + "".join(f"A{n + 1}=$A{n}$A{n}\n" for n in range(60)) + "b $A60"

    assert [["b", "<A60>"]] == _lines(text)


@pytest.mark.parametrize(
    ("text", "where"), [("a 'b", "s.sh:1:3"), ('a\n b "', "s.sh:2:4"), ("a $(b", "s.sh:1:3"),
                        ("a ${b", "s.sh:1:3"), ("a=(b", "s.sh:1:3")],
)  # fmt: skip
def test_what_is_not_closed_is_an_error_with_its_place(text: str, where: str) -> None:
    """No shell would read it."""
    with pytest.raises(DocumentError, match=rf"^{where}: .*not closed"):
        commands(Passage.of_text(text, "s.sh"))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_quoted_words_are_read_back(words: list[str]) -> None:
    """Whatever is in them: shlex quotes as POSIX says."""
    words = [word.replace("\x01", "").replace("\x02", "") for word in words]
    found = commands(Passage.of_text("x " + shlex.join(words), "s.sh"))

    assert [words] == [[word.text for word in command.words[1:]] for command in found]


@given(st.text(alphabet="ab $(){}[]<>|&;'\"\\`\n\t#=!*@-:0EOF", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception, never without end."""
    try:
        list(resolved(commands(Passage.of_text(text, "s.sh"))))
    except DocumentError as error:
        assert str(error).startswith("s.sh:")


@pytest.mark.parametrize(
    "text",
    ["a " * 100_000, "$(" * 5_000, "'" * 100_001, "a" * 1_000_000, "<<E " * 20_000, "\\" * 200_001,
     '"${' * 20_000, "`" * 20_001, "(" * 20_000, "x=(" * 20_000, "{a,b}" * 50_000, "\0" * 1000],
    ids=["words", "nested", "quotes", "long", "heredocs", "backslashes", "braces", "backticks",
         "groups", "arrays", "expansion", "binary"],
)  # fmt: skip
def test_a_hostile_script_takes_no_longer_than_its_length(text: str) -> None:
    """Bounded in depth, and read once."""
    begun = time.process_time()
    with contextlib.suppress(DocumentError):
        list(resolved(commands(Passage.of_text(text, "s.sh"))))
    assert time.process_time() - begun < 5
