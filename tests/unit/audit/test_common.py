"""Rows for what could not be read: whose fault counts against a run."""

from __future__ import annotations

import pytest

from isoaudit.audit.common import run_error
from isoaudit.errors import TargetError
from isoaudit.targets.address import Address


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("error", [TargetError("gone"), TimeoutError("no answer")])
def test_what_was_merely_discovered_leaves_the_run_whole(error: Exception, asked: bool) -> None:
    """Only what was named makes a run incomplete."""
    assert asked is run_error(Address("x", "docker", asked=asked), "connect", error).asked


@pytest.mark.parametrize("asked", [True, False])
def test_a_fault_of_our_own_never_leaves_a_run_green(asked: bool) -> None:
    """A crash of a probe says nothing about its target, so that the run is incomplete."""
    assert run_error(Address("x", "docker", asked=asked), "collect", KeyError("bug")).asked
