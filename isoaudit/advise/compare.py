"""Two boundaries side by side on six dimensions: what was read, what was measured, what is unknown.

Nothing is assumed: a cell without evidence says so, and what would settle it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from isoaudit.model import Axis, Fact, Kind, Missing, TargetResult, Value
from isoaudit.rules.context import Context

NOT_KNOWN = "not known"


class Cell(NamedTuple):
    """One side's word; `state` is read, measured or unknown, `hint` what would settle it."""

    text: str
    state: str = "read"
    hint: str = ""


class Row(NamedTuple):
    """One line of a dimension, and what both cells are known by."""

    dimension: str
    label: str
    a: Cell
    b: Cell
    by: str


class Side(NamedTuple):
    """One side: the result, what it was judged by, and what was read or measured for this alone.

    `measures` are the words of each number by its name (see `cells`).
    """

    result: TargetResult
    context: Context
    measures: dict[str, Cell]
    boot_id: str = ""
    kernel: str = ""
    system: str = ""
    origin: str = ""


class Comparison(NamedTuple):
    """Both sides and the rows, ordered by dimension."""

    a: Side
    b: Side
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as `isoaudit compare -f json` writes it."""
        return {
            "comparison_version": "1",
            "sides": [_side_json(self.a), _side_json(self.b)],
            "rows": [
                {
                    "dimension": row.dimension,
                    "label": row.label,
                    "a": row.a._asdict(),
                    "b": row.b._asdict(),
                    "known_by": row.by,
                }
                for row in self.rows
            ],
        }


def compared(a: Side, b: Side) -> Comparison:
    """Return two sides compared."""
    return Comparison(a, b, tuple(_rows(a, b)))


def _rows(a: Side, b: Side) -> Iterator[Row]:
    yield Row("virtualization", "kernel", _kernel(a), _kernel(b), "kernel")
    yield Row("virtualization", "is the host's", _boot(a), _boot(b), "boot_id")
    yield Row("virtualization", "hardware", _hardware(a), _hardware(b), "engine, VMM")
    yield Row("compatibility", "runs", _runs(a), _runs(b), "engine, guest")
    yield Row("compatibility", "needs", _needs(a), _needs(b), "engine, host")
    for dimension, label, name, by in _NUMBERS:
        yield Row(dimension, label, _number(a, name), _number(b, name), by)
    yield Row("security", "verdict", _verdict(a), _verdict(b), "model")
    for axis in Axis:
        yield Row("security", axis.value, _score(a, axis), _score(b, axis), "model")
    calls = Cell("not measured", "unknown", "strace or perf on the host")
    yield Row("security", "host system calls", calls, calls, "-")
    yield Row("replicability", "made from", _origin(a), _origin(b), "engine, file")
    yield Row("replicability", "would fit here", _number(a, "fit"), _number(b, "fit"),
              "free memory")  # fmt: skip


_NUMBERS = (
    ("size", "image or disk", "image", "engine, file"),
    ("size", "its own of it", "own", "engine, file"),
    ("size", "memory", "memory", "cgroup, VMM"),
    ("performance", "start", "start", "engine, guest"),
    ("performance", "start of a copy", "ready", "--measure"),
    ("performance", "a system call", "call", "--measure"),
    ("performance", "memory of a copy", "copy_memory", "--measure"),
)


def _number(side: Side, name: str) -> Cell:
    return side.measures.get(name, Cell("not measured", "unknown", "--measure"))


def _kernel(side: Side) -> Cell:
    target = side.result.target
    whose = "its own"
    if target.kind is Kind.CONTAINER:
        seen = _value(side.context, "container.kernel")
        whose = {"host": "the host's", "sentry": "gVisor's", "guest": "its own"}.get(
            str(seen), NOT_KNOWN
        )
    release = side.kernel or (
        _value(side.context, "host.kernel.release") if whose == "the host's" else None
    )
    if whose == NOT_KNOWN:
        return Cell(NOT_KNOWN, "unknown", _settles(side.context, "container.kernel"))
    return Cell(f"{whose}, {release}" if release else whose)


def _boot(side: Side) -> Cell:
    if not side.boot_id:
        return Cell(NOT_KNOWN, "unknown", "the running target on its host; of a VM --guests")
    here = side.measures.get("host_boot_id")
    if here is None or not here.text:
        return Cell(NOT_KNOWN, "unknown", "run isoaudit on the host")
    return Cell("yes" if here.text == side.boot_id else "no")


def _hardware(side: Side) -> Cell:
    if side.result.target.kind is Kind.CONTAINER:
        return Cell("none of its own")
    accelerator = _value(side.context, "vm.accelerator")
    if accelerator is None:
        return Cell(NOT_KNOWN, "unknown", _settles(side.context, "vm.accelerator"))
    words = {"tcg": "emulated (TCG)", "kvm": "KVM"}.get(str(accelerator), str(accelerator))
    devices = _value(side.context, "vm.devices")
    number = f", {len(devices)} devices" if isinstance(devices, tuple) else ""
    return Cell(f"{words}{number}")


def _runs(side: Side) -> Cell:
    if side.result.target.kind is Kind.VM:
        architecture = _value(side.context, "vm.architecture")
        told = f"any {architecture} system" if architecture else "any system of its CPU"
        return Cell(f"{told}; now {side.system}" if side.system else told)
    words = side.system or f"linux {_value(side.context, 'host.architecture') or ''}".strip()
    return Cell(f"{words} programs")


def _needs(side: Side) -> Cell:
    if side.result.target.kind is Kind.CONTAINER:
        runtime = _value(side.context, "container.runtime")
        return Cell(f"Linux, an engine, {runtime or 'a runtime'}")
    accelerator = _value(side.context, "vm.accelerator")
    if accelerator == "kvm":
        return Cell("a VMM, and hardware virtualization")
    return Cell("a VMM")


def _verdict(side: Side) -> Cell:
    assessment = side.result.assessment
    if assessment is None:
        return Cell(NOT_KNOWN, "unknown", "a container or a VM")
    verdict = assessment.verdict
    goal = f": {verdict.goal.words}" if verdict.goal else ""
    return Cell(f"{verdict.status.upper()}{goal}")


def _score(side: Side, axis: Axis) -> Cell:
    assessment = side.result.assessment
    if assessment is None:
        return Cell(NOT_KNOWN, "unknown", "")
    return Cell(str(assessment.score.axes[axis]))


def _origin(side: Side) -> Cell:
    target = side.result.target
    if side.origin:
        return Cell(side.origin)
    if target.dialect:
        return Cell(f"declared by a {target.dialect.replace('_', ' ')} file")
    return Cell(NOT_KNOWN, "unknown", "the file that declares it")


def gaps(comparison: Comparison) -> list[str]:
    """Return what is not known, each with what would settle it, once."""
    told: dict[str, list[str]] = {}
    for row in comparison.rows:
        hints = {cell.hint for cell in (row.a, row.b) if cell.state == "unknown"}
        for hint in sorted(hints):
            told.setdefault(hint, []).append(f"{row.dimension}: {row.label}")
    return [f"{', '.join(rows)}{f': {hint}' if hint else ''}" for hint, rows in told.items()]


def _settles(context: Context, path: str) -> str:
    seen = context.fact(path)
    return seen.how_to_get or seen.detail if isinstance(seen, Missing) else ""


def _value(context: Context, path: str) -> Value | None:
    seen = context.fact(path)
    fact: Fact | None = None if isinstance(seen, Missing) else seen.fact
    return fact.value if fact is not None else None


def _side_json(side: Side) -> dict[str, Any]:
    assessment = side.result.assessment
    return {
        "target": side.result.target.to_json(),
        "verdict": assessment.verdict.to_json() if assessment else None,
        "boundary": [layer.to_json() for layer in assessment.boundary] if assessment else [],
        "axes": (
            {axis.value: one.to_json() for axis, one in assessment.score.axes.items()}
            if assessment
            else None
        ),
    }


def classes(sides: Sequence[Side]) -> list[str]:
    """Return the classes of workloads that verdicts speak of, in their order."""
    names: dict[str, None] = {}
    for side in sides:
        if side.result.assessment is not None:
            verdict = side.result.assessment.verdict
            names.update(dict.fromkeys(verdict.enough_for))
            names.update(dict.fromkeys(one.workload for one in verdict.not_enough_for))
    return list(names)


def enough(side: Side, workload: str) -> tuple[bool, str]:
    """Return whether a wall is enough for a class of workload, and why it is not."""
    assessment = side.result.assessment
    if assessment is None:
        return False, NOT_KNOWN
    if workload in assessment.verdict.enough_for:
        return True, ""
    for one in assessment.verdict.not_enough_for:
        if one.workload == workload:
            return False, one.because[0] if one.because else ""
    return False, NOT_KNOWN
