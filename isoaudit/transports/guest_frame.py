"""The one script that asks a guest everything, and what it answered, taken apart again.

Every answer stands between two lines that begin with a random word of this run. What a file or a
process of the guest has in it cannot look like such a line; whoever is root there may lie anyway.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from isoaudit.facts.redaction import redact_text
from isoaudit.model import Reason
from isoaudit.transports.base import ABSENT, DENIED, Failure

MOST_ANSWER = 262_144
"""Most bytes of one answer."""

MOST_OUTPUT = 4 * 1_048_576
"""Most bytes of all answers of one round together."""

CPU_SECONDS = 30
"""Most CPU seconds that each process of the script may take in the guest."""

# All of it is one compound command, so that nothing runs before everything has arrived. A subshell
# for each question is one more process in the guest, and keeps what it does from the others, also
# a syntax error (eval). Nothing is cut off there: that would take three processes more for each.
_SCRIPT = """\
{{
exec 2>/dev/null
PATH=/usr/sbin:/usr/bin:/sbin:/bin${{PATH:+:$PATH}} LC_ALL=C
export PATH LC_ALL
unset ENV CDPATH
umask 077
ulimit -c 0
ulimit -t {seconds}
isoaudit_word={word}
isoaudit_ask() {{
echo "
$isoaudit_word begin $1"
(eval "$2") </dev/null
echo "
$isoaudit_word end $1 $?"
}}
{questions}
echo "
$isoaudit_word done"
exit 0
}}
"""


class Output(NamedTuple):
    """What came back before it ended, and why it ended: `ended` is None if the guest closed it."""

    data: bytes
    ended: Failure | None = None


def new_word() -> str:
    """Return a word that nobody can have written beforehand."""
    return secrets.token_hex(16)


def compose(word: str, questions: Sequence[str]) -> bytes:
    """Return the script that asks all questions in their order."""
    asked = "\n".join(f"isoaudit_ask {n} {shlex.quote(q)}" for n, q in enumerate(questions))
    return _SCRIPT.format(word=word, seconds=CPU_SECONDS, questions=asked).encode()


def has_frames(word: str, output: Output) -> bool:
    """Say whether a shell ran the script at all."""
    return f"\n{word} begin 0\n".encode() in b"\n" + output.data


def answers(word: str, questions: Mapping[str, str], output: Output) -> dict[str, str | Failure]:
    """Return the answer to each question, or why there is none.

    Frames come in the order of the questions, each begun and ended once. From the first that does
    not on nothing counts: somebody has seen the word and writes frames.
    """
    names = list(questions)
    found: dict[str, str | Failure] = {}
    begun: re.Match[bytes] | None = None
    forged = done = False
    for frame in _frames(word, output.data):
        number = len(found)
        if frame["done"]:
            forged = begun is not None or number != len(names)
            done = True
            break
        if number >= len(names) or int(frame["number"]) != number:
            forged = True
            break
        if (begun is None) == (frame["kind"] == b"end"):
            forged = True
            break
        if begun is None:
            begun = frame
            continue
        text = output.data[begun.end() : frame.start()]
        found[names[number]] = _answer(text, int(frame["status"] or b"1"))
        begun = None
    why = _why_no_more(output, forged=forged, done=done)
    for number in range(len(found), len(names)):
        found[names[number]] = _CULPRIT.get(why[0], why) if begun is not None else why
        begun = None
    return found


def behind_flood(questions: Mapping[str, str], found: Mapping[str, str | Failure]) -> list[str]:
    """Return the questions that were not reached because one before them flooded."""
    names = list(questions)
    flooding = (n for n, name in enumerate(names) if found[name] is _FLOODED)
    return names[next(flooding, len(names)) + 1 :]


_TOO_LONG: Failure = (
    Reason.LIMIT.value, f"the answer is longer than {MOST_ANSWER} bytes", "", False
)  # fmt: skip
_HUNG: Failure = (Reason.TIMEOUT.value, "the guest did not come to an end with it", "", False)
_FLOODED: Failure = (
    Reason.LIMIT.value, f"the answer is longer than {MOST_OUTPUT} bytes", "", False
)  # fmt: skip
_CULPRIT = {Reason.TIMEOUT.value: _HUNG, Reason.LIMIT.value: _FLOODED}
"""What is said of the question that a guest was at when it was left, by the reason for that."""


def _frames(word: str, data: bytes) -> list[re.Match[bytes]]:
    pattern = (
        rb"(?:^|\n)%s (?:(?P<done>done)|(?P<kind>begin|end) (?P<number>\d{1,6})"
        rb"(?: (?P<status>\d{0,3}))?)\n" % word.encode()
    )
    return list(re.finditer(pattern, data))


def _answer(data: bytes, status: int) -> str | Failure:
    """Return the text of an answer, or what its exit status says."""
    if len(data) > MOST_ANSWER:
        return _TOO_LONG
    if status == 0:
        return redact_text(data.decode("utf-8", "backslashreplace"))
    if status == ABSENT:
        return (Reason.NOT_SUPPORTED.value, "it is not in the guest", "", True)
    if status == DENIED:
        how = "Ask as a user who may read it, root for most."
        return (Reason.PERMISSION_DENIED.value, "this user may not read it", how, False)
    if status == 127:
        return (Reason.TOOL_ABSENT.value, "the guest has not the program for it", "", False)
    words = f"the guest's shell ended with exit status {status}"
    return (Reason.NOT_SUPPORTED.value, words, "", False)


def _why_no_more(output: Output, *, forged: bool, done: bool) -> Failure:
    if forged:
        words = "the guest wrote frames of answers that are none"
        return (Reason.PARSE_ERROR.value, words, "Take the guest's word for nothing.", False)
    if output.ended is not None and not done:
        return output.ended
    words = "the guest closed the connection before it had answered"
    return (Reason.UNREACHABLE.value, words, "Scan again.", False)
