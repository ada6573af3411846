"""What the configuration files of VMMs and hypervisors other than libvirt can say, kind by kind.

Most of it is the vocabulary that libvirt's domains already have; what only these files know stands
here. Sources: Firecracker's API (swagger), Kata's configuration.toml, qemu(1), DMTF DSP0243 (OVF),
xl.cfg(5).
"""

from isoaudit.facts.spec import STRING, VM, FactSpec

_V = VM

PARTS = ()

FACTS = (
    FactSpec("vm.mmds_version", STRING,
             "Firecracker's metadata service: V1 (no session token), V2, or none.", _V),
)  # fmt: skip

_DISK = ("disk", "disk.target", "disk.device", "disk.bus", "disk.source_type", "disk.source",
         "disk.read_only", "disk.whole_host_disk")  # fmt: skip
_MORE_DISK = ("disk.format", "disk.raw_scsi", "disk.encrypted", "disk.backing_files")
_CARD = ("interface", "interface.type", "interface.source", "interface.model")
_SIZE = ("vm.memory.bytes", "vm.vcpus")
_SHARE = ("share", "share.source", "share.target", "share.driver", "share.read_only",
          "share.access_mode")  # fmt: skip
_SCREEN = ("graphics", "graphics.type", "graphics.listen", "graphics.exposure",
           "graphics.password_set", "graphics.password_in_configuration",
           "graphics.tls_required")  # fmt: skip
_PASSED = ("host_device", "host_device.type", "host_device.address")
_PORT = ("character_device", "character_device.role", "character_device.name",
         "character_device.backend", "character_device.address")  # fmt: skip
_BOOT = ("boot_file", "boot_file.role", "boot_file.path")
_MONITOR = ("monitor", "monitor.kind", "monitor.backend", "monitor.address")
_SHARED = ("shared_memory", "shared_memory.name")
_FIXED = ("vmm.name", "vm.accelerator", "vm.devices", "vm.debug_stub", "vm.commandline_passthrough")
_TRUST = ("vm.secure_boot", "vm.tpm", "vm.launch_security.type")

_SAYS = {
    "libvirt_xml": ("vmm.name",),
    "firecracker": (
        *_FIXED, *_TRUST, *_SIZE, *_DISK, *_MORE_DISK, *_CARD, *_SHARE[:1], *_SCREEN[:1],
        *_PASSED[:1], *_PORT, *_BOOT, *_MONITOR, *_SHARED[:1], "vm.cpu.mode", "vm.mmds_version",
    ),
}  # fmt: skip


def said_in(path: str) -> tuple[str, ...]:
    """Return the kinds of file of this table that can say a fact, or have a part."""
    return tuple(dialect for dialect, paths in _SAYS.items() if path in paths)
