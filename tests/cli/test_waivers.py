"""Waivers on the command line: what they do to the exit code, and what is told of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import CLOSED, OPEN, ROOT, UNDECIDED, Ended, House, Isoaudit, open_as
from unit.probes.docker_tapes import ID, inspected

from isoaudit.cli import reviewing
from isoaudit.probes.docker.engine import engine_record
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.probes.table import Opened
from isoaudit.transports import EngineApi
from isoaudit.transports.tape import replay

SCHEMA: dict[str, Any] = json.loads((ROOT / "reports/schemas/report-1.json").read_text())
COMMENT = "isoaudit: ignore[ACME-001] the agent loads eBPF programs"
NOTED = f"services:\n  web:\n    image: web\n    privileged: true  # {COMMENT}\n"
FILE = """\
waivers:
  - check: ACME-001
    target: compose:*#web
    reason: The agent loads eBPF programs
    owner: platform
"""


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_a_comment_in_an_override_waives_what_it_stands_beside(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """A project is all of its files: the one in which the finding lies may say why it is."""
    (here / "compose.yaml").write_text("services: {web: {image: web}}\n")
    override = here / "compose.override.yaml"
    override.write_text("services:\n  web:\n    privileged: true\n")
    assert 1 == isoaudit("scan", ".", *house()).code

    override.write_text(f"services:\n  web:\n    privileged: true  # {COMMENT}\n")
    assert 0 == isoaudit("scan", ".", *house()).code


@pytest.fixture
def scan(isoaudit: Isoaudit, here: Path, house: House) -> Any:
    """Scan a compose file by the house's check: `scan(content, *options, waivers=FILE)`."""

    def run(content: str, *options: str, waivers: str = "") -> Ended:
        (here / "compose.yaml").write_text(content)
        words = ["scan", "compose.yaml", *house(), *options]
        if waivers:
            (here / "waivers.yaml").write_text(waivers)
            words += ["--waivers", "waivers.yaml"]
        return isoaudit(*words)

    return run


@pytest.mark.parametrize(
    ("content", "waivers", "options", "code"),
    [
        (OPEN, "", (), 1),
        (OPEN, FILE, (), 0),
        (OPEN, FILE, ("--strict-waivers",), 0),
        (OPEN, FILE.replace("#web", "#db"), (), 1),
        (CLOSED, FILE, (), 0),
        (CLOSED, FILE, ("--strict-waivers",), 1),
        (CLOSED, FILE, ("--strict-waivers", "--report-only"), 0),
        (CLOSED, FILE.replace("ACME-001", "CAP-001"), ("--strict-waivers",), 0),
        (NOTED, "", (), 0),
        (NOTED, "", ("--no-inline-waivers",), 1),
        (NOTED, FILE, ("--no-inline-waivers",), 0),
        (NOTED, "", ("--no-inline-waivers", "--strict-waivers"), 1),
        (NOTED.replace("the agent loads eBPF programs", "legacy"), "", (), 1),
        (NOTED.replace("true", "false"), "", (), 0),
        (NOTED.replace("true", "false"), "", ("--strict-waivers",), 1),
        (UNDECIDED, "", ("--fail-on-unknown",), 4),
        (UNDECIDED, FILE, ("--fail-on-unknown",), 0),
        ("services: [\n", FILE, (), 4),
    ],
)
def test_a_waived_finding_gates_nothing(
    scan: Any, content: str, waivers: str, options: tuple[str, ...], code: int
) -> None:
    """And a waiver that covers nothing fails the run if that is asked for."""
    assert code == scan(content, *options, waivers=waivers).code


@pytest.mark.parametrize(
    ("days", "code", "state"), [(-1, 1, "expired"), (0, 0, "used"), (1, 0, "used")]
)
def test_a_run_passes_until_the_last_day_of_its_waiver(
    scan: Any, days: int, code: int, state: str
) -> None:
    """In a file or in a comment, and fails the day after."""
    by_file = scan(OPEN, "-f", "json", waivers=f"{FILE}    until: {_day(days)}\n")
    by_comment = scan(NOTED.replace(" eBPF programs", f" its programs until {_day(days)}"),
                      "-f", "json")  # fmt: skip

    for ended in (by_file, by_comment):
        assert (code, state) == (ended.code, ended.report["waivers"][0]["state"])


def test_the_same_file_fails_on_the_day_after(scan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the day has changed."""
    waivers = f"{FILE}    until: 2030-06-30\n"
    ends = {}
    for day in ("2030-06-30", "2030-07-01"):
        monkeypatch.setattr(reviewing, "today", lambda day=day: day)
        ends[day] = scan(OPEN, waivers=waivers)

    assert [0, 1] == [ended.code for ended in ends.values()]
    assert "waivers: 1 expired" in ends["2030-07-01"].err


def test_an_expired_waiver_fails_a_strict_run_whatever_else_holds(scan: Any) -> None:
    """So that it is not left lying."""
    ended = scan(CLOSED, "--strict-waivers", waivers=f"{FILE}    until: 2020-01-31\n")

    assert 1 == ended.code
    assert "waivers to look at: 1 expired" in ended.err


def test_a_waived_finding_is_shown_with_reason_owner_and_last_day(scan: Any) -> None:
    """In the table as in JSON, never hidden."""
    waivers = f"{FILE}    until: {_day(30)}\n    approver: ciso\n"
    shown = " ".join(scan(OPEN, waivers=waivers).out.split())
    report = scan(OPEN, "-f", "json", waivers=waivers).report

    assert "WAIVED 1 critical ACME-001: it is privileged. The agent loads eBPF programs" in shown
    assert f"(platform, until {_day(30)}, waivers.yaml:2)" in shown
    assert {
        "reason": "The agent loads eBPF programs", "owner": "platform", "until": _day(30),
        "source": "waivers.yaml:2", "kind": "file", "approver": "ciso",
    } == report["targets"][0]["findings"][0]["waiver"]  # fmt: skip
    assert 1 == report["summary"]["waived"]
    assert "fail" == report["targets"][0]["findings"][0]["status"]
    jsonschema.validate(report, SCHEMA)


def test_waivers_to_look_at_are_told_at_the_end(scan: Any) -> None:
    """Expired, unreadable, unused and refused ones, each with its place and the reason."""
    comments = (
        "# isoaudit: ignore[ACME-001] it was needed until 2020-01-31\n"
        "# isoaudit: ignore[ACME-002] this check is not there\n"
        f"# {COMMENT}\n"
    )
    shown = " ".join(scan(comments + CLOSED, waivers=FILE).out.split())
    refused = " ".join(scan(f"# {COMMENT}\n{CLOSED}", "--no-inline-waivers").out.split())

    assert "EXPIRED compose.yaml:1 ACME-001: its last day was 2020-01-31" in shown
    assert "INVALID compose.yaml:2 ACME-002: there is no check ACME-002; did you mean" in shown
    assert "UNUSED compose.yaml:3 ACME-001: nothing that it covers is wrong" in shown
    assert "UNUSED waivers.yaml:2 ACME-001 for compose:*#web" in shown
    assert "REFUSED compose.yaml:1 ACME-001: --no-inline-waivers" in refused


@pytest.mark.parametrize("options", [(), ("--strict-waivers",)])
def test_a_saved_result_keeps_its_waivers(
    isoaudit: Isoaudit, scan: Any, here: Path, options: tuple[str, ...]
) -> None:
    """The gate is applied again with what is in the document."""
    scan(OPEN, "-o", "result.json", waivers=FILE + FILE[9:].replace("#web", "#gone"))

    again = isoaudit("report", "result.json", "-f", "json", *options)
    saved = json.loads((here / "result.json").read_text())

    assert (1 if options else 0) == again.code
    assert saved["waivers"] == again.report["waivers"]
    assert saved["targets"] == again.report["targets"]
    assert ["used", "unused"] == [one["state"] for one in saved["waivers"]]


def test_the_environment_names_waiver_files(
    scan: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every option: several are separated as paths are."""
    (here / "a.yaml").write_text("waivers: []\n")
    (here / "b.yaml").write_text(FILE)
    monkeypatch.setenv("ISOAUDIT_WAIVERS", "a.yaml:b.yaml")

    assert 0 == scan(OPEN).code


@pytest.mark.parametrize(
    ("waivers", "told"),
    [
        ("waivers:\n  - {check: ACME-001}\n", "waivers.yaml:2:5: waivers[0]: key 'target'"),
        (FILE.replace("ACME-001", "ACME-01"), "waivers.yaml:2:5: no check 'ACME-01'; did you mean"),
        (FILE.replace("owner", "ownr"), "unknown key 'ownr'; did you mean 'owner'?"),
        ("[", "waivers.yaml:"),
    ],
)
def test_a_waiver_file_that_does_not_load_ends_with_2(scan: Any, waivers: str, told: str) -> None:
    """Nothing is audited; the place and what was meant are told."""
    ended = scan(OPEN, waivers=waivers)

    assert (2, "") == (ended.code, ended.out)
    assert told in ended.err


@pytest.mark.parametrize("option", ["--waivers", "--baseline"])
def test_a_named_file_that_is_missing_ends_with_2(scan: Any, option: str) -> None:
    """It is never taken for an empty one."""
    ended = scan(CLOSED, option, "missing.file")

    assert (2, "") == (ended.code, ended.out)
    assert "missing.file" in ended.err


def test_what_a_file_says_reaches_no_terminal_unescaped(scan: Any) -> None:
    """A comment is a stranger's text."""
    evil = "\u202ewritten backwards \u001b[2J by @me\u0007 until 2090-01-31"
    content = f"# isoaudit: ignore[ACME-001] {evil}\n{OPEN}"
    shown = scan(content.replace("\u001b", "").replace("\u0007", ""), "-v")

    assert not {"\u202e", "\u001b", "\u0007"} & set(shown.out + shown.err)
    assert "written backwards" in shown.out


def test_workers_tell_the_same_as_one_process(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Many files, read by several workers, come to the same uses of waivers."""
    for number in range(30):
        (here / f"compose-{number}.yaml").write_text(NOTED if number % 2 else CLOSED)
    (here / "w.yaml").write_text(FILE.replace("compose:*#web", "compose:compose-1*"))
    words = ("scan", ".", *house(), "--waivers", "w.yaml", "-f", "json")

    one, two = isoaudit(*words, "-j", "1"), isoaudit(*words, "-j", "2")

    assert one.report["waivers"] == two.report["waivers"]
    assert (0, 0, 15) == (one.code, two.code, one.report["summary"]["waived"])
    assert 6 == next(w["findings"] for w in one.report["waivers"] if w["kind"] == "file")


def test_a_waiver_elsewhere_in_the_file_is_not_unused(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Where only one service was asked for, nobody looked at the others."""
    (here / "compose.yaml").write_text(f"{NOTED}  db: {{image: db}}\n")
    words = ("--strict-waivers", "-f", "json", *house())
    web, db = (isoaudit("scan", f"compose.yaml#{name}", *words) for name in ("web", "db"))

    assert (0, 0) == (web.code, db.code)
    assert (["used"], []) == tuple(
        [use["state"] for use in ended.report["waivers"]] for ended in (web, db)
    )


def _labelled_engine() -> Opened:
    """Return an engine with one privileged container, which carries a waiver of its own."""
    inspect = inspected(Privileged=True)
    inspect["Image"] = "sha256:1"
    inspect["Config"]["Labels"] = {"isoaudit.ignore.ACME-001": "the agent loads eBPF programs"}
    calls = {
        '["version"]': {"answer": {"Version": "28.0.0"}},
        '["containers"]': {"answer": [{"Id": ID, "Names": ["/web"], "State": "created"}]},
        '["info"]': {"answer": {"SecurityOptions": []}},
        json.dumps(["inspect", ID]): {"answer": inspect},
        '["image", "sha256:1"]': {"answer": {"Config": {"Labels": None, "Env": []}}},
    }
    attributes = {"endpoint": "unix:///var/run/docker.sock", "engine": "docker", "local": True}
    api = replay({"attributes": attributes, "calls": calls}, EngineApi)
    return Opened(DockerProbe(api), api.endpoint, api.local, lambda: engine_record(api))


def test_labels_of_what_runs_waive_if_they_are_accepted(
    isoaudit: Isoaudit, here: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here, or judged elsewhere from a bundle."""
    open_as(monkeypatch, "docker", _labelled_engine)
    isoaudit("collect", "docker:web", "-o", "web.bundle")

    for target in ("docker:web", "./web.bundle"):
        refused = isoaudit("scan", target, *house(), "-f", "json")
        accepted = isoaudit("scan", target, *house(), "-f", "json", "--accept-labels")

        assert (1, 0) == (refused.code, accepted.code)
        assert ["refused"] == [use["state"] for use in refused.report["waivers"]]
        assert "label" == accepted.report["targets"][0]["findings"][0]["waiver"]["kind"]


KUBERNETES = """\
apiVersion: v1
kind: Pod
metadata:
  name: agent
  annotations: {isoaudit/ignore.ACME-001: the agent loads eBPF programs}
spec:
  containers:
  - {name: one, image: x, securityContext: {privileged: true}}
  - {name: two, image: x, securityContext: {privileged: true}}
---
apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  containers:
  # isoaudit: ignore[ACME-001] the driver is loaded by it
  - name: three
    image: x
    securityContext: {privileged: true}
  - name: four
    image: x
    securityContext:
      privileged: true
"""


def test_an_annotation_waives_in_its_pod_and_a_comment_in_its_container(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Nothing beside them."""
    (here / "pods.yaml").write_text(KUBERNETES)
    report = isoaudit("scan", "pods.yaml", *house(), "-f", "json").report

    assert {"one": "annotation", "two": "annotation", "three": "inline", "four": None} == {
        target["name"]: (target["findings"][0]["waiver"] or {"kind": None})["kind"]
        for target in report["targets"]
    }
