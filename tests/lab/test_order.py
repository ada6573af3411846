"""The order of the lab's targets: the more weaknesses one has, the worse the report shows it."""

from __future__ import annotations

import pytest
from support.command import Run
from support.labels import fail_counts


@pytest.mark.lab_docker
def test_containers_are_ordered_by_their_weaknesses(docker_run: Run) -> None:
    """Privileged and with the docker socket are worse than plain, and plain than hardened."""
    found = docker_run.by_name
    worst = min(fail_counts(found["isolab-privileged"]), fail_counts(found["isolab-socket"]))
    plain, hardened = fail_counts(found["isolab-plain"]), fail_counts(found["isolab-hardened"])
    assert worst > plain > hardened


@pytest.mark.lab_libvirt
def test_domains_are_ordered_by_their_weaknesses(libvirt_run: Run) -> None:
    """The domain with old devices, a share and an open screen is worse than the lean one."""
    found = libvirt_run.by_name
    assert fail_counts(found["isolab-legacy"]) > fail_counts(found["isolab-lean"])
