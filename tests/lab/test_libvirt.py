"""Domains of a real libvirtd with booted guests, audited by the real command."""

from __future__ import annotations

from typing import Any

import pytest
from support import labels
from support.command import Run, scan
from support.libvirt import Libvirt

pytestmark = pytest.mark.lab_libvirt
_LABELS = labels.load("libvirt")


def test_every_planted_weakness_is_found(libvirt_run: Run) -> None:
    """No labelled domain hides a weakness that was built into it."""
    missed = labels.false_negatives(_LABELS, libvirt_run.by_name)
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(libvirt_run: Run) -> None:
    """No labelled domain fails a judged check that its label does not name."""
    extra = labels.false_positives(_LABELS, libvirt_run.by_name)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_what_runs(libvirt_run: Run) -> None:
    """No judged check stays unknown for a domain that runs on this host."""
    assert [] == labels.unknowns(_LABELS, libvirt_run.by_name)


def test_every_failure_names_its_evidence(libvirt_run: Run) -> None:
    """A failed check shows at least one value, each with what was read."""
    assert [] == labels.without_evidence(libvirt_run.report)


def test_no_check_errs(libvirt_run: Run) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring(libvirt_run.report)


def test_every_domain_is_audited(libvirt_run: Run) -> None:
    """Running and shut-off domains all get findings, and the run has no error rows."""
    audited = {name for name, target in libvirt_run.by_name.items() if target["findings"]}
    assert (set(_LABELS.targets), []) == (audited, libvirt_run.report["errors"])


def test_order_follows_the_weaknesses(libvirt_run: Run) -> None:
    """The domain with old devices, a share and an open screen is worse than the lean one."""
    found = libvirt_run.by_name
    assert labels.fail_counts(found["isolab-legacy"]) > labels.fail_counts(found["isolab-lean"])


def test_console_password_is_nowhere(libvirt_run: Run) -> None:
    """The password in a domain's definition appears nowhere in the output."""
    shown = str(libvirt_run.report) + libvirt_run.said
    assert [] == [secret for secret in labels.PLANTED_SECRETS if secret in shown]


@pytest.fixture(scope="module")
def joined(libvirt: Libvirt) -> dict[str, Any]:
    """The legacy domain together with its guest, asked over SSH."""
    named = libvirt.folder / "guests.yaml"
    named.write_text(f"guests: {{isolab-legacy: 'ssh://root@127.0.0.1:{libvirt.port}'}}\n")
    done = scan(libvirt.address("isolab-legacy"), "--guests", str(named), HOME=str(libvirt.home()))
    assert [] == done.report["errors"], done.said
    target: dict[str, Any] = done.by_name["isolab-legacy"]
    return target


def test_host_vmm_and_guest_are_one_target(joined: dict[str, Any]) -> None:
    """Each tells what only it can: guest, QEMU, and the kernel below them."""
    facts = joined["facts"]
    paths = ("guest.kernel.release", "vm.devices", "vmm.uid")

    assert ["guest", "vmm", "kernel"] == [facts[path]["vantage"] for path in paths]
    assert "cloud-amd64" in facts["guest.kernel.release"]["value"]
    assert ["virtio_net"] == facts["guest.drivers.available"]["value"]


def test_what_the_guest_says_fits_its_host(joined: dict[str, Any]) -> None:
    """An honest guest of this very domain contradicts nothing."""
    assert [] == joined["facts"]["contradiction"]


def test_hidden_hardware_is_found(libvirt_run: Run) -> None:
    """A user network and an old card that libvirt was never told of."""
    legacy = libvirt_run.by_name["isolab-legacy"]["facts"]
    cards = [
        (one["interface.type"]["value"], one["interface.model"]["value"])
        for one in legacy["interface"]
    ]

    assert ("user", "rtl8139") in cards
    assert "rtl8139" in legacy["vm.devices"]["value"]


def test_guest_answers_ssh(libvirt: Libvirt) -> None:
    """The guest runs a kernel of its own and takes commands over SSH."""
    assert "cloud-amd64" in libvirt.ssh("uname -r")
