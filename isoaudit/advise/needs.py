"""What somebody says of a workload: data, code, who shares its host, what it needs of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.errors import UsageError


class Question(NamedTuple):
    """One thing that is asked about a workload, the words that answer it, and what each means."""

    name: str
    ask: str
    words: Mapping[str, str]
    default: str | Sequence[str]

    @property
    def is_several(self) -> bool:
        """Whether it is answered by several words, or none."""
        return not isinstance(self.default, str)


class Workload(NamedTuple):
    """A workload in the words of the questions. `said` names those that somebody answered."""

    data: str
    code: str
    tenancy: str
    exposure: str
    operator: str
    needs: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()

    def of(self, question: str) -> frozenset[str]:
        """Return the answer to a question as a set of words."""
        answer = getattr(self, question)
        return frozenset(answer if isinstance(answer, tuple) else (answer,))

    def to_json(self) -> dict[str, Any]:
        """Return it as an answer in JSON holds it; `assumed` names what nobody said."""
        answers = {name: getattr(self, name) for name in self._fields if name != "said"}
        answers["needs"] = list(self.needs)
        return {**answers, "assumed": [name for name in answers if name not in self.said]}


def workload_of(answers: Mapping[str, Any], questions: Sequence[Question]) -> Workload:
    """Return a workload; what is not answered is as by default.

    Raises UsageError for a word that answers none of the questions, with what was meant.
    """
    known = [question.name for question in questions]
    for name in answers:
        if name not in known:
            raise UsageError(f"nobody asks for {name!r} of a workload", _did_you_mean(name, known))
    found: dict[str, Any] = {
        question.name: _answer(question, answers.get(question.name)) for question in questions
    }
    return Workload(**found, said=frozenset(answers))


def _answer(question: Question, given: Any) -> str | tuple[str, ...]:
    if given is None:
        return question.default if isinstance(question.default, str) else tuple(question.default)
    several: tuple[str, ...] = (given,) if isinstance(given, str) else tuple(given)
    for word in several:
        if word not in question.words:
            hint = _did_you_mean(str(word), list(question.words))
            raise UsageError(f"{question.name} ({question.ask}) is never {word!r}", hint)
    if question.is_several:
        return tuple(dict.fromkeys(several))
    if len(several) != 1:
        raise UsageError(f"{question.name} ({question.ask}) takes one word", "Give one.")
    return several[0]


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}There are: {', '.join(known)}."
