"""Lays a comparison out for people: what it comes to first, then the walls and six dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.advise.compare import Comparison, Row, Side, classes, enough, gaps
from isoaudit.model import Kind, Standing
from isoaudit.report.layout import clip, pad, wrap

WIDTH = 80
_LABEL = 15
_CELL = (WIDTH - 2 - _LABEL - 4) // 2
_MOST = 200
_ALWAYS = frozenset({"privilege", "syscalls"})
"""Layers that are shown though they give nothing: what one looks for first."""


def page(comparison: Comparison, workload: str, blockers: Sequence[str]) -> list[str]:
    """Return the lines of a comparison; `workload` is the class that was asked for, if one was."""
    return [
        *_sentence(comparison, workload),
        *_enough(comparison),
        *_walls(comparison),
        *_dimensions(comparison),
        *_labelled("MOVE", blockers or ["Nothing that was seen of the first blocks a VM."]),
        *_labelled("UNKNOWN", gaps(comparison)),
        *_labelled("NOTE", _notes(comparison)),
    ]


def _sentence(comparison: Comparison, workload: str) -> Iterator[str]:
    """Yield what it all comes to, in one sentence or two."""
    a, b = comparison.a, comparison.b
    names = [_name(a), _name(b)]
    text = f"{_stronger(a, b, names)} {_verdict(comparison, workload, names)}"
    yield ""
    yield from (f"  {line}" for line in wrap(text, WIDTH - 4))


def _stronger(a: Side, b: Side, names: Sequence[str]) -> str:
    first, second = a.result.assessment, b.result.assessment
    if first is None or second is None:
        return "Only one of the two has a boundary that is known."
    for one, other, name in ((first, second, names[0]), (second, first, names[1])):
        tier, less = one.verdict.wall.proven.tier, other.verdict.wall.proven.tier
        low = one.score.escape.low
        if tier > less and low >= other.score.escape.low:
            return f"The wall of {name} is the stronger one."
        if tier == less and low > other.score.escape.high:
            return f"The walls are of one kind, and {name} has less that gets through."
    return "Neither wall is proven to be the stronger one."


def _verdict(comparison: Comparison, workload: str, names: Sequence[str]) -> str:
    sides = (comparison.a, comparison.b)
    asked = [workload] if workload else classes(sides)[:3]
    parts = []
    for name in asked:
        good = [n for n, side in zip(names, sides, strict=True) if enough(side, name)[0]]
        who = {0: "neither is enough", 1: f"only {''.join(good)} is enough", 2: "both are enough"}
        parts.append(f"for {name} {who[len(good)]}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _enough(comparison: Comparison) -> Iterator[str]:
    sides = (comparison.a, comparison.b)
    names = classes(sides)
    if not names:
        return
    yield ""
    yield from _row("IS IT ENOUGH", _name(sides[0]), _name(sides[1]))
    for workload in names:
        cells = [enough(side, workload) for side in sides]
        words = ["yes" if good else f"NO  {why}".strip() for good, why in cells]
        yield from _wide(workload, words)
    yield from (f"  {line}" for line in wrap("Rules and sources: isoaudit explain wall-rules", 76))


def _wide(label: str, words: Sequence[str]) -> Iterator[str]:
    yield f"  {clip(label, WIDTH - 4)}"
    yield from _row("", *words)


def _walls(comparison: Comparison) -> Iterator[str]:
    """Yield the two walls layer by layer, from the workload down to the host."""
    columns = [_wall(comparison.a), _wall(comparison.b)]
    height = max(map(len, columns))
    room = (WIDTH - 6) // 2
    yield ""
    yield "  THE TWO WALLS, from the workload down"
    for number in range(height):
        cells = [column[number] if number < len(column) else "  |" for column in columns]
        yield f"    {pad(clip(cells[0], room), room)}  {clip(cells[1], room)}".rstrip()
    yield f"    {'v':<{room}}  v"
    yield f"    {'=' * 20} the host's kernel {'=' * 30}"[:WIDTH]
    for label, words in (("Out", [_out(comparison.a), _out(comparison.b)]),):
        left, right = (wrap(f"{label}: {text}", room) for text in words)
        for number in range(max(len(left), len(right))):
            cells = [lines[number] if number < len(lines) else "" for lines in (left, right)]
            yield f"    {pad(cells[0], room)}  {cells[1]}".rstrip()


def _wall(side: Side) -> list[str]:
    assessment = side.result.assessment
    lines = [_name(side), "  |"]
    for layer in assessment.boundary if assessment else ():
        if not layer.high and layer.layer not in _ALWAYS:
            continue
        low, high = f"{layer.low:.1f}", f"{layer.high:.1f}"
        bits = low if low == high else f"{low}-{high}"
        lines.append(f"  |  {layer.kind} ({bits} bits)")
    return lines


def _out(side: Side) -> str:
    assessment = side.result.assessment
    if assessment is None:
        return "not known"
    if assessment.verdict.status is Standing.OPEN and assessment.verdict.goal:
        return f"open today, to {assessment.verdict.goal.words}"
    if side.result.target.kind is Kind.CONTAINER:
        return "one bug, in the kernel it shares or in the runtime"
    return "root in the guest, then a bug in KVM, or one in the VMM and one past its sandbox"


def _dimensions(comparison: Comparison) -> Iterator[str]:
    yield ""
    yield from _row("SIX DIMENSIONS", _name(comparison.a), _name(comparison.b))
    before = ""
    for row in comparison.rows:
        if row.dimension != before:
            yield f"  {row.dimension}"
            before = row.dimension
        yield from _row(f"  {row.label}", _cell(row, 0), _cell(row, 1))


def _cell(row: Row, number: int) -> str:
    cell = row.a if number == 0 else row.b
    return f"{cell.text} *" if cell.state == "measured" else cell.text


def _row(label: str, first: str, second: str) -> Iterator[str]:
    """Yield a label and two cells side by side, each wrapped in its own column."""
    texts = (label, clip(first, _MOST), clip(second, _MOST))
    columns = [wrap(text, room) for text, room in zip(texts, (_LABEL + 6, _CELL - 3, _CELL - 3),
                                                      strict=True)]  # fmt: skip
    for number in range(max(map(len, columns))):
        cells = [lines[number] if number < len(lines) else "" for lines in columns]
        indent = "  " if label.startswith("  ") and number == 0 else ""
        name = pad(f"{indent}{cells[0]}"[: _LABEL + 6], _LABEL + 6)
        yield f"  {name}{pad(cells[1], _CELL - 2)}{cells[2]}".rstrip()


def _labelled(label: str, texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number == 0:
            yield ""
        lines = wrap(text, WIDTH - 12)
        for line in lines:
            head = label if number == 0 and line is lines[0] else ""
            yield f"  {head:<9} {line}".rstrip()


def _notes(comparison: Comparison) -> list[str]:
    notes = [
        f"{_name(side)}: {cell.text}"
        for side in (comparison.a, comparison.b)
        for name, cell in side.measures.items()
        if name.startswith("note")
    ]
    states = {cell.state for row in comparison.rows for cell in (row.a, row.b)}
    return [*notes, *(["* measured now; the rest was read"] if "measured" in states else [])]


def _name(side: Side) -> str:
    target = side.result.target
    engine = target.id.partition(":")[0].partition("+")
    return clip(f"{engine[0]}:{target.name}" if engine[1] else target.id, _CELL - 4)
