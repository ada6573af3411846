"""What a term of the model gives to a target: an interval of bits, every unknown at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.assess.model import Option, Term
from isoaudit.assess.quantities import QUANTITIES
from isoaudit.assess.truth import Truth, Truths, View
from isoaudit.model import Missing, Value
from isoaudit.rules.cel import Condition

ACTING = "process"
"""The part whose records act: what is said of `each` of them is said of the one in the view."""


class Bits(NamedTuple):
    """At least `low` and at most `high`, in the words of what holds.

    `rests_on` are the paths of the facts that decide it; `missing` what is lacking, where something
    unknown widens it.
    """

    low: float
    high: float
    text: str
    rests_on: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def wide(self) -> bool:
        """Whether something unknown widens it."""
        return self.low != self.high


def reads_of(term: Term) -> Iterator[str]:
    """Yield every path that a term reads of the acting record, the target and what is around it."""
    if term.quantity:
        yield from QUANTITIES[term.quantity].reads
    elif not is_folded(term.each):
        for option in term.options:
            yield from option.when.reads if option.when else ()


def is_folded(each: str) -> bool:
    """Say whether a condition is about all records of a part, and not about the acting one."""
    return bool(each) and each != ACTING


def bits_of(term: Term, view: View, truths: Truths) -> Bits:
    """Return what a term gives."""
    if term.quantity:
        return _computed(term, view)
    chosen: list[Option] = []
    rests_on: dict[str, None] = {}
    missing: dict[Missing, None] = {}
    for option in term.options:
        truth = (
            Truth(True)
            if option.when is None
            else folded(option.when, view, truths, term.each, term.fold)
        )
        rests_on.update(dict.fromkeys(fact.path for fact in truth.evidence))
        if truth.value is False:
            continue
        chosen.append(option)
        missing.update(dict.fromkeys(truth.missing))
        if truth.value is True:
            break
    several = [option.bits for option in chosen]
    text = chosen[0].text if len(chosen) == 1 and chosen[0].text else term.text
    low, high = min(several), max(several)
    return Bits(low, high, text, tuple(rests_on), tuple(missing) if low != high else ())


def folded(condition: Condition, view: View, truths: Truths, each: str, fold: str) -> Truth:
    """Return what a condition comes to over the records of a part, or of the target itself."""
    if not is_folded(each):
        return truths.of(condition, view)
    found = view.context.part(each)
    if isinstance(found, Missing):
        return Truth(None, (), (found,))
    single = [truths.of(condition, view.beside(each, record)) for record in found.part.records]
    # One record that is so settles `any` and `none`; one that is not settles `all`.
    deciding = fold != "all"
    hit = next((one for one in single if one.value is deciding), None)
    if hit is not None:
        return hit._replace(value=fold == "any")
    lacking = tuple(entry for one in single if one.value is None for entry in one.missing)
    if found.dark is not None:
        lacking = (*lacking, found.dark)
    if lacking or any(one.value is None for one in single):
        return Truth(None, (), lacking)
    return Truth(fold != "any", tuple(fact for one in single[:2] for fact in one.evidence))


def _computed(term: Term, view: View) -> Bits:
    """Return a quantity, with and without what a stronger vantage might contradict."""
    quantity = QUANTITIES[term.quantity]
    values: dict[str, Value] = {}
    firm: dict[str, Value] = {}
    missing: list[Missing] = []
    for path in quantity.reads:
        seen = view.seen(path)
        if isinstance(seen, Missing):
            missing.append(seen)
            continue
        values[path] = seen.fact.value
        if seen.dark is None:
            firm[path] = seen.fact.value
        else:
            missing.append(seen.dark)
    low, high = quantity.bits(values)
    if len(firm) != len(values):
        least, most = quantity.bits(firm)
        low, high = min(low, least), max(high, most)
    lacking = tuple(dict.fromkeys(missing)) if low != high else ()
    return Bits(low, high, term.text, tuple(values), lacking)
