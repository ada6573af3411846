"""Reads a snippet through a probe and gives its facts in the plainest form."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any

from isoaudit.documents import yaml
from isoaudit.facts.vocabulary import facts as vocabulary
from isoaudit.model import FactSet, Record
from isoaudit.probes.compose.probe import ComposeProbe
from isoaudit.probes.kubernetes.probe import KubernetesProbe


@dataclass
class Seen:
    """What a probe saw: `facts` holds the target's own and its process's by path."""

    factset: FactSet
    facts: dict[str, Any]
    sources: dict[str, str]
    missing: dict[str, str]

    def records(self, part: str) -> list[dict[str, Any]]:
        return [_plain(record) for record in self.factset.parts[part][0].records]

    def unread(self, part: str) -> list[dict[str, str]]:
        records = self.factset.parts[part][0].records
        return [{p: m.detail for p, m in record.missing.items()} for record in records]

    def incomplete(self, part: str) -> str:
        why = self.factset.parts[part][0].incomplete
        return why.detail if why else ""


def _plain(record: Record) -> dict[str, Any]:
    return {path: fact.value for path, fact in record.facts.items()}


def seen(factset: FactSet) -> Seen:
    process = factset.parts["process"][0].records[0]
    every = [*(several[0] for several in factset.facts.values()), *process.facts.values()]
    missing = {p: several[0].detail for p, several in factset.missing.items()}
    missing |= {p: entry.detail for p, entry in process.missing.items()}
    _hold_to_vocabulary(factset)
    return Seen(
        factset, {f.path: f.value for f in every}, {f.path: f.source for f in every}, missing
    )


def _hold_to_vocabulary(factset: FactSet) -> None:
    """Hold every fact to the vocabulary and to having a place in the file."""
    types = {"bool": bool, "int": int, "string": str, "list(string)": tuple}
    every = [fact for several in factset.facts.values() for fact in several]
    for parts in factset.parts.values():
        every += [fact for record in parts[0].records for fact in record.facts.values()]
    for fact in every:
        assert types[vocabulary()[fact.path].type.value] is type(fact.value), fact
        assert fact.location is not None
        assert fact.source.startswith(str(fact.location))


def compose(service: str, rest: str = "", shown: str = "compose.yaml") -> Seen:
    """Return what the probe sees of a service whose keys are given."""
    body = indent(dedent(service).strip("\n"), "    ")
    text = f"services:\n  web:\n{body}\n{dedent(rest)}"
    probe = ComposeProbe(yaml.load_all(text, shown), shown)
    return seen(probe.collect(probe.find()[0]))


def kubernetes(container: str = "", pod: str = "", metadata: str = "") -> Seen:
    """Return what the probe sees of a pod's only container, with keys for both of them."""
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
        + indent(dedent(metadata).strip("\n"), "  ")
        + "\nspec:\n"
        + indent(dedent(pod).strip("\n"), "  ")
        + "\n  containers:\n    - name: app\n"
        + indent(dedent(container).strip("\n"), "      ")
        + "\n"
    )
    probe = KubernetesProbe(yaml.load_all(text, "pod.yaml"), "pod.yaml")
    return seen(probe.collect(probe.find()[0]))
