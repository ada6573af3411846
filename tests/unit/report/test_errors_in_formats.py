"""What could not be audited: its name told once, and the broken line where a format has places."""

from __future__ import annotations

import json

import pytest
from golden.report_samples import report
from rendered import rendered, sarif

from isoaudit.model import RunError
from isoaudit.report.document import Report, error_words
from isoaudit.report.places import Place, place_of_error

BROKEN = RunError("k8s/a.yaml", "read", "k8s/a.yaml:4:5: not valid YAML", "Correct it.")
CHART = RunError("chart", "read", "chart: a Helm chart that is not rendered", "Render it.")
GONE = RunError("docker:gone", "find", "there is no container 'gone'")
BY_SERVICE = RunError("compose:c.yaml#x", "read", "c.yaml:2:17: key 'image' stands twice")


def _errors() -> Report:
    return report([], [BROKEN, CHART, GONE, BY_SERVICE])


@pytest.mark.parametrize("form", ["table", "github", "sarif", "markdown"])
def test_a_name_is_not_told_twice(form: str) -> None:
    """`chart: chart: …` reads as a fault of isoaudit's."""
    text = rendered(form, _errors())

    assert "chart: a Helm chart" in text
    assert "chart: chart" not in text
    assert "a.yaml: k8s/a.yaml" not in text


def test_an_error_of_another_name_keeps_it() -> None:
    """A message that does not say whose it is has the name before it."""
    assert "docker:gone: there is no container 'gone'" == error_words(GONE)


@pytest.mark.parametrize(
    ("error", "place"),
    [(BROKEN, Place("k8s/a.yaml", 4, 5)), (BY_SERVICE, Place("c.yaml", 2, 17)), (CHART, None),
     (GONE, None)],
)  # fmt: skip
def test_a_broken_line_is_a_place(error: RunError, place: Place | None) -> None:
    """It is read off the beginning of the message, and guessed from nothing else."""
    assert place == place_of_error(error)


def test_an_annotation_stands_on_the_broken_line() -> None:
    """A pull request that breaks a file shows where."""
    assert (
        "::error file=k8s/a.yaml,line=4,col=5,title=not audited::k8s/a.yaml:4:5: not"
        in rendered("github", _errors())
    )


def test_a_notification_names_the_broken_line() -> None:
    """In SARIF as a physical location beside the logical one."""
    notices = sarif(_errors())["invocations"][0]["toolExecutionNotifications"]
    where = [one["locations"][0].get("physicalLocation") for one in notices]
    broken = {
        "artifactLocation": {"uri": "k8s/a.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 4, "startColumn": 5},
    }

    assert broken in where
    assert 2 == where.count(None)


def test_an_entry_for_gitlab_names_a_file_and_not_a_target() -> None:
    """GitLab shows an entry beside the file of its path."""
    rows = json.loads(rendered("gitlab", _errors()))

    assert {"path": "c.yaml", "lines": {"begin": 2}} in [row["location"] for row in rows]
