"""Domains of a real libvirtd with booted guests, audited by the real command."""

from __future__ import annotations

import pytest
from support import labels
from support.command import Run
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


def test_guest_answers_ssh(libvirt: Libvirt) -> None:
    """The guest runs a kernel of its own and takes commands over SSH."""
    assert "cloud-amd64" in libvirt.ssh("uname -r")
