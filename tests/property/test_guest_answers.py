"""Whatever a guest answers: nothing is raised, and what was not read becomes no pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.model import FactSet, Kind, Part, Status, Target, Vantage
from isoaudit.probes.guest import contradictions, questions, read_guest, shared_identity
from isoaudit.resources import data_dir
from isoaudit.rules.context import Context
from isoaudit.rules.folder import check_files
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import load_check

CHECKS = [
    load_check(path, path.name)
    for path in check_files(data_dir("checks"))
    if path.name.startswith(("GST-", "SSH-"))
]
JUDGE = Judge(CHECKS)
RECORDED = json.loads(
    (Path(__file__).parents[1] / "recordings/guest/busybox-root.json").read_text(encoding="utf-8")
)
NAMES = sorted(questions(deep=True))
TARGET = Target("ssh://guest", Kind.VM, "guest", "running", host="here")

_TEXT = st.binary(max_size=200).map(lambda data: data.decode("utf-8", "backslashreplace"))
_LINES = st.lists(
    st.sampled_from(["@ok ", "@cut ", "@absent ", "@closed ", "@root ", "|", "/", "@run ", ""])
    .flatmap(lambda start: _TEXT.map(lambda rest: start + rest.replace("\n", " "))),
    max_size=12,
).map("\n".join)  # fmt: skip
_ANSWER = st.one_of(
    _TEXT,
    _LINES.map(lambda text: f"{text}\n\n@end\n"),
    st.just(["timeout", "no end", "", False]),
    st.lists(st.one_of(st.text(max_size=8), st.booleans(), st.none()), max_size=5),
)


def _good(facts: FactSet) -> set[str]:
    findings = JUDGE.judge(Context(TARGET, facts))
    assert Status.ERROR not in {one.status for one in findings}
    good = {Status.PASS, Status.NOT_APPLICABLE}
    return {one.check for one in findings if one.status in good}


@settings(deadline=None)
@given(answers=st.dictionaries(st.sampled_from(NAMES), _ANSWER))
def test_any_bytes_as_answers_raise_nothing_and_pass_nothing(answers: dict[str, Any]) -> None:
    """Noise is unread: of it no check is passed, and its facts can be written as JSON."""
    facts = read_guest(answers)

    assert set() == _good(facts)
    assert facts == FactSet.from_json(json.loads(json.dumps(facts.to_json())))


@pytest.mark.parametrize("name", NAMES)
def test_a_question_without_an_answer_passes_nothing_more(name: str) -> None:
    """Taking one answer away leaves no check better than it was."""
    fewer = {key: one for key, one in RECORDED.items() if key != name}

    assert _good(read_guest(fewer)) <= _good(read_guest(RECORDED))


@settings(deadline=None)
@given(name=st.sampled_from(sorted(RECORDED)), share=st.floats(0, 0.999))
def test_an_answer_cut_anywhere_passes_nothing_more(name: str, share: float) -> None:
    """An answer that stops in the middle is none."""
    text = RECORDED[name].rstrip("\n")
    cut = {**RECORDED, name: text[: int(len(text) * share)]}

    assert _good(read_guest(cut)) <= _good(read_guest(RECORDED))


@settings(deadline=None)
@given(name=st.sampled_from(sorted(RECORDED)), data=st.data())
def test_a_file_that_turns_out_hidden_passes_nothing_more(name: str, data: st.DataObject) -> None:
    """What more rights would show is never taken for absent or empty."""
    lines = RECORDED[name].splitlines()
    states = [n for n, line in enumerate(lines) if line.startswith(("@ok /", "@absent /"))]
    if not states:
        return
    at = data.draw(st.sampled_from(states))
    path = lines[at].split(" ", 1)[1]
    kept = [line for line in lines[at + 1 :] if not line.startswith(f"{path}:")]
    end = next((n for n, line in enumerate(kept) if not line.startswith("|")), 0)
    closed = [*lines[:at], f"@hidden {path}", *kept[end:]]

    facts = read_guest({**RECORDED, name: "\n".join(closed) + "\n"})

    assert _good(facts) <= _good(read_guest(RECORDED))


@settings(deadline=None)
@given(answers=st.dictionaries(st.sampled_from(NAMES), _ANSWER))
def test_noise_contradicts_nothing_and_shares_no_identity(answers: dict[str, Any]) -> None:
    """The comparisons take whatever was read, and raise nothing."""
    facts = read_guest(answers)
    known = FactSet.of(parts=[Part("share", Vantage.ENGINE, ())])

    assert contradictions(facts.merge(known), FactSet()).missing
    assert {"a", "b"} == set(shared_identity({"a": facts, "b": read_guest(RECORDED)}))
