"""Draws the two walls of a comparison, layer by layer, from the workload down to the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.advise.compare import Comparison, Side
from isoaudit.advise.compare_rows import of_processes, value_of
from isoaudit.advise.words import GOALS
from isoaudit.model import Kind, Layer, Standing
from isoaudit.report.layout import clip, pad, wrap

_WIDTH = 80
_ROOM = 36
_NAME = 22
_GAP = "  "
_MARGIN = "    "
_ALWAYS = frozenset({"privilege", "syscalls"})
"""Layers that are shown though they give nothing: what one looks for first."""
_LOOSE = 0.05
"""Bits that are shown as nothing."""
_CAPABILITIES = "process.capabilities.effective"


def names_of(comparison: Comparison) -> tuple[str, str]:
    """Return how both sides are called where room is scarce, never the same."""
    names = [_name(side) for side in comparison.sides]
    if names[0] == names[1]:
        names = [f"{mark}: {clip(name, _NAME - 3)}" for mark, name in zip("AB", names, strict=True)]
    return names[0], names[1]


def walls(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    """Yield the picture: both walls beside each other, and how one gets out."""
    pictures = [_wall(side, name) for side, name in zip(comparison.sides, names, strict=True)]
    height = max(map(len, pictures))
    yield ""
    yield "  THE TWO WALLS, from the workload down"
    yield from _beside([[*one, *["  |"] * (height - len(one)), "  v"] for one in pictures])
    yield _bar(comparison)
    yield from _beside([wrap(f"Out: {_out(side)}", _ROOM) for side in comparison.sides])
    yield "    A bit halves what of known exploits still gets through; 0 holds up nothing."


def _beside(blocks: Sequence[Sequence[str]]) -> Iterator[str]:
    for number in range(max(map(len, blocks))):
        left, right = (one[number] if number < len(one) else "" for one in blocks)
        yield f"{_MARGIN}{pad(left, _ROOM)}{_GAP}{right}".rstrip()


def _bar(comparison: Comparison) -> str:
    """Return the line on which both stand: one host, or two."""
    releases = [value_of(side, "host.kernel.release") for side in comparison.sides]
    release = f" {clip(str(releases[0]), 30)}" if releases[0] and len(set(releases)) == 1 else ""
    text = f"{_MARGIN}==== the host's kernel{release} "
    return text + "=" * (_WIDTH - len(text))


def _wall(side: Side, name: str) -> list[str]:
    assessment = side.result.assessment
    lines = [*wrap(f"{name}{_inside(side)}", _ROOM), "  |"]
    if assessment is None:
        return [*lines, "  |  nothing is known of its wall"]
    for layer in assessment.boundary:
        if layer.high < _LOOSE and layer.layer not in _ALWAYS:
            continue
        lines += [
            f"  |  {line}" for line in wrap(f"{_kind(side, layer)}: {_strength(layer)}", _ROOM - 5)
        ]
    return lines


def _kind(side: Side, layer: Layer) -> str:
    """Return what a layer is here: a container on its host's kernel has no KVM to pass."""
    if layer.layer == "host_kernel" and value_of(side, "container.kernel") == "host":
        return "the host's kernel itself"
    return layer.kind


def _strength(layer: Layer) -> str:
    if layer.high < _LOOSE:
        return "holds up nothing"
    low, high = f"{layer.low:.1f}", f"{layer.high:.1f}"
    return f"{low if low == high else f'{low} to {high}'} bits"


def _inside(side: Side) -> str:
    """Return as whom the workload runs, where that is known."""
    if side.result.target.kind is Kind.VM:
        told = f", {clip(side.kernel, 24)} [guest says so]" if side.kernel else ""
        return f": a guest{told}"
    users = {one for one in of_processes(side, "process.uid") if isinstance(one, int)}
    held = {len(one) for one in of_processes(side, _CAPABILITIES) if isinstance(one, tuple)}
    if not users:
        return ""
    many = f", {max(held)} capabilities" if held else ""
    return f": uid {', '.join(map(str, sorted(users)[:3]))}{many}"


def _out(side: Side) -> str:
    assessment = side.result.assessment
    if assessment is None:
        return "not known"
    verdict = assessment.verdict
    if verdict.status is Standing.OPEN and verdict.goal:
        return f"open today, no bug needed: {GOALS[verdict.goal]}"
    unsure = ", if nothing else is open: that is not ruled out"
    tail = unsure if verdict.status is Standing.UNDECIDED else ""
    if side.result.target.kind is Kind.CONTAINER:
        kernel = value_of(side, "container.kernel")
        if kernel == "sentry":
            return f"a bug in gVisor's kernel, then one in the host's{tail}"
        if kernel == "host":
            return f"one bug, in the kernel it shares or in the runtime{tail}"
        return f"whose kernel it uses is not known{tail}" if kernel is None else _guest(tail)
    return _guest(tail)


def _guest(tail: str) -> str:
    return f"root in the guest, then a bug in KVM, or one in the VMM and one past its sandbox{tail}"


def _name(side: Side) -> str:
    target = side.result.target
    if target.dialect:
        return clip(target.id.rpartition("/")[2], _NAME)
    engine, plus, _ = target.id.partition(":")[0].partition("+")
    return clip(f"{engine}:{target.name}" if plus else target.id, _NAME)
