"""What a QEMU command line says of the machine as a whole: size, CPU, accelerator, boot, TPM.

Source: qemu(1): -m, -smp, -cpu, -accel, -machine, -object, -tpmdev, -kernel, -bios, -pflash.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import accelerators, properties, value_of
from isoaudit.probes.vmm.line import MARK, Line

_SIZE = re.compile(r"([0-9]{1,12})([KMGT]?)B?", re.IGNORECASE)
_UNITS = {"K": 2**10, "": 2**20, "M": 2**20, "G": 2**30, "T": 2**40}
_NUMBER = re.compile(r"[0-9]{1,6}")
_CPUS = {"host": "host-passthrough", "max": "maximum"}
_LAUNCHES = {"sev-guest": "sev", "sev-snp-guest": "sev-snp", "tdx-guest": "tdx",
             "s390-pv-guest": "s390-pv"}  # fmt: skip
_DEFAULT = "QEMU's default"


def note_settings(notes: Notes, line: Line, source: str, *, firmware_is_known: bool) -> None:
    """Note the machine's facts; of a line that is not whole only those that stand in it.

    `firmware_is_known` says that no option that may name it was left out.
    """
    _note_accelerator(notes, line, source)
    if kind := line.machine:
        notes.fact("vm.machine", kind, f"{source} -machine")
    _note_size(notes, line, source)
    _note_cpu(notes, line, source)
    if (uuid := value_of(line.found, "uuid")) is not None:
        notes.fact("vm.uuid", uuid, f"{source} -uuid")
    _note_launch(notes, line, source)
    if not line.whole:
        return
    backends = [properties(value, "type").get("type") for _, value in line.all("tpmdev")]
    tpm = "passthrough" if "passthrough" in backends else "emulated" if backends else "none"
    notes.fact("vm.tpm", tpm, f"{source} -tpmdev")
    notes.fact("vm.commandline_passthrough", (), f"{source}: no manager is passed by")
    if line.has("bios", "pflash") or flash(line) or not firmware_is_known:
        notes.missing("vm.secure_boot", Reason.NOT_DECLARED, "the firmware's image decides")
    else:
        notes.fact("vm.secure_boot", False, f"{source}: QEMU's own BIOS")


def flash(line: Line) -> list[str]:
    """Return the images of flash memory: those of -drive, or the nodes that -machine names."""
    drives = [properties(value) for _, value in line.all("drive")]
    machines = [properties(value, "type") for _, value in line.all("machine", "M")]
    named = [one[key] for one in machines for key in ("pflash0", "pflash1") if key in one]
    return [*(one.get("file", "") for one in drives if one.get("if") == "pflash"), *named]


def _note_accelerator(notes: Notes, line: Line, source: str) -> None:
    asked = accelerators(line.found, line.program)
    said = line.has("accel", "enable-kvm") or "accel=" in (
        value_of(line.found, "machine", "M") or ""
    )
    if not said and not line.whole:
        return
    if len(asked) == 1:
        notes.fact("vm.accelerator", asked[0], f"{source} -accel" if said else
                   f"{source} ({_DEFAULT})")  # fmt: skip
    else:
        notes.missing("vm.accelerator", Reason.NOT_DECLARED,
                      f"the first of {', '.join(asked)[:60]} that the host has")  # fmt: skip


def _note_size(notes: Notes, line: Line, source: str) -> None:
    asked = value_of(line.found, "m")
    size = _SIZE.fullmatch(properties(asked or "128", "size").get("size", ""))
    if size and (asked or line.whole):
        why = f"{source} -m" if asked else f"{source} ({_DEFAULT})"
        notes.fact("vm.memory.bytes", int(size[1]) * _UNITS[size[2].upper()], why)
    count = value_of(line.found, "smp")
    cpus = properties(count or "1", "cpus").get("cpus", "")
    if _NUMBER.fullmatch(cpus) and (count or line.whole):
        why = f"{source} -smp" if count else f"{source} ({_DEFAULT})"
        notes.fact("vm.vcpus", int(cpus), why)


def _note_cpu(notes: Notes, line: Line, source: str) -> None:
    asked = value_of(line.found, "cpu")
    if asked is not None:
        model = asked.partition(",")[0]
        mode = model if MARK in model else _CPUS.get(model, "custom")
        notes.fact("vm.cpu.mode", mode, f"{source} -cpu")
    elif line.whole:
        notes.fact("vm.cpu.mode", "default", f"{source} ({_DEFAULT})")


def _note_launch(notes: Notes, line: Line, source: str) -> None:
    objects = [properties(value, "qom-type") for _, value in line.all("object")]
    launch = next((one for one in objects if one.get("qom-type") in _LAUNCHES), None)
    path = "vm.launch_security.type"
    if launch is None:
        if line.whole:
            notes.fact(path, "none", f"{source}: no object for it")
        return
    kind = _LAUNCHES[launch["qom-type"]]
    notes.fact(path, kind, f"{source} -object")
    policy = launch.get("policy", {"sev": "1", "sev-snp": "0x30000"}.get(kind, ""))
    if kind in {"sev", "sev-snp"} and re.fullmatch(r"0x[0-9a-fA-F]{1,16}|[0-9]{1,18}", policy):
        bits = int(policy, 0)
        debug = not bits & 1 if kind == "sev" else bool(bits & 1 << 19)
        notes.fact("vm.launch_security.debug", debug, f"{source} -object policy")
