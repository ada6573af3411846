"""Copies of a VM that boots a kernel directly: kernel, memory and CPUs, without disks and cards.

libvirt gives up a copy by itself when the connection that made it ends, however isoaudit ends
(VIR_DOMAIN_START_AUTODESTROY). Sources: libvirt's domain XML and API; Linux'
Documentation/admin-guide/kernel-parameters (rdinit, "--"), bootparam(7).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from isoaudit.audit.comparing.copies import PREFIX, SETTLE
from isoaudit.audit.comparing.measures import Measures, middle, said, unknown

_LONGEST = 120.0
_POLL = 0.02
_KIB = 1024
_MOST_FILE = 1 << 30
_MOST_OUTPUT = 1 << 20
_KEPT = frozenset({"emulator", "memballoon", "panic"})
"""Devices that a copy has: none that reaches a network, a file, a screen or a host device."""

_DROPPED = frozenset({"uuid", "metadata", "seclabel", "sysinfo", "memoryBacking", "iothreads",
                      "launchSecurity", "numatune", "genid", "resource"})  # fmt: skip
_ROUNDS = {"kvm": 1_000_000, "qemu": 200_000}
_MARK = "isoaudit-call"


class _Copied(NamedTuple):
    """What a copy is made from: the domain's XML, and its boot files copied to a folder."""

    text: str
    folder: Path


def machines(uri: str, name: str, known: Measures, runs: int) -> Measures:
    """Return what is known with what copies of a domain showed.

    Raises RuntimeError for a domain of which none can be made, OSError and what libvirt does.
    """
    import libvirt

    ready: list[float] = []
    used: list[float] = []
    calls: list[float] = []
    connection = libvirt.open(uri)
    try:
        text = connection.lookupByName(name).XMLDesc(0)
        kind = ElementTree.fromstring(text).get("type", "")  # noqa: S314 - libvirt's own
        rounds = _ROUNDS.get(kind, _ROUNDS["qemu"])
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir="/var/tmp") as folder:
            os.chmod(folder, 0o755)  # noqa: S103 - libvirt's own users read and write there
            copied = _Copied(text, Path(folder))
            for _ in range(runs):
                ready.append(_first_output(connection, copied, used))
                try:
                    calls.append(_call(connection, copied, rounds))
                except RuntimeError as error:
                    known = known.noting(said(error))
    finally:
        connection.close()
    by = f"copies, {kind.replace('qemu', 'TCG')}"
    return known._replace(
        ready=middle(ready, by),
        copy_memory=middle(used, by) if used else unknown("libvirt does not tell it"),
        call=middle(calls, by) if calls else unknown("an initramfs with sh, mount and dd"),
    )


def _first_output(connection: Any, copied: _Copied, used: list[float]) -> float:
    """Return how long a copy takes from being made until its serial port says something."""

    def seen(domain: Any, console: Path, took: float) -> float | None:
        if not console.exists() or not console.stat().st_size:
            return None
        time.sleep(SETTLE)
        used.extend(rss * _KIB for key, rss in domain.memoryStats().items() if key == "rss")
        return took

    return _run(connection, copied, "", seen)


def _call(connection: Any, copied: _Copied, rounds: int) -> float:
    """Return what a system call costs in a copy that runs a loop of them in place of its init."""
    loop = (
        f"mount -t proc proc /proc; mount -t devtmpfs dev /dev; read a b </proc/uptime; "
        f"dd if=/dev/zero of=/dev/null bs=1 count={rounds} 2>/dev/null && "
        f"read c d </proc/uptime && echo {_MARK} $a $c {_MARK}; sleep 600"
    )

    def seen(_: Any, console: Path, __: float) -> float | None:
        if not console.exists():
            return None
        with console.open("rb") as stream:
            words = stream.read(_MOST_OUTPUT).decode(errors="replace").split()
        if words.count(_MARK) < 2:
            return None
        at = words.index(_MARK)
        return (float(words[at + 2]) - float(words[at + 1])) / (2 * rounds)

    return _run(connection, copied, f'quiet rdinit=/bin/sh -- -c "{loop}"', seen)


def _run(
    connection: Any,
    copied: _Copied,
    arguments: str,
    seen: Callable[[Any, Path, float], float | None],
) -> float:
    """Return the first answer of `seen` to a copy, its console and its age, and end the copy."""
    import libvirt

    name = f"{PREFIX}{os.urandom(4).hex()}"
    console = copied.folder / f"{name}.console"
    text = copy_of(copied.text, name, str(console), arguments, _own_files(copied.folder))
    began = time.monotonic()
    domain = connection.createXML(text, libvirt.VIR_DOMAIN_START_AUTODESTROY)
    try:
        while (took := time.monotonic() - began) < _LONGEST:
            found = seen(domain, console, took)
            if found is not None:
                return found
            time.sleep(_POLL)
    finally:
        domain.destroy()
    what = "does not run what measures it" if arguments else "says nothing on its serial port"
    raise RuntimeError(f"a copy of the VM {what}")


def _own_files(folder: Path) -> Callable[[str], str]:
    """Return what copies a boot file to a folder, once: libvirt would label the original anew."""

    def copied(path: str) -> str:
        place = folder / f"boot-{path.strip('/').replace('/', '-')}"
        if place.exists():
            return str(place)
        if os.stat(path).st_size > _MOST_FILE:
            raise RuntimeError("its boot files are too large to be copied")
        shutil.copyfile(path, place)
        place.chmod(0o644)
        return str(place)

    return copied


def copy_of(text: str, name: str, console: str, arguments: str, own: Callable[[str], str]) -> str:
    """Return a domain's XML as that of a copy called `name` whose serial port writes to a file.

    `arguments` are those of its kernel, "" for the domain's own; `own` returns the path of a boot
    file's copy. Raises RuntimeError for a domain that boots from a disk, or has firmware that
    keeps variables in a file: a copy would write to them.
    """
    root = ElementTree.fromstring(text)  # noqa: S314 - what libvirt made of a domain
    boot, devices = root.find("os"), root.find("devices")
    if boot is None or devices is None or boot.find("kernel") is None:
        raise RuntimeError("it boots from a disk, which a copy would write to")
    if boot.find("nvram") is not None:
        raise RuntimeError("its firmware writes to a file, and so would a copy's")
    for child in list(root):
        if child.tag in _DROPPED or child.tag.startswith("{"):
            root.remove(child)
    root.attrib.pop("id", None)
    _named(root, name)
    _booted(boot, arguments, own)
    for device in list(devices):
        if device.tag not in _KEPT:
            devices.remove(device)
    serial = SubElement(devices, "serial", {"type": "file"})
    SubElement(serial, "source", {"path": console})
    return ElementTree.tostring(root, encoding="unicode")


def _named(root: Element, name: str) -> None:
    for tag in ("title", "description"):
        for one in root.findall(tag):
            root.remove(one)
    named = root.find("name")
    if named is None:
        named = SubElement(root, "name")
    named.text = name


def _booted(boot: Element, arguments: str, own: Callable[[str], str]) -> None:
    """Let a copy boot from copies of its files, its kernel's words on its serial port."""
    for tag in ("kernel", "initrd", "dtb"):
        file = boot.find(tag)
        if file is not None and file.text:
            file.text = own(file.text)
    line = boot.find("cmdline")
    if line is None:
        line = SubElement(boot, "cmdline")
    before = line.text or ""
    machine = boot.find("type")
    intel = machine is not None and machine.get("arch", "") in {"x86_64", "i686"}
    if arguments:
        kept = [word for word in before.split() if word.startswith("console=")]
        line.text = " ".join([*(kept or (["console=ttyS0"] if intel else [])), arguments])
    elif "console=" not in before and intel:
        line.text = f"{before} console=ttyS0".strip()
