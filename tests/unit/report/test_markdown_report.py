"""The pull-request comment: verdict first, new and worst first, bounded, and nothing in it acts."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from golden.machine_samples import evil, many, waived
from golden.report_samples import ALL, calm, empty, fail, files, machine, result
from hypothesis import given, settings
from rendered import rendered
from report_strategies import reports

from isoaudit.model import Kind, Severity, Target
from isoaudit.report.document import Report
from isoaudit.report.markdown import MOST
from isoaudit.report.markup import code, prose

_OURS = re.compile(
    r"</?code>|<br>|</?details>|</?summary>|^<!-- isoaudit -->$|&#\d+;|\*\*\w+\*\*|^\* |^##+ "
    r"|^[-| ]+$| \| ",
    re.MULTILINE,
)


def _foreign(text: str) -> set[str]:
    """Return what means something in Markdown or HTML and is not ours."""
    left = _OURS.sub("", text)
    return set(left) & set("<>&*_`[]\\|~#@$^\x1b\u202e\x00\r")


def test_the_verdict_stands_first() -> None:
    """Then what could not be audited, then what is worst."""
    text = rendered("markdown", machine())
    lines = [line for line in text.splitlines() if line]

    assert "## isoaudit: the gate does not hold" == lines[1]
    assert "4 targets: 5 critical, 3 high, 3 medium, 2 low, 4 not known." == lines[2]
    assert text.index("### Not audited (3)") < text.index("**critical**") < text.index("**high**")


def test_a_calm_report_is_short() -> None:
    """No table where nothing failed; what is not known is said."""
    assert "the gate holds\n\n0 targets: no check failed.\n" in rendered("markdown", empty())
    assert "1 target: no check failed, 1 not known." in rendered("markdown", calm())
    assert "Severity" not in rendered("markdown", calm())


def test_what_is_new_comes_before_what_was_known() -> None:
    """What was there before, what is waived and what is not known is folded, never left out."""
    text = rendered("markdown", waived())
    order = ["### Findings that are new (1)", "Waived (2)", "Further findings that are new (1 low)",
             "Known before (1 medium)", "Not known (1)"]  # fmt: skip

    assert sorted(order, key=text.index) == order
    assert "the CI runner needs it until it is moved to a VM; owner ops" in text


def test_one_check_is_one_row_however_many_fail_it() -> None:
    """What all lack is one line, with the first places and the number of the rest."""
    text = rendered("markdown", many(81, 0))

    (row,) = [line for line in text.splitlines() if "CAP-002" in line]
    assert "and 76 more" in row


def test_what_is_mended_otherwise_is_another_row() -> None:
    """A manifest's line does not stand beside the fix of a compose file."""
    targets = [
        result(
            Target(f"{dialect}:a#{name}", Kind.CONTAINER, name, "declared", dialect=dialect),
            [fail("X-001", Severity.HIGH, "it is privileged")],
        )
        for dialect, name in (("compose", "web"), ("kubernetes", "api"))
    ]
    about = {"X-001": {"title": "t", "remediation": {"compose": "Cut it", "kubernetes": "Set it"}}}
    text = rendered("markdown", replace(files(), results=targets, checks=about))

    rows = [line for line in text.splitlines() if "X-001" in line]
    assert 2 == len(rows)
    assert (True, False) == ("Cut it" in rows[0], "api" in rows[0])


def test_a_failure_names_file_and_line() -> None:
    """And the change that ends it, in the words of that file."""
    (row,) = [line for line in rendered("markdown", files()).splitlines() if "ESC-008" in line]

    assert "<code>deploy/agent.yaml&#58;31</code> agent" in row
    assert "Fix: Remove the hostPath volume" in row


@pytest.mark.parametrize("report", [lambda: many(60, 50), evil, ALL["hostile"]])
def test_a_comment_fits(report) -> None:  # type: ignore[no-untyped-def]
    """GitHub takes 65,536 characters; every fold is closed."""
    text = rendered("markdown", report())

    assert len(text) <= MOST
    assert text.count("<details>") == text.count("</details>")


def test_what_does_not_fit_is_counted() -> None:
    """A long report says how many rows it lacks."""
    report = many(40, 50)
    long = [
        f._replace(outcome=f.outcome._replace(check=f"LONG-{n}-{'_' * 90}", message="*" * 290))
        for n, f in enumerate(report.results[0].findings * 9)
    ]
    results = [type(report.results[0])(one.target, one.facts, tuple(long))
               for one in report.results[:1]]  # fmt: skip
    text = rendered("markdown", Report(report.run, {}, results, (), report.summary))

    assert len(text) <= MOST
    assert re.search(r"and \d+ more rows, left out: a comment holds 65536 characters\.", text)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_no_text_of_a_report_is_mark_up(report: Report) -> None:
    """Every character that could mean something is written as a reference."""
    assert set() == _foreign(rendered("markdown", report))


def test_hostile_text_is_shown_letter_by_letter() -> None:
    """No tag, no link, no mention, no cell of its own."""
    text = rendered("markdown", evil())

    assert set() == _foreign(text)
    assert "&#64;&#8203;team" in text
    assert "www&#46;evil" in text


@pytest.mark.parametrize(
    "text", ["a*b*_c_", "<b>", "- x", "1. x", "# h", "> q", "===", "a|b", "[a](b)", "\\*", "&lt;"]
)
def test_prose_reads_as_it_was_written(text: str) -> None:
    """References say the same letters."""
    assert text == html.unescape(prose(text, 100)).replace("\u200b", "")
    assert f"<code>{text}</code>" == html.unescape(code(text, 100))


def test_paired_backticks_are_code_and_a_lone_one_is_itself() -> None:
    """The words of checks use them so."""
    assert "set <code>a&#58;b</code> &#96;" == prose("set `a:b` `", 100)
