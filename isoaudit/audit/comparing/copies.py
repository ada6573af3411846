"""Starts throw-away copies of a container or a VM and measures them; the original is not touched.

Everything that was started is removed again, also after a failure.
"""

from __future__ import annotations

from isoaudit.audit.comparing.ending import cleared_up
from isoaudit.audit.comparing.machines import engine_of
from isoaudit.audit.comparing.measures import Measures, said
from isoaudit.model import TargetResult

PREFIX = "isoaudit-measure-"
"""How copies are named: whatever is called so was started by isoaudit."""

SETTLE = 0.3
"""Seconds that a copy is given before its memory is read."""


def measured(result: TargetResult, known: Measures, runs: int) -> Measures:
    """Return what is known with what copies showed; why one could not be made stands in `notes`."""
    try:
        with cleared_up():
            return _measured(result, known, runs)
    except Exception as error:
        return known.noting(f"no copy could be measured: {said(error)}")


def _measured(result: TargetResult, known: Measures, runs: int) -> Measures:
    engine, target = engine_of(result), result.target
    if engine in {"docker", "podman"}:
        from isoaudit.audit.comparing.copied_containers import containers

        return containers(target.engine, target.name, known, runs)
    if engine == "libvirt":
        from isoaudit.audit.comparing.copied_machines import machines

        return machines(target.engine, target.name, known, runs)
    return known.noting("copies are made of containers of Docker and Podman, and of libvirt's VMs")
