"""The host as a source of evidence: its kernel, its CPUs, and what runs workloads on it."""

from __future__ import annotations

from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.host.authorized_keys import note_authorized_keys
from isoaudit.probes.host.binfmt import note_binfmt
from isoaudit.probes.host.cgroup import note_cgroup
from isoaudit.probes.host.cpu import note_cpu
from isoaudit.probes.host.device_nodes import note_device_nodes
from isoaudit.probes.host.engines import note_engines
from isoaudit.probes.host.features import note_features
from isoaudit.probes.host.firmware import note_firmware
from isoaudit.probes.host.groups import note_groups
from isoaudit.probes.host.guest_load import note_guest_load
from isoaudit.probes.host.guest_networks import note_guest_networks
from isoaudit.probes.host.handed_in import note_handed_in
from isoaudit.probes.host.hardening import note_hardening
from isoaudit.probes.host.identity import note_identity
from isoaudit.probes.host.kernel import note_kernel
from isoaudit.probes.host.kubelet import note_kubelet
from isoaudit.probes.host.kvm import note_kvm
from isoaudit.probes.host.libvirt_conf import note_libvirt
from isoaudit.probes.host.listeners import note_listeners
from isoaudit.probes.host.mac import note_mac
from isoaudit.probes.host.passthrough import note_passthrough
from isoaudit.probes.host.reboot import note_reboot
from isoaudit.probes.host.runtimes import note_runtimes
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.sshd import note_sshd
from isoaudit.probes.host.subids import note_subids
from isoaudit.probes.host.swaps import note_swaps
from isoaudit.probes.host.sysctl import note_sysctls
from isoaudit.probes.host.tracing import note_tracing
from isoaudit.transports.base import Files, Unreadable

__all__ = ["HostProbe"]

_TOPICS = (
    note_identity,
    note_kernel,
    note_reboot,
    note_mac,
    note_cgroup,
    note_features,
    note_sysctls,  # after features: without a feature its setting is closed
    note_hardening,
    note_cpu,  # after identity: a guest's view is marked as one
    note_kvm,
    note_passthrough,
    note_device_nodes,
    note_swaps,
    note_tracing,
    note_binfmt,
    note_firmware,
    note_subids,
    note_handed_in,
    note_runtimes,
    note_listeners,
    note_libvirt,  # after listeners: one on libvirt's port outranks its files
    note_guest_load,
    note_sshd,
    note_guest_networks,  # after listeners and sshd: who is reached from a bridge
    note_kubelet,
    note_groups,
    note_authorized_keys,
    note_engines,  # after libvirt: it knows whether its sockets ask who connects
)


class HostProbe:
    """Reads one host through its files; what it cannot read is noted as missing."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def find(self) -> list[Target]:
        """Return the host; raises TargetError if not even its name can be read."""
        try:
            name = self._files.read_text("/proc/sys/kernel/hostname").strip()
        except Unreadable as error:
            raise TargetError(
                f"the host cannot be read: {error.cause}",
                error.remedy or "Run isoaudit where /proc is mounted.",
            ) from error
        return [Target(f"host:{name}", Kind.HOST, name, "running", host="local")]

    def collect(self, target: Target) -> FactSet:
        """Return every fact of the host, and its parts, of `engine` those known by files."""
        sheet = Sheet(self._files)
        for note in _TOPICS:
            note(sheet)
        return sheet.kernel.factset().merge(sheet.declared.factset())
