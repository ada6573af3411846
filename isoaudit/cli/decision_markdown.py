"""`-f decision`: a decision record in Markdown; what a target says in it stays text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from isoaudit import __version__
from isoaudit.advise.words import GOALS, either, wall_name
from isoaudit.cli.advise_candidates import broken, cost_words
from isoaudit.model import Axis, Openness, WallKind
from isoaudit.report.markup import prose

if TYPE_CHECKING:
    from isoaudit.advise.decision import Decision, Option

_MOST = 600
_MOST_NAME = 120


def record(found: Decision) -> str:
    """Return the record as a page of Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Decision) -> Iterator[str]:
    target = found.advised.target
    yield f"# How to isolate {prose(target.name, _MOST_NAME)}"
    yield ""
    yield from _listed(
        [
            f"Date: {found.on}",
            "Status: proposed, by isoaudit; nobody has decided yet",
            f"Review: {found.review}, or when target, host or workload change",
        ]
    )
    yield from _section("Decision", _decision(found))
    yield from _section("Context", _context(found))
    yield from ("", "## Options considered")
    for option in found.options:
        yield from (
            "",
            f"### {_text(option.title)}{' (as it runs now)' if option.is_current else ''}",
        )
        yield ""
        yield from _listed(_option(option, found))
    yield from _section("Consequences", _consequences(found))
    yield from _section("Residual risk", _residual(found))
    yield from _section("Assumptions", _assumptions(found))
    yield from _section("Sources", dict.fromkeys(_sources(found)))


def _decision(found: Decision) -> Iterator[str]:
    chosen = found.proposed
    if chosen is None:
        yield ("None is proposed: no option is proven to be enough for this workload and to be had "
               "here. What stands against each is below; settle what is not known, or change the "
               "workload")  # fmt: skip
    elif chosen.is_current:
        yield "Keep it as it runs: its wall is enough for this workload"
    else:
        yield f"Move it to: {chosen.title}. Its wall would be enough, and what it takes is here"


def _context(found: Decision) -> Iterator[str]:
    advised = found.advised
    target = advised.target
    yield f"Target: {target.id}, a {target.kind.value}, {target.state or 'state not known'}"
    yield f"Host: {target.host or 'not known: it was not seen on one'}"
    answers = advised.workload.to_json()
    words = [f"{name} {answers[name]}" for name in answers if name not in {"assumed", "needs"}]
    yield f"Workload: {', '.join([*words, *(f'needs {one}' for one in answers['needs'])])}"
    yield f"Needs: {either(advised.required.walls)}, and a score of {advised.required.score}"
    yield from (f"Since: {rule.because}" for rule in advised.required.rules)
    for demand, truth in advised.demands:
        state = {True: "seen", False: "not so", None: "not known"}[truth.value]
        yield f"Beside it: {demand.text} ({state if demand.is_seen else 'yours to see to'})"


def _option(option: Option, found: Decision) -> Iterator[str]:
    if option.candidate is None or not option.candidate.refused:
        yield f"Wall: {_wall(option)}"
        yield f"Score (escape): {option.assessment.score.escape}"
    if option is found.proposed:
        yield "Proposed"
    elif option.against:
        yield from (f"Rejected, {text}" for text in option.against)
    else:
        yield "Rejected, more than is needed: another that is enough comes before it"
    if option.candidate is not None and option.candidate.way.note:
        yield option.candidate.way.note


def _wall(option: Option) -> str:
    wall = option.assessment.verdict.wall
    if wall.possible is WallKind.NONE:
        return "none, a way to root or to the kernel of the host is open"
    proven, possible = (wall_name(one, option.kind) for one in (wall.proven, wall.possible))
    return proven if proven == possible else f"proven {proven}, possible {possible}"


def _consequences(found: Decision) -> Iterator[str]:
    option = found.considered
    if found.proposed is None:
        yield "As long as nothing is decided it runs as it does, with the residual risk below"
    before, after = found.advised.assessment.score.axes, option.assessment.score.axes
    for axis in Axis:
        changed = (
            f"{before[axis]} to {after[axis]}" if before[axis] != after[axis] else before[axis]
        )
        yield f"Score, {axis.value}: {changed}"
    if option.candidate is not None:
        if option.candidate.closed:
            yield f"Closes {', '.join(option.candidate.closed)}"
        yield from broken(option.candidate)
        yield from cost_words(option.candidate)


def _residual(found: Decision) -> Iterator[str]:
    option = found.considered
    yield f"Told of: {option.title}"
    for path in option.assessment.escape_paths:
        state = "Open" if path.certainty is Openness.OPEN else "Not ruled out"
        steps = "; then ".join(step.title for step in path.steps)
        yield f"{state}: {GOALS[path.goal]}, {path.id}: {steps}"
    if not option.assessment.escape_paths:
        yield "No known way out is left"
    yield found.kernel


def _assumptions(found: Decision) -> Iterator[str]:
    assumed = found.advised.workload.to_json()["assumed"]
    if assumed:
        yield f"Nobody said, so by default: {', '.join(f'--{one}' for one in assumed)}"
    yield "What other ways come to was computed from changed facts: nothing was started or measured"
    yield "Figures of cost were read in the literature, not measured here"
    yield "Other workloads that ways run through are taken as they are now"
    yield from (f"Not known, {text}" for text in found.unknown)


def _sources(found: Decision) -> Iterator[str]:
    from isoaudit.assess import model_version

    advised = found.advised
    yield f"isoaudit {__version__}, model {model_version()}, evidence of {advised.target.id}"
    yield from (rule.ground for rule in advised.required.rules)
    yield from (demand.ground for demand, _ in advised.demands)
    for option in found.options:
        if option.candidate is not None:
            one = option.candidate
            yield from (entry.source for entry in (*one.refused, *one.breaks))
            yield from (cost.source for cost in option.candidate.way.costs if cost.source)


def _section(title: str, texts: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from _listed(list(texts))


def _listed(texts: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield from (f"- {_text(text)}" for text in texts)


def _text(text: str) -> str:
    return prose(text, _MOST)
