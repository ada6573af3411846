"""Reports for the formats that machines read: waived findings, a baseline, hostile file names."""

from __future__ import annotations

from dataclasses import replace

from golden.report_samples import declared, fact, fail, report, result, unknown

from isoaudit.model import (
    Finding,
    Kind,
    Location,
    Reason,
    RunError,
    Severity,
    Target,
    Vantage,
    Waiver,
    WaiverUse,
)
from isoaudit.report.document import Report

ACCEPTED = Waiver("the CI runner needs it until it is moved to a VM", "ops@example.org",
                  "2027-01-31", "waivers.yaml:12", "file", "security@example.org")  # fmt: skip
INLINE = Waiver("measured, harmless here", "", None, "compose.yaml:7", "inline")

EVIL = (
    "a\n::error::b %0A,c:d ]]>&lt;<script>alert(1)</script> `x` [y](http://evil.example) |cell "
    "@team #1 **b** \x1b[31m\u202e\x00\udcff www.evil.example =cmd|'/C calc'!A1"
)
"""What means something in one of the formats."""


def _compose(check: str, severity: Severity, message: str, line: int) -> Finding:
    return fail(check, severity, message,
                fact("mount.source", "/x", "compose.yaml", Vantage.DECLARED, line))  # fmt: skip


def waived() -> Report:
    """A file with a new finding, one that was known before, waived ones, and one undecided."""
    target = Target("compose:compose.yaml#web", Kind.CONTAINER, "web", "declared",
                    dialect="compose", location=Location("compose.yaml", 2, 3))  # fmt: skip
    seen = [
        _compose("ESC-008", Severity.CRITICAL, "The socket of dockerd is mounted", 9),
        _compose("CAP-003", Severity.CRITICAL, "web holds CAP_SYS_ADMIN", 6),
        _compose("NET-004", Severity.HIGH, "It uses the host's network", 7),
        _compose("FS-001", Severity.MEDIUM, "The root file system is writable", 4),
        _compose("LIM-001", Severity.LOW, "Memory is not limited", 2),
        unknown("SEC-001", Reason.NOT_DECLARED, "Set the variable."),
        unknown("CAP-002", Reason.NOT_DECLARABLE, "Scan the running target."),
    ]
    marks = [(None, False), (ACCEPTED, False), (INLINE, True), (None, True), (None, False),
             (None, False), (None, None)]  # fmt: skip
    findings = [
        one._replace(waiver=waiver, known=known, fingerprint=f"{number:064x}")
        for number, (one, (waiver, known)) in enumerate(zip(seen, marks, strict=True))
    ]
    stale = WaiverUse(("FS-002",), ("compose:*",), "", ACCEPTED._replace(until="2026-01-31"),
                      "expired", 2, "its last day was 2026-01-31")  # fmt: skip
    used = WaiverUse(("CAP-003",), (), "", ACCEPTED, "used", 1)
    return replace(report([result(target, findings)]), waivers=(stale, used))


def evil() -> Report:
    """A file, a target, a waiver and an error whose every word is mark-up in some format."""
    target = Target(f"compose:{EVIL}#{EVIL}", Kind.CONTAINER, EVIL, "declared",
                    dialect="compose", location=Location(f"/etc/../../{EVIL}.yaml", 3))  # fmt: skip
    live = Target(f"docker:={EVIL}", Kind.CONTAINER, f"={EVIL}", "running", engine="unix:///x")
    long = EVIL * 100
    findings = [
        fail("CAP-003", Severity.CRITICAL, EVIL, fact("mount.source", EVIL, EVIL, line=4)),
        fail("ESC-008", Severity.HIGH, f"=1+1 {long}"),
        fail("FS-001", Severity.LOW, "@SUM(1)")._replace(
            waiver=Waiver(EVIL, f"+{EVIL}", EVIL, EVIL, "label", EVIL)
        ),
        unknown("SEC-001", Reason.PARSE_ERROR, EVIL),
    ]
    errors = [RunError(EVIL, EVIL, EVIL, EVIL), RunError("", "", "")]
    waiver = Waiver(EVIL, EVIL, EVIL, EVIL, "inline", EVIL)
    stale = WaiverUse((EVIL,), (EVIL,), EVIL, waiver, "invalid", 0, EVIL)
    shown = report([result(target, findings), result(live, findings)], errors)
    return replace(shown, waivers=(stale,))


def many(targets: int, findings: int) -> Report:
    """So many manifests with so many failures each, of 50 checks."""
    messages = [
        fail(f"X-{number % 50:03}", list(Severity)[number % 5], f"finding {number} of it")
        for number in range(findings)
    ]
    return report([declared(f"w{n}", f"deploy/{n}.yaml", n + 1, *messages) for n in range(targets)])
