"""Puts a check, a fact or a control into paragraphs of at most 80 columns."""

from __future__ import annotations

from textwrap import fill, indent

from isoaudit.assess.primitive import Primitive
from isoaudit.cli.screen import clean_block
from isoaudit.facts.spec import FactSpec, PartSpec
from isoaudit.rules.check import Check

WIDTH = 80
_CHANGES = {
    "live": "while it runs",
    "restart": "by starting it anew",
    "guest_driver": "by starting it anew, once the guest has the drivers that this needs",
    "guest_abi": "the guest sees another machine then: its saved states are lost",
}


def check_text(check: Check) -> str:
    """Return everything there is to say about a check."""
    kinds = ", ".join(check.applies_to)
    blocks = [
        f"{check.id}  {check.title}",
        f"severity  {_levels(check)}\nfor       {kinds}\ntags      {', '.join(check.tags) or '-'}"
        f"\nfile      {check.file}",
        "WHY\n" + paragraph(check.rationale),
        "CONDITION\n" + _conditions(check),
        "FIX\n"
        + "\n".join(f"  {name}\n{paragraph(text, 4)}" for name, text in check.remediation.items()),
    ]
    if check.change:
        blocks.append(f"CHANGE TO A RUNNING VM\n  {_CHANGES[check.change]}")
    if check.params:
        listed = "\n".join(f"  {row}" for row in _parameters(check))
        blocks.append(f"PARAMETERS (a profile may change them)\n{listed}")
    if check.references:
        rows = [f"  {name:<14} {', '.join(ids)}" for name, ids in check.references.items()]
        blocks.append("REFERENCES\n" + "\n".join(rows))
    return "\n\n".join(clean_block(block) for block in blocks)


def step_text(step: Primitive) -> str:
    """Return everything there is to say about a step of a way out."""
    goals = ", ".join(dict.fromkeys(aim.goal.words for aim in step.aims)) or "a step for others"
    needs = "\n".join(
        f"{paragraph(need.that.source, 2)}\n    else closed: {need.closed}" for need in step.needs
    )
    blocks = [
        f"{step.id}  {step.title}",
        f"leads to  {goals}\nfor       {', '.join(step.kinds)}"
        f"\neach      {step.each or '-'}{f' and {step.second}' if step.second else ''}",
        "WAY\n" + paragraph(step.way),
        "NEEDS (all of it)\n" + needs,
    ]
    if step.absent:
        rows = "\n".join(f"{paragraph(one.when.source, 2)}" for one in step.absent)
        blocks.append("ABSENT WHERE\n" + rows)
    if step.no_help:
        blocks.append("NO HELP\n" + paragraph(step.no_help))
    if step.keep:
        blocks.append("TO KEEP WHAT IT IS FOR\n" + paragraph(step.keep))
    rows = "\n".join(f"  {name:<14} {', '.join(ids)}" for name, ids in step.references.items())
    blocks.append("REFERENCES\n" + rows)
    return "\n\n".join(clean_block(block) for block in blocks)


def parameters(check: Check) -> str:
    """Return a check's parameters in one line."""
    return "; ".join(_parameters(check))


def _parameters(check: Check) -> list[str]:
    return [f"{name}: {_value(value)}" for name, value in check.params.items()]


def fact_text(spec: FactSpec) -> str:
    """Return everything there is to say about a fact."""
    rows = [f"{spec.path}  {spec.type}{f' ({spec.unit})' if spec.unit else ''}", ""]
    rows.append(paragraph(spec.meaning))
    rows.append(f"\nfor       {', '.join(spec.kinds)}")
    rows.append(f"files     {', '.join(spec.dialects) or 'none can say it'}")
    return "\n".join(rows)


def part_text(spec: PartSpec, fields: list[FactSpec]) -> str:
    """Return everything there is to say about a part and its fields."""
    rows = [f"{spec.name}  part", "", paragraph(spec.meaning), ""]
    rows += [f"  {field.path}  {field.type}\n{paragraph(field.meaning, 6)}" for field in fields]
    return "\n".join(rows)


def paragraph(text: str, margin: int = 2) -> str:
    """Return text as a filled paragraph with a left margin."""
    return indent(fill(" ".join(text.split()), WIDTH - margin), " " * margin)


def _levels(check: Check) -> str:
    return ", else ".join(
        f"{level.severity} if {level.when.source}" if level.when else level.severity
        for level in check.levels
    )


def _conditions(check: Check) -> str:
    rows = [f"  for each  {check.each}"] if check.each else []
    if check.when:
        rows.append(f"  when      {check.when.source}")
    rows.append(f"  pass      {check.passes.source}")
    rows.append(f"  reads     {', '.join(check.reads)}")
    return "\n".join(rows)


def _value(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
