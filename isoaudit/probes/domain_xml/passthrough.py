"""What reaches QEMU behind libvirt's back: its words, and the hardware and consoles in them.

libvirt neither checks nor shows what `qemu:commandline` adds. It is read like any command line of
QEMU, so that a card hidden there is judged like one that the domain names.
Source: libvirt's notes on QEMU passthrough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from isoaudit.facts.redaction import SECRET, looks_secret
from isoaudit.model import Fact, FactSet, Location, Part, Reason, Record
from isoaudit.probes.domain_xml.spots import Origin, Spot, Writer
from isoaudit.probes.vmm.argv import Monitor, Options, monitors, options
from isoaudit.probes.vmm.devices import hardware
from isoaudit.probes.vmm.line import Line
from isoaudit.probes.vmm.line import Origin as Words
from isoaudit.probes.vmm.screens import screens
from isoaudit.transports.libvirt_redaction import redact_arguments

_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
_PASSTHROUGH = ("commandline", "override", "capabilities", "deprecation")
_DEVICES = "vm.devices"
_MARKS = {"vm.accel_3d": ("virtio-gpu-gl", "virtio-gpu-rutabaga"), "vm.vsock": ("virtio-vsock",)}
"""Facts of the domain that a hidden device alone makes true."""


def read_passthrough(domain: Spot, writer: Writer) -> None:
    """Note what reaches QEMU behind libvirt's back, and the monitors and gdb stubs in it."""
    spots = [s for name in _PASSTHROUGH for s in domain.children(_QEMU + name)]
    words = [arg.get("value") for s in spots for arg in s.children(_QEMU + "arg")]
    shown = redact_arguments(words)
    for spot in spots:
        variables = list(spot.children(_QEMU + "env"))
        shown += [f"env {variable.get('name')}" for variable in variables]
        if not spot.path.startswith("commandline"):
            shown += list(_properties(spot)) or [spot.path]
    where = spots[0] if spots else domain
    why = "" if spots else "none"
    writer.fact("vm.commandline_passthrough", shown, where, "", why)
    found = monitors(options(words), whole=False)
    stub = any(monitor.kind == "gdb" for monitor in found)
    writer.fact("vm.debug_stub", stub, where, "", why)
    writer.notes.part("monitor", [_monitor(one, where, writer.new()) for one in found])


def _properties(override: Spot) -> Iterator[str]:
    """Yield what qemu:override, qemu:capabilities and qemu:deprecation change, without secrets."""
    kind = override.path.partition("[")[0]
    for device in override.children(_QEMU + "device"):
        for setting in device.children(f"{_QEMU}frontend"):
            for one in setting.children(_QEMU + "property"):
                name, value = one.get("name"), one.get("value")
                shown = SECRET if looks_secret(name, value) else value
                yield f"{kind} {device.get('alias')} {name}={shown}"
    for word in ("add", "del"):
        for one in override.children(_QEMU + word):
            yield f"{kind} {word} {one.get('capability')}"
    if override.get("behavior"):
        yield f"{kind} {override.get('behavior')}"


def _monitor(monitor: Monitor, spot: Spot, writer: Writer) -> Record:
    writer.fact("monitor.kind", monitor.kind, spot)
    if monitor.backend in {"fd", ""}:
        writer.missing("monitor.backend", Reason.NOT_DECLARED, "its device is defined elsewhere",
                       "Scan the running VM on its host as root.")  # fmt: skip
    else:
        writer.fact("monitor.backend", monitor.backend, spot)
    writer.fact("monitor.address", monitor.address, spot)
    return writer.record()


def with_hidden(found: FactSet, domain: Spot, origin: Origin) -> FactSet:
    """Return the facts of a domain with the hardware and consoles that its hidden arguments add."""
    spots = list(domain.children(f"{_QEMU}commandline"))
    words = [arg.get("value") for s in spots for arg in s.children(_QEMU + "arg")]
    if not words:
        return found
    where = spots[0].element.location if origin.positions else None
    source = origin.source(spots[0])
    said = options(redact_arguments(words))
    hidden = hardware(Line(said), Words(origin.vantage, source, where))
    parts = [*(p for several in hidden.parts.values() for p in several),
             Part("graphics", origin.vantage, _screens(said, source, origin, where))]  # fmt: skip
    joined = [_added(found, part) for part in parts if part.records or part.incomplete]
    return found.merge(FactSet.of(_facts(found, hidden, said), joined, hidden.all_missing()))


def _screens(
    said: Options, source: str, origin: Origin, where: Location | None
) -> tuple[Record, ...]:
    """Return the hidden consoles in the name of the document that they stand in."""
    return tuple(
        Record.of(
            (fact._replace(vantage=origin.vantage, location=where) for fact in one.facts.values()),
            (entry._replace(vantage=origin.vantage) for entry in one.missing.values()),
        )
        for one in screens(said, source)
    )


def _added(found: FactSet, part: Part) -> Part:
    """Return a part with the hidden records after those that the domain names."""
    known = next(iter(found.parts.get(part.name, ())), None)
    if known is None:
        return part
    both = (*known.records, *part.records)
    return replace(known, records=both, incomplete=known.incomplete or part.incomplete)


def _facts(found: FactSet, hidden: FactSet, said: Options) -> Iterable[Fact]:
    """Yield the facts of the whole domain that hidden devices change."""
    known, seen = found.facts.get(_DEVICES), hidden.facts[_DEVICES][0]
    names = seen.value if isinstance(seen.value, tuple) else ()
    if known and isinstance(known[0].value, tuple):
        both = tuple(sorted({*known[0].value, *names}))
        yield known[0]._replace(value=both, source=f"{known[0].source}, {seen.source}")
    for path, marks in _MARKS.items():
        if any(name in marks for name in names):
            yield seen._replace(path=path, value=True)
    if any(name == "display" and value.startswith("egl-headless") for name, value in said):
        yield seen._replace(path="vm.accel_3d", value=True)
