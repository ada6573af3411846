"""Records what libvirt and the kernel say of three domains, for the unit tests to replay.

Usage, as root where libvirtd runs: python tests/recordings/record_libvirt.py KERNEL INITRD

Defines and starts its own domains (iso-vm-*) under emulation, reads each once through the probe,
writes tests/recordings/libvirt/NAME.json and removes the domains again. KERNEL and INITRD need not
come further than a first process: a running QEMU is what counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from isoaudit.probes.libvirt import LibvirtProbe
from isoaudit.transports import tape
from isoaudit.transports.libvirt import connect
from isoaudit.transports.libvirt_redaction import redact_arguments
from isoaudit.transports.local import LocalFiles

HERE = Path(__file__).parent / "libvirt"

LEGACY = """
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>iso-vm-legacy</name>
  <uuid>b1a4cf55-5c64-4b9a-9d0c-3f3f0d5f0001</uuid>
  <metadata><app:notes xmlns:app='urn:example'>planted-metadata</app:notes></metadata>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>console=ttyS0 quiet edd=off token=planted-cmdline</cmdline>
  </os>
  <on_crash>preserve</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <source file='{folder}/disk.img'/><target dev='hda' bus='ide'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='hdb' bus='ide'/></disk>
    <disk type='file' device='floppy'>
      <source file='{folder}/floppy.img'/><target dev='fda'/>
    </disk>
    <interface type='user'><model type='rtl8139'/><rom enabled='no'/></interface>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' port='-1' autoport='yes' passwd='planted1' listen='0.0.0.0'/>
    <sound model='ich6'/>
    <video><model type='cirrus'/></video>
    <filesystem type='mount'><source dir='{folder}/share'/><target dir='host'/></filesystem>
    <serial type='tcp'>
      <source mode='bind' host='127.0.0.1' service='45551'/><protocol type='raw'/>
    </serial>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-monitor'/><qemu:arg value='tcp:127.0.0.1:45552,server=on,wait=off'/>
    <qemu:arg value='-fw_cfg'/><qemu:arg value='name=opt/key,string=planted-fwcfg'/>
    <qemu:env name='DB_PASSWORD' value='planted-env'/>
  </qemu:commandline>
</domain>
"""

LEAN = """
<domain type='qemu'>
  <name>iso-vm-lean</name>
  <uuid>b1a4cf55-5c64-4b9a-9d0c-3f3f0d5f0002</uuid>
  <memory unit='MiB'>192</memory>
  <memoryBacking><nosharepages/></memoryBacking>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>console=ttyS0 quiet edd=off</cmdline>
  </os>
  <cpu mode='maximum'/>
  <on_crash>preserve</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{folder}/lean.img'/><target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'/>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""

OFF = """
<domain type='kvm'>
  <name>iso-vm-off</name>
  <uuid>b1a4cf55-5c64-4b9a-9d0c-3f3f0d5f0003</uuid>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <disk type='block' device='disk'><source dev='/dev/sdb'/><target dev='sda' bus='sata'/></disk>
    <graphics type='spice' autoport='yes'><listen type='socket'/></graphics>
  </devices>
</domain>
"""


class Only:
    """A connection that lists one domain only: the others of the machine are nobody's business."""

    def __init__(self, api: Any, name: str) -> None:
        self._api, self._name = api, name
        self.uri, self.local = api.uri, api.local

    def domains(self) -> list[dict[str, Any]]:
        return [domain for domain in self._api.domains() if domain["name"] == self._name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


def virsh(*words: str, text: str | None = None) -> None:
    subprocess.run(["virsh", "-q", *words], input=text, text=True, check=True)


def record(name: str) -> None:
    """Read one domain through the probe, and write everything it was told."""
    tapes: dict[str, tape.Tape] = {"libvirt": {}, "files": {}}
    api = tape.record(Only(connect("qemu:///system"), name), tapes["libvirt"], ("uri", "local"))
    probe = LibvirtProbe(api, tape.record(LocalFiles(), tapes["files"]))
    for target in probe.find():
        probe.collect(target)
    for key, call in tapes["files"]["calls"].items():
        # NOTE: no fact holds a command line, but a recording would: it is redacted here.
        if json.loads(key)[1].endswith("/cmdline") and "answer" in call:
            words = redact_arguments(call["answer"].split("\0"))
            call["answer"] = "\0".join(words)
    text = json.dumps(tapes, indent=1, sort_keys=True) + "\n"
    if "planted" in text:
        raise SystemExit(f"{name}: a secret is on the recording, which is not written")
    (HERE / f"{name.removeprefix('iso-vm-')}.json").write_text(text)


def main() -> None:
    """Make the domains, record them, remove them."""
    kernel, initrd = sys.argv[1:3]
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="iso-vm-") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "share").mkdir()
        for image in ("disk.img", "floppy.img", "lean.img"):
            Path(folder, image).write_bytes(b"\0" * 1_474_560)
        for name, xml in (("iso-vm-legacy", LEGACY), ("iso-vm-lean", LEAN), ("iso-vm-off", OFF)):
            filled = xml.format(kernel=kernel, initrd=initrd, folder=folder)
            virsh("define", "/dev/stdin", text=filled)
            try:
                if xml is not OFF:
                    virsh("start", name)
                record(name)
            finally:
                if xml is not OFF:
                    virsh("destroy", name)
                virsh("undefine", name)


if __name__ == "__main__":
    main()
