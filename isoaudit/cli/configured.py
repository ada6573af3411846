"""--config, --no-config and --show-config: where the settings of a command come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isoaudit.cli.screen import clean, say
from isoaudit.errors import UsageError

if TYPE_CHECKING:
    from isoaudit.cli.settings import Settings
    from isoaudit.documents.standing import ReadThen
    from isoaudit.rules.select import Gate

_SETTINGS = "isoaudit.settings"


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a configuration file set what neither an option nor the environment does."""

    @wraps(command)
    def packed(
        *args: Any, config: Path | None, no_config: bool, show_config: bool, **kwargs: Any
    ) -> Any:
        if show_config:
            click.echo(_shown(click.get_current_context()), nl=False)
            raise click.exceptions.Exit(0)
        return command(*args, **kwargs)

    decorated: Callable[..., Any] = packed
    for decorate in reversed(
        [
            click.option("--no-config", is_flag=True, is_eager=True, callback=_not_both,
                         help="Look for no configuration file."),
            click.option("--config", type=click.Path(path_type=Path), metavar="FILE",
                         is_eager=True, callback=_settle,
                         help="Settings; else those of .isoaudit.yaml, or of pyproject.toml, from "
                         "here up to the repository's root."),
            click.option("--show-config", is_flag=True,
                         help="Print what holds, and by whose word; audit nothing."),
        ]
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated


def read_then(name: str) -> ReadThen | None:
    """Return what reads the files of an option as they stood at --since REF: where settings of REF
    name them. None where an option or the environment does, which have today's files in mind."""
    found = _found(name)
    return None if found is None else found.read_then


def refuse_no_gate(gate: Gate, profiles: Sequence[str]) -> None:
    """Raise UsageError for profiles without a gate that settings chose which nobody named."""
    found = _found("profiles")
    gated = gate.fail_on is not None or gate.way_out is not None
    if found is None or not found.was_found or gated:
        return
    raise UsageError(
        f"{found.places.get('profile', found.shown)}: profile {', '.join(profiles)} never fails",
        "What is audited may not decide that: name the profile by -p, or the settings by --config.",
    )


def _found(name: str) -> Settings | None:
    """Return the settings if an option has its value from them."""
    ctx = click.get_current_context()
    if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT_MAP:
        return None
    settings: Settings = ctx.meta[_SETTINGS]
    return settings


def _not_both(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
    if value and ctx.params.get("config") is not None:
        raise UsageError("--config and --no-config exclude each other", "Give one of them.")
    return value


def _settle(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Read the settings; click asks them for what no option and no variable gives."""
    from isoaudit.cli import settings

    if ctx.resilient_parsing:
        return value
    if ctx.params.get("no_config"):
        if value is not None:
            raise UsageError("--config and --no-config exclude each other", "Give one of them.")
        return value
    if value is not None:
        found: settings.Settings | None = settings.named(value)
    else:
        found = settings.discovered(Path.cwd(), ctx.params.get("since"))
    if found is None:
        return value
    names = {key: param.name for key, param in _options(ctx.command).items()}
    ctx.default_map = {
        names[key] or "": _for_option(ctx, key, said)
        for key, said in found.values.items()
        if key in names
    }
    ctx.meta[_SETTINGS] = found
    remark = f" ({found.remark})" if found.remark else ""
    say(f"settings from {found.shown}{remark}: {', '.join(found.values) or 'none'}")
    return value


def _for_option(ctx: click.Context, key: str, said: Any) -> Any:
    """Return a value as the option takes it: one word where there may be several is a list."""
    option = _options(ctx.command)[key]
    return [said] if option.multiple and not isinstance(said, list) else said


def _options(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command by their long names."""
    return {
        max(option.opts, key=len).removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
    }


def _shown(ctx: click.Context) -> str:
    """Return what holds as a configuration file, each line with where it comes from."""
    from isoaudit.cli.settings import known_keys

    options = _options(ctx.command)
    lines = [_line(ctx, key, options[key]) for key in known_keys() if key in options]
    return "".join(f"{clean(line)}\n" for line in lines)


def _line(ctx: click.Context, key: str, option: click.Option) -> str:
    value = ctx.params.get(option.name or "")
    source = _source(ctx, key, option)
    if source == "default" and key in {"fail-on", "fail-on-unknown", "min-score"}:
        value, source = _of_profiles(ctx, key, value)
    if key == "format" and value is None:
        value = "table"
    if value is None or value == ():
        return f"# {key}: not set"
    plain = json.dumps([str(one) for one in value] if isinstance(value, tuple) else _plain(value))
    return f"{key}: {plain}  # {source}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else str(value)


def _source(ctx: click.Context, key: str, option: click.Option) -> str:
    """Return by whose word an option has its value."""
    source = ctx.get_parameter_source(option.name or "")
    if source is ParameterSource.COMMANDLINE:
        return "option"
    if source is ParameterSource.ENVIRONMENT:
        return f"environment {option.envvar}"
    if source is ParameterSource.DEFAULT_MAP:
        return str(ctx.meta[_SETTINGS].places.get(key, ctx.meta[_SETTINGS].shown))
    return "default"


def _of_profiles(ctx: click.Context, key: str, value: Any) -> tuple[Any, str]:
    """Return what the profiles say of the gate, where no one else does."""
    from isoaudit.documents.standing import as_it_stood
    from isoaudit.rules.select import gate_of

    profiles = ctx.params.get("profiles") or ("default",)
    with as_it_stood(read_then("profiles")):
        gate = gate_of(profiles)
    words = f"profile {', '.join(profiles)}"
    if key == "fail-on":
        return (gate.fail_on.value if gate.fail_on else "never"), words
    if key == "min-score":
        return gate.min_score, words
    return (True, words) if gate.fail_on_unknown else (value, "default")
