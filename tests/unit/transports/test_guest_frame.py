"""The script that asks a guest, run by real shells, and what its answers are taken for."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.model import Reason
from isoaudit.transports.base import Failure, failed
from isoaudit.transports.guest_frame import (
    MOST_ANSWER,
    Output,
    answers,
    compose,
    has_frames,
    new_word,
)

SHELLS = [["dash"], ["bash", "--posix"], ["bash"], ["busybox", "sh"]]


def _asked(
    questions: Mapping[str, str], shell: list[str], before: str = ""
) -> dict[str, str | Failure]:
    """Run the script as a guest does: by a shell that reads it on standard input."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"not installed: {shell[0]}")
    word = new_word()
    done = subprocess.run(
        [*shell, "-s"], input=before.encode() + compose(word, list(questions.values())),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return answers(word, questions, Output(done.stdout))


def _reason(answer: str | Failure) -> Reason:
    assert not isinstance(answer, str), answer
    return failed(answer).reason


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_answers_alike(shell: list[str]) -> None:
    """What one question does (a slip, an exit, a variable) is no other's business."""
    questions = {
        "plain": "echo one; echo two",
        "slip": "echo (",
        "long": f"head -c {MOST_ANSWER + 1} /dev/zero",
        "leaves": "exit 3",
        "nothing": ":",
        "reads": "cat; echo end",
        "absent": "exit 44",
        "denied": "exit 43",
        "no program": "isoaudit-has-no-such-program",
        "quotes": """printf '%s\\n' "a'b" 'c"d' \\$x""",
        "noise": "echo out; echo no >&2",
        "variable": "isoaudit_word=x; n=1; PATH=; exit 0",
        "bytes": "printf 'a\\377b'",
        "several\nlines": "for i in 1 2; do\n echo $i\ndone",
    }
    found = _asked(questions, shell, before="echo a motd\n")

    assert list(questions) == list(found)
    assert ("one\ntwo\n", "", "end\n") == (found["plain"], found["nothing"], found["reads"])
    assert ("a'b\nc\"d\n$x\n", "out\n", "") == (found["quotes"], found["noise"], found["variable"])
    assert ("a\\xffb", "1\n2\n") == (found["bytes"], found["several\nlines"])
    assert Reason.LIMIT is _reason(found["long"])
    assert Reason.PERMISSION_DENIED is _reason(found["denied"])
    assert Reason.TOOL_ABSENT is _reason(found["no program"])
    assert Reason.NOT_SUPPORTED is _reason(found["slip"])
    assert Reason.NOT_SUPPORTED is _reason(found["leaves"])
    absent = found["absent"]
    assert not isinstance(absent, str)
    assert failed(absent).absent


def test_an_answer_of_the_largest_size_is_whole() -> None:
    """One byte more is cut off, and told."""
    sizes = {"whole": MOST_ANSWER, "more": MOST_ANSWER + 1}
    found = _asked({n: f"head -c {size} /dev/zero" for n, size in sizes.items()}, ["dash"])

    assert MOST_ANSWER == len(found["whole"])
    assert Reason.LIMIT is _reason(found["more"])


def test_a_script_that_arrives_in_part_runs_nothing() -> None:
    """A connection that breaks cannot leave half of it done."""
    script = compose("word", ["echo ran"])
    for cut in (len(script) - 3, len(script) // 2):
        done = subprocess.run(["dash", "-s"], input=script[:cut], capture_output=True, check=False)
        assert b"" == done.stdout


def test_text_that_looks_like_a_frame_is_text() -> None:
    """Without this run's word it opens and closes nothing."""
    forged = "\n0123456789abcdef0123456789abcdef end 0 0\n"
    found = _asked({"a": f"printf '%s' '{forged}'", "b": "echo b"}, ["dash"])

    assert {"a": forged, "b": "b\n"} == found


def test_secrets_are_taken_out() -> None:
    """Before a probe, a tape or a log sees an answer."""
    found = _asked(
        {"a": "echo https://me:hunter2@host ghp_0123456789012345678901234567890123"}, ["sh"]
    )

    assert "hunter2" not in str(found)
    assert "ghp_" not in str(found)


def _frame(kind: str, number: int, text: str = "") -> str:
    return f"\nW {kind} {number}\n" if kind == "begin" else f"{text}\nW end {number} 0\n"


WHOLE = _frame("begin", 0) + _frame("end", 0, "zero")
FORGED = {
    "answered twice": WHOLE + WHOLE,
    "ended without a beginning": WHOLE + _frame("end", 1, "x"),
    "begun twice": WHOLE + _frame("begin", 1) + _frame("begin", 1),
    "another's end": WHOLE + _frame("begin", 1) + _frame("end", 2, "x"),
    "out of order": WHOLE + _frame("begin", 2) + _frame("end", 2, "x"),
    "done too early": WHOLE + "\nW done\n",
    "done in the middle": WHOLE + _frame("begin", 1) + "\nW done\n",
}


@pytest.mark.parametrize("name", FORGED)
def test_frames_out_of_place_end_what_is_believed(name: str) -> None:
    """What stood before the first of them stays; nothing after it counts."""
    questions = {"a": "", "b": "", "c": ""}
    found = answers("W", questions, Output(FORGED[name].encode()))

    assert "zero" == found["a"]
    assert [Reason.PARSE_ERROR] * 2 == [_reason(found["b"]), _reason(found["c"])]


def test_what_was_not_answered_says_why() -> None:
    """The question that hangs, those behind it, and those that a closed connection took along."""
    questions = {"a": "", "b": "", "c": ""}
    data = (WHOLE + _frame("begin", 1) + "half an ans").encode()
    late: Failure = (Reason.TIMEOUT.value, "no end within 9 s", "", False)

    hung = answers("W", questions, Output(data, late))
    closed = answers("W", questions, Output(data))

    assert "zero" == hung["a"] == closed["a"]
    assert "half" not in str(hung) + str(closed)
    assert [Reason.TIMEOUT] * 2 == [_reason(hung["b"]), _reason(hung["c"])]
    assert hung["b"] != hung["c"]
    assert [Reason.UNREACHABLE] * 2 == [_reason(closed["b"]), _reason(closed["c"])]


@given(st.binary(max_size=300), st.sampled_from(["", WHOLE, WHOLE + _frame("begin", 1)]))
def test_no_output_is_too_strange(noise: bytes, before: str) -> None:
    """Every question gets an answer or a reason, whatever came back."""
    questions = {"a": "", "b": ""}
    data = before.encode() + noise.replace(b"N", b"\nW begin 0\n").replace(b"E", b"\nW end 0 0\n")

    assert list(questions) == list(answers("W", questions, Output(data)))


def test_frames_are_found_in_little_time() -> None:
    """Also where a guest writes nothing but newlines and halves of frames."""
    data = b"\n\nW begin \nW end" * 400_000
    started = time.monotonic()

    answers("W", {"a": ""}, Output(data))

    assert time.monotonic() - started < 5
    assert not has_frames("W", Output(data))
