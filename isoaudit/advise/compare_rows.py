"""Makes the rows of a comparison: six dimensions, of each what tells two walls apart."""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.advise.compare import NOT_KNOWN, NOT_MEASURED, UNKNOWN, Cell, Row, Side
from isoaudit.advise.exploits import reachable, reachable_by_vmm
from isoaudit.advise.words import GOALS
from isoaudit.assess.asked import view_of
from isoaudit.model import Axis, Kind, Missing, Openness, Standing, Value
from isoaudit.seccomp.exploits import corpus_words

_NUMBERS = (
    ("size", "disk", "image"),
    ("size", "its own", "own"),
    ("size", "memory", "memory"),
    ("performance", "start to ready", "start"),
    ("performance", "runs since", "age"),
    ("performance", "copy starts in", "ready"),
    ("performance", "system call", "call"),
    ("performance", "copy's memory", "copy_memory"),
)
_WHOSE = {"host": "the host's", "sentry": "gVisor's", "guest": "its own"}
_ACCELERATORS = {"tcg": "emulated (TCG)", "kvm": "KVM"}


def rows_of(a: Side, b: Side) -> tuple[Row, ...]:
    """Return the rows of two sides, ordered by dimension."""
    return tuple(_rows(a, b))


def _rows(a: Side, b: Side) -> Iterator[Row]:
    yield Row("virtualization", "kernel", _kernel(a), _kernel(b))
    yield Row("virtualization", "host's boot", _boot(a), _boot(b))
    yield Row("virtualization", "hardware", _hardware(a), _hardware(b))
    yield Row("compatibility", "runs", _runs(a), _runs(b))
    yield Row("compatibility", "needs", _needs(a), _needs(b))
    for dimension, label, name in _NUMBERS:
        yield Row(dimension, label, _number(a, name), _number(b, name))
    yield Row("security", "verdict", _verdict(a), _verdict(b))
    for axis in Axis:
        yield Row("security", axis.value, _score(a, axis), _score(b, axis))
    yield Row("security", "filter", _filter(a), _filter(b))
    calls = Cell(NOT_MEASURED, UNKNOWN, "strace -cfp PID on the host: isoaudit traces nothing")
    yield Row("security", "calls made", calls, calls)
    yield Row("replicability", "made from", _origin(a), _origin(b))
    yield Row("replicability", "fit here", _number(a, "fit"), _number(b, "fit"))


def _number(side: Side, name: str) -> Cell:
    return side.measures.get(name, Cell(NOT_MEASURED, UNKNOWN, "--measure"))


def _unknown(side: Side, path: str) -> Cell:
    seen = view_of(side.context).seen(path)
    hint = (seen.how_to_get or seen.detail) if isinstance(seen, Missing) else ""
    return Cell(NOT_KNOWN, UNKNOWN, hint or "scan the running target")


def _kernel(side: Side) -> Cell:
    if side.result.target.kind is Kind.VM:
        whose = str(value_of(side, "vm.kernel") or "guest")
    else:
        whose = str(value_of(side, "container.kernel") or "")
    if whose not in _WHOSE:
        return _unknown(side, "container.kernel")
    words = _WHOSE[whose]
    if whose == "guest":
        return Cell(f"{words}, {side.kernel} [guest says so]" if side.kernel else words,
                    by="guest" if side.kernel else "engine")  # fmt: skip
    release = value_of(side, "host.kernel.release") if whose == "host" else ""
    return Cell(f"{words}, {release}" if release else words, by="kernel")


def _boot(side: Side) -> Cell:
    if not side.boot_id or not side.host_boot_id:
        hint = "the running target on its host"
        if side.result.target.kind is Kind.VM:
            hint += ", and --guests FILE"
        return Cell(NOT_KNOWN, UNKNOWN, hint)
    same = side.host_boot_id == side.boot_id
    return Cell("the same" if same else "another", by="boot_id")


def _hardware(side: Side) -> Cell:
    if side.result.target.kind is Kind.CONTAINER and not _has_guest(side):
        return Cell("none of its own", by="kind")
    accelerator = value_of(side, "vm.accelerator")
    if accelerator is None:
        return _unknown(side, "vm.accelerator")
    listed = value_of(side, "vm.devices")
    number = f", {len(listed)} devices" if isinstance(listed, tuple) else ""
    return Cell(f"{_ACCELERATORS.get(str(accelerator), str(accelerator))}{number}", by="engine")


def _has_guest(side: Side) -> bool:
    """Say whether a container has a guest's hardware, or may have: Kata brings a VM."""
    return value_of(side, "container.kernel") in {"guest", None}


def _runs(side: Side) -> Cell:
    if side.result.target.kind is Kind.VM:
        architecture = value_of(side, "vm.architecture")
        if not architecture:
            return _unknown(side, "vm.architecture")
        told = f"any {architecture} system"
        now = f"; now {side.system} [guest says so]" if side.system else ""
        return Cell(f"{told}{now}", by="engine")
    if side.system:
        return Cell(f"{side.system} programs", by="engine")
    return Cell("Linux programs of its image's architecture", by="kind")


def _needs(side: Side) -> Cell:
    """Return what of a host it needs, and whether this one has it."""
    if side.result.target.kind is Kind.CONTAINER:
        runtime = value_of(side, "container.runtime_seen") or value_of(side, "container.runtime")
        kernel = value_of(side, "container.kernel")
        if runtime is None:
            return Cell("a Linux kernel and an engine", by="engine")
        kvm = f", {_kvm(side)}" if kernel == "guest" else ""
        return Cell(f"a Linux kernel, an engine and {runtime}{kvm}", by="engine")
    accelerator = value_of(side, "vm.accelerator")
    if accelerator is None:
        return _unknown(side, "vm.accelerator")
    if accelerator == "kvm":
        return Cell(f"a VMM, {_kvm(side)}", by="engine, host")
    return Cell("a VMM, no hardware", by="engine")


def _kvm(side: Side) -> str:
    here = value_of(side, "host.kvm.available")
    if here is None:
        return "/dev/kvm (here: not known)"
    return "/dev/kvm (here: yes)" if here else "/dev/kvm (here: no)"


def _verdict(side: Side) -> Cell:
    assessment = side.result.assessment
    if assessment is None:
        return Cell(NOT_KNOWN, UNKNOWN, "a container or a VM")
    verdict = assessment.verdict
    goal = f": {GOALS[verdict.goal]}" if verdict.goal else ""
    counted = Openness.OPEN if verdict.status is Standing.OPEN else Openness.POSSIBLE
    ways = {path.id for path in assessment.escape_paths if path.certainty is counted}
    what = "open" if counted is Openness.OPEN else "not ruled out"
    number = f"; {len(ways)} way{'s'[: len(ways) != 1]} {what}" if ways else ""
    return Cell(f"{verdict.status.upper()}{goal}{number}", by="model")


def _score(side: Side, axis: Axis) -> Cell:
    assessment = side.result.assessment
    if assessment is None:
        return Cell(NOT_KNOWN, UNKNOWN, "a container or a VM")
    return Cell(str(assessment.score.axes[axis]), by="model")


def _filter(side: Side) -> Cell:
    """Return how many of a corpus of exploits a filter of system calls lets begin."""
    vm = side.result.target.kind is Kind.VM
    known = reachable_by_vmm(side.context) if vm else reachable(side.context)
    if known is None:
        return Cell(NOT_KNOWN, UNKNOWN, "--deep, as root")
    told = f"{known} of {corpus_words()} begin with calls that pass"
    return Cell(f"{told}{' from the VMM' if vm else ''}", by="/proc")


def _origin(side: Side) -> Cell:
    target = side.result.target
    told = list(side.origin)
    if target.dialect:
        told.insert(0, f"declared by this {target.dialect.replace('_', ' ')} file")
    if told:
        return Cell("; ".join(told), by="file" if target.dialect else "engine")
    return Cell(NOT_KNOWN, UNKNOWN, "the file that declares it")


def of_processes(side: Side, path: str) -> list[Value]:
    """Return what is known of each process of a container under a path."""
    found = side.context.part("process")
    if isinstance(found, Missing):
        return []
    return [one.facts[path].value for one in found.part.records if path in one.facts]


def value_of(side: Side, path: str) -> Value | None:
    """Return the value of a fact about a side or its host, None if it is not known."""
    seen = view_of(side.context).seen(path)
    return None if isinstance(seen, Missing) else seen.fact.value
