"""Virtual machines that no manager lists, found by their VMMs and audited by the real command."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support import labels
from support.command import Run, scan
from support.vmm import Machine

pytestmark = pytest.mark.lab_libvirt

_OPEN = {"VMM-001", "VMM-002", "VMM-003", "VMM-004", "VMM-008", "VMM-011", "VMM-012", "VMM-016",
         "VMM-034"}  # fmt: skip
"""What fails for a QEMU that root starts as it comes, beside others of root's."""

_MUST_FAIL = {
    "isolab-bare": _OPEN | {"VMM-020", "VMM-021"},
    "isolab-micro": _OPEN,
    "isolab-confined": {"VMM-012", "VMM-016"},
}
"""The checks VMM-* that must fail for each machine; no other may."""

_OF_THE_HOST = {"VMM-009"}
"""Is there an LSM that labels processes: the host decides, not the machine."""

Machines = Mapping[str, Machine]


@pytest.fixture(scope="module", name="run")
def _run(vmms: Machines) -> Run:
    """One scan of every VMM."""
    return scan("vmm:", "--deep", "--fail-on", "never")


def test_every_machine_is_found_by_name(vmms: Machines, run: Run) -> None:
    """Each VMM is one target, called as its command line calls it, and by its pid too."""
    aliases = {name: run.by_name[name]["aliases"] for name in vmms}
    assert {name: [f"vmm:{one.pid}"] for name, one in vmms.items()} == aliases


@pytest.mark.parametrize("name", sorted(_MUST_FAIL))
def test_machine_fails_what_it_must_and_nothing_else(run: Run, name: str) -> None:
    """No planted weakness is missed, and none is made up."""
    failed = {check for check in labels.failed(run.by_name[name]) if check.startswith("VMM-")}
    assert _MUST_FAIL[name] == failed - _OF_THE_HOST


@pytest.mark.parametrize("name", sorted(_MUST_FAIL))
def test_root_sees_all_of_a_machine(run: Run, name: str) -> None:
    """No check VMM-* stays unknown for a VMM that runs here."""
    unknown = {
        finding["check"]: [entry["detail"] for entry in finding["missing"]]
        for finding in run.by_name[name]["findings"]
        if finding["status"] == "unknown" and finding["check"].startswith("VMM-")
    }
    assert {} == {check: why for check, why in unknown.items() if check not in _OF_THE_HOST}


def test_defaults_of_the_bare_machine_are_found(run: Run) -> None:
    """Floppy, VGA and network card that QEMU adds by itself fail as if they were asked for."""
    assert {"VMD-012", "VMD-013"} <= labels.failed(run.by_name["isolab-bare"])


def test_minimal_machine_has_no_old_device(run: Run) -> None:
    """A microVM without defaults passes what the bare one fails."""
    assert not {"VMD-012", "VMD-013", "VMM-021"} & labels.failed(run.by_name["isolab-micro"])


def test_folder_that_a_daemon_shows_is_judged(run: Run) -> None:
    """The share of virtiofs is writable, as its daemon's options say."""
    assert "VMD-004" in labels.failed(run.by_name["isolab-confined"])


def test_a_vmm_is_named_by_its_pid(vmms: Machines) -> None:
    """vmm:PID leads to the machine, whatever it is called."""
    run = scan(f"vmm:{vmms['isolab-micro'].pid}", "--fail-on", "never")
    assert ["isolab-micro"] == [target["name"] for target in run.report["targets"]]


def test_sandboxes_leave_vmms_to_their_own_probe(vmms: Machines) -> None:
    """What /proc shows as sandboxes holds no VMM, not even one with mounts of its own."""
    run = scan("proc:", "--fail-on", "never")
    assert [] == [t["name"] for t in run.report["targets"] if "qemu" in t["name"]]


def test_no_check_errs(run: Run) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring(run.report)
