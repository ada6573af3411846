"""A command line that starts a container, given as it is instead of a file that holds it."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.targets.address import Address

_SHOWN = "argument"
_COMMANDS = frozenset({"run", "create"})
_BEFORE = frozenset({"sudo"})


def split_line(targets: Sequence[str]) -> tuple[Sequence[str], Address | None]:
    """Return the targets before a line such as `docker run IMAGE`, and the address of that line.

    All from the engine's name on is one line: a shell has split it, and it is put together again.
    """
    if _COMMANDS.isdisjoint(targets):
        return targets, None
    from isoaudit.probes.run_line.options import ENGINES

    for index, word in enumerate(targets):
        if word.rpartition("/")[2] not in ENGINES or _COMMANDS.isdisjoint(targets[index + 1 :]):
            continue
        start = index
        while start > 0 and targets[start - 1].rpartition("/")[2] in _BEFORE:
            start -= 1
        return targets[:start], _address(targets[start:])
    return targets, None


def _address(words: Sequence[str]) -> Address:
    import shlex

    line = shlex.join(words)
    data = line.encode("utf-8", "surrogateescape")
    return Address(f"docker_run:{_SHOWN}", "docker_run", name=_SHOWN, data=data)
