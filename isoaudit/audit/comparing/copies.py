"""Starts throw-away copies of a container or a VM and measures them; the original is not touched.

A copy has the image, command and user of its original, and none of its mounts, devices, networks or
host namespaces; of a VM kernel, memory and CPUs, and none of its disks that can be written.
Everything that was started is removed again, also after a failure.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.guests import CALLS, LOOP
from isoaudit.audit.comparing.machines import engine_of
from isoaudit.audit.comparing.measures import MEASURED, Measure, Measures, unknown
from isoaudit.model import TargetResult

PREFIX = "isoaudit-measure-"
_SETTLE = 0.3
_LONGEST = 120.0
_KIB = 1024
_KEPT = frozenset({"emulator", "controller", "memballoon", "rng", "watchdog", "panic", "tpm"})
"""Devices that a copy has: none that reaches a network, a file or a screen."""


def measured(result: TargetResult, known: Measures, runs: int) -> Measures:
    """Return what is known with what copies showed; why one could not be made stands in `notes`."""
    try:
        engine = engine_of(result)
        if engine in {"docker", "podman"}:
            return _containers(result.target.engine, result.target.name, known, runs)
        if engine == "libvirt":
            return _machines(result.target.engine, result.target.name, known, runs)
    except Exception as error:
        lines = str(error).splitlines()
        why = lines[0][:160] if lines else type(error).__name__
        return known._replace(notes=(*known.notes, f"no copy could be measured: {why}"))
    return known._replace(notes=(*known.notes, "copies are made of containers and domains only"))


def _containers(endpoint: str, name: str, known: Measures, runs: int) -> Measures:
    import docker

    client = docker.DockerClient(base_url=endpoint, timeout=60)
    try:
        original = client.api.inspect_container(name)
        ready: list[float] = []
        used: list[float] = []
        calls: list[float] = []
        for _ in range(runs):
            _one_container(client, original, ready, used, calls)
    finally:
        client.close()
    return known._replace(
        ready=_told(ready, "copies: create to running"),
        copy_memory=_told(used, "copies: cgroup"),
        call=_told(calls, "dd in copies") if calls else unknown("its image has no dd"),
    )


def _one_container(
    client: Any, original: dict[str, Any], ready: list[float], used: list[float], calls: list[float]
) -> None:
    config = original["Config"]
    began = time.monotonic()
    copy = client.containers.create(
        original["Image"], command=config.get("Cmd"), entrypoint=config.get("Entrypoint"),
        user=config.get("User") or None, network_mode="none", name=f"{PREFIX}{os.urandom(4).hex()}",
        environment=[], labels={"isoaudit.measure": "1"}, runtime=original["HostConfig"]["Runtime"],
    )  # fmt: skip
    try:
        copy.start()
        copy.reload()
        ready.append(time.monotonic() - began)
        if not copy.attrs["State"]["Running"]:
            raise RuntimeError("a copy does not keep running without its mounts and networks")
        time.sleep(_SETTLE)
        used.append(memory.of_control_group(copy.attrs["State"]["Pid"]).value or 0)
        calls += _calls(lambda words: _timed(copy, words))
    finally:
        copy.remove(force=True)


def _timed(copy: Any, words: tuple[str, ...]) -> float | None:
    """Return how long a program ran in a copy, None if it is not there."""
    began = time.monotonic()
    code, _ = copy.exec_run(list(words))
    return time.monotonic() - began if code == 0 else None


def _calls(run: Callable[[tuple[str, ...]], float | None]) -> list[float]:
    """Return what one system call costs: the loop less starting a program at all."""
    for shell in ((), ("busybox",)):
        nothing, loop = run((*shell, "true")), run((*shell, *LOOP))
        if nothing is not None and loop is not None:
            return [max(0.0, loop - nothing) / CALLS]
    return []


def _machines(uri: str, name: str, known: Measures, runs: int) -> Measures:
    import libvirt

    connection = libvirt.open(uri)
    try:
        text = connection.lookupByName(name).XMLDesc(0)
        ready: list[float] = []
        used: list[float] = []
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir="/var/tmp") as folder:
            os.chmod(folder, 0o755)  # noqa: S103 - libvirt's own users write the console there
            for number in range(runs):
                console = Path(folder) / f"{number}.console"
                _one_machine(connection, copy_of(text, str(console)), console, ready, used)
    finally:
        connection.close()
    accelerator = ElementTree.fromstring(text).get("type", "")  # noqa: S314 - libvirt's own
    return known._replace(
        ready=_told(ready, f"copies ({accelerator}): create to first output"),
        copy_memory=_told(used, "copies: VMM's memory"),
    )


def _one_machine(
    connection: Any, text: str, console: Path, ready: list[float], used: list[float]
) -> None:
    began = time.monotonic()
    domain = connection.createXML(text, 0)
    try:
        while not (console.exists() and console.stat().st_size):
            if time.monotonic() - began > _LONGEST:
                raise RuntimeError("a copy of the VM says nothing on its serial port")
            time.sleep(0.02)
        ready.append(time.monotonic() - began)
        time.sleep(_SETTLE)
        used.append(domain.memoryStats().get("rss", 0) * _KIB)
    finally:
        domain.destroy()


def copy_of(text: str, console: str) -> str:
    """Return a domain's XML as that of a copy whose serial port writes to a file.

    Raises RuntimeError for one that boots from a disk: a copy would write to it.
    """
    root = ElementTree.fromstring(text)  # noqa: S314 - what libvirt made of a domain
    devices = root.find("devices")
    if root.find("os/kernel") is None or devices is None:
        raise RuntimeError("it boots from a disk, which a copy would write to")
    name = root.find("name")
    if name is not None:
        name.text = f"{PREFIX}{os.urandom(4).hex()}"
    for child in list(root):
        dynamic = child.tag == "seclabel" and child.get("type") != "static"
        if child.tag == "uuid" or child.tag.endswith("}commandline") or dynamic:
            root.remove(child)
    root.attrib.pop("id", None)
    for device in list(devices):
        if device.tag not in _KEPT:
            devices.remove(device)
    serial = ElementTree.SubElement(devices, "serial", {"type": "file"})
    ElementTree.SubElement(serial, "source", {"path": console})
    return ElementTree.tostring(root, encoding="unicode")


def _told(values: list[float], by: str) -> Measure:
    return Measure(median(values), by, MEASURED, (min(values), max(values)))
