"""Recognises which engine and runtime a sandbox belongs to, and whose kernel its readings are of.

Evidence differs in who could have made it up:

- Whoever is *inside* chooses name, arguments and program of the first process, and the names of
  groups below its own. By these alone nothing is taken for gVisor or for a virtual machine.
- Ancestors *outside*, and the groups down to the sandbox's own, cannot be touched from inside.
  Whoever runs the sandbox can name them as he likes: he deceives himself only. In a sandbox within
  another one they are forgeable by those in the outer one, and then decide nothing either.
- Which *file* the first process runs, compared by device and inode with the host's file of that
  name, can be forged only where the host's own program is in the sandbox's reach. Of runsc it
  counts if it is not: the Sentry gives up its own root, an imitation has to have the file. (Who
  reaches the host's processes, as a privileged container in the host's PID namespace, reaches it
  through /proc/1/root: it could imitate that too, and need not.) A VMM's file counts in a group
  made outside alone.

So gVisor under docker, whose runtime is given by path, is told from a container that imitates it by
the file alone: both have the shim of runc above them. Where the file was not compared, the kernel
stays unknown.

Sources: gVisor runsc/sandbox/sandbox.go and runsc/container/container.go (`runsc-sandbox … boot`,
`runsc-gofer … gofer`, re-executed from the host's file), Kata
src/runtime/pkg/containerd-shim-v2/service.go (an engine is told the pid of the VMM, or of the shim)
and virtcontainers/qemu.go (`-name sandbox-ID`, daemonized); those of placement.py and managers.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from isoaudit.probes.kernel.first_process import Program, look
from isoaudit.probes.kernel.managers import (
    Does,
    Manager,
    managers,
    program,
    under_rootlesskit,
)
from isoaudit.probes.kernel.placement import Placement, placements, unit
from isoaudit.probes.kernel.verdict import Situation, Verdict, judge


class Evidence(NamedTuple):
    """What /proc shows of a sandbox, gathered by the caller; "" or () where it is closed.

    `comm`, `cmdline` and `exe` (the link's text) are of its first process, `parents` the (comm,
    cmdline) of its ancestors outside the sandbox, nearest first. `exe_on_host` compares the file
    that it runs with the host's file at the path `exe` by device and inode of stat(2): true if they
    are one, false if the host has another one there, None if that was not or cannot be compared.
    An absent file proves nothing: of a program on a mount of its own the link's text is cut short.
    `exe_in_reach` is what first_process.in_reach says of that file, None if it was not asked.
    """

    cgroup: str
    comm: str
    cmdline: tuple[str, ...]
    exe: str
    parents: tuple[tuple[str, tuple[str, ...]], ...]
    user_namespace: bool
    maps_root: bool | None
    owner_uid: int | None
    exe_on_host: bool | None = None
    exe_in_reach: bool | None = None


class Recognition(NamedTuple):
    """What a sandbox is taken for; "" where the evidence does not tell.

    `engine`: docker, podman, containerd, cri-o, lxc, lxd, incus, systemd-nspawn, bubblewrap,
    flatpak, snap, firejail, unshare, systemd (a service that sandboxes itself), chromium (and what
    is built on it), firefox, libvirt, … `runtime`: runc, crun, youki, runsc, kata, sysbox-runc,
    lxc, …; below runc's shim it is runc, which stands for every runtime that does as runc does.
    `kernel`: whose system-call interface the workload has, host, sentry or guest. `role`: what the
    first process is, workload, sentry, gofer, vmm, virtiofsd, shim or monitor. `evidence`: what
    was seen, in words.
    """

    engine: str = ""
    runtime: str = ""
    id: str = ""
    name: str = ""
    rootless: bool | None = None
    kernel: str = ""
    role: str = "workload"
    evidence: str = ""


@lru_cache(512)
def recognise(evidence: Evidence) -> Recognition:
    """Return what a sandbox is; never raises, and takes nothing for more than is proven.

    Evidence that is equal in every word is looked at once.
    """
    at = _situation(evidence)
    engine = _engine(evidence, at)
    verdict = judge(at)
    identity, name = _names(evidence, at, engine)
    return Recognition(
        engine=engine,
        runtime=verdict.runtime,
        id=identity,
        name=name,
        rootless=_rootless(evidence, at),
        kernel=verdict.kernel,
        role=verdict.role,
        evidence=_words(evidence, at, verdict),
    )


def _situation(evidence: Evidence) -> Situation:
    chain = managers(evidence.parents)
    if (own := _sandboxes_itself(evidence)) is not None:
        chain.insert(0, own)
    spots = placements(evidence.cgroup)
    nearest = chain[0] if chain else None
    # NOTE: groups beyond the number of managers above it were made inside.
    fitting = [spot for spot in spots[: max(len(chain), 1)] if _fits(spot, nearest)]
    spot = fitting[-1] if fitting else None
    return Situation(
        look=look(
            evidence.comm,
            evidence.cmdline,
            Program(evidence.exe, evidence.exe_on_host, evidence.exe_in_reach),
        ),
        manager=nearest,
        spot=spot,
        nested=len(chain) > 1 or (bool(spots) and spot is not spots[0]) or _differ(nearest, spot),
        user_namespace=evidence.user_namespace,
    )


def _sandboxes_itself(evidence: Evidence) -> Manager | None:
    """Return a browser whose own parent started it with less rights: its renderers and the like."""
    if not evidence.parents or not evidence.cmdline or managers(evidence.parents[:1]):
        return None
    above = program(*evidence.parents[0])
    if program("", evidence.cmdline) != above:
        return None
    for word in evidence.cmdline[1:]:
        engine = "chromium" if word.startswith("--type=") else _SELF_SANDBOXED.get(word)
        if engine is not None:
            return Manager(above, engine, Does.NAMESPACES)
    return None


def _fits(spot: Placement, manager: Manager | None) -> bool:
    """Say whether a group can be the one that a manager made."""
    if manager is None or spot.engine == manager.engine:
        return True
    if manager.does is not Does.NAMESPACES:
        return not spot.engine or not manager.engine
    if spot.engine == "":
        return bool(spot.name) and manager.engine.startswith("systemd-")
    return manager.engine in _BUILT_ON.get(spot.engine, ())


def _differ(manager: Manager | None, spot: Placement | None) -> bool:
    """Say whether a group is of another container than the one that its manager watches."""
    if manager is None or spot is None or manager.engine not in {"docker", "podman"}:
        return False
    return bool(manager.id and spot.id) and manager.id != spot.id


def _engine(evidence: Evidence, at: Situation) -> str:
    manager, spot = at.manager, at.spot
    if spot is not None and spot.engine not in {"", *_BUILT_ON}:
        return spot.engine
    if manager is not None and manager.engine:
        return "flatpak" if spot is not None and spot.engine == "flatpak" else manager.engine
    if spot is not None and spot.engine:
        return spot.engine
    return "systemd" if _service(evidence, at) else ""


def _service(evidence: Evidence, at: Situation) -> str:
    """Return the systemd service that a sandbox is, if systemd itself started it.

    Not of what a runtime left behind there, as Kata its VMM in the group of containerd.
    """
    if at.manager is not None or at.spot is not None or at.look.what != "other":
        return ""
    if evidence.parents and program(*evidence.parents[0]) != "systemd":
        return ""
    return unit(evidence.cgroup)


def _names(evidence: Evidence, at: Situation, engine: str) -> tuple[str, str]:
    """Return the id and the name of a sandbox, each "" if there is none."""
    manager, spot = at.manager, at.spot
    if service := _service(evidence, at):
        return service, service
    identity = spot.id if spot is not None else ""
    # NOTE: in a cluster a shim watches a whole pod, by the id of the pod's own first container.
    if not identity and manager is not None and not (spot is not None and spot.pod):
        identity = manager.id
    called = manager.name if manager is not None else ""
    if not called and spot is not None:
        called = spot.name or (f"{spot.pod}/{identity[:12]}" if spot.pod else "")
    called = called[:_LONGEST]
    if not called:
        called = identity[:12] if len(identity) == _ID_LENGTH else identity[:_LONGEST]
    return identity[:_LONGEST] or (called if engine not in _CONTAINERS else ""), called


def _rootless(evidence: Evidence, at: Situation) -> bool | None:
    """Say whether an ordinary user runs it; None if that cannot be told."""
    if under_rootlesskit(evidence.parents):
        return True
    if evidence.owner_uid is not None:
        return evidence.owner_uid != 0
    if at.spot is not None and at.spot.by_user:
        return True
    return False if evidence.maps_root and evidence.user_namespace else None


def _words(evidence: Evidence, at: Situation, verdict: Verdict) -> str:
    """Return what was seen; of ancestors the program's name alone, their arguments stay unsaid."""
    seen: list[str] = []
    if at.spot is not None:
        seen.append(f"/proc/PID/cgroup {at.spot.where[:_LONGEST]}")
    elif service := _service(evidence, at):
        seen.append(f"/proc/PID/cgroup {service[:_LONGEST]}.service")
    if at.manager is not None:
        seen.append(f"parent {at.manager.program[:_LONGEST]}")
    if verdict.words:
        seen.append(verdict.words[: 4 * _LONGEST])
    return "; ".join(seen) or "neither control groups nor ancestors name an engine"


_LONGEST = 120  # of a name that is shown: more than any engine gives
_ID_LENGTH = 64
_CONTAINERS = {"docker", "podman", "containerd", "cri-o", "buildkit"}
_BUILT_ON = {"lxc": ("lxd", "incus"), "flatpak": ("bubblewrap",)}
"""Engines that others are built on: LXD and Incus run LXC, flatpak runs bubblewrap."""

_SELF_SANDBOXED = {"-contentproc": "firefox"}
