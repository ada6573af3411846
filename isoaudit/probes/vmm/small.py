"""The command lines of the small VMMs: Firecracker, cloud-hypervisor, crosvm, StratoVirt.

Firecracker is told its devices by a file or over its socket: its command line names none.
Sources: firecracker --help and docs/seccomp.md, cloud-hypervisor --help and docs/device_model.md,
crosvm book (Jailing), StratoVirt docs/config_guidebook.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.model import FactSet, Part, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.disk_names import whole_disk
from isoaudit.probes.vmm.argv import properties
from isoaudit.probes.vmm.kinds import option_of
from isoaudit.probes.vmm.line import Origin

_FILTERS = {
    "firecracker": (("--no-seccomp", "off"), ("--seccomp-filter", "custom")),
    "crosvm": (("--disable-sandbox", "off"), ("--seccomp-log-failures", "log"),
               ("--seccomp-policy-dir", "custom")),
    "stratovirt": (("-disable-seccomp", "off"),),
    "dragonball": (),
    "cloud-hypervisor": (),
}  # fmt: skip
_STUBS = ("--gdb", "--debug-console")


def small_facts(name: str, words: Sequence[str], source: str) -> FactSet:
    """Return what the command line of one of these VMMs says of its filters and devices."""
    notes = Notes(Vantage.VMM)
    notes.fact("vmm.seccomp.option", _filters(name, words), source)
    stub = any(word.partition("=")[0] in _STUBS for word in words)
    notes.fact("vm.debug_stub", stub, source)
    if name != "cloud-hypervisor":
        return notes.factset()
    notes.fact("vmm.landlock", "--landlock" in words, source)
    return notes.factset().merge(_hardware(words, Origin(Vantage.VMM, source)))


def _filters(name: str, words: Sequence[str]) -> str:
    """Return default, custom, log or off: what the command line makes of the built-in filters."""
    if name == "cloud-hypervisor":
        asked = option_of(words, "--seccomp") or "true"
        return {"true": "default", "false": "off"}.get(asked, asked)
    named = {word.partition("=")[0] for word in words}
    return next((word for option, word in _FILTERS.get(name, ()) if option in named), "default")


def _hardware(words: Sequence[str], origin: Origin) -> FactSet:
    """Return the hardware of cloud-hypervisor, all of it virtio but the serial port."""
    parts = {
        "disk": list(_disks(words, origin)),
        "interface": list(_cards(words, origin)),
        "share": list(_shares(words, origin)),
        "host_device": list(_host_devices(words, origin)),
    }
    notes = Notes(origin.vantage)
    notes.fact("vm.devices", sorted(_models(words)), origin.source)
    found = [Part(name, origin.vantage, tuple(records)) for name, records in parts.items()]
    return notes.factset().merge(FactSet.of(parts=found))


_MODELS = {"--disk": "virtio-blk", "--net": "virtio-net", "--fs": "virtio-fs",
           "--vsock": "virtio-vsock", "--pmem": "virtio-pmem", "--balloon": "virtio-balloon",
           "--watchdog": "virtio-watchdog", "--tpm": "tpm-crb", "--vdpa": "virtio-vdpa",
           "--pvpanic": "pvpanic"}  # fmt: skip


def _models(words: Sequence[str]) -> set[str]:
    """Return the models; entropy and a console are there without being asked for."""
    models = {model for option, model in _MODELS.items() if _has(words, option)} | {"virtio-rng"}
    if option_of(words, "--console") != "off":
        models.add("virtio-console")
    if option_of(words, "--serial") not in {"", "off"}:
        models.add("isa-serial")
    return models


def _has(words: Sequence[str], option: str) -> bool:
    return any(word.partition("=")[0] == option for word in words)


def _all(words: Sequence[str], option: str) -> Iterator[dict[str, str]]:
    """Yield the properties of an option, which takes several values one after the other."""
    taking = False
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            taking = name == option
            if taking and equals:
                yield properties(value)
        elif taking:
            yield properties(word)


def _disks(words: Sequence[str], origin: Origin) -> Iterator[Record]:
    for number, asked in enumerate(_all(words, "--disk")):
        jotter, path = origin.record("--disk"), asked.get("path", "")
        kind = "vhostuser" if asked.get("vhost_user") in {"on", "true"} else (
            "block" if path.startswith("/dev/") else "file")  # fmt: skip
        jotter.fact("disk.target", asked.get("id", f"disk{number}"))
        jotter.fact("disk.device", "disk")
        jotter.fact("disk.bus", "virtio")
        jotter.fact("disk.source_type", kind)
        jotter.fact("disk.source", path or asked.get("socket", ""))
        jotter.fact("disk.format", asked.get("image_type", ""), "probed where it is not said")
        jotter.fact("disk.read_only", asked.get("readonly") in {"on", "true"})
        jotter.fact("disk.raw_scsi", False, "virtio-blk")
        jotter.fact("disk.backing_files", [])
        if (whole := whole_disk(path)) is None:
            jotter.missing("disk.whole_host_disk", "its name does not say what it is on the host")
        else:
            jotter.fact("disk.whole_host_disk", whole)
        yield jotter.record()


def _cards(words: Sequence[str], origin: Origin) -> Iterator[Record]:
    for asked in _all(words, "--net"):
        jotter = origin.record("--net")
        user = asked.get("vhost_user") in {"on", "true"}
        jotter.fact("interface.type", "vhostuser" if user else "ethernet")
        jotter.fact("interface.source", asked.get("socket" if user else "tap", ""))
        jotter.fact("interface.model", "virtio")
        jotter.fact("interface.filter", "", "it filters nothing")
        jotter.fact("interface.isolated", False, "it keeps no guests apart")
        yield jotter.record()


def _shares(words: Sequence[str], origin: Origin) -> Iterator[Record]:
    for asked in _all(words, "--fs"):
        jotter = origin.record("--fs")
        jotter.fact("share.target", asked.get("tag", ""))
        jotter.fact("share.driver", "virtiofs")
        jotter.fact("share.access_mode", "passthrough", "the only one virtiofs has")
        for field in ("source", "read_only"):
            jotter.missing(f"share.{field}", "its daemon's command line says it",
                           "Look at the options of its virtiofsd.")  # fmt: skip
        yield jotter.record()


def _host_devices(words: Sequence[str], origin: Origin) -> Iterator[Record]:
    for asked in _all(words, "--device"):
        jotter = origin.record("--device")
        name = asked.get("path", "").rstrip("/").rpartition("/")[2]
        jotter.fact("host_device.type", "mdev" if name.count("-") == 4 else "pci")
        jotter.fact("host_device.address", name)
        yield jotter.record()
