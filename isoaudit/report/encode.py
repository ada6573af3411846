"""Writes one result as JSON text, several times as fast as `json.dumps(target_json(result))`.

The text is the same to the byte (a test holds it to that).
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted

from isoaudit.model import FactSet, Finding, Outcome, TargetResult, Waiver
from isoaudit.model.encoding import Encoder, location_text
from isoaudit.model.finding import KNOWN, NEW
from isoaudit.report.encode_assessment import AssessmentEncoder, fixes_member
from isoaudit.report.targets import ordered_missing

_KEPT = 2048
"""Outcomes whose text is kept from one target to the next, of a kilobyte or less each."""

_UNMARKED = '"waiver": null, "baseline": null'


def encode_target(result: TargetResult, encoder: TargetEncoder | None = None) -> str:
    """Return one result as a line of JSON; ASCII only, so that no surrogate breaks the file.

    An encoder that is kept for many results writes the parts that they share once.
    """
    return (encoder or TargetEncoder()).target(result)


class TargetEncoder(Encoder):
    """Writes results, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes: dict[int, tuple[Outcome, str]] = {}
        self._assessments = AssessmentEncoder()

    def target(self, result: TargetResult) -> str:
        """Return the text of `target_json(result)`."""
        self.next_target()
        if len(self._outcomes) > _KEPT:
            self._outcomes.clear()
        head = json.dumps(result.target.to_json())
        missing = ", ".join([self.missing(entry) for entry in ordered_missing(result.facts)])
        findings = ", ".join([self.finding(finding) for finding in result.findings])
        facts = self.facts(result.facts)
        body = f'"facts": {{{facts}}}, "missing": [{missing}], "findings": [{findings}]'
        if result.assessment is not None:
            body += f", {self._assessments.members(result.assessment)}"
        if result.fixes:
            body += f", {fixes_member(result.fixes)}"
        return f"{head[:-1]}, {body}}}"

    def facts(self, facts: FactSet) -> str:
        """Return the members of a result's `facts`: the best value of each path, the best part."""
        members = []
        for path in sorted(facts.facts):
            best, *weaker = facts.facts[path]
            text = self.fact(best)
            if weaker:
                also = ", ".join([f"{{{self.fact(fact)}}}" for fact in weaker])
                text = f'{text}, "also": [{also}]'
            members.append(f"{quoted(path)}: {{{text}}}")
        best_parts = [(name, facts.parts[name][0]) for name in sorted(facts.parts)]
        members += [f"{quoted(name)}: [{self.records(part)}]" for name, part in best_parts]
        return ", ".join(members)

    def finding(self, finding: Finding) -> str:
        """Return the text of `finding.to_json()`."""
        outcome, fingerprint, waiver, in_baseline = finding
        known = self._outcomes.get(id(outcome))
        if known is None:
            known = self._outcomes[id(outcome)] = (outcome, self._outcome(outcome))
        about = _UNMARKED
        if waiver is not None or in_baseline is not None:
            word = "null" if in_baseline is None else quoted(KNOWN if in_baseline else NEW)
            about = f'"waiver": {_waiver(waiver)}, "baseline": {word}'
        return f'{known[1]}, {about}, "fingerprint": {quoted(fingerprint)}}}'

    def _outcome(self, outcome: Outcome) -> str:
        """Return the text of a finding but for its end, which is the target's own."""
        check, severity, status, message, facts, unread = outcome
        evidence = ", ".join([self.evidence(fact) for fact in facts])
        missing = ", ".join([self.missing(entry) for entry in unread])
        return (
            f'{{"check": {quoted(check)}, "severity": {quoted(severity)}, '
            f'"status": {quoted(status)}, "message": {quoted(message)}, '
            f'"evidence": [{evidence}], "missing": [{missing}], '
            f'"location": {location_text(outcome.location)}'
        )


def _waiver(waiver: Waiver | None) -> str:
    return "null" if waiver is None else json.dumps(waiver.to_json())
