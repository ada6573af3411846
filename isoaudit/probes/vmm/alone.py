"""What the command line of a QEMU without a manager says that else a domain's XML would.

Nobody else keeps a definition of such a VM, so its command line is the whole of it.
Source: qemu(1).
"""

from __future__ import annotations

from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import properties, value_of
from isoaudit.probes.vmm.line import Line
from isoaudit.probes.vmm.settings import note_settings

_SHARES_MEMORY = ("vhost-user-",)
_DRAWS = ("virtio-gpu-gl", "virtio-vga-gl", "virtio-gpu-rutabaga")
_CARDS = {"ccid-card-emulated": "host", "ccid-card-passthru": "passthrough"}
_WATCHDOGS = ("i6300esb", "ib700", "diag288")
_ON = frozenset({"on", "yes", "true"})


def note_alone(notes: Notes, line: Line, source: str) -> None:
    """Note the facts of the machine as a whole, of a line that is whole."""
    note_settings(notes, line, source, firmware_is_known=not line.has("readconfig"))
    models = [one.get("driver", "") for one in line.devices()]
    notes.fact("vm.kernel", "guest", f"{source}: QEMU boots one")
    vsock = any(model.startswith("vhost-vsock") for model in models)
    notes.fact("vm.vsock", vsock, f"{source} -device vhost-vsock")
    cards = sorted({_CARDS[model] for model in models if model in _CARDS})
    notes.fact("vm.smartcards", cards, f"{source} -device ccid-card")
    backends = {properties(value, "driver").get("driver", "")
                for _, value in line.all("audiodev", "audio")}  # fmt: skip
    notes.fact("vm.audio_backends", sorted(backends - {""}), f"{source} -audiodev")
    _note_memory(notes, line, models, source)
    _note_drawing(notes, line, models, source)
    _note_actions(notes, line, models, source)
    features = _features(value_of(line.found, "cpu") or "")
    notes.fact("vm.cpu.features", features, f"{source} -cpu")
    if switch := [one for one in features if one[1:] == "pmu"]:
        notes.fact("vm.cpu.pmu", switch[-1] == "+pmu", f"{source} -cpu")
    given = line.has("smbios")
    notes.fact("vm.smbios_mode", "sysinfo" if given else "emulate", f"{source} -smbios")


def _note_memory(notes: Notes, line: Line, models: list[str], source: str) -> None:
    objects = [properties(value, "qom-type") for _, value in line.all("object")]
    shared = any(
        one.get("qom-type", "").startswith("memory-backend-") and one.get("share") in _ON
        for one in objects
    )
    access = "shared" if shared else "private"
    notes.fact("vm.memory.access", access, f"{source} -object memory-backend-…,share=")
    kept = any(properties(value).get("mem-lock") in _ON for _, value in line.all("overcommit"))
    notes.fact("vm.memory.locked", kept, f"{source} -overcommit mem-lock")
    needed = any(model.startswith(_SHARES_MEMORY) for model in models)
    notes.fact("vm.memory.sharing_needed", needed, f"{source} -device vhost-user-…")


def _note_drawing(notes: Notes, line: Line, models: list[str], source: str) -> None:
    displays = [properties(value, "type") for _, value in line.all("display")]
    drawn = any(one.get("type") == "egl-headless" or one.get("gl") in {*_ON, "core", "es"}
                for one in displays)  # fmt: skip
    spice = any(properties(value).get("gl") in _ON for _, value in line.all("spice"))
    told = drawn or spice or any(model.startswith(_DRAWS) for model in models)
    notes.fact("vm.accel_3d", told, f"{source} -display, -device virtio-gpu-gl")


def _note_actions(notes: Notes, line: Line, models: list[str], source: str) -> None:
    """Note what the host does when the guest's watchdog fires, and when the guest crashes."""
    asked: dict[str, str] = {}
    for _, value in line.all("action"):
        asked |= properties(value)
    dog = line.has("watchdog") or any(model.startswith(_WATCHDOGS) for model in models)
    action = value_of(line.found, "watchdog-action") or asked.get("watchdog", "reset")
    notes.fact("vm.watchdog_action", action[:32] if dog else "none", f"{source} -action watchdog")
    crash = asked.get("panic", "shutdown")
    words = {"shutdown": "destroy", "exit-failure": "destroy", "pause": "preserve"}
    notes.fact("vm.crash_action", words.get(crash, crash[:32]), f"{source} -action panic")


def _features(asked: str) -> list[str]:
    """Return the features beyond the CPU model as `+NAME` and `-NAME`, in the order given."""
    found = []
    for word in asked.split(",")[1:]:
        name, equals, value = word.partition("=")
        if equals and value in {*_ON, "off", "no", "false"}:
            found.append(f"{'+' if value in _ON else '-'}{name[:64]}")
        elif word[:1] in {"+", "-"}:
            found.append(word[:64])
    return found
