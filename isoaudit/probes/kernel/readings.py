"""What readings of /proc are worth where a workload's system calls do not end in the host's kernel.

Behind gVisor the processes on the host are the Sentry and the Gofer, behind Kata a VMM: what the
kernel shows of them is how *these* are confined, never what the workload may do. Taken for the
workload's they would be wrong in both directions: a Sentry has few mounts and a filter of its own,
a VMM runs unconfined where a workload need not.

So of such a sandbox (`veiled`) every path whose reading would be of the wrong process is dark at
the kernel's vantage. What an engine or a file asked for stays: it describes the inner layer, may
fail a check there, and cannot pass one alone, as neither gVisor nor Kata applies all of it. gVisor
ignores AppArmor profiles, and seccomp filters without --oci-seccomp; Kata applies neither unless
disable_guest_seccomp and disable_guest_apparmor are switched to false.

How a part or path is treated, by whose kernel the workload has:

| path                                 | host  | sentry                     | guest              |
|--------------------------------------|-------|----------------------------|--------------------|
| process, nested, descriptor          | read  | veiled; `sentry.*` instead | veiled; `vmm.*`    |
| mount, device, container.rootfs      | read  | veiled                     | veiled             |
| container.masked_, readonly_paths    | read  | veiled                     | veiled             |
| container.limits                     | read  | read: hold for the Sentry  | veiled: of the VMM |
| host.*, engine.*                     | stand | stand                      | stand              |

An unknown kernel ("") veils nothing: whoever is inside could ask for that by a name.

Sources: gVisor runsc/config/flags.go, runsc/specutils (what of a spec is ignored), google/gvisor
issues 35 and 6530 of containerd; Kata configuration files, docs/Limitations.md and
docs/design/host-cgroups.md, pull request 7587.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from isoaudit.model import Fact, FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.runtimes import Recognition
from isoaudit.probes.kernel.verdict import GUEST, SENTRY

_OF_ANOTHER_PROCESS = (
    "process",
    "nested",
    "descriptor",
    "mount",
    "device",
    "container.rootfs.read_only",
    "container.masked_paths",
    "container.readonly_paths",
)
_VEILED = {SENTRY: _OF_ANOTHER_PROCESS, GUEST: (*_OF_ANOTHER_PROCESS, "container.limits")}
_WHY = {
    SENTRY: "the workload's system calls end in gVisor's own kernel, the Sentry: what it may do "
    "there the host's kernel does not see",
    GUEST: "the workload runs on the kernel of a virtual machine: what it may do there the host's "
    "kernel does not see",
}
_HOW = {
    SENTRY: "Look inside: `runsc ps ID` and `runsc events ID` on the host, /proc in the container; "
    "what they say is the Sentry's word.",
    GUEST: "Look inside: scan the guest, or read /proc in the container; what it says is the "
    "guest's word.",
}

_TELL = "Run isoaudit as root on the host itself, where it sees ancestors and their programs."

_SENTRYS = {
    "process.pid": "sentry.pid",
    "process.host_uid": "sentry.host_uid",
    "process.user_namespace": "sentry.user_namespace",
    "process.capabilities.effective": "sentry.capabilities.effective",
    "process.capabilities.permitted": "sentry.capabilities.permitted",
    "process.no_new_privileges": "sentry.no_new_privileges",
    "process.seccomp.mode": "sentry.seccomp.mode",
    "process.lsm.label": "sentry.lsm.label",
    "process.namespaces.net": "sentry.namespaces.net",
    "process.root_is_host": "sentry.root_is_host",
}
"""What a record of the part `process` says of the Sentry, if that is what it was read of."""

_PLATFORMS = {"kvm", "systrap", "ptrace"}


def veiled(recognition: Recognition) -> tuple[Missing, ...]:
    """Return what must be missing instead of read; nothing if the workload has the host's kernel.

    The caller notes these in place of the kernel's parts and facts of the same paths.
    """
    kernel = recognition.kernel
    return tuple(
        Missing(path, Reason.NOT_SUPPORTED, _WHY[kernel], _HOW[kernel], Vantage.KERNEL)
        for path in _VEILED.get(kernel, ())
    )


def unveiled(
    seen: FactSet, recognition: Recognition, cmdline: Callable[[], Iterable[str]]
) -> FactSet:
    """Return what was read of a sandbox as what it is: the workload's, or not.

    `cmdline` reads that of the process that was read as its first.
    """
    entries = veiled(recognition)
    if not entries:
        return seen
    paths = [entry.path for entry in entries]

    def stays(path: str) -> bool:
        return not any(path == one or path.startswith(f"{one}.") for one in paths)

    kept = FactSet.of(
        (fact for several in seen.facts.values() for fact in several if stays(fact.path)),
        (part for several in seen.parts.values() for part in several if stays(part.name)),
        [*(e for several in seen.missing.values() for e in several if stays(e.path)), *entries],
    )
    records = [r for part in seen.parts.get("process", ()) for r in part.records]
    if recognition.role == SENTRY and records:
        return kept.merge(sentry_facts(records[0], cmdline()))
    return kept


def note_kernel(notes: Notes, recognition: Recognition) -> None:
    """Note whose kernel the workload has and which runtime its processes show, or why neither."""
    why = recognition.evidence
    if recognition.kernel:
        notes.fact("container.kernel", recognition.kernel, why)
    else:
        notes.missing("container.kernel", Reason.NOT_SUPPORTED, why, _TELL)
    if recognition.runtime:
        notes.fact("container.runtime_seen", recognition.runtime, why)
    else:
        notes.missing("container.runtime_seen", Reason.NOT_SUPPORTED, why, _TELL)


def sentry_facts(record: Record, cmdline: Iterable[str]) -> FactSet:
    """Return how a Sentry is confined, from its own record of the part `process` and command line.

    The record is one that was read of a process with the role `sentry`.
    """
    facts = [
        fact._replace(path=_SENTRYS[path])
        for path, fact in record.facts.items()
        if path in _SENTRYS
    ]
    missing = [
        entry._replace(path=_SENTRYS[path], vantage=Vantage.KERNEL)
        for path, entry in record.missing.items()
        if path in _SENTRYS
    ]
    return FactSet.of([*facts, *_options(cmdline)], missing=missing)


def _options(cmdline: Iterable[str]) -> Iterable[Fact]:
    """Yield the platform and network that a Sentry was started with: runsc hands its flags on."""
    for word in cmdline:
        name, equals, value = word.lstrip("-").partition("=")
        if not equals or not word.startswith("-"):
            continue
        if name == "platform" and value in _PLATFORMS:
            yield Fact("sentry.platform", value, "/proc/PID/cmdline --platform", Vantage.KERNEL)
        elif name == "network" and value in {"sandbox", "host", "none"}:
            yield Fact("sentry.network", value, "/proc/PID/cmdline --network", Vantage.KERNEL)
