"""The options that say what a workload is, and the workload that they come to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from isoaudit.errors import UsageError

if TYPE_CHECKING:
    from isoaudit.advise.needs import Workload

_NAMES = ("data", "code", "tenancy", "exposure", "operator", "needs", "workload_class")


class Asked:
    """What was said of the workload, by question; `workload_class` is a name for all of it."""

    def __init__(self, answers: dict[str, Any], workload_class: str | None) -> None:
        self._answers = answers
        self._class = workload_class

    @property
    def is_said(self) -> bool:
        """Whether anything was: only then can a wall be too little for it."""
        return bool(self._answers) or self._class is not None

    def workload(self) -> Workload:
        """Return the workload; raises UsageError for a word or a name that there is not."""
        from isoaudit.advise.needs import workload_of
        from isoaudit.advise.rules import load_rules

        rules = load_rules()
        if self._class is None:
            return workload_of(self._answers, rules.questions)
        named = {one.id: one.workload for one in rules.classes} | dict(rules.named)
        if self._class not in named:
            raise UsageError(
                f"no workload is called {self._class!r}", f"There are: {', '.join(named)}."
            )
        base = named[self._class]
        answers = {name: getattr(base, name) for name in base.said} | self._answers
        return workload_of(answers, rules.questions)


def about_workload(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options; they reach the command as one `Asked`."""

    @wraps(command)
    def packed(*args: Any, **kwargs: Any) -> Any:
        own = {name: kwargs.pop(name) for name in _NAMES}
        named = own.pop("workload_class")
        needs = tuple(word for text in own.pop("needs") for word in text.split(",") if word)
        answers = {name: value for name, value in own.items() if value is not None}
        answers |= {"needs": needs} if needs else {}
        return command(*args, asked=Asked(answers, named), **kwargs)

    decorated: Callable[..., Any] = packed
    for decorate in reversed(
        [
            click.option("--data", metavar="WORD",
                         help="What it holds: public, internal, sensitive or regulated data."),
            click.option("--code", metavar="WORD",
                         help="Whose code: own, third-party, tenant or hostile."),
            click.option("--tenancy", metavar="WORD",
                         help="Who shares the host: single, teams or customers."),
            click.option("--exposure", metavar="WORD",
                         help="Who can talk to it: internal or public."),
            click.option("--operator", metavar="WORD",
                         help="Whether who runs the host is trusted or untrusted."),
            click.option("--needs", multiple=True, metavar="WORD,…",
                         help="What of a host it needs: privileged, device, host-network, "
                         "docker-in-docker, gpu."),
            click.option("--class", "workload_class", metavar="NAME",
                         help="A workload by its name, as ai-agent-sandbox: see "
                         "isoaudit explain wall-rules."),
        ]
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated
