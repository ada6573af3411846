"""--on: files are judged for the host whose recorded evidence is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, Ended, Isoaudit

from isoaudit import bundle
from isoaudit.bundle import Bundle
from isoaudit.model import Fact, FactSet, Record, Value, Vantage
from isoaudit.rules.catalogue import load_catalogue

LAB = ROOT / "examples" / "evidence" / "lab.json.gz"
PLAIN = "services:\n  web:\n    image: web@sha256:0\n"
POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: web}]}
"""


def statuses(ended: Ended) -> dict[str, str]:
    """Return the status of every check of the one target."""
    (target,) = ended.report["targets"]
    return {finding["check"]: finding["status"] for finding in target["findings"]}


def evidence(ended: Ended, check: str) -> dict[str, Any]:
    """Return the values that a check's one finding rests on."""
    (target,) = ended.report["targets"]
    (finding,) = [one for one in target["findings"] if one["check"] == check]
    return {one["path"]: one for one in finding["evidence"]}


def missing(ended: Ended, check: str) -> str:
    """Return why a check could not be decided."""
    (target,) = ended.report["targets"]
    (finding,) = [one for one in target["findings"] if one["check"] == check]
    return " ".join(one["detail"] for one in finding["missing"])


def lab(**changes: Value) -> Bundle:
    """Return the recorded lab, whose engine says other things: `seccomp_default="unconfined"`."""
    recorded = bundle.decode(LAB.read_bytes(), "lab")
    facts = [
        Fact(f"engine.{name}", value, "info", Vantage.ENGINE) for name, value in changes.items()
    ]
    engines = {
        uri: Record({**record.facts, **{fact.path: fact for fact in facts}}, record.missing)
        for uri, record in recorded.engines.items()
    }
    return replace(recorded, engines=engines)


def recorded(folder: Path, content: Bundle) -> str:
    """Write a bundle; return its name."""
    file = folder / "host.json"
    file.write_bytes(bundle.encode(content, compress=False))
    return str(file)


def test_what_the_host_decides_is_known(isoaudit: Isoaudit, here: Path) -> None:
    """Unknowns fall; what becomes firm asks for a value of the host's or its engine's."""
    (here / "compose.yaml").write_text(PLAIN)
    alone = isoaudit("scan", "compose.yaml", "-f", "json")

    placed = isoaudit("scan", "compose.yaml", "--on", str(LAB), "-f", "json")

    before, after = statuses(alone), statuses(placed)
    settled = {check for check in before if (before[check], after[check])[0] == "unknown"
               and after[check] != "unknown"}  # fmt: skip
    assert {"MAC-002", "NS-005", "NS-007"} <= settled
    assert not [check for check in before if before[check] != "unknown" == after[check]]
    catalogue = load_catalogue(())
    for check in settled:
        sources = " ".join(fact["source"] for fact in evidence(placed, check).values())
        asked = {*(catalogue[check].when or catalogue[check].passes).reads,
                 *catalogue[check].passes.reads}  # fmt: skip
        assert "engine." in sources or any(
            path.startswith(("host.", "engine.")) for path in asked
        ), check


def test_the_report_says_for_which_host(isoaudit: Isoaudit, here: Path) -> None:
    """In the head of the page, in the run, and with each target."""
    (here / "compose.yaml").write_text(PLAIN)

    page = isoaudit("scan", "compose.yaml", "--on", str(LAB)).out
    document = isoaudit("scan", "compose.yaml", "--on", str(LAB), "-f", "json").report

    assert "for host isolab-host" in page
    assert "isolab-host" == document["run"]["on"]["name"]
    assert document["run"]["on"]["collected_at"]
    assert "host:isolab-host" == document["targets"][0]["host"]
    assert document["run"]["host"] is None


def test_a_saved_result_says_so_again(isoaudit: Isoaudit, here: Path) -> None:
    """The page of a saved result is the same."""
    (here / "compose.yaml").write_text(PLAIN)
    isoaudit("scan", "compose.yaml", "--on", str(LAB), "-o", "r.json")

    assert "for host isolab-host" in isoaudit("report", "r.json").out


def test_the_engines_own_configuration_settles_a_default(isoaudit: Isoaudit, here: Path) -> None:
    """The lab's dockerd gives the host's cgroup namespace where nobody asks for another."""
    (here / "compose.yaml").write_text(PLAIN)

    ended = isoaudit("scan", "compose.yaml", "--on", str(LAB), "-f", "json")

    seen = evidence(ended, "NS-007")["process.namespaces.cgroup"]
    assert "fail" == statuses(ended)["NS-007"]
    assert ("host", "declared") == (seen["value"], seen["vantage"])
    assert "engine.default_cgroup_namespace: /proc/" in seen["source"]


@pytest.mark.parametrize(
    ("change", "check", "status"),
    [
        ({"no_new_privileges": True}, "CAP-017", "pass"),
        ({"no_new_privileges": False}, "CAP-017", "fail"),
        ({"seccomp_default": "unconfined"}, "SEC-001", "fail"),
        ({"seccomp_default": "default"}, "SEC-001", "pass"),
        ({"user_namespace_remap": True}, "NS-005", "pass"),
        ({"user_namespace_remap": False}, "NS-005", "fail"),
        ({"default_cgroup_namespace": "private"}, "NS-007", "pass"),
    ],
    ids=str,
)
def test_a_daemons_default_counts_where_the_file_says_nothing(
    isoaudit: Isoaudit, here: Path, change: dict[str, Value], check: str, status: str
) -> None:
    """What the file leaves open is what this engine makes of it."""
    (here / "compose.yaml").write_text(PLAIN)
    on = recorded(here.parent, lab(**change))

    assert status == statuses(isoaudit("scan", "compose.yaml", "--on", on, "-f", "json"))[check]


@pytest.mark.parametrize(
    ("said", "change", "check"),
    [
        ("security_opt: ['no-new-privileges:false']", {"no_new_privileges": True}, "CAP-017"),
        ("security_opt: ['seccomp:unconfined']", {"seccomp_default": "default"}, "SEC-001"),
        ("userns_mode: host", {"user_namespace_remap": True}, "NS-005"),
        ("cgroup: host", {"default_cgroup_namespace": "private"}, "NS-007"),
    ],
)  # fmt: skip
def test_what_the_file_says_outranks_the_default(
    isoaudit: Isoaudit, here: Path, said: str, change: dict[str, Value], check: str
) -> None:
    """Whatever the file's path is called."""
    folder = here / "engine default)"
    folder.mkdir()
    (folder / "compose.yaml").write_text(f"{PLAIN}    {said}\n")
    on = recorded(here.parent, lab(**change))

    assert "fail" == statuses(isoaudit("scan", ".", "--on", on, "-f", "json"))[check]


def test_an_engine_that_was_not_asked_leaves_its_settings_unknown(
    isoaudit: Isoaudit, here: Path
) -> None:
    """The host is known; who shall run the file there is not."""
    (here / "compose.yaml").write_text(PLAIN)
    content = bundle.decode(LAB.read_bytes(), "lab")
    assert content.host is not None
    facts = FactSet(content.host.facts.facts, {}, content.host.facts.missing)
    on = recorded(here.parent, replace(content, host=replace(content.host, facts=facts),
                                       engines={}))  # fmt: skip

    ended = isoaudit("scan", "compose.yaml", "--on", on, "-f", "json")

    assert "unknown" == statuses(ended)["NS-005"]
    assert "the evidence of isolab-host shows no docker" in missing(ended, "NS-005")


def test_of_two_engines_none_is_guessed(isoaudit: Isoaudit, here: Path) -> None:
    """Either may be meant; the reason names both."""
    (here / "compose.yaml").write_text(PLAIN)
    content = lab()
    ((uri, record),) = content.engines.items()
    other = Fact("engine.endpoint", "unix:///run/user/1000/docker.sock", "x", Vantage.ENGINE)
    second = Record({**record.facts, other.path: other}, record.missing)
    on = recorded(here.parent, replace(content, engines={uri: record, str(other.value): second}))

    ended = isoaudit("scan", "compose.yaml", "--on", on, "-f", "json")

    assert "unknown" == statuses(ended)["NS-005"]
    assert "has several of docker" in missing(ended, "NS-005")


def test_a_pod_is_not_started_by_docker(isoaudit: Isoaudit, here: Path) -> None:
    """The lab's containerd takes no orders from Kubernetes as far as is known; the host counts."""
    (here / "pod.yaml").write_text(POD)

    ended = isoaudit("scan", "pod.yaml", "--on", str(LAB), "-f", "json")

    assert "host:isolab-host" == ended.report["targets"][0]["host"]
    assert "docker" not in json.dumps(ended.report["targets"][0]["findings"][0]["evidence"])


def test_evidence_that_is_scanned_keeps_its_own_host(isoaudit: Isoaudit, here: Path) -> None:
    """A container that ran elsewhere does not run here."""
    other = lab(user_namespace_remap=True)
    assert other.host is not None
    host = replace(other.host, target=replace(other.host.target, id="host:other", name="other"))
    on = recorded(here.parent, replace(other, host=host))

    ended = isoaudit("scan", f"{LAB}#isolab-plain", "--on", on, "-f", "json")

    assert "host:isolab-host" == ended.report["targets"][0]["host"]


def test_a_revision_is_judged_on_the_same_host(isoaudit: Isoaudit, here: Path) -> None:
    """Else every finding that the host decides would be new."""
    from repository import Repo

    repo = Repo(here)
    repo.write("compose.yaml", PLAIN)
    repo.commit()

    ended = isoaudit("scan", ".", "--since", "HEAD", "--on", str(LAB), "--fail-on", "info")

    assert 0 == ended.code
    assert "Nothing new failed" in ended.out


@pytest.mark.parametrize("text", ["services: {}", "{}", ""])
def test_what_is_no_evidence_of_a_host_ends_with_2(
    isoaudit: Isoaudit, here: Path, text: str
) -> None:
    """As does a file that is not there."""
    (here / "compose.yaml").write_text(PLAIN)
    (here / "x.json").write_text(text)

    assert 2 == isoaudit("scan", "compose.yaml", "--on", "x.json").code
    assert 2 == isoaudit("scan", "compose.yaml", "--on", "missing.json").code


def test_evidence_without_a_host_ends_with_2(isoaudit: Isoaudit, here: Path) -> None:
    """What was collected from files alone tells of no machine."""
    (here / "compose.yaml").write_text(PLAIN)
    isoaudit("collect", "compose.yaml", "-o", "files.json")

    ended = isoaudit("scan", "compose.yaml", "--on", "files.json")

    assert 2 == ended.code
    assert "no evidence of a host" in ended.err


def test_a_command_line_is_run_by_the_engine_that_it_names(isoaudit: Isoaudit, here: Path) -> None:
    """The lab has docker and no podman: of the second line the engine's settings stay unknown."""
    (here / "up.sh").write_text("#!/bin/sh\ndocker run -d --name a a\npodman run -d --name b b\n")

    ended = isoaudit("scan", "up.sh", "--on", str(LAB), "-f", "json")

    found = {
        (target["name"], finding["check"]): finding
        for target in ended.report["targets"]
        for finding in target["findings"]
    }
    assert "engine.no_new_privileges: /proc/" in str(found["a", "NS-005"]["evidence"])
    assert "engine.no_new_privileges" not in str(found["b", "NS-005"]["evidence"])
    assert "shows no podman" in str(found["b", "NS-005"]["missing"])
