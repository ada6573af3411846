"""Whose kernel a workload has, from what started it, where it is and what its first process runs.

The rule that holds everywhere: what those inside could have made up never turns a plain container
into a Sentry or a guest. It may leave the question open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from isoaudit.probes.kernel.first_process import Look
from isoaudit.probes.kernel.managers import Does, Manager
from isoaudit.probes.kernel.placement import Placement

HOST, SENTRY, GUEST = "host", "sentry", "guest"

_BY_NAMESPACES = {"lxc", "systemd-nspawn", "libvirt-lxc", "flatpak", "snap"}
"""Engines known by their groups that share the host's kernel whatever else they do."""

_VIRTUAL = {"kata", "qemu", "firecracker"}
_PARTS = {SENTRY: {"runsc"}, GUEST: {"vmm", "virtiofsd", "shim"}}
"""What the first process has to be if a manager says that this is the kernel."""

_CLOSED = "its first process cannot be read"
_UNPROVEN = "; those inside could have named it so, and its file was not compared with the host's"
_LOOSE = "; no engine above it, and no group of a container or VM around it"
_NESTED = "; within another sandbox, where those of the outer one could have named it so"


class Verdict(NamedTuple):
    """The kernel, the runtime, what the first process is, and in words what decided."""

    kernel: str
    runtime: str = ""
    role: str = "workload"
    words: str = ""


class Situation(NamedTuple):
    """The nearest ancestor that makes sandboxes, the group it made, and what runs in it.

    `nested` says that another sandbox may lie around it, so that even its ancestors are forgeable.
    """

    look: Look
    manager: Manager | None
    spot: Placement | None
    nested: bool
    user_namespace: bool


def judge(at: Situation) -> Verdict:
    """Return whose kernel it is; "" where that cannot be told."""
    if at.spot is not None and at.spot.role == "monitor":
        return Verdict(HOST, _told(at), "monitor")
    if at.manager is None:
        return _orphan(at)
    return _BELOW[at.manager.does](at, at.manager)


def _namespaces(at: Situation, manager: Manager) -> Verdict:
    return Verdict(HOST, manager.runtime)


def _other(at: Situation, manager: Manager) -> Verdict:
    return Verdict("", manager.runtime)


def _plain(at: Situation, manager: Manager) -> Verdict:
    """Judge below the manager of an OCI runtime whose name promises the host's kernel.

    Of a runtime given by path, as docker's are, runc's shim tells nothing: gVisor has the same one
    above it, and the pid that the engine is told is the Sentry's.
    """
    look = at.look
    if look.what == "runsc":
        return _if_proven(at, SENTRY)
    if look.what == "unknown":
        return Verdict("", words=_CLOSED)
    # A VMM below runc is this container's own workload: the host's kernel answers its calls.
    told = look.refuted or look.what != "other"
    return Verdict(HOST, _told(at), words=look.shown if told else "")


def _sentry(at: Situation, manager: Manager) -> Verdict:
    return _claimed(at, manager, SENTRY)


def _guest(at: Situation, manager: Manager) -> Verdict:
    return _claimed(at, manager, GUEST)


def _claimed(at: Situation, manager: Manager, kernel: str) -> Verdict:
    """Judge below a manager of gVisor or of VMs: the first process has to be a part of them.

    A manager that was only told the runtime's path may have been told one of runc.
    """
    look = at.look
    if look.what == "other":
        unsure = manager.certain and not at.nested
        return Verdict("" if unsure else HOST, words=f"but {look.shown}")
    if at.nested:
        return Verdict("", words=f"{look.shown or _CLOSED}{_NESTED}")
    if not manager.certain:
        return _if_proven(at, kernel)
    if look.what == "unknown":
        return Verdict(kernel, manager.runtime, "sentry" if kernel == SENTRY else "vmm")
    if look.what in _PARTS[kernel]:
        return Verdict(kernel, manager.runtime, look.role, look.shown)
    return Verdict("", words=f"but {look.shown}")


def _orphan(at: Situation) -> Verdict:
    """Judge a sandbox above which there is no manager: it has ended, or cannot be seen.

    What shares the host's files can run the host's own programs, so that the file is not enough
    here: a group that was made outside, of a container or a VM, has to hold it.
    """
    look, spot = at.look, at.spot
    if spot is not None and spot.engine in _BY_NAMESPACES:
        return Verdict(HOST, spot.runtime)
    virtual = spot is not None and spot.runtime in _VIRTUAL
    if look.what == "other" and not virtual:
        return Verdict(HOST, _told(at), words=look.shown if look.refuted else "")
    if look.what in {"other", "unknown"}:
        return Verdict("")
    if spot is None or spot.delegated or not (virtual or spot.id):
        return Verdict("", words=f"{look.shown}{_LOOSE}")
    found = _if_proven(at, SENTRY if look.what == "runsc" else GUEST)
    return found._replace(runtime=spot.runtime) if found.kernel and virtual else found


def _if_proven(at: Situation, kernel: str) -> Verdict:
    """Return the kernel if the first process runs the host's own file, else that it is open."""
    look = at.look
    if at.nested:
        return Verdict("", words=f"{look.shown}{_NESTED}")
    if not look.proven or look.what not in _PARTS[kernel]:
        return Verdict("", words=f"{look.shown or _CLOSED}{_UNPROVEN}")
    return Verdict(kernel, look.runtime, look.role, look.shown)


def _told(at: Situation) -> str:
    """Return the runtime of a plain container, as its manager or its group name it.

    A name that promises another kernel is not believed of one that has the host's.
    """
    by_group = at.spot.runtime if at.spot is not None else ""
    if by_group == "sysbox-runc":
        # Sysbox gives every container a user namespace; without it someone made the group's name.
        by_group = by_group if at.user_namespace else ""
    by_manager = at.manager.runtime if at.manager is not None else ""
    told = by_group or by_manager
    return "" if told in {"runsc", *_VIRTUAL} else told


_BELOW: dict[Does, Callable[[Situation, Manager], Verdict]] = {
    Does.NAMESPACES: _namespaces,
    Does.OCI: _plain,
    Does.OTHER: _other,
    Does.SENTRY: _sentry,
    Does.GUEST: _guest,
}
