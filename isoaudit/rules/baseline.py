"""A baseline: the findings that a team knows of, so that a run fails on new ones only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from isoaudit.errors import UsageError
from isoaudit.model import Finding, Status, TargetResult, ways_of, with_marks
from isoaudit.model.finding import IN_BASELINES

FORMAT = "1"
_WORDS = frozenset({*(one.value for one in IN_BASELINES), "open", "possible"})
_REMEDY = "Write one with `isoaudit scan … -o baseline=FILE`, or give a saved -f json result."

Held = tuple[str, str]


class Baseline(NamedTuple):
    """The findings that are known, by fingerprint and status, each with its target."""

    findings: Mapping[Held, str] = {}
    profiles: tuple[str, ...] = ()
    checks_version: str = ""

    @staticmethod
    def of(results: Iterable[TargetResult]) -> Baseline:
        """Return the baseline that results make."""
        return Baseline(
            {
                held(one): result.target.id
                for result in results
                for one in (*result.findings, *ways_of(result))
                if one.status in IN_BASELINES and one.waiver is None
            }
        )

    def mark(self, result: TargetResult) -> TargetResult:
        """Return a result whose failures and unknowns say whether they are known.

        One that could not be decided and fails now is new: a status takes part.
        """
        return marked(result, lambda one: one._replace(known=held(one) in self.findings))

    def resolved(self, seen: Iterable[Held], targets: Iterable[str]) -> int:
        """Count the failures that stood in some targets and do so no more."""
        there, audited = set(seen), set(targets)
        gone = (key for key, target in self.findings.items() if target in audited)
        return sum(key not in there for key in gone if key[1] == Status.FAIL)

    def not_audited(self, targets: Iterable[str]) -> int:
        """Count the targets that it knows and that were not audited."""
        return len(set(self.findings.values()) - set(targets))


def marked(result: TargetResult, mark: Callable[[Finding], Finding]) -> TargetResult:
    """Return a result of which everything that a baseline holds is marked, ways out included."""
    findings = tuple(mark(one) if one.status in IN_BASELINES else one for one in result.findings)
    if result.assessment is None:
        return replace(result, findings=findings)
    ways = tuple(mark(one) for one in ways_of(result))
    return replace(result, findings=findings, assessment=with_marks(result.assessment, ways))


def held(finding: Finding) -> Held:
    """Return what a finding is known by."""
    return (finding.fingerprint, finding.kept_as)


def baseline_from(data: Any, shown: str) -> Baseline:
    """Return the baseline in parsed JSON: a baseline file, or a saved result.

    Raises UsageError for anything else.
    """
    try:
        if "isoaudit_baseline" in data:
            return _from_file(data, shown)
        if "schema_version" in data:
            return _from_result(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{shown}: not a whole baseline or result", _REMEDY) from error
    raise UsageError(f"{shown}: neither a baseline nor a saved result", _REMEDY)


def _from_file(data: Mapping[str, Any], shown: str) -> Baseline:
    if data["isoaudit_baseline"] != FORMAT:
        raise UsageError(
            f"{shown}: a baseline of format {data['isoaudit_baseline']!r:.20}",
            f"This isoaudit reads {FORMAT!r}: write the baseline anew.",
        )
    rows = {_row(one): _text(one["target"]) for one in data["findings"]}
    return Baseline(rows, tuple(map(_text, data["profiles"])), _text(data["checks_version"]))


def _from_result(data: Mapping[str, Any]) -> Baseline:
    rows = {
        _row(one): _text(target["id"])
        for target in data["targets"]
        for one in (*target["findings"], *map(_way, target.get("escape_paths", ())))
        if one["status"] in _WORDS and one.get("waiver") is None
    }
    profiles = tuple(map(_text, data["run"]["profiles"]))
    return Baseline(rows, profiles, _text(data["tool"]["checks_version"]))


def _way(path: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a way out of a saved result as what a baseline knows of a finding."""
    return {**path, "status": path["certainty"]}


def _row(finding: Mapping[str, Any]) -> Held:
    if finding["status"] not in _WORDS:
        raise ValueError("a status that a baseline does not hold")
    return (_text(finding["fingerprint"]), _text(finding["status"]))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError("a text is expected")
