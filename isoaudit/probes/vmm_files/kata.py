"""The probe of Kata's configuration.toml: the virtual machine that every pod of this runtime gets.

Source: Kata's configuration-*.toml of releases 2 and 3 and docs/how-to/how-to-set-sandbox-config-
kata.md; what an absent key comes to is the zero value of its type unless these say otherwise. What
a pod adds (its volumes, network and devices) no file of Kata can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.documents import toml
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import FactSet, Kind, Missing, Reason, Record, Target, Vantage
from isoaudit.probes.declared import not_declarable
from isoaudit.probes.vmm.argv import sandbox
from isoaudit.probes.vmm_files.kata_settings import Section, note_settings
from isoaudit.probes.vmm_files.sheet import VmSheet, amount, row

_NAMES = {"clh": "cloud-hypervisor", "cloud_hypervisor": "cloud-hypervisor",
          "dragonball": "dragonball", "fc": "firecracker"}  # fmt: skip
_BOOT = {"emulator": "path", "kernel": "kernel", "initrd": "initrd", "loader": "firmware",
         "image": "image"}  # fmt: skip
_DRIVERS = {"virtio-fs": "virtiofs", "virtio-fs-nydus": "virtiofs", "inline-virtio-fs": "virtiofs",
            "virtio-9p": "9p"}  # fmt: skip
_MOST = 100  # hypervisors of one file; Kata knows eight
_POD = "each pod adds its own"
_MIB = 2**20
_TRUST = ("vm.secure_boot", "vm.tpm", "vm.launch_security.type")


class KataProbe:
    """Reads the hypervisors of one file's text; raises DocumentError if there is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._document = toml.load(text, shown)
        found = self._document.get("hypervisor")
        tables = found.value if found and isinstance(found.value, dict) else {}
        self._names = [name for name, table in tables.items() if isinstance(table, dict)]
        if not self._names:
            raise DocumentError(
                f"{shown}: no configuration of Kata: it has no [hypervisor.NAME]",
                "Name the configuration.toml that Kata's runtime reads.",
            )

        if len(self._names) > _MOST:
            raise DocumentError(f"{shown}: more than {_MOST} hypervisors, not read")

    def find(self) -> Sequence[Target]:
        """Return one target per hypervisor, in the file's order."""
        return [
            Target(
                id=f"kata:{self._shown}#{name[:255]}",
                kind=Kind.VM,
                name=name[:255],
                state="declared",
                handle=name,
                dialect="kata",
                location=Section(self._document, name).location,
            )
            for name in self._names
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares for one hypervisor; raises TargetError if it has none."""
        if target.handle not in self._names:
            raise TargetError(f"{self._shown}: no hypervisor {target.handle!r} in it")
        section = Section(self._document, target.handle)
        sheet = VmSheet(section)
        _note_machine(section, sheet)
        _note_size(section, sheet)
        _note_trust(section, sheet)
        note_settings(section, sheet)
        sheet.part("boot_file", _boot_files(section))
        sheet.part("graphics", ())
        _note_shares(section, sheet)
        if section.name == "qemu":
            sheet.part("monitor", _monitors(section))
        for path in ("disk", "interface", "host_device", "vm.devices"):
            sheet.beyond(path, _POD)
        return sheet.factset()


def _note_machine(section: Section, sheet: VmSheet) -> None:
    sheet.default("vmm.manager", "kata", "whose configuration this is")
    if section.name == "remote":
        sheet.beyond("vmm.name", "another machine runs the VM")
        return
    sheet.default("vmm.name", _NAMES.get(section.name, section.name), "the section's name")
    sheet.default("vm.accelerator", "kvm", "Kata's hypervisors run on KVM")
    sheet.default("vm.mmds_version", "none", "Kata sets up no metadata service")
    machine = section.text("machine_type")
    if machine:
        sheet.say("vm.machine", machine.value, machine)
    if section.name != "qemu":
        return
    sheet.default("vm.cpu.mode", "host-passthrough", "Kata starts QEMU with -cpu host")
    options = section.text("seccompsandbox")
    asked = options.value if options else ""
    sheet.say("vmm.sandbox.options", tuple(sandbox([("sandbox", asked or "off")])),
              options or section, "" if asked else "no seccompsandbox")  # fmt: skip


def _note_size(section: Section, sheet: VmSheet) -> None:
    memory = section.number("default_memory")
    if memory and memory.value > 0:
        sheet.say("vm.memory.bytes", amount(memory, memory.value, _MIB), memory)
    else:
        sheet.unknown("vm.memory.bytes", "left to how Kata was built")
    vcpus = section.number("default_vcpus")
    if vcpus and vcpus.value > 0:
        sheet.say("vm.vcpus", amount(vcpus, vcpus.value), vcpus)
    else:
        sheet.unknown("vm.vcpus", "left to Kata, or to the CPUs of the host")


def _note_trust(section: Section, sheet: VmSheet) -> None:
    if section.name == "remote":
        for path in _TRUST:
            sheet.beyond(path, "another machine runs the VM")
    else:
        _note_launch(section, sheet)
    rootless = section.flag("rootless")
    sheet.say("vm.kata.rootless", bool(rootless and rootless.value), rootless or section)
    if section.name in {"qemu", "clh"} and not (rootless and rootless.value):
        sheet.say("vmm.uid", 0, rootless or section, "Kata's runtime starts it as root")
    else:
        sheet.beyond("vmm.uid", "which user it gets is settled at its start")
    unlabelled = section.flag("disable_selinux")
    if unlabelled and unlabelled.value:
        sheet.say("vm.seclabel.confined", False, unlabelled)
        sheet.say("vm.seclabel.models", (), unlabelled)
    else:
        for path in ("vm.seclabel.confined", "vm.seclabel.models"):
            sheet.unknown(path, "the host that starts it picks the label")


def _note_launch(section: Section, sheet: VmSheet) -> None:
    sheet.default("vm.secure_boot", False, "Kata starts a kernel directly")
    sheet.default("vm.tpm", "none", "Kata adds none")
    confidential = section.flag("confidential_guest")
    snp = section.flag("sev_snp_guest")
    if not (confidential and confidential.value):
        sheet.say("vm.launch_security.type", "none", confidential or section)
    elif snp and snp.value:
        sheet.say("vm.launch_security.type", "sev-snp", snp)
    else:
        sheet.unknown("vm.launch_security.type", "Kata takes what the host's CPU offers")


def _boot_files(section: Section) -> Iterator[Record]:
    for role, key in _BOOT.items():
        path = section.text(key)
        if path and path.value:
            yield row(path, {"boot_file.role": role, "boot_file.path": path.value})


def _note_shares(section: Section, sheet: VmSheet) -> None:
    """Note the folder that a pod's files are shared through, and the host's that Kata adds to it.

    What is in the pod's folder, and whether it may be written, its mounts decide.
    """
    kind = section.text("shared_fs")
    if kind is None:
        incomplete = Missing("share", Reason.NOT_DECLARED, "no shared_fs: left to Kata's version",
                             "", Vantage.DECLARED)  # fmt: skip
        sheet.part("share", (), incomplete)
        return
    driver = _DRIVERS.get(kind.value, kind.value)
    if driver in {"none", ""}:
        sheet.part("share", ())
        return
    own = row(
        kind,
        {"share.driver": driver, "share.target": "kataShared"},
        {"share.source": not_declarable("share.source", _POD),
         "share.read_only": not_declarable("share.read_only", _POD),
         "share.access_mode": not_declarable("share.access_mode", _POD)},
    )  # fmt: skip
    sheet.part("share", [own, *_bound(section, driver)])


def _bound(section: Section, driver: str) -> Iterator[Record]:
    """Yield the host's folders that every pod's VM sees, read-only."""
    bound = section.beside("runtime", "sandbox_bind_mounts")
    for path in bound.value if bound else ():
        source = path.removesuffix(":ro").removesuffix(":rw")
        told = {
            "share.source": source,
            "share.target": "sandbox-mounts",
            "share.driver": driver,
            "share.read_only": not path.endswith(":rw"),
        }
        yield row(bound or section, told, {"share.access_mode": "the share's server decides"})


def _monitors(section: Section) -> Iterator[Record]:
    """Yield QEMU's monitors: Kata's own, and with enable_debug one for debugging."""
    yield _monitor(section, "qmp")
    extra = section.text("extra_monitor_socket")
    debug = section.flag("enable_debug")
    if extra and extra.value and debug and debug.value:
        yield _monitor(extra, "hmp" if extra.value == "hmp" else "qmp")


def _monitor(place: Section | toml.Entry, kind: str) -> Record:
    why = not_declarable("monitor.address", "each pod's folder has its own")
    return row(place, {"monitor.kind": kind, "monitor.backend": "unix"}, {"monitor.address": why})
