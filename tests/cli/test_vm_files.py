"""Files of VMMs and other hypervisors, as people name them: what is found in the examples."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, Isoaudit

EXAMPLES = ROOT / "examples"


def _failed(target: dict[str, Any]) -> set[str]:
    return {one["check"] for one in target["findings"] if one["status"] == "fail"}


def _scan(isoaudit: Isoaudit, name: str) -> dict[str, Any]:
    shutil.copytree(EXAMPLES / name.partition("/")[0], Path(name.partition("/")[0]))
    ended = isoaudit("scan", name, "-f", "json", "--fail-on", "never")
    assert 0 == ended.code, ended.err
    (target,) = ended.report["targets"]
    return target


@pytest.mark.parametrize(
    ("name", "identity", "found"),
    [
        ("firecracker/exposed.json", "firecracker:firecracker/exposed.json",
         {"VMD-010", "VMD-011", "VMD-019", "VMM-024"}),
        ("kata/open.toml", "kata:kata/open.toml#qemu",
         {"VMD-004", "VMD-019", "VMM-001", "VMM-004", "VMM-009", "VMM-029"}),
        ("qemu/legacy.sh", "qemu:qemu/legacy.sh",
         {"VMD-004", "VMD-005", "VMD-009", "VMD-010", "VMD-012", "VMD-013", "VMD-019", "VMM-004",
          "VMM-013", "VMM-016", "VMM-021", "VMN-001", "VMN-002"}),
        ("vmware/desktop.vmx", "vmx:vmware/desktop.vmx",
         {"VMD-004", "VMD-011", "VMD-012", "VMD-013", "VMD-019", "VMN-001", "VMN-002"}),
        ("xen/legacy.cfg", "xl:xen/legacy.cfg",
         {"VMD-001", "VMD-004", "VMD-005", "VMD-010", "VMD-011", "VMD-012", "VMD-013", "VMD-014",
          "VMN-001", "VMN-002"}),
        ("ovf/desktop.ovf", "ovf:ovf/desktop.ovf",
         {"VMD-004", "VMD-012", "VMM-021", "VMN-001", "VMN-002"}),
        ("cloud-hypervisor/open.sh", "cloud_hypervisor:cloud-hypervisor/open.sh",
         {"VMD-001", "VMD-009", "VMD-010", "VMD-011", "VMD-019", "VMM-005", "VMM-023"}),
        ("cloud-hypervisor/lean.sh", "cloud_hypervisor:cloud-hypervisor/lean.sh", {"VMD-019"}),
        ("firecracker/lean.json", "firecracker:firecracker/lean.json", {"VMD-019", "VMD-027"}),
        ("kata/lean.toml", "kata:kata/lean.toml#qemu", {"VMD-019"}),
        ("qemu/lean.sh", "qemu:qemu/lean.sh", {"VMD-019", "VMD-027"}),
        ("vmware/lean.vmx", "vmx:vmware/lean.vmx", set()),
        ("xen/lean.cfg", "xl:xen/lean.cfg", set()),
        ("ovf/lean.ovf", "ovf:ovf/lean.ovf", set()),
    ],
)  # fmt: skip
def test_the_examples_show_what_is_found(
    isoaudit: Isoaudit, here: Path, name: str, identity: str, found: set[str]
) -> None:
    """What is open is found in each; of lean ones only what is low: boot and plain images."""
    target = _scan(isoaudit, name)
    assert (identity, "vm") == (target["id"], target["kind"])
    assert found <= _failed(target)
    if "/lean." in name:
        assert _failed(target) <= {"VMD-019", "VMD-027"}


def test_a_folder_holds_them_all(isoaudit: Isoaudit, here: Path) -> None:
    """Each is recognised by its content, beside files that are none of them."""
    for name in ("firecracker", "kata", "qemu", "vmware", "xen", "ovf", "libvirt",
                 "cloud-hypervisor"):  # fmt: skip
        shutil.copytree(EXAMPLES / name, here / name)
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (here / "setup.cfg").write_text("[metadata]\nname = x\n")
    (here / "build.sh").write_text("#!/bin/sh\nmake\n")
    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")
    assert 16 == len(ended.report["targets"])
    assert [] == ended.report["errors"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"boot-source": {"kernel_image_path": "/k"}, "drives": 1}'),
        ("a.toml", "[hypervisor.qemu]\nenable_annotations = 1\n[runtime]\n"),
        ("a.toml", "[hypervisor.qemu]\n[runtime]\nbroken\n"),
        ("a.sh", "#!/bin/sh\nqemu-system-x86_64 -m 'open\n"),
        ("a.vmx", 'virtualHW.version = "1"\nnonsense\n'),
        ("a.cfg", "name = 'a'\nmemory = 1\ndisk = [\n"),
        ("a.ovf", '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"><a>'),
    ],
)
def test_a_broken_one_costs_a_line_and_no_other(
    isoaudit: Isoaudit, here: Path, name: str, text: str
) -> None:
    """The line names the file; the good file beside it is audited."""
    shutil.copy(EXAMPLES / "libvirt" / "lean.xml", here / "lean.xml")
    (here / name).write_text(text)
    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")
    assert ["libvirt_xml:lean.xml"] == [target["id"] for target in ended.report["targets"]]
    (error,) = ended.report["errors"]
    assert name in error["target"] and name in error["message"]
    assert "\n" not in error["message"]


def test_a_kind_may_be_told(isoaudit: Isoaudit, here: Path) -> None:
    """For a file whose name says nothing."""
    shutil.copy(EXAMPLES / "xen" / "lean.cfg", here / "guest")
    ended = isoaudit("scan", "xl:guest", "-f", "json", "--fail-on", "never")
    assert ["xl:guest"] == [target["id"] for target in ended.report["targets"]]
