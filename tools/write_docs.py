"""Writes what is generated of docs/: facts, checks, ways out, the model, the command line.

The README's comparison is taken from docs/compare.md, which the lab writes.

A test holds the pages to what this writes, so they cannot fall behind the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

import click

from isoaudit.assess import model_version
from isoaudit.assess.definitions import definitions
from isoaudit.cli.app import COMMANDS, app
from isoaudit.facts.vocabulary import facts, parts, root
from isoaudit.rules.catalogue import load_catalogue

DOCS = Path(__file__).resolve().parent.parent / "docs"
README = DOCS.parent / "README.md"

_COMPARED = re.compile(r"(    \$ isoaudit compare [^\n]*\n)(.*?)(\n\n      …\n)", re.DOTALL)

_NOTE = "<!-- Written by tools/write_docs.py (`make docs`); edit its sources instead. -->\n"


def facts_page() -> str:
    """Return the page of all facts, by root."""
    lines = [
        "# Facts\n",
        _NOTE,
        "Every path that a probe may fill and a condition may read. *Said by* names the kinds of",
        "file that can declare it; every fact can also come from a running target of its kind.",
    ]
    roots = dict.fromkeys(root(path) for path in facts())
    for name in roots:
        part = parts().get(name)
        lines.append(f"\n## `{name}`\n")
        if part:
            lines.append(f"A part: one record each. {part.meaning}\n")
        lines.append("| fact | type | meaning | for | said by |")
        lines.append("|---|---|---|---|---|")
        for spec in facts().values():
            if root(spec.path) != name:
                continue
            unit = f" ({spec.unit})" if spec.unit else ""
            said = ", ".join(spec.dialects) or "-"
            meaning = spec.meaning.replace("|", "\\|")
            kinds = ", ".join(spec.kinds)
            lines.append(f"| `{spec.path}` | {spec.type}{unit} | {meaning} | {kinds} | {said} |")
    return "\n".join(lines) + "\n"


def checks_page() -> str:
    """Return the page of all checks, worst first."""
    catalogue = load_catalogue()
    lines = [
        "# Checks\n",
        _NOTE,
        f"{len(catalogue)} checks. One in full: `isoaudit explain ID`.\n",
        "| id | severity | for | title | facts it reads |",
        "|---|---|---|---|---|",
    ]
    for check in sorted(catalogue.values(), key=lambda one: (one.severity.rank, one.id)):
        kinds = ", ".join(check.applies_to)
        reads = ", ".join(f"`{path}`" for path in check.reads)
        lines.append(f"| {check.id} | {check.severity} | {kinds} | {check.title} | {reads} |")
    return "\n".join(lines) + "\n"


def help_page() -> str:
    """Return the page with the help of every command."""
    names = app.context_settings["help_option_names"]
    context = click.Context(app, info_name="isoaudit", terminal_width=80, max_content_width=80,
                            help_option_names=names)  # fmt: skip
    blocks = ["# Command line\n", _NOTE, f"```\n{app.get_help(context)}\n```"]
    for name in COMMANDS:
        command = app.get_command(context, name)
        if command is not None:
            blocks += _help(command, context, name)
    return "\n".join(blocks) + "\n"


def _help(command: click.Command, parent: click.Context, name: str) -> list[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=80,
                            max_content_width=80)  # fmt: skip
    title = context.command_path
    blocks = [f"\n## `{title}`\n", f"```\n{command.get_help(context)}\n```"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            if below is not None:
                blocks += _help(below, context, inner)
    return blocks


def ways_page() -> str:
    """Return the page of all escape primitives."""
    primitives = definitions().primitives
    lines = [
        "# Ways out\n",
        _NOTE,
        f"{len(primitives)} escape primitives: the steps that ways out are made of. What they mean",
        "and how they are chained says [assessment.md](assessment.md).\n",
        "| id | for | leads to | what it needs | references |",
        "|---|---|---|---|---|",
    ]
    for one in sorted(primitives, key=lambda one: one.id):
        goals = ", ".join(dict.fromkeys(aim.goal.value for aim in one.aims)) or "the next step"
        needs = "; ".join(f"`{_cell(need.that.source)}`" for need in one.needs)
        references = ", ".join(
            f"{name} {' '.join(ids)}" for name, ids in sorted(one.references.items())
        )
        kinds = ", ".join(one.kinds)
        lines.append(
            f"| {one.id} {_cell(one.title)} | {kinds} | {goals} | {needs} | {_cell(references)} |"
        )
    return "\n".join(lines) + "\n"


def model_page() -> str:
    """Return the page of the score's numbers, each with its source."""
    documents = definitions().documents
    common = documents["score"]
    lines = [
        "# The numbers of the score\n",
        _NOTE,
        f"Model {model_version()}. What they mean says [assessment.md](assessment.md).\n",
        f"The minimum is {common['softness']} bits soft; {common['scale']} bits are 50 points.\n",
        "| an open way to | caps the axis | at |",
        "|---|---|---|",
    ]
    lines += [f"| {goal} | {one['axis']} | {one['cap']} |" for goal, one in common["goals"].items()]
    for name, document in sorted(documents.items()):
        if name.startswith("score-"):
            lines += _numbers(name.removeprefix("score-"), document)
    return "\n".join(lines) + "\n"


def _numbers(kind: str, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {kind}\n"
    yield "| attack path | axis | what it is |"
    yield "|---|---|---|"
    for path in document["paths"]:
        yield f"| {path['id']} | {path['axis']} | {_cell(path['title'])} |"
    yield "\n| term | attack paths | layer | bits | what holds | source |"
    yield "|---|---|---|---|---|---|"
    for term in document["terms"]:
        bits = term.get("quantity") or "; ".join(
            f"{option['bits']} if `{_cell(option['when'])}`" if "when" in option
            else f"else {option['bits']}"
            for option in term["choose"]
        )  # fmt: skip
        paths = ", ".join(term["paths"])
        yield (f"| {term['id']} | {paths} | {term['layer']} | {bits} | {_cell(term['text'])} "
               f"| {_cell(term['source'])} |")  # fmt: skip
    if document.get("caps"):
        yield "\n| structure | caps the axis | at | source |"
        yield "|---|---|---|---|"
    for cap in document.get("caps", ()):
        yield f"| {_cell(cap['text'])} | {cap['axis']} | {cap['cap']} | {_cell(cap['source'])} |"


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def readme() -> str:
    """Return the README with the comparison that docs/compare.md shows, up to its fixes."""
    printed = (DOCS / "compare.md").read_text("utf-8").split("```\n")[1].partition("\n  FIX A")[0]
    shown = indent(printed.strip("\n"), "    ")
    text = README.read_text("utf-8")
    return _COMPARED.sub(lambda found: f"{found[1]}{shown}{found[3]}", text, count=1)


PAGES = {
    "facts.md": facts_page,
    "checks.md": checks_page,
    "command-line.md": help_page,
    "ways.md": ways_page,
    "model.md": model_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
        print(f"docs/{name}")
    README.write_text(readme(), "utf-8")
    print("README.md")


if __name__ == "__main__":
    main()
