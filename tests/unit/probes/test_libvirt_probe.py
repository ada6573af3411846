"""Virtual machines of libvirt, replayed from recordings of real ones (record_libvirt.py)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from domain_documents import reason, row, rows, value

from isoaudit.errors import TargetError
from isoaudit.facts.vocabulary import facts, parts
from isoaudit.model import FactSet, Vantage
from isoaudit.probes.libvirt import LibvirtProbe
from isoaudit.transports import Files, LibvirtApi, tape

RECORDINGS = Path(__file__).parents[2] / "recordings" / "libvirt"

Tapes = dict[str, dict[str, Any]]


def tapes(name: str) -> Tapes:
    loaded: Tapes = json.loads((RECORDINGS / f"{name}.json").read_text())
    return loaded


def probe(recorded: Tapes) -> LibvirtProbe:
    api: LibvirtApi = tape.replay(recorded["libvirt"], LibvirtApi)
    files: Files = tape.replay(recorded["files"], Files)
    return LibvirtProbe(api, files)


def collected(recorded: Tapes) -> FactSet:
    reader = probe(recorded)
    return reader.collect(reader.find()[0])


@pytest.fixture(scope="module", name="legacy")
def _legacy() -> FactSet:
    return collected(tapes("legacy"))


def without(recorded: Tapes, transport: str, *words: str) -> Tapes:
    """Return the recording as if calls that hold one of these words had not been answered."""
    cut = copy.deepcopy(recorded)
    for key in list(cut[transport]["calls"]):
        if any(word in key for word in words):
            cut[transport]["calls"][key] = {
                "error": ["permission_denied", "no", "Run isoaudit as root.", False]
            }
    return cut


@pytest.mark.parametrize(
    ("name", "state", "host"),
    [("legacy", "running", "local"), ("lean", "running", "local"), ("off", "shut off", "local")],
)
def test_domains_are_found_with_state_and_proven_host(name, state, host):
    """A running domain is proven by its process, one that is off by its stored definition."""
    (target,) = probe(tapes(name)).find()
    assert (f"libvirt:iso-vm-{name}", state, host, "qemu:///system", "") == (
        target.id,
        target.state,
        target.host,
        target.engine,
        target.dialect,
    )


def test_domain_of_another_connection_carries_its_uri():
    """Two connections may have domains of the same name."""
    recorded = tapes("off")
    recorded["libvirt"]["attributes"] = {"uri": "qemu+ssh://h/system", "local": False}
    (target,) = probe(recorded).find()
    assert ("libvirt+qemu+ssh://h/system#iso-vm-off", None) == (target.id, target.host)


@pytest.mark.parametrize("name", ["legacy", "lean", "off"])
def test_every_fact_is_of_the_vocabulary(name):
    """Paths and types are those that checks are loaded against."""
    found = collected(tapes(name))
    kinds = {"bool": bool, "int": int, "string": str, "list(string)": tuple}
    seen = [fact for several in found.facts.values() for fact in several]
    seen += [f for ps in found.parts.values() for p in ps for r in p.records
             for f in r.facts.values()]  # fmt: skip
    wrong = [fact for fact in seen if type(fact.value) is not kinds[facts()[fact.path].type.value]]
    assert ([], set()) == (wrong, set(found.parts) - set(parts()))


def test_running_domain_is_seen_from_all_vantages(legacy):
    """The command line outranks the live XML, which outranks the stored one."""
    vantages = [fact.vantage for fact in legacy.facts["vm.accelerator"]]
    assert [Vantage.VMM, Vantage.ENGINE, Vantage.DECLARED] == vantages


def test_vmm_of_a_real_domain_is_confined_as_the_kernel_says(legacy):
    """uid, capabilities, filters and sandbox of the QEMU that libvirt 9 starts."""
    seen = {p: value(legacy, p) for p in legacy.facts if p.startswith("vmm.") and p != "vmm.pid"}
    assert {
        "vmm.uid": 64055,
        "vmm.capabilities.effective": (),
        "vmm.capabilities.permitted": (),
        "vmm.no_new_privileges": True,
        "vmm.seccomp.mode": "filter",
        "vmm.seccomp.unfiltered_threads": 0,
        "vmm.lsm.label": "",
        "vmm.user_namespace": "host",
        "vmm.name": "qemu",
        "vmm.manager": "libvirt",
        "vmm.dump_guest_core": False,
        "vmm.sandbox.options": (
            "elevateprivileges=deny",
            "obsolete=deny",
            "resourcecontrol=deny",
            "spawn=deny",
        ),
    } == seen


def test_libvirts_own_monitor_and_a_smuggled_one_are_told_apart(legacy):
    """The descriptor that libvirt hands over is a UNIX socket, the other one is on the network."""
    assert [("qmp", "unix"), ("hmp", "tcp")] == [
        (monitor["kind"], monitor["backend"]) for monitor in rows(legacy, "monitor")
    ]


def test_password_that_libvirt_hides_stands_on_the_command_line(legacy):
    """Whether a VNC password is asked is known for a running VM all the same."""
    console = row(legacy, "graphics")
    assert (True, "all", False) == (
        console["password_set"],
        console["exposure"],
        console["tls_required"],
    )


def test_devices_of_the_legacy_domain(legacy):
    """What libvirt made of an old-fashioned definition."""
    assert (
        "cirrus",
        "floppy",
        "hda-codec",
        "ich6",
        "ide",
        "ide-cdrom",
        "ide-disk",
        "isa-fdc",
        "isa-serial",
        "piix3-uhci",
        "ps2-keyboard",
        "ps2-mouse",
        "rtl8139",
        "usb-tablet",
        "virtio-9p",
        "virtio-balloon",
    ) == value(legacy, "vm.devices")


def test_boot_files_tell_who_may_change_them(legacy):
    """libvirt gives kernel and initrd to QEMU's user, the emulator stays root's."""
    assert {"emulator": False, "kernel": True, "initrd": True} == {
        file["role"]: file["others_may_write"] for file in rows(legacy, "boot_file")
    }


def test_lean_domain_passes_what_the_legacy_one_fails():
    """The same probe tells the two apart."""
    lean = collected(tapes("lean"))
    assert (False, (), [], [], ["unix"]) == (
        value(lean, "vm.memory.shared_pages"),
        value(lean, "vm.commandline_passthrough"),
        rows(lean, "graphics"),
        rows(lean, "share"),
        [monitor["backend"] for monitor in rows(lean, "monitor")],
    )


def test_domain_that_is_off_has_no_vmm():
    """Nothing of a process is said, and what would be needed is."""
    found = collected(tapes("off"))
    assert ("not_supported", None, "engine") == (
        reason(found, "vmm"),
        found.missing["vmm"][0].vantage,
        found.facts["vm.accelerator"][0].vantage.value,
    )


def test_whole_disk_of_a_stored_domain_is_seen():
    """The definition names a disk of the host."""
    assert row(collected(tapes("off")), "disk")["whole_host_disk"] is True


def test_process_that_may_not_be_read_leaves_stronger_vantages_dark():
    """Configuration may then fail a check, and cannot pass one."""
    recorded = without(tapes("lean"), "files", "/proc", "/run/libvirt")
    reader = probe(recorded)
    (target,) = reader.find()
    found = reader.collect(target)
    assert (None, Vantage.KERNEL, Vantage.VMM) == (
        target.host,
        found.missing["vmm"][0].vantage,
        found.missing["monitor"][0].vantage,
    )


def test_remote_domain_has_a_vmm_elsewhere():
    """Files of this machine say nothing of a VM on another."""
    recorded = tapes("lean")
    recorded["libvirt"]["attributes"] = {"uri": "qemu+ssh://h/system", "local": False}
    found = collected(recorded)
    assert ("other_host", False) == (reason(found, "vmm"), "monitor" in found.missing)


def test_domain_that_went_away_is_a_target_error():
    """One broken target says so, with what to do."""
    reader = probe(without(tapes("lean"), "libvirt", "xml"))
    with pytest.raises(TargetError) as caught:
        reader.collect(reader.find()[0])
    assert "Run isoaudit as root." == caught.value.remedy


def test_xml_that_cannot_be_parsed_is_a_target_error():
    """A libvirt that answers nonsense does not stop the run."""
    recorded = tapes("lean")
    for key, call in recorded["libvirt"]["calls"].items():
        if "xml" in key:
            call["answer"] = "<domain"
    reader = probe(recorded)
    with pytest.raises(TargetError, match="not valid XML"):
        reader.collect(reader.find()[0])


def test_stored_definition_that_is_gone_is_no_error():
    """A domain that was undefined while it runs is still read live."""
    recorded = tapes("lean")
    calls = recorded["libvirt"]["calls"]
    for key in [key for key in calls if "xml" in key and "true" in key]:
        del calls[key]
    found = collected(recorded)
    assert [Vantage.VMM, Vantage.ENGINE] == [f.vantage for f in found.facts["vm.machine"]]


def test_secrets_planted_in_the_domain_are_on_no_recording():
    """Passwords, arguments, environment and metadata were taken out before they were written."""
    assert "planted" not in (RECORDINGS / "legacy.json").read_text()
