"""Labels: what is known of the lab's targets, and what a report makes of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

PLANTED_SECRETS = ("hunter2-isolab-Zx81q", "Zx81qWe7")
_FILE = Path(__file__).resolve().parents[1] / "labels.yaml"
_JUDGED = {"libvirt": "vm", "proc": "sandbox"}


@dataclass(frozen=True, slots=True)
class Label:
    """One target: how it is made, and which of the judged checks fail for it.

    A judged check that is neither in `must_find` nor in `may_find` must not fail.
    `command` is what a container runs, or the whole command line of a sandbox; `beside` one more
    command that puts a process into a sandbox; `gains` the capabilities of one more process that
    is executed in a container. `named` are words that a sandbox's name holds. `apart` is false of
    what is confined without being a sandbox, so that looking for sandboxes passes it by.
    """

    name: str
    options: tuple[str, ...]
    state: str
    must_find: frozenset[str]
    may_find: frozenset[str]
    command: tuple[str, ...]
    beside: tuple[str, ...]
    gains: tuple[str, ...]
    named: tuple[str, ...]
    apart: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """The labelled targets of one engine, by name, and the ids that are judged for them."""

    targets: Mapping[str, Label]
    judged: frozenset[str]


def load(engine: str) -> Labels:
    """Read the labels of one engine."""
    document = yaml.safe_load(_FILE.read_text())
    described = document["targets"][engine]
    targets = {name: _label(name, described) for name in described}
    judged = frozenset(document["judged"][_JUDGED.get(engine, "container")])
    return Labels(targets, judged - frozenset(document["untold"].get(engine, ())))


def deep(engine: str) -> Labels:
    """Return what --deep must find besides, of the targets whose filters can be read: that run."""
    document = yaml.safe_load(_FILE.read_text())
    described = document["targets"][engine]
    targets = {
        name: replace(label, must_find=_inherited(name, described, "deep"), may_find=frozenset())
        for name, label in load(engine).targets.items()
        if label.state == "running"
    }
    return Labels(targets, frozenset(document["judged"]["deep"]))


def unlabelled(name: str, command: str) -> Label:
    """Return the label of a target of which nothing is known but how it is made."""
    return _label(name, {name: {"command": command}})


def _label(name: str, described: Mapping[str, Any]) -> Label:
    entry = described[name]
    return Label(
        name=name,
        options=tuple(shlex.split(entry.get("options", ""))),
        state=entry.get("state", "running"),
        must_find=_inherited(name, described, "must_find"),
        may_find=frozenset(_flat(entry.get("may_find", ()))),
        command=tuple(shlex.split(entry.get("command", "sleep 1d"))),
        beside=tuple(shlex.split(entry.get("beside", ""))),
        gains=tuple(entry.get("gains", ())),
        named=tuple(entry.get("named", ())),
        apart=entry.get("apart", True),
    )


def _inherited(name: str, described: Mapping[str, Any], key: str) -> frozenset[str]:
    """Return a target's list of ids, with that of the target it is like, without `but_not`."""
    entry = described[name]
    found = frozenset(entry.get(key, ()))
    if "like" in entry:
        found |= _inherited(entry["like"], described, key)
    return found - frozenset(entry.get("but_not", ()))


def _flat(ids: Iterable[str | list[str]]) -> Iterator[str]:
    """Yield ids, of which several may stand together under one YAML anchor."""
    for one in ids:
        yield from [one] if isinstance(one, str) else one


def failed(target: Mapping[str, Any]) -> set[str]:
    """Return the ids of the checks that failed for a target of a report."""
    return {f["check"] for f in target["findings"] if f["status"] == "fail"}


def decided(target: Mapping[str, Any]) -> dict[str, str]:
    """Return the status of every check that was decided: fail if it failed for one record."""
    statuses: dict[str, set[str]] = {}
    for finding in target["findings"]:
        statuses.setdefault(finding["check"], set()).add(finding["status"])
    worst = {check: "fail" if "fail" in words else min(words) for check, words in statuses.items()}
    return {check: word for check, word in worst.items() if word in ("fail", "pass")}


def false_negatives(labels: Labels, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what must be found and was not, as `target: check (its status)`."""
    return [
        f"{name}: {check} ({_status(found.get(name), check)})"
        for name, label in labels.targets.items()
        for check in sorted(label.must_find - failed(found.get(name, {"findings": ()})))
    ]


def false_positives(labels: Labels, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what was found among the judged checks and must not be, as `target: check`."""
    return [
        f"{name}: {check} ({_messages(found[name], check)})"
        for name, label in labels.targets.items()
        if name in found
        for check in sorted(
            failed(found[name]) & (labels.judged - label.must_find - label.may_find)
        )
    ]


def unknowns(labels: Labels, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the judged checks that stay unknown for a target that runs, as `target: check`."""
    return [
        f"{name}: {finding['check']} ({_join(entry['path'] for entry in finding['missing'])})"
        for name, label in labels.targets.items()
        if name in found and label.state in ("running", "paused")
        for finding in found[name]["findings"]
        if finding["status"] == "unknown" and finding["check"] in labels.judged
    ]


def fail_counts(target: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return how many critical, high and medium findings failed."""
    worst = [f["severity"] for f in target["findings"] if f["status"] == "fail"]
    return worst.count("critical"), worst.count("high"), worst.count("medium")


def without_evidence(report: Mapping[str, Any]) -> list[str]:
    """Return the failed findings that show no value, or one without what was read."""
    return [
        f"{target['name']}: {finding['check']}"
        for target in report["targets"]
        for finding in target["findings"]
        if finding["status"] == "fail"
        and not (finding["evidence"] and all(fact["source"] for fact in finding["evidence"]))
    ]


def erring(report: Mapping[str, Any]) -> list[str]:
    """Return the findings of status error, with what they say."""
    return [
        f"{target['name']}: {finding['check']}: {finding['message']}"
        for target in report["targets"]
        for finding in target["findings"]
        if finding["status"] == "error"
    ]


def told(what: str, problems: list[str]) -> str:
    """Return a message that counts the problems and lists every one."""
    return f"{len(problems)} {what}:\n  " + "\n  ".join(problems)


def _status(target: Mapping[str, Any] | None, check: str) -> str:
    if target is None:
        return "target not in the report"
    return _join(f["status"] for f in target["findings"] if f["check"] == check) or "no finding"


def _messages(target: Mapping[str, Any], check: str) -> str:
    failing = (f for f in target["findings"] if f["check"] == check and f["status"] == "fail")
    return _join(f["message"] for f in failing)


def _join(words: Iterable[str]) -> str:
    return "; ".join(sorted(set(words)))
