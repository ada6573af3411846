"""The rules of a SARIF log: what each check that has a result says of itself, with its help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from isoaudit.model import Severity
from isoaudit.report.about import ANY_DIALECT, about_of
from isoaudit.report.entries import Entry
from isoaudit.report.layout import clip
from isoaudit.report.markup import code, prose

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
"""SARIF knows three levels."""

SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.1",
}
"""Numbers in the middle of what GitHub calls critical (above 9.0), high (7.0), medium (4.0), low:
they carry our word across, and measure nothing."""

NOTIFICATIONS = [
    {"id": "not-audited", "shortDescription": {"text": "Something could not be audited."}},
    {"id": "check-error", "shortDescription": {"text": "A check could not be run."}},
    {"id": "not-declarable", "shortDescription": {"text": "What files of a kind cannot say."}},
    {"id": "waiver", "shortDescription": {"text": "A waiver that does not count."}},
    {"id": "limit", "shortDescription": {"text": "More than an upload may hold."}},
]

_MOST_TAGS = 10
_SHOWN_TAG = 60
_SHOWN_TITLE = 300
_SHOWN_TEXT = 1500
_MOST_NAME = 255
_MOST_HELP = 15_000
"""Characters of help; GitHub takes 20 kB of a field."""

_SHOWN_FIXES = 12
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")


def rules_of(
    found: Iterable[Entry], checks: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rules of all checks that have a result, ordered by id.

    A check may weigh more or less from case to case, and a rule has one weight: the worst seen.
    """
    worst: dict[str, Severity] = {}
    for entry in found:
        check, severity = entry.finding.check, entry.finding.severity
        worst[check] = min(worst.get(check, severity), severity, key=lambda one: one.rank)
    names = {rule_id(check): check for check in sorted(worst)}
    return [_rule(name, about_of(checks, check), worst[check]) for name, check in names.items()]


def rule_id(check: str) -> str:
    """Return the id of a check as the log names it; a stranger's report may hold any."""
    return safe(clip(check, _SHOWN_TAG))


def safe(text: str) -> str:
    """Return text with which nothing links elsewhere: SARIF reads `[words](address)` in messages.

    Brackets are escaped as it asks (section 3.11.6) where there could be a link, else left alone.
    The text has been cleaned before.
    """
    if "](" not in text.replace(" ", ""):
        return text
    return re.sub(r"([\[\]\\])", r"\\\1", text)


def _rule(check: str, about: Mapping[str, Any], severity: Severity) -> dict[str, Any]:
    title = clip(about.get("title", check), _SHOWN_TITLE)
    rationale = clip(about.get("rationale", ""), _SHOWN_TEXT)
    level = LEVELS[Severity(about["severity"])] if "severity" in about else LEVELS[severity]
    rule = {
        "id": check,
        "name": _pascal(title) or "Check",
        "shortDescription": {"text": safe(title)},
        "fullDescription": {"text": safe(rationale or title)},
        "help": _help(check, title, rationale, about),
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": _tags(about),
            "precision": "high",
            "security-severity": SCORES[severity],
        },
    }
    address = _address(about)
    return {**rule, "helpUri": address} if address else rule


def _help(check: str, title: str, rationale: str, about: Mapping[str, Any]) -> dict[str, str]:
    """Return why it matters and how to change it, as text and as Markdown."""
    fixes = list(about.get("remediation", {}).items())[:_SHOWN_FIXES]
    named = [
        ("to close it" if name == ANY_DIALECT else name.replace("_", " "), fix)
        for name, fix in fixes
    ]
    text = [title, rationale]
    text += [f"{clip(name, _SHOWN_TAG)}: {clip(fix, _SHOWN_TEXT)}" for name, fix in named]
    markdown = [f"**{prose(title, _SHOWN_TITLE)}**", prose(rationale, _SHOWN_TEXT)]
    markdown += [f"**{prose(name, _SHOWN_TAG)}**: {prose(fix, _SHOWN_TEXT)}" for name, fix in named]
    more = f"isoaudit explain {check}"
    return {
        "text": safe("\n".join([*_within(text), more])),
        "markdown": "\n\n".join([*_within(markdown), code(more, _SHOWN_TITLE)]),
    }


def _within(paragraphs: Iterable[str]) -> Iterator[str]:
    """Yield paragraphs as long as they fit in what one field of an upload may hold."""
    room = _MOST_HELP
    for paragraph in filter(None, paragraphs):
        room -= len(paragraph) + 2
        if room < 0:
            return
        yield paragraph


def _tags(about: Mapping[str, Any]) -> list[str]:
    tags = ["security", *(clip(tag, _SHOWN_TAG) for tag in about.get("tags", ()))]
    return list(dict.fromkeys(tags))[:_MOST_TAGS]


def _address(about: Mapping[str, Any]) -> str:
    """Return the page of the ATT&CK technique that a check guards against, if it names one."""
    for technique in about.get("references", {}).get("attack", ()):
        if _TECHNIQUE.fullmatch(technique):
            return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
    return ""


def _pascal(title: str) -> str:
    """Return a title as SARIF wants names: `RootFileSystemIsReadOnly`."""
    words = re.findall(r"[A-Za-z0-9]+", title)
    return "".join(word[0].upper() + word[1:] for word in words)[:_MOST_NAME]
