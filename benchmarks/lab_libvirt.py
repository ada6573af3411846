"""Runs a libvirtd of its own with shut-off domains, until its standard input ends.

`lab_libvirt.py COUNT` prints the URI once all are defined. It reads no line: what has been loaded
here would count as memory of the process that measures, were it that one.
"""

import os
import sys
from pathlib import Path

import libvirt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lab"))
from support import processes
from support.folder import lab_folder
from support.libvirt import _in_own_paths, _lay_out

_DOMAIN = """
<domain type='qemu'>
  <name>isobench-{number}</name>
  <memory unit='MiB'>256</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/{number}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""


def main(count: int) -> None:
    processes.require("virtlogd", "libvirtd", "qemu-system-x86_64", "unshare")
    with lab_folder("libvirt") as folder:
        _lay_out(folder)
        started = []
        try:
            for daemon, name in (("virtlogd", "virtlogd-sock"), ("libvirtd", "libvirt-sock")):
                log, ready = folder / f"{daemon}.log", (folder / "run" / name).exists
                started.append(processes.start(_in_own_paths(folder, daemon), log))
                processes.await_ready(ready, daemon, started[-1], log)
            uri = f"qemu:///system?socket={folder}/run/libvirt-sock"
            connection = libvirt.open(uri)
            for number in range(count):
                connection.defineXML(_DOMAIN.format(number=number))
            connection.close()
            print(uri, flush=True)
            os.read(0, 1)
        finally:
            for process in reversed(started):
                processes.stop(process)


if __name__ == "__main__":
    main(int(sys.argv[1]))
