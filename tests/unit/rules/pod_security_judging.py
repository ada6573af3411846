"""Judges a pod, given as plain values, by the profiles of the Pod Security Standards."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from isoaudit.documents import yaml
from isoaudit.model import Finding, Status
from isoaudit.probes.kubernetes.probe import KubernetesProbe
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.context import Context
from isoaudit.rules.judge import Judge
from isoaudit.rules.select import select

CATALOGUE = load_catalogue()


@cache
def _judge(level: str, minor: int) -> Judge:
    return Judge(select([f"pss-{level}@1.{minor}"], CATALOGUE).checks)


def findings(obj: dict[str, Any], level: str, minor: int) -> dict[str, tuple[Finding, ...]]:
    """Return what the level comes to at a version, by container."""
    probe = KubernetesProbe(yaml.load_all(json.dumps(obj, indent=1), "pod.json"), "pod.json")
    return {
        target.name: _judge(level, minor).judge(Context(target, probe.collect(target)))
        for target in probe.find()
    }


def failing(obj: dict[str, Any], level: str, minor: int) -> dict[str, set[int]]:
    """Return the numbers of the failing checks by container; everything else must have passed."""
    found = findings(obj, level, minor)
    for several in found.values():
        assert {one.status for one in several} <= {Status.PASS, Status.FAIL}
    return {
        name: {int(one.check[4:]) for one in several if one.status is Status.FAIL}
        for name, several in found.items()
    }
