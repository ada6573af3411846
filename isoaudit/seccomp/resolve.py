"""What a profile comes to for one container: the verdict of every call, as of a loaded filter.

As the engines and libseccomp read it:

- A rule is taken if all of its `includes` and none of its `excludes` hold. Capabilities are those
  the container is created with (its bounding set); the architecture is the machine's own.
- A rule whose answer is the default one is left out: it can not take anything back.
- Comparisons of one rule must all hold. Two of the same argument are rules of their own instead,
  of which one is enough (runc and crun).
- Rules of one call add up. A rule without comparisons replaces those with; after it, any further
  rule of that call is ignored, also one with another answer.
- Where two rules with comparisons overlap and differ in their answer, what libseccomp makes of it
  depends on its build; that part of the arguments is unknown here. So is a call of which a range
  (less, greater) or a rule of several arguments overlaps with another rule, or of which a rule of
  several arguments stands beside another and one of them asks for more than equality: libseccomp
  2.5 builds wrong filters of some.
- An interface that the profile does not list is killed as a whole.
- On 32-bit x86 a rule of a socket or System V IPC call also lets the multiplexers socketcall(2)
  and ipc(2) make that call; comparisons of the first argument are lost there, it is the number of
  the call.
- A name that an interface does not have is ignored there. The engine's libseccomp may be older
  than a name: then the default holds, which only the loaded filter shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from isoaudit.seccomp.abi import ABIS, I386, Abi
from isoaudit.seccomp.actions import KILL_THREAD
from isoaudit.seccomp.answers import MOST_ANSWERS, Answer, Given, add, entangled, ways_through
from isoaudit.seccomp.profile import Comparison, Profile, ProfileError, Rule, When
from isoaudit.seccomp.symbolic import MOST_WAYS, Way, Ways
from isoaudit.seccomp.verdict import Calls, Kind, Verdict, judge

_NAMES = {
    "SCMP_ARCH_X86_64": "x86_64",
    "SCMP_ARCH_X86": "i386",
    "SCMP_ARCH_X32": "x32",
    "SCMP_ARCH_AARCH64": "aarch64",
    "SCMP_ARCH_ARM": "arm",
}
_ENGINE_NAMES = {"x86_64": "amd64", "i386": "x86", "aarch64": "arm64", "arm": "arm"}

_SOCKET_CALLS = (
    "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair",
    "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
    "recvmsg", "accept4", "recvmmsg", "sendmmsg",
)  # fmt: skip
_MULTIPLEXED = {name: ("socketcall", number) for number, name in enumerate(_SOCKET_CALLS, 1)} | {
    "semop": ("ipc", 1), "semget": ("ipc", 2), "semctl": ("ipc", 3), "semtimedop": ("ipc", 4),
    "msgsnd": ("ipc", 11), "msgrcv": ("ipc", 12), "msgget": ("ipc", 13), "msgctl": ("ipc", 14),
    "shmat": ("ipc", 21), "shmdt": ("ipc", 22), "shmget": ("ipc", 23), "shmctl": ("ipc", 24),
}  # fmt: skip
"""Calls of 32-bit x86 that a multiplexer makes too (include/uapi/linux/net.h and ipc.h)."""


class Container(NamedTuple):
    """For whom a profile is resolved: capabilities, native interface, kernel's version if known."""

    capabilities: frozenset[str]
    native: Abi
    kernel: tuple[int, int] | None = None


class Resolved:
    """A profile for one container. Its calls compare with those of a loaded filter."""

    def __init__(self, profile: Profile, container: Container) -> None:
        """Take the rules that apply; raises ProfileError where that cannot be told."""
        self.profile = profile
        self.native = container.native
        self._covered = covered(profile, container.native)
        self._rules = [rule for rule in profile.rules if _applies(rule, container)]
        self._tangles: dict[tuple[str, str], bool] = {}
        self._by_abi: dict[str, Mapping[str, list[Answer]]] = {}

    def ask(self, abi: Abi, call: str, given: Given = ()) -> Verdict | None:
        """Return what becomes of a call with such arguments; None if there is no such call."""
        return self._verdict(abi, call, given) if call in abi.calls else None

    def calls(self, abi: Abi) -> Calls:
        """Return the verdicts of every call of an interface."""
        return {name: self._verdict(abi, name, ()) for name in abi.calls}

    def _verdict(self, abi: Abi, call: str, given: Given) -> Verdict:
        if abi.name not in self._covered:
            return judge(Ways((Way(KILL_THREAD, given, exact=True),), complete=True))
        answers = self._answers(abi).get(call, [])
        ways: list[Way] = []
        if len(answers) > MOST_ANSWERS:
            return judge(Ways((), complete=False))
        if self._entangled(abi, call, answers):
            why = "its rules overlap, and what libseccomp makes of that depends on its build"
            return Verdict(Kind.UNKNOWN, None, why=why)
        for way in ways_through(answers, Way(self.profile.default, given, exact=True)):
            if len(ways) == MOST_WAYS:
                return judge(Ways(tuple(ways), complete=False))
            ways.append(way)
        return judge(Ways(tuple(ways), complete=True))

    def _entangled(self, abi: Abi, call: str, answers: list[Answer]) -> bool:
        key = (abi.name, call)
        if key not in self._tangles:
            self._tangles[key] = entangled(answers, self.profile.default)
        return self._tangles[key]

    def _answers(self, abi: Abi) -> Mapping[str, list[Answer]]:
        if abi.name not in self._by_abi:
            self._by_abi[abi.name] = self._translated(abi)
        return self._by_abi[abi.name]

    def _translated(self, abi: Abi) -> Mapping[str, list[Answer]]:
        """Return the answers to every call of an interface, as libseccomp would hold them."""
        found: dict[str, list[Answer]] = {}
        for rule in self._rules:
            if rule.answer == self.profile.default:
                continue
            for name in rule.names:
                if name in abi.calls:
                    for comparisons in _alternatives(rule):
                        add(found, name, comparisons, rule.answer, abi)
                if abi is I386 and name in _MULTIPLEXED:
                    call, number = _MULTIPLEXED[name]
                    first = Comparison(0, "SCMP_CMP_EQ", number, 0)
                    for comparisons in _alternatives(rule):
                        others = tuple(one for one in comparisons if one.argument != 0)
                        add(found, call, (first, *others), rule.answer, abi)
        return found


def covered(profile: Profile, native: Abi) -> frozenset[str]:
    """Return the names of the interfaces that a profile's filter knows; all others are killed.

    The native one always is among them.
    """
    listed = list(profile.architectures)
    for architecture, others in profile.by_architecture:
        if _NAMES.get(architecture) == native.name:
            listed += [architecture, *others]
            break
    names = {_NAMES[name] for name in listed if name in _NAMES}
    return frozenset({native.name, *names}) & frozenset(ABIS)


def _applies(rule: Rule, container: Container) -> bool:
    """Say whether a rule is taken for a container; raises ProfileError if that cannot be told."""
    own = _ENGINE_NAMES.get(container.native.name, container.native.name)
    left = rule.excludes
    if own in left.architectures or container.capabilities.intersection(left.capabilities):
        return False
    if left.kernel is not None and _new_enough(left, container):
        return False
    wanted = rule.includes
    if wanted.architectures and own not in wanted.architectures:
        return False
    if not container.capabilities.issuperset(wanted.capabilities):
        return False
    return wanted.kernel is None or _new_enough(wanted, container)


def _new_enough(when: When, container: Container) -> bool:
    if container.kernel is None:
        raise ProfileError("a rule depends on the kernel's version, which is not known")
    return when.kernel is not None and container.kernel >= when.kernel


def _alternatives(rule: Rule) -> list[tuple[Comparison, ...]]:
    """Return a rule as the rules that the runtime makes of it."""
    indexes = [one.argument for one in rule.comparisons]
    if len(set(indexes)) < len(indexes):
        return [(one,) for one in rule.comparisons]
    return [rule.comparisons]
