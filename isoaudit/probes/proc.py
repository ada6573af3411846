"""Sandboxes of this machine found through /proc, whether an engine lists them or not.

Nothing is asked but the kernel: what an engine or a file asked for is not known here, and said to
be so. Where an engine lists the same container, its target stands for both (audit/live.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Kind, Reason, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.kernel.census import Glimpse
from isoaudit.probes.kernel.discovery import Group
from isoaudit.probes.kernel.identity import identify
from isoaudit.probes.kernel.neighbours import sandboxes
from isoaudit.probes.kernel.placement import in_slices
from isoaudit.probes.kernel.runtimes import Recognition
from isoaudit.transports import Files, Unreadable
from isoaudit.transports.ptrace import Filters

_ENGINES_WORD = ("container", "port", "environment", "network", "sysctl")
"""What only an engine or a file could tell of a sandbox; the kernel's word outranks it."""

_ASKABLE = frozenset({"docker", "podman"})
"""Engines whose API isoaudit can ask; others keep no word that could be had."""

_NOT_WORKLOADS = frozenset({"gofer", "shim", "monitor", "virtiofsd"})
"""Roles of processes that serve a sandbox and are none."""

_OF_THE_HOST = ("pid", "net", "ipc", "uts")
"""Namespaces that a monitor shares with the host."""

_STARTERS = frozenset(
    {
        *("bwrap", "firejail", "unshare", "systemd-nspawn", "(sd-stubinit)", "lxc-start"),
        *(
            "catatonit",
            "docker-init",
            "podman-init",
            "tini",
            "dumb-init",
            "s6-svscan",
            "runc:[2:INIT]",
        ),
    }
)
"""First processes that only start and reap what a sandbox was made for."""


class ProcProbe:
    """The sandboxes that /proc shows. A target's handle is its container id, else its first pid.

    An id that two of them go by is no handle of either: one would hide behind the engine's target.

    `loaded` reads seccomp filters, if that is wanted.
    """

    def __init__(self, files: Files, loaded: Filters | None = None) -> None:
        self._files = files
        self._loaded = loaded
        self._machine = Machine(files, loaded)
        self._groups: dict[str, Group] = {}
        self._named: dict[str, Target] = {}
        self._contested: frozenset[str] = frozenset()
        """Container ids that several sandboxes go by: which is the engine's, /proc cannot tell."""

    def find(self) -> Sequence[Target]:
        """Return every sandbox but isoaudit's own, oldest first; raises TargetError."""
        self._machine = Machine(self._files, self._loaded)
        try:
            groups = sandboxes(self._machine).groups
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        names: dict[str, int] = {}
        targets = []
        self._named.clear()
        listed = [group for group in groups if not self._is_passed_by(group)]
        ids = Counter(group.id for group in listed)
        self._contested = frozenset(name for name, number in ids.items() if number > 1)
        for group in listed:
            name = self._name(group)
            names[name] = names.get(name, 0) + 1
            target = self._target(group, name, names[name])
            self._named[target.handle] = target
            targets.append(target)
        return targets

    def unseen(self) -> Unreadable | None:
        """Say why there may be sandboxes that were not listed, None if none can be."""
        return sandboxes(self._machine).unseen

    def locate(self, name: str) -> Target | None:
        """Return the sandbox that a process is in, by its pid; None if there is no such process."""
        if not (name.isascii() and name.isdecimal()):
            return None
        try:
            group = sandboxes(self._machine).around(int(name))
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        if group is None:
            return None
        handle = self._handle(group)
        found = self._named.get(handle) or self._target(group, f"{self._name(group)}/{name}", 1)
        alias = f"proc:{name}"
        return found if alias in found.aliases else _also(found, alias)

    def collect(self, target: Target) -> FactSet:
        """Return what the kernel shows of a sandbox; raises TargetError if it is gone."""
        group = self._groups.get(target.handle)
        if group is None:
            raise TargetError(f"{target.id} is no sandbox that was found here", "Scan again.")
        sandbox = Sandbox(group.main.pid, group.id, group.pids, group.starters)
        seen = read_sandbox(self._machine, sandbox, Asked(container=group.id))
        found = identify(self._machine, group)
        key = ("around", found.engine, found.evidence)
        return self._machine.once(key, lambda: _around(found)).merge(seen)

    def _handle(self, group: Group) -> str:
        """Return the container id, by which an engine's target is joined, or else the first pid."""
        return str(group.main.pid) if group.id in {"", *self._contested} else group.id

    def _is_passed_by(self, group: Group) -> bool:
        """Say whether a group serves other sandboxes, or is a bare VMM."""
        role = identify(self._machine, group).role
        if role == "monitor" and not self._is_outside(group.main):
            return False
        return role in _NOT_WORKLOADS or (role == "vmm" and not group.id)

    def _is_outside(self, one: Glimpse) -> bool:
        """Say whether a process can be a monitor: in a group of the system's, and with the host.

        A sandbox that may write its control groups gives itself a monitor's name there. What a
        monitor has of its own are the namespaces of podman without root, user and mount, and
        cgroup at most.
        """
        if not in_slices(one.cgroup):
            return False
        for kind in _OF_THE_HOST:
            link = one.links[kind]
            try:
                if not isinstance(link, str) or self._machine.is_own(kind, link, one.pid):
                    return False
            except Unreadable:
                return False
        return True

    def _name(self, group: Group) -> str:
        """Return what runs it and what it is called, as docker/0123456789ab or bubblewrap/sh."""
        found = identify(self._machine, group)
        name = group.id[:12] or found.name or self._program(group)
        return f"{found.engine}/{name}" if found.engine else name

    def _program(self, group: Group) -> str:
        """Return the name of the program it was made for, behind whatever starts it inside."""
        known = self._machine.census.everyone
        several = sorted((known[p] for p in group.pids if p in known), key=lambda one: one.order)
        ordered = [group.main, *several]
        name = next((one.comm for one in ordered if one.comm not in _STARTERS), group.main.comm)
        return name or str(group.main.pid)

    def _target(self, group: Group, name: str, number: int) -> Target:
        handle = self._handle(group)
        self._groups[handle] = group
        shown = name if number == 1 else f"{name}.{number}"
        return Target(
            id=f"proc:{shown}",
            kind=Kind.CONTAINER,
            name=shown,
            state="running",
            handle=handle,
            host="local",
            aliases=(f"proc:{group.main.pid}",),
        )


def _around(found: Recognition) -> FactSet:
    """Return what is known of a sandbox as a whole, and what nobody here was asked."""
    notes = Notes(Vantage.KERNEL)
    notes.fact("container.platform", found.engine or "process", found.evidence)
    asked = Notes(Vantage.ENGINE)
    for path in (*_ENGINES_WORD, "drift"):
        if found.engine in _ASKABLE:
            detail = f"{found.engine} runs it and was not asked"
            how = f"Scan it as {found.engine}:NAME, where its API can be reached."
            asked.missing(path, Reason.NOT_REQUESTED, detail, how)
        else:
            detail = f"{found.engine or 'nothing known'} runs it, which keeps no word of that"
            asked.missing(path, Reason.NOT_DECLARABLE, detail)
    return notes.factset().merge(asked.factset())


def _also(target: Target, alias: str) -> Target:
    from dataclasses import replace

    return replace(target, aliases=(*target.aliases, alias))
