"""Files of VMs, hooks and the bridge helper on made-up hosts: who but root gets at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_trees import Locked, Owned, collect, reason, records, tree, value

from isoaudit.model import FactSet, Reason

QEMU = 64055
LIBVIRTD = {
    "/usr/sbin/libvirtd": "",
    "/etc/passwd": f"root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:{QEMU}:{QEMU}::/:/bin/false\n",
    "/etc/group": f"root:x:0:\nlibvirt-qemu:x:{QEMU}:\n",
}
POOL = "/var/lib/libvirt/images"
DISK = f"{POOL}/erp.qcow2"


def host(tmp_path: Path, files: dict[str, str], modes: dict[str, int]) -> Any:
    """Return a host whose folders everyone may pass through, with some modes."""
    made = tree(tmp_path, {**LIBVIRTD, **files})
    tmp_path.chmod(0o755)
    for path, mode in modes.items():
        (tmp_path / path.lstrip("/")).chmod(mode)
    return made


def image(facts: FactSet, path: str = DISK) -> tuple[Any, Any, Any]:
    one = next(one for one in records(facts, "image") if one["path"] == path)
    return one["role"], one.get("others_may_read"), one.get("others_may_write")


@pytest.mark.parametrize(
    ("mode", "folder", "owner", "expected"),
    [
        (0o600, 0o711, (0, 0), ("disk", False, False)),
        (0o600, 0o711, (QEMU, QEMU), ("disk", False, False)),
        (0o660, 0o711, (QEMU, QEMU), ("disk", False, False)),
        (0o644, 0o711, (0, 0), ("disk", True, False)),
        (0o666, 0o711, (0, 0), ("disk", True, True)),
        (0o666, 0o700, (0, 0), ("disk", False, False)),
        (0o600, 0o777, (0, 0), ("disk", False, True)),
        (0o600, 0o1777, (0, 0), ("disk", False, False)),
        (0o600, 0o711, (1000, 1000), ("disk", True, True)),
        (0o660, 0o711, (QEMU, 1000), ("disk", True, True)),
    ],
)
def test_an_image(
    tmp_path: Path, mode: int, folder: int, owner: tuple[int, int], expected: tuple[Any, ...]
) -> None:
    """Root and QEMU's account are no others; a folder can shut out, and let in to swap the file."""
    files = host(tmp_path, {DISK: ""}, {DISK: mode, POOL: folder})
    assert expected == image(collect(Owned(files, erp_qcow2=owner)))


def test_an_installation_medium(tmp_path: Path) -> None:
    """An ISO image is a medium, and may be read by everyone."""
    files = host(tmp_path, {f"{POOL}/debian.ISO": ""}, {f"{POOL}/debian.ISO": 0o644})
    assert ("medium", True, False) == image(collect(Owned(files)), f"{POOL}/debian.ISO")


def test_images_of_pools_and_stored_domains(tmp_path: Path) -> None:
    """Pools say where volumes lie, stored VMs name disks with their chain and firmware's state."""
    domain = (
        "<domain><os><nvram>/srv/nv/erp.fd</nvram></os><devices><disk type='file' device='disk'>"
        "<source file='/srv/a.qcow2'/><backingStore><source file='/srv/base.qcow2'/></backingStore>"
        "</disk></devices></domain>"
    )
    files = {
        "/etc/libvirt/storage/big.xml": (
            "<pool type='dir'><name>big</name><target><path>/big</path></target></pool>"
        ),
        "/etc/libvirt/qemu/erp.xml": domain,
        "/srv/a.qcow2": "",
        "/srv/base.qcow2": "",
        "/srv/nv/erp.fd": "",
        "/big/vol": "",
        "/var/lib/libvirt/swtpm/9f/tpm2/tpm2-00.permall": "",
        "/var/lib/libvirt/qemu/save/erp.save": "",
    }
    facts = collect(Owned(host(tmp_path, files, {})))
    expected = {
        ("/srv/a.qcow2", "disk"),
        ("/srv/base.qcow2", "disk"),
        ("/srv/nv/erp.fd", "nvram"),
        ("/big/vol", "disk"),
        ("/var/lib/libvirt/swtpm/9f/tpm2/tpm2-00.permall", "tpm"),
        ("/var/lib/libvirt/qemu/save/erp.save", "save"),
    }
    assert expected == {(one["path"], one["role"]) for one in records(facts, "image")}
    assert facts.parts["image"][0].incomplete is None


def test_who_runs_qemu_is_not_known(tmp_path: Path) -> None:
    """Without QEMU's account an owner who is not root may be it or not."""
    files = host(tmp_path, {DISK: "", "/etc/os-release": "ID=unheard-of\n"}, {DISK: 0o600})
    facts = collect(Owned(files, erp_qcow2=(QEMU, QEMU)))
    assert ("disk", None, None) == image(facts)


def test_a_long_pool_is_cut_and_said_to_be(tmp_path: Path) -> None:
    """Of more files than are looked at the part is incomplete."""
    facts = collect(host(tmp_path, {f"{POOL}/{n}.img": "" for n in range(510)}, {}))
    part = facts.parts["image"][0]
    assert part.incomplete is not None
    assert (500, Reason.LIMIT) == (len(part.records), part.incomplete.reason)


@pytest.mark.parametrize("closed", [POOL, "/etc/libvirt/qemu/erp.xml", "/etc/libvirt/storage"])
def test_a_folder_or_file_that_may_not_be_read(tmp_path: Path, closed: str) -> None:
    """What VMs are made of is then not all known."""
    files = {DISK: "", "/etc/libvirt/qemu/erp.xml": "<domain/>", "/etc/libvirt/storage/a.xml": ""}
    gap = collect(Locked(host(tmp_path, files, {}), closed)).parts["image"][0].incomplete
    assert gap is not None


def test_a_billion_laughs_in_a_stored_domain(tmp_path: Path) -> None:
    """A document with entities is refused, and the other files are looked at."""
    text = '<!DOCTYPE d [<!ENTITY a "x">]><domain>&a;</domain>'
    facts = collect(Owned(host(tmp_path, {DISK: "", "/etc/libvirt/qemu/erp.xml": text}, {})))
    gap = facts.parts["image"][0].incomplete
    assert gap is not None
    assert (Reason.PARSE_ERROR, "disk") == (gap.reason, image(facts)[0])


def test_hooks(tmp_path: Path) -> None:
    """Hooks are the files named for a driver and those of its folder, run if executable."""
    folder = "/etc/libvirt/hooks"
    files = {f"{folder}/qemu": "", f"{folder}/network.d/10-nat": "", f"{folder}/README": ""}
    made = host(tmp_path, files, {f"{folder}/qemu": 0o755, f"{folder}/network.d/10-nat": 0o664})
    expected = [
        (f"{folder}/qemu", "qemu", True, False),
        (f"{folder}/network.d/10-nat", "network", False, True),
    ]
    names = ("path", "driver", "executable", "others_may_write")
    seen = records(collect(Owned(made, **{"10-nat": (0, 50)})), "libvirt_hook")
    assert expected == [tuple(one[name] for name in names) for one in seen]


HELPER = "/usr/lib/qemu/qemu-bridge-helper"
RULES = "/etc/qemu/bridge.conf"


@pytest.mark.parametrize(
    ("text", "bridges"),
    [
        ("allow virbr0\n# allow br9\n", ("virbr0",)),
        ("allow all\n", ("all",)),
        ("allow all\ndeny all\n", ()),
        ("allow br0\nallow br1\ndeny br0\n", ("br1",)),
        ("include /etc/qemu/more.conf\nallow br0\n", ("br0", "br7")),
        ("include /etc/qemu/bridge.conf\nallow br0\n", ("br0",)),
    ],
)
def test_the_bridge_helpers_rules(tmp_path: Path, text: str, bridges: tuple[str, ...]) -> None:
    """A deny outweighs an allow, further files count, and a circle of files ends."""
    files = {HELPER: "", RULES: text, "/etc/qemu/more.conf": "allow br7\n"}
    facts = collect(Owned(host(tmp_path, files, {HELPER: 0o4755})))
    assert bridges == value(facts, "host.bridge_helper.bridges")
    assert True is value(facts, "host.bridge_helper.setuid")


def test_a_bridge_helper_without_rules(tmp_path: Path) -> None:
    """Without a file the helper refuses every bridge; not setuid, it can do nothing for others."""
    facts = collect(Owned(host(tmp_path, {HELPER: ""}, {HELPER: 0o755})))
    names = ("bridges", "setuid", "others_may_write")
    assert [(), False, False] == [value(facts, f"host.bridge_helper.{name}") for name in names]


def test_bridge_rules_that_may_not_be_read(tmp_path: Path) -> None:
    """Which bridges are allowed is then not known."""
    facts = collect(Locked(host(tmp_path, {HELPER: "", RULES: "allow br0\n"}, {}), RULES))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.bridge_helper.bridges")
