"""The probe of a Firecracker configuration file, which `firecracker --config-file` reads.

Source: Firecracker's API (firecracker.yaml), whose bodies are the values of this file, and its
docs/{getting-started,mmds/mmds-user-guide,vsock,api_requests/block-vhost-user}.md. It has a handful
of devices, no firmware and no screen; what it has not is a fact too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.documents import yaml
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Record, Target, Value
from isoaudit.probes.vmm_files.sheet import VmSheet, amount, declared_vm, medium, row

_NONE = "Firecracker has none"
_DEVICES = {
    "drives": "virtio-blk", "network-interfaces": "virtio-net", "vsock": "virtio-vsock",
    "balloon": "virtio-balloon", "entropy": "virtio-rng", "pmem": "virtio-pmem",
    "memory-hotplug": "virtio-mem",
}  # fmt: skip
_BUILT_IN = ("isa-serial", "ps2-keyboard")
"""The console, and the keyboard controller of which only the reset line works."""

_NO_PARTS = ("share", "graphics", "host_device", "shared_memory")


class FirecrackerProbe:
    """Reads one microVM from a file's text; raises DocumentError if it is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._root = yaml.load(text, shown)
        if self._root.get("boot-source") is None:
            raise DocumentError(
                f"{self._root.location}: no configuration of Firecracker: it has no boot-source",
                "Name the file that `firecracker --config-file` reads.",
            )

    def find(self) -> Sequence[Target]:
        """Return the microVM as the file's only target."""
        return (declared_vm("firecracker", self._shown, "", self._root),)

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares; raises DocumentError where it is malformed."""
        root, sheet = self._root, VmSheet(self._root)
        _note_machine(root, sheet)
        _note_metadata(root, sheet)
        _note_devices(root, sheet)
        sheet.part("disk", [*_disks(root), *_persistent_memory(root)])
        sheet.part("interface", [_interface(one) for one in _list(root, "network-interfaces")])
        sheet.part("character_device", _character_devices(root))
        sheet.part("boot_file", _boot_files(root))
        for name in _NO_PARTS:
            sheet.part(name, ())
        return sheet.factset()


def _note_machine(root: Node, sheet: VmSheet) -> None:
    sheet.default("vmm.manager", "", "Firecracker reads it itself")
    sheet.default("vmm.name", "firecracker", "whose file this is")
    sheet.default("vm.accelerator", "kvm", "Firecracker has no other")
    sheet.default("vm.secure_boot", False, "Firecracker starts a kernel, without any firmware")
    sheet.default("vm.tpm", "none", _NONE)
    sheet.default("vm.launch_security.type", "none", _NONE)
    sheet.default("vm.commandline_passthrough", (), _NONE)
    _note_size(root, sheet)
    template = root.get("cpu-config") or root.get("machine-config", "cpu_template")
    if template is not None and not (template.is_scalar and template.text() == "None"):
        sheet.say("vm.cpu.mode", "custom", template)
    else:
        sheet.default("vm.cpu.mode", "host-passthrough", "no CPU template: the host's features")
    stub = root.get("machine-config", "gdb_socket_path")
    if stub is None:
        sheet.default("vm.debug_stub", False, "no gdb_socket_path")
        sheet.beyond("monitor", "the API's socket is named on the command line")
        return
    sheet.say("vm.debug_stub", True, stub)
    fields = ("gdb", "unix", stub.text())
    paths = ("monitor.kind", "monitor.backend", "monitor.address")
    sheet.part("monitor", [row(stub, dict(zip(paths, fields, strict=True)))])


def _note_size(root: Node, sheet: VmSheet) -> None:
    memory = root.get("machine-config", "mem_size_mib")
    if memory is None:
        sheet.default("vm.memory.bytes", 128 * 2**20, "Firecracker's default")
    else:
        sheet.say("vm.memory.bytes", amount(memory, memory.integer(), 2**20), memory)
    vcpus = root.get("machine-config", "vcpu_count")
    if vcpus is None:
        sheet.default("vm.vcpus", 1, "Firecracker's default")
    else:
        sheet.say("vm.vcpus", amount(vcpus, vcpus.integer()), vcpus)


def _note_metadata(root: Node, sheet: VmSheet) -> None:
    """Note the version of the metadata service; without interfaces to serve there is none.

    Before it had a version, an interface said itself that it is served: `allow_mmds_requests`.
    """
    path = "vm.mmds_version"
    config = root.get("mmds-config")
    if config is None:
        for card in _list(root, "network-interfaces"):
            allowed = card.get("allow_mmds_requests")
            if allowed is not None and allowed.boolean():
                sheet.say(path, "V1", allowed)
                return
        sheet.default(path, "none", "no mmds-config")
        return
    version = config.get("version")
    if version is None:
        sheet.say(path, "V1", config, "Firecracker's default")
    else:
        sheet.say(path, version.text(), version)


def _note_devices(root: Node, sheet: VmSheet) -> None:
    names = {name for key, name in _DEVICES.items() if _is_there(root.get(key))}
    sheet.default("vm.devices", tuple(sorted(names.union(_BUILT_IN))), "with its fixed ones")


def _is_there(node: Node | None) -> bool:
    return node is not None and not (node.is_list and not node.elements())


def _disks(root: Node) -> Iterator[Record]:
    for drive in _list(root, "drives"):
        fields: dict[str, Value] = {
            "disk.target": _text(drive, "drive_id"),
            "disk.device": "disk",
            "disk.bus": "virtio",
            "disk.raw_scsi": False,
        }
        socket = drive.get("socket")
        if socket is not None:
            fields["disk.source_type"] = "vhostuser"
            fields["disk.source"] = socket.text()
            fields["disk.whole_host_disk"] = False
            why = "what is behind the socket decides"
            open_ends = ("disk.format", "disk.encrypted", "disk.backing_files", "disk.read_only",
                         "disk.limited")  # fmt: skip
            yield row(socket, fields, dict.fromkeys(open_ends, why))
        else:
            yield _image(drive, fields, "is_read_only")


def _persistent_memory(root: Node) -> Iterator[Record]:
    for memory in _list(root, "pmem"):
        fields: dict[str, Value] = {
            "disk.target": _text(memory, "id"),
            "disk.device": "disk",
            "disk.bus": "pmem",
            "disk.raw_scsi": False,
        }
        yield _image(memory, fields, "read_only")


def _image(node: Node, fields: dict[str, Value], key: str) -> Record:
    """Return the record of an image: Firecracker takes its bytes as they are, and never probes."""
    sealed = node.get(key)
    told: dict[str, Value] = {
        **fields,
        "disk.limited": _throttles(node.get("rate_limiter")),
        "disk.format": "raw",
        "disk.encrypted": False,
        "disk.backing_files": (),
        "disk.read_only": sealed is not None and sealed.boolean(),
    }
    path = node.get("path_on_host")
    return medium(path or node, told, path.text() if path else "")


def _interface(card: Node) -> Record:
    device = card.get("host_dev_name")
    ends = (card.get("rx_rate_limiter"), card.get("tx_rate_limiter"))
    fields: dict[str, Value] = {
        "interface.limited": all(_throttles(end) for end in ends),
        "interface.type": "ethernet",
        "interface.source": device.text() if device else "",
        "interface.model": "virtio",
    }
    return row(device or card, fields)


def _throttles(limiter: Node | None) -> bool:
    """Say whether a rate limiter has a bucket that runs empty: one of size 0 limits nothing."""
    for key in ("bandwidth", "ops"):
        size = limiter.get(key, "size") if limiter else None
        if size is not None and size.integer() > 0:
            return True
    return False


def _character_devices(root: Node) -> Iterator[Record]:
    """Yield the console, on the VMM's own output unless a file is named, and the vsock's end."""
    output = root.get("serial", "serial_out_path")
    yield row(
        output or root,
        {
            "character_device.role": "serial",
            "character_device.name": "0",
            "character_device.backend": "file" if output else "stdio",
            "character_device.address": output.text() if output else "",
        },
    )
    socket = root.get("vsock", "uds_path")
    if socket is not None:
        yield row(
            socket,
            {
                "character_device.role": "channel",
                "character_device.name": "vsock",
                "character_device.backend": "unix",
                "character_device.address": socket.text(),
            },
        )


def _boot_files(root: Node) -> Iterator[Record]:
    for role, key in (("kernel", "kernel_image_path"), ("initrd", "initrd_path")):
        path = root.get("boot-source", key)
        if path is not None and path.text():
            yield row(path, {"boot_file.role": role, "boot_file.path": path.text()})


def _list(root: Node, key: str) -> list[Node]:
    node = root.get(key)
    return node.elements() if node else []


def _text(node: Node, key: str) -> str:
    found = node.get(key)
    return found.text() if found else ""
