"""The patterns of ssh_config(5) and sshd(8): `*`, `?`, and `!` before what must not match."""

from __future__ import annotations

from collections.abc import Iterable


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Say whether one of the patterns matches and none with `!` does."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if matches(name, pattern[1:]):
                return False
        elif matches(name, pattern):
            found = True
    return found


def matches(name: str, pattern: str) -> bool:
    """Say whether a name matches one pattern, whatever its case; time is bounded by both lengths.

    Unlike a shell's, these patterns know no brackets, which are part of names as `[host]:22`.
    """
    name, pattern = name.lower(), pattern.lower()
    at = place = retry = 0
    star = -1
    while at < len(name):
        if place < len(pattern) and pattern[place] == "*":
            star, retry = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in {"?", name[at]}:
            place, at = place + 1, at + 1
        elif star >= 0:
            retry += 1
            place, at = star + 1, retry
        else:
            return False
    return not pattern[place:].strip("*")
