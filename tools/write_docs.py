"""Writes the generated pages of docs/: facts, checks and the command line's help.

A test holds the pages to what this writes, so they cannot fall behind the code.
"""

from __future__ import annotations

from pathlib import Path

import click

from isoaudit.cli.app import COMMANDS, app
from isoaudit.facts.vocabulary import facts, parts, root
from isoaudit.rules.catalogue import load_catalogue

DOCS = Path(__file__).resolve().parent.parent / "docs"

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


PAGES = {"facts.md": facts_page, "checks.md": checks_page, "command-line.md": help_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
