"""The same container in every language that can ask for it comes to the same facts."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml
from same_container import SAME, Same, in_order

from isoaudit.facts.vocabulary import facts
from isoaudit.model import FactSet
from isoaudit.probes.run_line.probe import DockerRunProbe
from isoaudit.probes.table import open_file

IMAGE = "example/app:1"


def _collected(probe: Any) -> FactSet:
    (target,) = probe.find()
    found: FactSet = probe.collect(target)
    return found


def _by_line(one: Same) -> FactSet:
    return _collected(DockerRunProbe(f"docker run {shlex.join(one.run)} {IMAGE}\n", "x.sh"))


def _by_compose(one: Same) -> FactSet:
    text = yaml.safe_dump({"services": {"app": {"image": IMAGE, **one.compose}}})
    return _collected(open_file("compose", text, "compose.yaml"))


def _by_kubernetes(one: Same) -> FactSet:
    container = {"name": "app", "image": IMAGE, **one.container}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"},
           "spec": {**one.pod, "containers": [container]}}  # fmt: skip
    return _collected(open_file("kubernetes", yaml.safe_dump(pod), "pod.yaml"))


BY = {"docker_run": _by_line, "compose": _by_compose, "kubernetes": _by_kubernetes}


def _values(seen: FactSet) -> dict[str, Any]:
    """Return what is known of the container and of its only process, by path."""
    (process,) = seen.parts["process"][0].records
    several = [one[0] for one in seen.facts.values()] + list(process.facts.values())
    return {fact.path: in_order(fact.value) for fact in several}


def _binds(seen: FactSet) -> set[tuple[str, str, bool]]:
    records = seen.parts["mount"][0].records if "mount" in seen.parts else ()
    rows = [{path: fact.value for path, fact in record.facts.items()} for record in records]
    return {
        (str(row["mount.source"]), str(row["mount.destination"]), bool(row["mount.read_only"]))
        for row in rows
        if row.get("mount.kind") == "bind"
    }


@pytest.mark.parametrize("language", BY)
@pytest.mark.parametrize("name", SAME)
def test_a_language_comes_to_the_facts_of_the_container(name: str, language: str) -> None:
    """What it can say it says as all others do; what it cannot, it leaves out."""
    one = SAME[name]
    seen = BY[language](one)
    found = _values(seen)
    wanted = {path: in_order(value) for path, value in one.facts.items()}
    if language == "kubernetes" and not (one.container or one.pod):
        wanted = {}

    differing = {path: found[path] for path, value in wanted.items()
                 if path in found and found[path] != value}  # fmt: skip
    assert ({}, set(one.mounts)) == (differing, _binds(seen))
    assert len(wanted.keys() & found.keys()) >= len(wanted) - 4


@pytest.mark.parametrize("name", SAME)
def test_a_line_and_a_service_say_the_very_same(name: str) -> None:
    """All facts but those of what each is called, and of the network each has by default."""
    line, service = _values(_by_line(SAME[name])), _values(_by_compose(SAME[name]))
    own = {
        "container.platform",
        "container.engine",
        "process.name",
        "container.network.names",
        "container.restart",
    }
    sayable = {path for path, spec in facts().items() if "docker_run" in spec.dialects}

    differing = {
        path: (line.get(path), service.get(path))
        for path in sayable - own
        if line.get(path) != service.get(path)
    }
    assert {} == differing
