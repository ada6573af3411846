"""A QEMU that nobody manages: its command line is all the configuration there is."""

from __future__ import annotations

import shlex

import pytest

from isoaudit.model import Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.alone import note_alone
from isoaudit.probes.vmm.argv import options
from isoaudit.probes.vmm.line import Line


def noted(words: str) -> Notes:
    notes = Notes(Vantage.VMM)
    line = Line(options(shlex.split(words)), "qemu-system-x86_64", whole=True)
    note_alone(notes, line, "argv")
    return notes


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        ("", "vm.kernel", "guest"),
        ("", "vm.commandline_passthrough", ()),
        ("", "vm.vsock", False),
        ("-device vhost-vsock-pci,guest-cid=3", "vm.vsock", True),
        ("", "vm.secure_boot", False),
        ("", "vm.memory.access", "private"),
        ("-object memory-backend-memfd,id=m,size=1G,share=on", "vm.memory.access", "shared"),
        ("-device vhost-user-fs-pci,chardev=c", "vm.memory.sharing_needed", True),
        ("", "vm.memory.locked", False),
        ("-overcommit mem-lock=on", "vm.memory.locked", True),
        ("", "vm.accel_3d", False),
        ("-display egl-headless", "vm.accel_3d", True),
        ("-display gtk,gl=on", "vm.accel_3d", True),
        ("-spice gl=on,unix=on", "vm.accel_3d", True),
        ("-device virtio-vga-gl", "vm.accel_3d", True),
        ("-audiodev pa,id=a", "vm.audio_backends", ("pa",)),
        ("-device ccid-card-emulated", "vm.smartcards", ("host",)),
        ("", "vm.watchdog_action", "none"),
        ("-device i6300esb", "vm.watchdog_action", "reset"),
        ("-device i6300esb -action watchdog=poweroff", "vm.watchdog_action", "poweroff"),
        ("-action panic=pause", "vm.crash_action", "preserve"),
        ("-cpu host,pmu=off,+vmx", "vm.cpu.features", ("-pmu", "+vmx")),
        ("-cpu host,pmu=off", "vm.cpu.pmu", False),
        ("-smbios type=1,serial=7", "vm.smbios_mode", "sysinfo"),
        ("-object sev-snp-guest,id=s", "vm.launch_security.type", "sev-snp"),
    ],
)
def test_the_command_line_says_what_else_the_xml_would(
    words: str, path: str, value: object
) -> None:
    """With QEMU's defaults where nothing is said."""
    assert value == noted(words).value(path)


@pytest.mark.parametrize(
    "words",
    [
        "-drive if=pflash,file=/usr/share/OVMF/OVMF_CODE.fd",
        "-machine q35,pflash0=code -blockdev node-name=code,driver=raw,file=x",
        "-bios /usr/share/OVMF.fd",
        "-readconfig /etc/vm.cfg",
    ],
)
def test_a_firmware_that_is_named_decides_on_secure_boot(words: str) -> None:
    """Which image enforces it, its name does not tell: unknown, and neither true nor false."""
    found = noted(words)

    assert found.value("vm.secure_boot") is None
    assert "vm.secure_boot" in found.factset().missing


def test_whether_the_guest_counts_events_is_not_guessed() -> None:
    """Without a word on it, the CPU model and the accelerator decide."""
    assert noted("-cpu max").value("vm.cpu.pmu") is None
