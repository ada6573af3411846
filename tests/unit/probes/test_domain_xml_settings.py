"""Facts of a domain's CPUs, memory, consoles and rarer devices."""

from __future__ import annotations

from typing import Any

import pytest
from domain_documents import answered, declared, devices, reason, row, value

PC = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ("<cpu mode='host-model'/>", "vm.cpu.model", ""),
        ("<cpu match='exact'><model>EPYC</model></cpu>", "vm.cpu.model", "EPYC"),
        ("<cpu><model>x</model><feature policy='require' name='ssbd'/>"
         "<feature policy='disable' name='vmx'/><feature policy='optional' name='pcid'/></cpu>",
         "vm.cpu.features", ("+ssbd", "-vmx")),
        ("<cpu mode='host-model'><feature policy='require' name='vmx'/></cpu>",
         "vm.cpu.nested", True),
        ("<cpu mode='host-model'><feature policy='disable' name='svm'/></cpu>",
         "vm.cpu.nested", False),
        ("<cpu><model>Cascadelake-Server</model></cpu>", "vm.cpu.nested", False),
        ("<cpu mode='custom' check='full'><model>EPYC-Rome</model></cpu>", "vm.cpu.nested", True),
        ("<features><pmu state='on'/></features>", "vm.cpu.pmu", True),
        ("<features><pmu state='off'/></features>", "vm.cpu.pmu", False),
        ("<cpu mode='host-passthrough'/>", "vm.cpu.pmu", True),
        ("<cpu><model>EPYC</model></cpu>", "vm.cpu.pmu", False),
        ("<cputune><quota>50000</quota></cputune>", "vm.cpu.limited", True),
        ("<cputune><global_quota>50000</global_quota></cputune>", "vm.cpu.limited", True),
        ("<cputune><quota>-1</quota><shares>9</shares></cputune>", "vm.cpu.limited", False),
        ("<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune>",
         "vm.cpu.pinned", False),
        ("<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune>",
         "vm.cpu.pinned", True),
        ("<vcpu cpuset='0-3'>2</vcpu>", "vm.cpu.emulator_pinned", True),
        ("<iothreads>3</iothreads>", "vm.iothreads", 3),
        ("<iothreads>many</iothreads>", "vm.iothreads", 0),
        ("<maxMemory slots='4' unit='MiB'>128</maxMemory>", "vm.memory.maximum", 128 << 20),
        ("<maxMemory slots='4' unit='MiB'>128</maxMemory>", "vm.memory.slots", 4),
        ("", "vm.memory.maximum", 64 << 20),
        ("<memtune><hard_limit unit='MiB'>99</hard_limit></memtune>", "vm.memory.hard_limit",
         99 << 20),
        ("<memtune><hard_limit>9007199254740991</hard_limit></memtune>", "vm.memory.hard_limit", 0),
        ("<memoryBacking><locked/></memoryBacking>", "vm.memory.locked", True),
        ("<memoryBacking><hugepages/></memoryBacking>", "vm.memory.huge_pages", True),
        ("<memoryBacking><access mode='shared'/></memoryBacking>", "vm.memory.access", "shared"),
        ("<cpu><numa><cell id='0' memAccess='shared'/></numa></cpu>", "vm.memory.access",
         "shared"),
        ("<memoryBacking><source type='memfd'/></memoryBacking>", "vm.memory.source", "memfd"),
        ("<devices><filesystem><driver type='virtiofs'/></filesystem></devices>",
         "vm.memory.sharing_needed", True),
        ("<devices><interface type='vhostuser'/></devices>", "vm.memory.sharing_needed", True),
        ("<devices><video><driver name='vhostuser'/></video></devices>",
         "vm.memory.sharing_needed", True),
        ("<devices><interface type='bridge'/></devices>", "vm.memory.sharing_needed", False),
        ("<devices><vsock><cid auto='no' address='7'/></vsock></devices>", "vm.vsock_cid", 7),
        ("<devices><vsock><cid auto='yes'/></vsock></devices>", "vm.vsock", True),
        ("<devices><audio id='1' type='pulseaudio'/></devices>", "vm.audio_backends",
         ("pulseaudio",)),
        ("<devices><smartcard mode='host'/></devices>", "vm.smartcards", ("host",)),
        ("<devices><watchdog model='itco' action='dump'/></devices>", "vm.watchdog_action",
         "dump"),
        ("<devices><watchdog model='itco'/></devices>", "vm.watchdog_action", "reset"),
        ("", "vm.watchdog_action", "none"),
        ("<on_crash>coredump-restart</on_crash>", "vm.crash_action", "coredump-restart"),
        ("<os><smbios mode='host'/></os>", "vm.smbios_mode", "host"),
        ("<sysinfo type='smbios'><system><entry name='serial'>S1</entry></system>"
         "<oemStrings><entry>secret</entry></oemStrings></sysinfo>", "vm.sysinfo",
         ("oemStrings", "system.serial")),
        ("<sysinfo type='fwcfg'><entry name='opt/org.x'>v</entry></sysinfo>", "vm.sysinfo",
         ("opt/org.x",)),
        ("<genid/>", "vm.generation_id", True),
        ("<resource><partition>/tenants/a</partition></resource>", "vm.resource_partition",
         "/tenants/a"),
        ("<devices><video><model type='virtio'><acceleration accel3d='yes'/></model></video>"
         "</devices>", "vm.accel_3d", True),
        ("<devices><graphics type='spice'><gl enable='yes'/></graphics></devices>",
         "vm.accel_3d", True),
        ("<devices><graphics type='egl-headless'/></devices>", "vm.accel_3d", True),
        ("<devices><graphics type='spice'><gl enable='no'/></graphics></devices>",
         "vm.accel_3d", False),
        ("<devices><tpm><backend type='emulator' version='2.0'><encryption secret='u'/></backend>"
         "</tpm></devices>", "vm.tpm_encrypted", True),
        ("<devices><tpm><backend type='emulator' version='2.0'/></tpm></devices>",
         "vm.tpm_version", "2.0"),
        ("<os><nvram template='/t.fd'>/n.fd</nvram></os>", "vm.nvram", "/n.fd"),
        ("<launchSecurity type='sev' kernelHashes='yes'><policy>0x1</policy></launchSecurity>",
         "vm.launch_security.kernel_hashes", True),
        ("<launchSecurity type='sev'><policy>0x1</policy><session>abc</session></launchSecurity>",
         "vm.launch_security.bound", True),
        ("<launchSecurity type='tdx'/>", "vm.launch_security.bound", False),
        ("<seclabel type='dynamic' model='apparmor'/><seclabel type='static' model='dac'/>",
         "vm.seclabel.type", "dynamic"),
        ("<devices><disk><source file='/a'/><target dev='vda'/></disk></devices>",
         "vm.disk_io_limited", False),
        ("<devices><disk><source file='/a'/><target dev='vda'/><iotune><total_iops_sec>9"
         "</total_iops_sec></iotune></disk></devices>", "vm.disk_io_limited", True),
        ("<devices><hostdev mode='subsystem' type='scsi_host'/></devices>", "vm.devices",
         ("qemu-xhci", "vhost-scsi", "virtio-balloon")),
    ],
)  # fmt: skip
def test_setting_becomes_a_fact(body: str, path: str, expected: Any) -> None:
    """What the domain says of itself, with libvirt's defaults."""
    body = body if "<os>" in body else PC + body
    body = body.replace("<os>", "<os><type arch='x86_64' machine='q35'>hvm</type>", 1) \
        if "<type " not in body else body  # fmt: skip
    assert expected == value(declared(body), path)


def test_values_of_firmware_strings_are_no_facts() -> None:
    """Cloud-init and installers get passwords through them."""
    body = "<sysinfo type='smbios'><system><entry name='serial'>planted</entry></system></sysinfo>"
    assert "planted" not in str(declared(body))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("<cpu mode='host-model'/>", "vm.cpu.nested"),
        ("<cpu mode='host-passthrough'/>", "vm.cpu.nested"),
        ("<cpu mode='host-model'/>", "vm.cpu.pmu"),
        ("", "vm.dump_core"),
    ],
)
def test_what_the_host_decides_is_missing(body: str, path: str) -> None:
    """A file cannot say it, and neither default is taken for granted."""
    assert "other_host" == reason(declared(PC + body), path)


@pytest.mark.parametrize(
    ("kind", "shares"), [("kvm", "guest"), ("qemu", "guest"), ("xen", "guest"), ("lxc", "host")]
)
def test_container_of_libvirt_has_the_hosts_kernel(kind: str, shares: str) -> None:
    """An lxc domain is listed like a VM, and is none."""
    assert shares == value(declared("", f"type='{kind}'"), "vm.kernel")


def test_container_image_of_a_hypervisor_has_the_hosts_kernel() -> None:
    """Virtuozzo runs both; its containers have the type exe."""
    assert "host" == value(declared("<os><type>exe</type></os>", "type='vz'"), "vm.kernel")


@pytest.mark.parametrize(
    ("interface", "field", "expected"),
    [
        ("<interface type='direct'><source dev='e' mode='passthrough'/></interface>", "mode",
         "passthrough"),
        ("<interface type='direct'><source dev='e'/></interface>", "mode", "vepa"),
        ("<interface type='network' trustGuestRxFilters='yes'/>", "trust_guest_filters", True),
        ("<interface type='bridge'><vlan><tag id='42'/><tag id='43'/></vlan></interface>", "vlan",
         ("42", "43")),
        ("<interface type='bridge'><bandwidth><inbound average='9'/></bandwidth></interface>",
         "limited", True),
        ("<interface type='bridge'><bandwidth/></interface>", "limited", False),
        ("<interface type='bridge'><driver queues='4'/></interface>", "queues", 4),
        ("<interface type='bridge'><driver name='vhost'/></interface>", "vhost", True),
        ("<interface type='bridge'><model type='virtio'/><driver name='qemu'/></interface>",
         "vhost", False),
        ("<interface type='user'><model type='virtio'/></interface>", "vhost", False),
        ("<interface type='user'><mac address='52:54:00:AA:bb:cc'/></interface>", "mac",
         "52:54:00:aa:bb:cc"),
    ],
)  # fmt: skip
def test_card_tells_its_limits_and_back_end(interface: str, field: str, expected: Any) -> None:
    """Mode, filters, VLANs, bandwidth and queues stand in the interface."""
    assert expected == row(devices(interface), "interface")[field]


def test_vhost_is_the_hosts_choice_under_kvm() -> None:
    """libvirt takes it for a virtio card where the host has it, and says nothing of it."""
    found = devices("<interface type='bridge'><model type='virtio'/></interface>")
    assert "interface.vhost" in found.parts["interface"][0].records[0].missing


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<graphics type='vnc'/>", (False, False, False)),
        ("<graphics type='vnc' websocket='5700'/>", (False, False, True)),
        ("<graphics type='vnc'/><channel type='qemu-vdagent'><source>"
         "<clipboard copypaste='yes'/></source></channel>", (True, False, False)),
        ("<graphics type='spice'/>", (False, False, False)),
        ("<graphics type='spice'/><channel type='spicevmc'>"
         "<target type='virtio' name='com.redhat.spice.0'/></channel>", (True, True, False)),
        ("<graphics type='spice'><clipboard copypaste='no'/><filetransfer enable='no'/></graphics>"
         "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>",
         (False, False, False)),
        ("<graphics type='spice'/><channel type='spiceport'>"
         "<target type='virtio' name='org.spice-space.webdav.0'/></channel>",
         (False, True, False)),
    ],
)  # fmt: skip
def test_console_tells_what_passes_beside_the_picture(body: str, expected: tuple[bool]) -> None:
    """SPICE needs its agent's channel for clipboard and files, VNC one of QEMU's own."""
    console = row(devices(body), "graphics")
    seen = tuple(console[key] for key in ("clipboard", "file_transfer", "websocket"))
    assert expected == seen


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ("<binary path='/usr/libexec/virtiofsd' xattr='on'><sandbox mode='chroot'/></binary>",
         {"sandbox": "chroot", "xattr": True, "id_mapped": False}),
        ("<idmap><uid start='0' target='1000' count='1'/></idmap>",
         {"sandbox": "namespace", "xattr": False, "id_mapped": True}),
        ("<source socket='/run/v.sock'/>", {"id_mapped": False}),
    ],
)  # fmt: skip
def test_virtiofs_share_tells_its_daemons_sandbox(share: str, expected: dict[str, Any]) -> None:
    """Of a daemon that somebody else started, libvirt knows nothing."""
    found = row(devices(f"<filesystem><driver type='virtiofs'/>{share}</filesystem>"), "share")
    keys = ("sandbox", "xattr", "id_mapped")
    assert expected == {key: found[key] for key in keys if key in found}


def test_disk_tells_sharing_errors_limits_and_formats_of_its_chain() -> None:
    """A base image without a stated format is named as such."""
    disk = row(
        answered(
            "<devices><disk type='file'><driver type='qcow2' error_policy='ignore'/>"
            "<source file='/a'/><backingStore type='file'><format type='raw'/><source file='/b'/>"
            "<backingStore type='file'><source file='/c'/></backingStore></backingStore>"
            "<target dev='vda'/><iotune><read_bytes_sec>1</read_bytes_sec></iotune><shareable/>"
            "</disk></devices>"
        ),
        "disk",
    )
    assert (("/b", "/c"), ("raw", "unstated"), True, "ignore", True) == tuple(
        disk[key]
        for key in ("backing_files", "backing_formats", "shareable", "error_policy", "limited")
    )


def test_shared_memory_tells_its_model() -> None:
    """A doorbell has a server of its own."""
    found = row(devices("<shmem name='p'><model type='ivshmem-doorbell'/></shmem>"),
                "shared_memory")  # fmt: skip
    assert {"name": "p", "model": "ivshmem-doorbell"} == found
