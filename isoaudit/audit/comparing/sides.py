"""Makes a side of a comparison: what was judged, with the numbers put into words."""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.advise.compare import NOT_KNOWN, NOT_MEASURED, READ, UNKNOWN, Cell, Side
from isoaudit.advise.compare_verdict import bytes_words, seconds_words
from isoaudit.audit.advising import Judged
from isoaudit.audit.comparing import guests, memory
from isoaudit.audit.comparing.containers import of_container
from isoaudit.audit.comparing.copies import measured
from isoaudit.audit.comparing.machines import first, is_live, of_machine
from isoaudit.audit.comparing.measures import Measure, Measures, said, tried
from isoaudit.model import Kind, Missing

_MEASURE = "--measure"
_RUNNING = "the running target on its host, as root"
_ENGINE = "a container of an engine"


def side_of(judged: Judged, *, runs: int, guest: str = "") -> Side:
    """Return a side; with `runs` copies of it are started; `guest` is where its guest answers."""
    result = judged.result
    is_vm = result.target.kind is Kind.VM
    known = of_machine(result) if is_vm else of_container(result)
    if guest:
        known = _guest(known, judged, guest)
    if runs:
        known = _copied(known, judged, runs)
    kernel = judged.context.fact("container.kernel")
    is_hosts = not isinstance(kernel, Missing) and kernel.fact.value == "host"
    return Side(
        result,
        judged.context,
        dict(cells_of(known, is_vm=is_vm)),
        judged.assessor,
        known.boot_id if is_vm or is_hosts else "",
        memory.boot_id() if is_live(result) else "",
        known.kernel,
        known.system,
        known.origin,
        known.notes,
    )


def _copied(known: Measures, judged: Judged, runs: int) -> Measures:
    if is_live(judged.result):
        return measured(judged.result, known, runs)
    return known.noting("it does not run here: no copy of it was started")


def _guest(known: Measures, judged: Judged, uri: str) -> Measures:
    pid = first(judged.result, "vmm.pid")
    here = is_live(judged.result) and isinstance(pid, int)
    number = pid if isinstance(pid, int) else 0
    try:
        return guests.asked(uri, known, (lambda: memory.age_of(number)) if here else None)
    except Exception as error:
        return known.noting(f"the guest was not asked: {said(error)}")


def cells_of(known: Measures, *, is_vm: bool) -> Iterator[tuple[str, Cell]]:
    """Yield the cells that are numbers, by their names."""
    yield from _of_disks(known) if is_vm else _of_image(known)
    yield "memory", _memory(known, is_vm=is_vm)
    start = "--guests FILE" if is_vm else _ENGINE
    yield "start", _seconds(known.started, start)
    yield "age", _seconds(known.age, _RUNNING)
    yield "ready", _seconds(known.ready, _MEASURE)
    yield "call", _seconds(known.call, _MEASURE)
    yield "copy_memory", _bytes(known.copy_memory, _MEASURE)
    yield "fit", _fit(known)


def _of_image(known: Measures) -> Iterator[tuple[str, Cell]]:
    layers = known.layers.value if known.layers else None
    several = f", {layers:.0f} layer{'s'[: layers != 1]}" if layers is not None else ""
    yield "image", _bytes(known.image, _ENGINE, several)
    own = _bytes(known.unique, _ENGINE, " in no other image")
    written = known.writable
    if own.state == READ and written is not None and written.value is not None:
        own = own._replace(text=f"{own.text}, {bytes_words(written.value)} written")
    yield "own", own


def _of_disks(known: Measures) -> Iterator[tuple[str, Cell]]:
    disks = known.disks
    if disks is None:
        why = Cell(NOT_KNOWN, UNKNOWN, known.no_disks or _RUNNING)
        yield "image", why
        yield "own", why
        return
    if not disks.number:
        yield "image", Cell("no disk", by="engine", value=0)
        yield "own", Cell("nothing", by="engine", value=0)
        return
    several = f" on {disks.number} disks" if disks.number > 1 else ""
    yield "image", Cell(f"{bytes_words(disks.shown)} shown to the guest{several}",
                        by="header", value=disks.shown)  # fmt: skip
    text = f"{bytes_words(disks.taken)} taken"
    if disks.based:
        text += f", {bytes_words(disks.over_base)} off its base"
    yield "own", Cell(text, by="blocks", value=disks.taken)


def _memory(known: Measures, *, is_vm: bool) -> Cell:
    cell = _bytes(known.memory, _RUNNING)
    if cell.value is None:
        return cell
    if is_vm:
        limit = known.limit.value if known.limit else None
        told = f", the guest has {bytes_words(limit)}" if limit else ""
        return cell._replace(text=f"{cell.text}{told}")
    keeper = known.keeper.value if known.keeper else None
    if keeper:
        text = f"{cell.text}, and its shim {bytes_words(keeper)}"
        return cell._replace(text=text, value=cell.value + keeper, by="cgroup, Pss")
    return cell


def _fit(known: Measures) -> Cell:
    """Return how many more like it the host's free memory holds, as it is and at its limit."""
    own = known.memory
    if own is None or not own.value:
        return Cell(NOT_KNOWN, UNKNOWN, "the memory of the running target")
    free = tried(lambda: Measure(memory.available(), "MemAvailable"))
    if free.value is None:
        return Cell(NOT_KNOWN, UNKNOWN, free.by)
    keeper = known.keeper.value if known.keeper and known.keeper.value else 0.0
    number = int(free.value // (own.value + keeper))
    text = f"{number} more by memory"
    if known.limit is not None and known.limit.value:
        most = max(known.limit.value, own.value) + keeper
        text += f", {int(free.value // most)} if each takes its limit"
    elif known.keeper is not None:
        text += "; it has no limit"
    return Cell(text, READ, by="MemAvailable", value=number)


def _bytes(measure: Measure | None, settle: str, remark: str = "") -> Cell:
    if measure is None or measure.value is None:
        return _without(measure, settle)
    text = f"{bytes_words(measure.value)}{remark}"
    if measure.spread is not None:
        low, high = (bytes_words(one) for one in measure.spread)
        text += f" ({low} to {high})" if low != high else ""
    return _with(measure, text)


def _seconds(measure: Measure | None, settle: str) -> Cell:
    if measure is None or measure.value is None:
        return _without(measure, settle)
    text = seconds_words(measure.value)
    if measure.spread is not None:
        low, high = (seconds_words(one) for one in measure.spread)
        text += f" ({low} to {high})" if low != high else ""
    return _with(measure, text)


def _with(measure: Measure, text: str) -> Cell:
    low, high = measure.spread or (None, None)
    return Cell(text, measure.state, "", measure.by, measure.value, low, high)


def _without(measure: Measure | None, settle: str) -> Cell:
    if measure is None:
        return Cell(NOT_MEASURED if settle == _MEASURE else NOT_KNOWN, UNKNOWN, settle)
    return Cell(NOT_KNOWN, UNKNOWN, measure.by)
