"""The table format: narrow, harmless, worst first, calm, and honest about what is not known."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace

import pytest
from golden.report_samples import (
    ALL,
    ROOT,
    api,
    calm,
    database,
    declared,
    fact,
    fail,
    files,
    held,
    host,
    machine,
    report,
    result,
    runner,
    unknown,
)
from hypothesis import given
from hypothesis import strategies as st
from report_strategies import reports

from isoaudit.model import (
    Finding,
    Kind,
    Missing,
    Outcome,
    Reason,
    Severity,
    Status,
    Target,
    TargetResult,
)
from isoaudit.report.document import Report
from isoaudit.report.options import Options
from isoaudit.report.table import render

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
VERBOSITIES = (-1, 0, 1)


def page(shown: Report, verbosity: int = 0, *, color: bool = False) -> str:
    stream = io.StringIO()
    render(shown, stream, Options(color=color, verbosity=verbosity))
    return stream.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def columns(line: str) -> int:
    return len(line) + sum(unicodedata.east_asian_width(one) in "WF" for one in line)


def container(*findings: object, name: str = "web") -> TargetResult:
    target = Target(f"docker:{name}", Kind.CONTAINER, name, "running", engine="unix:///x")
    return result(target, findings)  # type: ignore[arg-type]


@pytest.mark.parametrize("verbosity", VERBOSITIES)
@pytest.mark.parametrize("name", ALL)
def test_samples_are_narrow_and_harmless(name: str, verbosity: int) -> None:
    """No line of any sample is wider than 80 columns or holds an invisible character."""
    lines = page(ALL[name](), verbosity).split("\n")
    assert [] == [line for line in lines if columns(line) > 80]
    assert set() == {unicodedata.category(one) for line in lines for one in line} & INVISIBLE


@given(reports, st.sampled_from(VERBOSITIES))
def test_any_report_is_narrow_and_harmless(shown: Report, verbosity: int) -> None:
    """Whatever strings a target plants, lines stay narrow and nothing invisible gets through."""
    lines = page(shown, verbosity).split("\n")
    assert [] == [line for line in lines if columns(line) > 80]
    assert set() == {unicodedata.category(one) for line in lines for one in line} & INVISIBLE


@given(reports)
def test_the_order_of_results_does_not_matter(shown: Report) -> None:
    """The page depends on what was found, not on which target was ready first."""
    backwards = replace(shown, results=shown.results[::-1], errors=shown.errors[::-1])
    assert page(shown) == page(backwards)


def test_without_color_there_is_no_escape_sequence() -> None:
    """A file never gets a colour."""
    assert "\x1b" not in page(machine(), 1)


def test_color_is_for_severities_only() -> None:
    """With colour the page differs by painted severity words and by nothing else."""
    plain, painted = page(machine(), 1).split("\n"), page(machine(), 1, color=True).split("\n")
    changed = {new.split("\x1b[0m")[0].split("m", 1)[1]
               for old, new in zip(plain, painted, strict=True) if old != new}  # fmt: skip
    assert {"CRITICAL", "HIGH", "MEDIUM", "LOW"} == changed


def test_the_worst_target_comes_first_and_the_host_last() -> None:
    """Rows are ordered by criticals, then highs and so on; the host's findings are everyone's."""
    rows = [line.split()[0] for line in page(machine(), -1).split("\n")[:4]]
    assert ["docker:ci-runner", "libvirt:erp-db", "docker:api", "host"] == rows


def test_records_of_one_check_share_a_heading() -> None:
    """Four processes that fail one check are one entry with one remedy."""
    text = page(machine())
    assert 1 == text.count("CAP-003\n")
    assert "and 1 more; -v lists them" in text


def test_verbose_lists_what_is_only_counted_before() -> None:
    """Medium and low findings are a number without -v and an entry with it."""
    assert "Memory is not limited" not in page(machine())
    assert "Memory is not limited" in page(machine(), 1)


def test_a_finding_shows_value_vantage_and_source() -> None:
    """What was seen stands with who said so and where."""
    seen = fact("mount.source", "/run/docker.sock", "/proc/7/mountinfo")
    text = page(report([container(fail("ESC-008", Severity.HIGH, "Mounted", seen))]))
    assert "SEEN mount.source: /run/docker.sock kernel /proc/7/mountinfo" in words(text)


def test_a_guests_word_is_called_one() -> None:
    """What a guest says of itself is not shown as seen."""
    assert "guest says so" in page(report([database()]))


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        ("Leave out -v /var/run/docker.sock", runner()),
        ("FIX <model type='virtio'/>", database()),
        ("FIX echo 2 > /sys/kernel/mm/ksm/run", host()),
        ("FIX Remove the hostPath", declared("web", "a", 3, fail("ESC-008", Severity.HIGH, "x"))),
        ("FIX (oci) Add a network namespace", container(fail("NET-004", Severity.HIGH, "x"))),
    ],
)  # fmt: skip
def test_the_fix_is_in_the_targets_own_words(fix: str, shown: TargetResult) -> None:
    """The remedy is that of the target's dialect, or the nearest one, named."""
    assert fix in words(page(report([shown])))


def test_a_long_fix_is_told_once() -> None:
    """The second target with the same finding refers to the first one's remedy."""
    bad = fail("CAP-003", Severity.CRITICAL, "x")
    text = page(report([container(bad), container(bad, name="api")]))
    assert 1 == words(text).count("Leave out --cap-add SYS_ADMIN.")
    assert "FIX       as for CAP-003 above" in text


def test_what_a_file_cannot_say_is_one_line() -> None:
    """Checks that need the running target are counted in one line, and not as unknown."""
    text = page(report([declared("web", "a.yaml", 3)]))
    assert "2 checks need the running target." in text
    assert text.split("\n")[5].split()[-1] == "1"


def test_unknown_is_grouped_by_what_settles_it() -> None:
    """Everything that one remedy would settle is one line, with how bad it might be."""
    text = page(report([runner()]))
    assert "UNKNOWN 2 checks (1 critical, 1 high): Run isoaudit as root." in words(text)


def test_an_error_is_always_shown() -> None:
    """A check that could not be run is never only a number."""
    assert "ERROR     vm.x < 3: no such overload" in page(report([database()]))


def test_what_all_share_is_told_once() -> None:
    """A medium finding in every one of three or more targets is one line for all of them."""
    text = page(files())
    assert 1 == text.count("The root file system is writable")
    assert "fails in all 4: The root file system is writable" in text


def test_two_targets_share_nothing_yet() -> None:
    """Two targets are no pattern: each has its own count."""
    shown = [declared(name, "a.yaml", 3) for name in ("a", "b")]
    assert "fails in all" not in page(report(shown))


def test_a_high_finding_is_never_shared_away() -> None:
    """What is high stands at each target, however many have it."""
    bad = fail("SEC-001", Severity.HIGH, "No seccomp filter")
    shown = [container(bad, name=name) for name in "abc"]
    assert 3 == page(report(shown)).count("No seccomp filter")


def test_when_nothing_failed_it_says_what_was_checked() -> None:
    """Silence is not the report: what held and what is unknown are counted."""
    assert "No check failed: 3 checks held, 1 unknown." in page(calm())


@pytest.mark.parametrize("verbosity", VERBOSITIES)
def test_no_report_calls_anything_secure(verbosity: int) -> None:
    """The absence of findings is not praised."""
    text = page(calm(), verbosity).lower()
    assert [] == [word for word in ("secure", "safe", "clean", "ok") if word in text.split()]


def test_without_targets_it_says_so() -> None:
    """An empty report is not a good one."""
    assert "No target was audited." in page(report([]))


def test_unknown_does_not_pass_for_calm() -> None:
    """A target with nothing but unknown checks says so in its heading and in the first sentence."""
    text = page(report([container(unknown("SEC-001", Reason.PERMISSION_DENIED, ROOT))]))
    assert "No check failed: 0 checks held, 1 unknown." in text
    assert "no check failed, 1 unknown\n" in text


def test_the_host_is_counted_once_only_beside_workloads() -> None:
    """A host alone needs no remark about workloads."""
    assert "counted once" not in page(report([host()]))
    assert "counted once, not per workload" in page(report([host(), api()]))


def test_quiet_is_one_line_per_target_and_error() -> None:
    """With -q there is a line for each target and each thing that was not audited."""
    assert 4 + 2 == page(machine(), -1).count("\n")


def test_quiet_cuts_names_and_no_counts() -> None:
    """The counts are what a line is for; a name keeps its beginning and its end."""
    failures = [
        fail(f"A-{number:03}", severity, f"thing {number}")
        for number, severity in enumerate(list(Severity)[:4] * 12)
    ]
    long = declared("web", "deploy/" + "x" * 60 + ".yaml", 3, *failures)

    line = page(report([long]), -1)

    assert "  12 critical, 12 high, 14 medium, 12 low, 1 unknown\n" in line
    assert 80 >= len(line.rstrip("\n"))


def test_one_reason_is_one_line_whether_or_not_it_says_what_to_do() -> None:
    """Some values that are lacking for it come with a remedy, others without."""
    gaps = [
        Finding(Outcome(f"A-00{number}", Severity.HIGH, Status.UNKNOWN, "", (), (missing,)), "f")
        for number, missing in enumerate(
            [
                Missing("a", Reason.NOT_DECLARED, "the image decides", "Write it."),
                Missing("b", Reason.NOT_DECLARED, "the image decides"),
            ]
        )
    ]

    text = page(report([container(*gaps)]))

    assert 1 == text.count("the image decides")
    assert "2 checks (2 high): the image decides. Write it." in text


def test_an_unknown_check_gets_no_invented_remedy() -> None:
    """A finding whose check is not in the report is shown without a remedy."""
    text = page(report([container(fail("NEW-001", Severity.HIGH, "Something new"))]))
    assert "Something new" in text
    assert "FIX" not in text


def test_a_clipped_heading_is_given_in_full_below() -> None:
    """A long id can still be copied."""
    long = declared("web", "deploy/" + "x" * 60 + ".yaml", 3, fail("ESC-008", Severity.HIGH, "y"))
    assert long.target.id in page(report([long])).replace("\n   ", "")


def test_an_ascii_terminal_is_no_fault() -> None:
    """A stream that cannot hold every character gets them spelt out."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    render(ALL["hostile"](), stream, Options())
    stream.flush()
    assert b"\\u5bb9" in raw.getvalue()


def test_passes_are_counted_with_verbose() -> None:
    """With -v each target says how many checks held."""
    text = page(report([container(*held("CAP-003", "SEC-001"))]), 1)
    assert "HELD      2 checks" in text
