"""Reports with any strings in them, for property tests."""

from hypothesis import strategies as st
from unit.report.assessment_strategies import assessments, fixes

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Location,
    Missing,
    Outcome,
    Part,
    Reason,
    Record,
    RunError,
    Severity,
    Status,
    Target,
    TargetResult,
    Vantage,
    Waiver,
    WaiverUse,
)
from isoaudit.report.document import Report, RunInfo, Summary, Tally

texts = st.text(st.characters(exclude_categories=()), max_size=40)
paths = st.sampled_from(["mount.source", "mount.kind", "container.image", "process.uid", "host.x"])
values = st.one_of(st.booleans(), st.integers(), texts, st.lists(texts, max_size=3).map(tuple))
lines = st.one_of(st.none(), st.integers(1, 9999))
locations = st.one_of(st.none(), st.builds(Location, texts, lines, lines))
facts = st.builds(Fact, paths, values, texts, st.sampled_from(Vantage), locations)
vantages = st.one_of(st.none(), st.sampled_from(Vantage))
missing = st.builds(Missing, paths, st.sampled_from(Reason), texts, texts, vantages)
checks = st.sampled_from(["CAP-001", "CAP-002", "FS-001", "GONE-404"])
outcomes = st.builds(
    Outcome, checks, st.sampled_from(Severity), st.sampled_from(Status), texts,
    st.lists(facts, max_size=3).map(tuple), st.lists(missing, max_size=2).map(tuple),
)  # fmt: skip
waivers = st.builds(
    Waiver, texts, texts, st.one_of(st.none(), texts), texts,
    st.sampled_from(["file", "inline", "annotation", "label"]), texts,
)  # fmt: skip
findings = st.builds(
    Finding, outcomes, texts, st.one_of(st.none(), waivers), st.sampled_from([None, True, False])
)
records = st.builds(Record.of, st.lists(facts, max_size=2), st.lists(missing, max_size=1))
parts = st.builds(
    Part, st.sampled_from(["mount", "process"]), st.sampled_from(Vantage),
    st.lists(records, max_size=2).map(tuple), st.one_of(st.none(), missing),
)  # fmt: skip
fact_sets = st.builds(
    FactSet.of, st.lists(facts, max_size=4), st.lists(parts, max_size=2),
    st.lists(missing, max_size=3),
)  # fmt: skip
dialects = st.sampled_from(["", "compose", "kubernetes", "libvirt_xml"])
targets = st.builds(
    Target, id=texts, kind=st.sampled_from(Kind), name=texts, state=texts, dialect=dialects,
    engine=st.sampled_from(["", "unix:///x"]), host=st.one_of(st.none(), texts),
    location=st.one_of(st.none(), st.builds(Location, texts, lines)),
    aliases=st.lists(texts, max_size=2).map(tuple),
)  # fmt: skip
results = st.builds(
    TargetResult, targets, fact_sets, st.lists(findings, max_size=6).map(tuple),
    assessment=st.none() | assessments(texts, facts, missing, waivers),
    fixes=st.lists(fixes(texts), max_size=2).map(tuple),
)  # fmt: skip
errors = st.builds(RunError, texts, texts, texts, texts, st.booleans())
hosts = st.one_of(st.none(), st.fixed_dictionaries({"name": texts, "os": texts, "kernel": texts}))
_numbers = st.integers(0, 9999)
grounds = st.fixed_dictionaries(
    {"name": texts, "os": texts, "kernel": texts, "collected_at": texts}
)
revisions = st.fixed_dictionaries(
    {"ref": texts, "commit": texts, "known": _numbers, "gone": _numbers, "unread": _numbers}
)
runs = st.builds(
    RunInfo, texts, texts, texts, st.lists(texts, max_size=2).map(tuple), hosts,
    st.sampled_from(["root", "user"]), st.floats(0, 1e6), st.none() | grounds,
    st.none() | revisions,
    st.none() | st.fixed_dictionaries(
        {"fail_on": st.sampled_from(["never", "critical", "low"]), "fail_on_unknown": st.booleans(),
         "strict_waivers": st.booleans()},
        optional={"fail_on_way_out": st.sampled_from(["never", "host-read", "host-info"]),
                  "min_score": st.integers(0, 100)},
    ),
)  # fmt: skip
abouts = st.fixed_dictionaries({
    "title": texts, "severity": st.sampled_from([one.value for one in Severity]),
    "tags": st.lists(texts, max_size=2), "rationale": texts,
    "remediation": st.dictionaries(
        st.sampled_from(["docker_run", "compose", "libvirt_xml", "host"]), texts, max_size=3),
    "references": st.dictionaries(texts, st.lists(texts, max_size=2), max_size=2),
})  # fmt: skip
catalogues = st.fixed_dictionaries({}, optional=dict.fromkeys(("CAP-001", "FS-001"), abouts))


uses = st.builds(
    WaiverUse, st.lists(texts, max_size=2).map(tuple), st.lists(texts, max_size=2).map(tuple),
    texts, waivers,
    st.sampled_from(["used", "unused", "expired", "invalid", "refused", "not_run"]),
    st.integers(0, 99), texts,
)  # fmt: skip


def _report(run, checks, results, errors, reasons, uses, gone):  # type: ignore[no-untyped-def] # noqa: PLR0917
    known = any(finding.known is not None for one in results for finding in one.findings)
    tally = sum((Tally.of(one.findings) for one in results), Tally())
    summary = Summary(len(results), tally, not reasons, reasons, gone if known else None)
    return Report(run, checks, results, errors, summary, waivers=uses)


reports = st.builds(
    _report, runs, catalogues,
    st.lists(results, max_size=5, unique_by=lambda one: one.target.id).map(tuple),
    st.lists(errors, max_size=2).map(tuple), st.lists(texts, max_size=2).map(tuple),
    st.lists(uses, max_size=3).map(tuple), st.integers(0, 9),
)  # fmt: skip
