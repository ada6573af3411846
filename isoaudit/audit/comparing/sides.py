"""Makes a side of a comparison: what was judged, with the numbers put into words."""

from __future__ import annotations

from isoaudit.advise.compare import Cell, Side
from isoaudit.audit.advising import Judged
from isoaudit.audit.comparing import guests, memory
from isoaudit.audit.comparing.containers import of_container
from isoaudit.audit.comparing.copies import measured
from isoaudit.audit.comparing.machines import is_live, of_machine
from isoaudit.audit.comparing.measures import UNKNOWN, Measure, Measures, tried
from isoaudit.model import Kind, Missing

_STEPS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def side_of(judged: Judged, *, runs: int, guest: str = "") -> Side:
    """Return a side; with `runs` copies of it are started; `guest` is where its guest answers."""
    result = judged.result
    is_vm = result.target.kind is Kind.VM
    known = of_machine(result) if is_vm else of_container(result)
    if guest:
        known = _guest(known, judged, guest, measure=runs > 0)
    if runs and is_live(result):
        known = measured(result, known, runs)
    kernel = judged.context.fact("container.kernel")
    own = not isinstance(kernel, Missing) and kernel.fact.value != "host"
    return Side(
        result,
        judged.context,
        _cells(known, is_vm=is_vm),
        "" if own and not is_vm else known.boot_id,
        known.kernel,
        known.system,
        known.digest,
    )


def _guest(known: Measures, judged: Judged, uri: str, *, measure: bool) -> Measures:
    pid = judged.context.fact("vmm.pid")
    age = None
    number = None if isinstance(pid, Missing) else pid.fact.value
    if isinstance(number, int) and is_live(judged.result):
        age = tried(lambda: Measure(memory.age_of(number), "")).value
    try:
        return guests.asked(uri, known, measure=measure, age=age)
    except Exception as error:
        lines = str(error).splitlines()
        why = lines[0][:160] if lines else type(error).__name__
        return known._replace(notes=(*known.notes, f"the guest was not asked: {why}"))


def _cells(known: Measures, *, is_vm: bool) -> dict[str, Cell]:
    cells = {"host_boot_id": Cell(memory.boot_id())}
    if is_vm:
        cells["image"] = _bytes(known.disk_size, "shown to the guest", "the VM's host, as root")
        cells["own"] = _bytes(known.disk_used, "taken on disk", "the VM's host, as root")
    else:
        layers = known.layers
        told = f"{layers.value:.0f} layers" if layers and layers.value is not None else ""
        cells["image"] = _bytes(known.image, told, "a container of an engine")
        cells["own"] = _bytes(known.unique, "no other image has", "a container of an engine")
    cells["memory"] = _bytes(known.memory, "", "the running target on its host")
    settle = "--guests FILE" if is_vm else "a container of an engine"
    cells["start"] = _seconds(known.started, settle)
    cells["ready"] = _seconds(known.ready, "--measure")
    cells["call"] = _seconds(known.call, "--measure, of a VM with --guests")
    cells["copy_memory"] = _bytes(known.copy_memory, "", "--measure")
    cells["fit"] = _fit(known)
    for number, note in enumerate(known.notes):
        cells[f"note{number}"] = Cell(note, UNKNOWN)
    return cells


def _fit(known: Measures) -> Cell:
    """Return how many more like it the host's free memory holds."""
    each = known.memory or known.copy_memory
    if each is None or not each.value:
        return Cell("not known", UNKNOWN, "the memory of the running target")
    free = tried(lambda: Measure(memory.available(), "MemAvailable"))
    if free.value is None:
        return Cell("not known", UNKNOWN, free.by)
    return Cell(f"about {int(free.value // each.value)} more", each.state)


def _bytes(measure: Measure | None, remark: str, settle: str) -> Cell:
    if measure is None:
        return Cell("not measured" if settle == "--measure" else "not known", UNKNOWN, settle)
    if measure.value is None:
        return Cell("not known", UNKNOWN, measure.by)
    text = bytes_words(measure.value)
    if measure.spread is not None:
        low, high = measure.spread
        text += f" ({bytes_words(low)} to {bytes_words(high)})" if low != high else ""
    return Cell(f"{text}{f', {remark}' if remark else ''}", measure.state)


def _seconds(measure: Measure | None, settle: str) -> Cell:
    if measure is None:
        return Cell("not measured" if "--measure" in settle else "not known", UNKNOWN, settle)
    if measure.value is None:
        return Cell("not known", UNKNOWN, measure.by)
    text = seconds_words(measure.value)
    if measure.spread is not None and measure.spread[0] != measure.spread[1]:
        low, high = measure.spread
        text += f" ({seconds_words(low)} to {seconds_words(high)})"
    return Cell(text, measure.state)


def bytes_words(number: float) -> str:
    """Return a number of bytes for people: 23 MiB."""
    for step in _STEPS:
        if abs(number) < _STEP or step == _STEPS[-1]:
            return f"{number:.0f} {step}" if number >= 10 or step == "B" else f"{number:.1f} {step}"
        number /= _STEP
    return str(number)


def seconds_words(seconds: float) -> str:
    """Return a time for people: 9.8 s, 0.25 s, 310 ns."""
    if seconds <= 0:
        return "under 1 s"  # a guest tells whole seconds
    if seconds >= 1:
        return f"{seconds:.1f} s"
    if seconds >= 0.001:
        return f"{seconds * 1e3:.0f} ms"
    if seconds >= 1e-6:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e9:.0f} ns"
