"""Firecracker's configuration file: what it declares, and what is made of a broken one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vm_files import EXAMPLES, declared, line, rows, targets, value

from isoaudit.errors import DocumentError

BOOT = {"boot-source": {"kernel_image_path": "/srv/vmlinux"}}


def _declared(**keys: Any):
    return declared("firecracker", json.dumps({**BOOT, **keys}, indent=1))


def test_what_is_left_out_is_firecrackers_default():
    """One CPU, 128 MiB, the host's CPU features, no metadata, no drive."""
    found = _declared()
    assert ["kvm", 1, 128 * 2**20, "host-passthrough", "none", False] == [
        value(found, path)
        for path in ("vm.accelerator", "vm.vcpus", "vm.memory.bytes", "vm.cpu.mode",
                     "vm.mmds_version", "vm.debug_stub")
    ]  # fmt: skip
    assert [] == rows(found, "disk") == rows(found, "interface")
    assert ("isa-serial", "ps2-keyboard") == value(found, "vm.devices")


def test_the_example_is_read_with_its_lines():
    """Every value has the line it stands in."""
    text = (EXAMPLES / "firecracker" / "exposed.json").read_text()
    found = declared("firecracker", text)

    assert 512 * 2**20 == value(found, "vm.memory.bytes")
    assert 1 + text[: text.index("mem_size_mib")].count("\n") == line(found, "vm.memory.bytes")
    disks = rows(found, "disk")
    assert ["rootfs", "data"] == [disk["target"] for disk in disks]
    assert [("file", False), ("block", True)] == [
        (disk["source_type"], disk["whole_host_disk"]) for disk in disks
    ]
    card = {"type": "ethernet", "source": "tap0", "model": "virtio", "limited": False}
    assert [card] == rows(found, "interface")
    assert [{"role": "kernel", "path": "/srv/vm/vmlinux"}] == rows(found, "boot_file")


@pytest.mark.parametrize(
    ("keys", "version"),
    [
        ({"mmds-config": {"version": "V2", "network_interfaces": []}}, "V2"),
        ({"mmds-config": {"network_interfaces": ["e"]}}, "V1"),
        ({"network-interfaces": [{"iface_id": "e", "allow_mmds_requests": True}]}, "V1"),
        ({"network-interfaces": [{"iface_id": "e", "allow_mmds_requests": False}]}, "none"),
    ],
)
def test_metadata_without_a_version_is_version_one(keys, version):
    """Of old files too, in which each card allowed it."""
    assert version == value(_declared(**keys), "vm.mmds_version")


def test_every_device_counts():
    """One model each, however many there are; an empty list is none."""
    found = _declared(
        drives=[{"drive_id": "a"}], vsock={"guest_cid": 3, "uds_path": "./v.sock"}, entropy={},
        balloon={"amount_mib": 0}, pmem=[{"id": "p", "path_on_host": "/p"}],
        **{"network-interfaces": []},
    )  # fmt: skip
    assert {"virtio-blk", "virtio-vsock", "virtio-rng", "virtio-balloon", "virtio-pmem"} == set(
        value(found, "vm.devices")
    ) - {"isa-serial", "ps2-keyboard"}
    assert "./v.sock" in [row["address"] for row in rows(found, "character_device")]


def test_a_drive_behind_a_socket_leaves_its_image_open():
    """Whoever serves the socket decides what is read."""
    found = _declared(drives=[{"drive_id": "a", "socket": "/run/s"}])
    (disk,) = rows(found, "disk")
    assert ("vhostuser", "/run/s") == (disk["source_type"], disk["source"])
    assert "format" not in disk


def test_a_gdb_stub_is_a_monitor():
    """It halts the guest and reads its memory."""
    found = _declared(**{"machine-config": {"gdb_socket_path": "/run/gdb"}})
    assert value(found, "vm.debug_stub")
    assert [{"kind": "gdb", "backend": "unix", "address": "/run/gdb"}] == rows(found, "monitor")


def test_tabs_and_escapes_of_json_are_read():
    """JSON is read as YAML, which is stricter about both."""
    text = '{\n\t"boot-source":{"kernel_image_path":"\\/srv\\/vml\\u0069nux"},\n\t"drives":[]\n}'
    assert "/srv/vmlinux" == rows(declared("firecracker", text), "boot_file")[0]["path"]


def test_the_target_is_called_after_the_file():
    """The file itself holds no name."""
    (target,) = targets("firecracker", json.dumps(BOOT), "vm/web.json")
    assert ("firecracker:vm/web.json", "web", "declared") == (target.id, target.name, target.state)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '"boot-source"',
        '{"boot-source": null}',
        '{"boot-source": ' + "[" * 20_000 + "]" * 20_000 + "}",
        '{"boot-source": {"kernel_image_path": []}}',
        '{"boot-source": {}, "boot-source": {}}',
        '{"boot-source": {}, "drives": {}}',
        '{"boot-source": {}, "drives": [1]}',
        '{"boot-source": {}, "network-interfaces": "eth0"}',
        '{"boot-source": {}, "machine-config": {"vcpu_count": "many"}}',
        '{"boot-source": {}, "machine-config": {"mem_size_mib": 1e999}}',
        '{"boot-source": {}, "machine-config": {"mem_size_mib": 9999999999999999}}',
        '{"boot-source": {}, "machine-config": []}',
        '{"boot-source": {}, "mmds-config": 1}',
    ],
)
def test_a_broken_file_costs_one_line(text):
    """It names the file, and ends in no other error."""
    with pytest.raises(DocumentError, match=r"vm\.file") as caught:
        declared("firecracker", text)
    assert "\n" not in str(caught.value)


def test_credentials_in_paths_are_hidden():
    """As everywhere: a value of known form never becomes a fact."""
    found = _declared(drives=[{"drive_id": "a", "path_on_host": "/x/AKIAIOSFODNN7EXAMPLE"}])
    assert "AKIA" not in json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("limiter", "limited"),
    [
        ("null", False),
        ("{}", False),
        ('{"bandwidth": {"size": 1000, "refill_time": 100}}', True),
        ('{"ops": {"size": 10, "refill_time": 100}, "bandwidth": null}', True),
        ('{"bandwidth": {"size": 0, "refill_time": 0}}', False),
    ],
)
def test_a_rate_limiter_limits_by_a_bucket(limiter, limited):
    """Of a card both ways have to be limited, and a bucket of size 0 limits nothing."""
    text = (
        '{"boot-source": {"kernel_image_path": "/k"}, "drives": [{"path_on_host": "/d", '
        f'"rate_limiter": {limiter}}}], "network-interfaces": [{{"rx_rate_limiter": {limiter}, '
        f'"tx_rate_limiter": {limiter}}}, {{"rx_rate_limiter": {limiter}}}]}}'
    )
    found = declared("firecracker", text)
    assert [limited] == [disk["limited"] for disk in rows(found, "disk")]
    assert [limited, False] == [card["limited"] for card in rows(found, "interface")]
