"""Which process of a sandbox can have made a user namespace inside it: one that holds no less.

What a user namespace does not change is handed down from its maker: filters and no-new-privileges
for good, the host's root only by one who is it, the host's namespaces only by one who is in them.
Sources: user_namespaces(7), seccomp(2), PR_SET_NO_NEW_PRIVS(2const), namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.process import Seen
from isoaudit.transports import Unreadable

_ENFORCED = " (enforce)"  # how AppArmor ends the label of what it confines


class _Held(NamedTuple):
    """What a process can hand down: whether it is root of the host, its label, and the kinds of
    namespaces in which it is with the host or which are closed."""

    is_root: bool
    label: object
    with_host: frozenset[str]


class Makers:
    """The processes of a sandbox, by the least that confines those which hold the same."""

    def __init__(self, machine: Machine, processes: Iterable[Seen]) -> None:
        self._machine = machine
        self._least: dict[_Held, list[tuple[int, ...]]] = {}
        for one in processes:
            filters = _filters(one)
            least = self._least.setdefault(self._held(one), [])
            if not any(_is_inherited(known, filters) for known in least):
                least[:] = [known for known in least if not _is_inherited(filters, known)]
                least.append(filters)

    def account_for(self, one: Seen) -> bool:
        """Say whether one of them can have made the user namespace that a process is in."""
        held, filters = self._held(one), _filters(one)
        return any(
            _is_handed_down(maker, held) and any(_is_inherited(least, filters) for least in several)
            for maker, several in self._least.items()
        )

    def _held(self, one: Seen) -> _Held:
        label = one.label.reason if isinstance(one.label, Unreadable) else one.label
        words = one.status.get("Uid", "").split()
        with_host = frozenset(kind for kind in one.links if self._is_with_host(one, kind))
        return _Held(len(words) != 4 or "0" in words, label, with_host - {"user"})

    def _is_with_host(self, one: Seen, kind: str) -> bool:
        try:
            return one.links[kind] == self._machine.initial(kind)
        except Unreadable:
            return False


def _is_handed_down(maker: _Held, held: _Held) -> bool:
    confined = isinstance(held.label, str) and held.label.endswith(_ENFORCED)
    return (
        (maker.is_root or not held.is_root)
        and (confined or maker.label == held.label)
        and held.with_host <= maker.with_host
    )


def _filters(one: Seen) -> tuple[int, ...]:
    """Return what only grows from a process to those it starts; -1 for what status lacks."""
    words = (one.status.get(key, "") for key in ("NoNewPrivs", "Seccomp", "Seccomp_filters"))
    return tuple(int(word) if word.isdecimal() else -1 for word in words)


def _is_inherited(maker: tuple[int, ...], own: tuple[int, ...]) -> bool:
    return all(before <= now for before, now in zip(maker, own, strict=True))
