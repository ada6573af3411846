"""Puts the rules on walls into paragraphs: which wall is enough for which workload, and why."""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.advise.required import required
from isoaudit.advise.rules import Rule, load_rules
from isoaudit.advise.words import either, walls
from isoaudit.cli.prose import paragraph
from isoaudit.cli.screen import clean_block

_HANGING = 4


def wall_rules_text() -> str:
    """Return all of it: walls with what makes them, questions, rules, demands, classes."""
    blocks = [
        "WALLS, weakest first; microVM and virtual machine stand side by side",
        *_walls(),
        "WHAT A WORKLOAD IS TOLD BY (isoaudit advise --data WORD …; * if nobody says)",
        *_questions(),
        "RULES: all that fire count, and the strictest holds",
        *(_rule(one) for one in load_rules().rules),
        "BESIDE A WALL",
        *(
            f"  {one.id}\n{paragraph(one.text, _HANGING)}\n{paragraph(one.ground, _HANGING)}"
            for one in load_rules().demands.values()
        ),
        "WORKLOADS THAT EVERY WALL IS JUDGED FOR, AND THOSE OF PROFILES",
        *_classes(),
    ]
    return "\n\n".join(clean_block(block) for block in blocks)


def _walls() -> Iterator[str]:
    for wall in walls().walls:
        lines = [f"  {wall.name}", paragraph(wall.meaning, _HANGING)]
        for form in wall.forms:
            if form.needs:
                kind = "a container" if form.family == "container" else "a VM"
                lines.append(f"    not for {kind} where")
                lines += [paragraph(f"- {need.lacks}", _HANGING + 2) for need in form.needs]
        lines.append(paragraph(f"by {'; '.join(wall.source)}", _HANGING))
        yield "\n".join(lines)
    for one in walls().additions:
        words = f"{one.meaning} By {'; '.join(one.source)}" if one.source else one.meaning
        yield f"  in addition: {one.name}\n{paragraph(words, _HANGING)}"


def _questions() -> Iterator[str]:
    for question in load_rules().questions:
        rows = [f"  {question.name}: {question.ask}"]
        for word, meaning in question.words.items():
            mark = "*" if word == question.default else " "
            rows.append(paragraph(f"{mark} {word}: {meaning}", _HANGING))
        yield "\n".join(rows)


def _rule(rule: Rule) -> str:
    when = "; ".join(f"{name} {' or '.join(sorted(words))}" for name, words in rule.when.items())
    beside = f"; beside it: {', '.join(one.id for one in rule.demands)}" if rule.demands else ""
    return "\n".join([
        f"  {rule.id}",
        paragraph(f"if {when}", _HANGING),
        paragraph(f"then {either(rule.walls)}, and a score of {rule.score}{beside}", _HANGING),
        paragraph(f"since {rule.because}", _HANGING),
        paragraph(f"by {rule.ground}", _HANGING),
    ])  # fmt: skip


def _classes() -> Iterator[str]:
    rules = load_rules()
    named = {one.name: one.workload for one in rules.classes} | dict(rules.named)
    rows = []
    for name, workload in named.items():
        rows.append(paragraph(f"{name}: {either(required(workload).walls)}"))
    yield "\n".join(rows)
