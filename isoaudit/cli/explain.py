"""`isoaudit explain`: a check, a fact, a part or a framework control, in full."""

from __future__ import annotations

from difflib import get_close_matches

import click

from isoaudit.assess.definitions import definitions
from isoaudit.cli.prose import check_text, fact_text, part_text, step_text
from isoaudit.errors import UsageError
from isoaudit.facts.vocabulary import facts, parts, root
from isoaudit.rules.check import Check


@click.command()
@click.argument("name", metavar="ID")
def explain(name: str) -> None:
    """Explain ID: a check (FS-001), a step of a way out (ESC-008), a fact (process.uid), a part
    (mount), `facts` for a list of all facts, `wall-rules` for which wall is enough for whom and on
    whose word, or a control of a framework (T1611, 5.4, cis_docker).
    """
    if name == "wall-rules":
        from isoaudit.cli.prose_walls import wall_rules_text

        click.echo(wall_rules_text())
        return
    from isoaudit.rules.catalogue import load_catalogue

    catalogue = load_catalogue()
    click.echo(_text(name, catalogue))


def _text(name: str, catalogue: dict[str, Check]) -> str:
    if name.upper() in catalogue:
        return check_text(catalogue[name.upper()])
    steps = {step.id: step for step in definitions().primitives}
    way = name.upper().split("+")
    if all(step in steps for step in way):
        return "\n\n".join(step_text(steps[step]) for step in way)
    if name == "facts":
        return "\n".join(f"{spec.path:<44} {spec.type}" for spec in facts().values())
    if name in facts():
        return fact_text(facts()[name]) + "\n" + _readers(name, catalogue)
    if name in parts():
        fields = [spec for spec in facts().values() if root(spec.path) == name]
        return part_text(parts()[name], fields)
    evidence = [check for check in catalogue.values() if _refers(check, name)]
    if evidence:
        rows = [f"  {check.id:<8} {check.title}" for check in evidence]
        return f"{name}: evidence comes from\n" + "\n".join(rows)
    close = get_close_matches(name, [*catalogue, *facts(), *parts(), *steps], n=1)
    hint = f"Did you mean {close[0]}?" if close else "Try `isoaudit checks list`, or `facts`."
    raise UsageError(f"nothing is called {name!r}", hint)


def _refers(check: Check, name: str) -> bool:
    return name in check.references or any(name in ids for ids in check.references.values())


def _readers(path: str, catalogue: dict[str, Check]) -> str:
    readers = [check.id for check in catalogue.values() if path in check.reads]
    return f"read by   {', '.join(readers) or 'no built-in check'}"
