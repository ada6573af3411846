"""The command group: commands are imported when they are used, errors end in two clear lines."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from isoaudit import __version__
from isoaudit.cli.screen import clean, say
from isoaudit.errors import IsoauditError, UsageError

COMMANDS = {
    "scan": ("isoaudit.cli.scan:scan", "Audit containers, VMs, this host, or deployment files."),
    "checks": ("isoaudit.cli.checks:checks", "List, show and test checks."),
    "profiles": ("isoaudit.cli.profiles:profiles", "List and show profiles."),
    "explain": ("isoaudit.cli.explain:explain", "Explain a check, a fact or a framework control."),
    "collect": ("isoaudit.cli.collect:collect", "Write evidence to a file, to judge elsewhere."),
    "advise": ("isoaudit.cli.advise:advise", "Say which isolation a workload needs, and has."),
    "compare": ("isoaudit.cli.compare:compare", "Compare two walls on six dimensions."),
    "harden": ("isoaudit.cli.harden:harden", "Write a deployment file hardened, or show how."),
    "report": ("isoaudit.cli.report:report", "Show a saved JSON result in another format."),
    "doctor": ("isoaudit.cli.doctor:doctor", "Say what can be seen from here, and what not."),
}


class _ReaderGoneError(Exception):
    """The reader of stdout went away, as in `| head`."""


class LazyGroup(click.Group):
    """A group whose commands are modules, imported when one of them is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        _name_in_environment(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant, or say which one may have been."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See: isoaudit --help"
            raise UsageError(f"there is no command {args[0]!r}", hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end with 1, our word for a broken gate, on a closed pipe."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _ReaderGoneError from error
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their short help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _name_in_environment(command: click.Command) -> None:
    """Let every option stand in the environment: --fail-on as ISOAUDIT_FAIL_ON."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _name_in_environment(inner)
    for option in command.params:
        longest = max(option.opts, key=len)
        if isinstance(option, click.Option) and longest.startswith("--"):
            option.envvar = "ISOAUDIT_" + longest[2:].upper().replace("-", "_")


EPILOG = """\b
Examples:
  isoaudit scan                    this host and everything that runs on it
  isoaudit scan docker:web         one container
  isoaudit scan compose.yaml       before deployment
  isoaudit scan . -f json          every deployment file below here
  isoaudit explain FS-001          what a check means and how to fix it

Every option can stand in the environment: --fail-on as ISOAUDIT_FAIL_ON.

\b
Exit codes: 0 the gate holds, 1 it does not, 2 usage, 3 nothing to audit,
4 incomplete, 70 a fault of isoaudit's own, 130 interrupted."""


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(__version__, message="isoaudit %(version)s")
def app() -> None:
    """Audit how well containers and virtual machines are isolated, by evidence."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command line; every expected error ends in its cause, its remedy and its code."""
    try:
        code = app.main(args=arguments, prog_name="isoaudit", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except IsoauditError as error:
        click.echo(f"isoaudit: {clean(error.cause)}", err=True)
        if error.remedy:
            click.echo(f"  {clean(error.remedy)}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except _ReaderGoneError:
        # What is still buffered goes nowhere, or Python would complain about it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("ISOAUDIT_DEBUG"):
            raise
        say(f"isoaudit: a fault of its own: {type(error).__name__}: {error}")
        say("  Please report it, with what `ISOAUDIT_DEBUG=1` in front of the command prints.")
        sys.exit(70)
    sys.exit(code if isinstance(code, int) else 0)
