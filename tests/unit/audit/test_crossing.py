"""Ways out that run across workloads: followed at the end, step by step, and no further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from isoaudit.assess import load_assessor
from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.audit.crossing import Carried, Reach, carrying, extended, settled
from isoaudit.audit.pipeline import PARALLEL_FROM
from isoaudit.model import (
    EscapePath,
    Goal,
    Kind,
    Lead,
    Openness,
    RunError,
    Standing,
    Step,
    Target,
    TargetResult,
)
from isoaudit.rules.examples import context_of
from isoaudit.targets.address import parse

OPEN, POSSIBLE = Openness.OPEN, Openness.POSSIBLE


def a_way(
    name: str, goal: Goal = Goal.HOST_ROOT, certainty: Openness = OPEN, *breaks: str
) -> EscapePath:
    """Return a way out of one step."""
    return EscapePath(goal, certainty, (Step(name, f"step {name}", "It is done."),), breaks)


def a_lead(*names: str, by: str = "ESC-900", certainty: Openness = OPEN) -> Lead:
    """Return a way to others."""
    return Lead((Step(by, f"step {by}", "It gets there."),), certainty, names, (f"break {by}",))


def judged(
    name: str, *paths: EscapePath, leads: Sequence[Lead] = (), aliases: tuple[str, ...] = ()
) -> TargetResult:
    """Return a result with these ways and no others; its score is that of a closed container."""
    target = Target(f"docker:{name}", Kind.CONTAINER, name, "running", aliases=aliases)
    context = context_of(Kind.CONTAINER, {"process": [{"process.name": "sh"}]})
    assessment = load_assessor().assess(context)
    assert assessment is not None
    bare = assessment._replace(escape_paths=tuple(paths))
    return TargetResult(target, context.own, (), assessment=bare, leads=tuple(leads))


def settle(*results: TargetResult) -> dict[str, TargetResult]:
    """Return results by name once the run is settled."""
    same = lambda result: result  # noqa: E731
    done = settled(iter([carrying(same)(result) for result in results]), same)
    return {result.target.name: result for result in done}


def ways(result: TargetResult) -> list[tuple[str, str, str]]:
    """Return the ways out of a result: ids, goal, certainty."""
    assert result.assessment is not None
    return [(p.id, p.goal.value, p.certainty.value) for p in result.assessment.escape_paths]


def test_a_way_goes_on_with_those_of_the_neighbour() -> None:
    """Its steps say where they are taken, and what breaks either part breaks it."""
    found = settle(
        judged("app", leads=[a_lead("docker:dind")]),
        judged("dind", a_way("ESC-901", Goal.HOST_ROOT, OPEN, "break dind")),
    )["app"]
    assert found.assessment is not None
    (path,) = found.assessment.escape_paths
    assert ("ESC-900+ESC-901", Goal.HOST_ROOT, OPEN) == (path.id, path.goal, path.certainty)
    assert ["", "docker:dind"] == [step.target for step in path.steps]
    assert ("break ESC-900", "break dind") == path.broken_by
    assert path.fingerprint


def test_verdict_and_score_follow() -> None:
    """What leads to the host through another is as open as if it led there at once."""
    before = judged("app", leads=[a_lead("docker:dind")])
    found = settle(before, judged("dind", a_way("ESC-901")))["app"]
    assert before.assessment is not None
    assert found.assessment is not None
    assert (Standing.OPEN, Goal.HOST_ROOT) == found.assessment.verdict[:2]
    assert found.assessment.score.escape.high < before.assessment.score.escape.high


def test_what_the_wall_was_enough_for_is_judged_anew() -> None:
    """A way to root of the host through another leaves it enough for nobody."""
    app = judged("app", leads=[a_lead("docker:dind")])
    assert app.assessment is not None
    verdict = app.assessment.verdict._replace(enough_for=("own, reviewed code",))
    app = replace(app, assessment=app.assessment._replace(verdict=verdict))
    alone = settle(app, judged("dind"))["app"].assessment
    found = settle(app, judged("dind", a_way("ESC-901")))["app"].assessment
    assert alone is not None
    assert found is not None
    assert ("own, reviewed code",) == alone.verdict.enough_for
    assert () == found.verdict.enough_for
    reasons = {one.workload: one.because for one in found.verdict.not_enough_for}
    assert any("way" in reason for reason in reasons["own, reviewed code"])


@pytest.mark.parametrize(("own", "theirs"), [(OPEN, POSSIBLE), (POSSIBLE, OPEN)])
def test_it_is_as_sure_as_its_weakest_step(own: Openness, theirs: Openness) -> None:
    """One undecided part leaves the whole undecided."""
    found = settle(
        judged("app", leads=[a_lead("docker:dind", certainty=own)]),
        judged("dind", a_way("ESC-901", Goal.HOST_ROOT, theirs)),
    )
    assert [("ESC-900+ESC-901", "host-root", "possible")] == ways(found["app"])


def test_what_reaches_no_further_is_left_out() -> None:
    """A way through a neighbour that ends where the own one ends says nothing new."""
    found = settle(
        judged("app", a_way("ESC-902"), leads=[a_lead("docker:dind")]),
        judged("dind", a_way("ESC-901", Goal.HOST_READ)),
    )
    assert [("ESC-902", "host-root", "open")] == ways(found["app"])


def test_a_surer_way_is_told_beside_a_worse_one() -> None:
    """An open way to read is news where root is only not ruled out."""
    found = settle(
        judged("app", a_way("ESC-902", Goal.HOST_ROOT, POSSIBLE), leads=[a_lead("docker:log")]),
        judged("log", a_way("ESC-901", Goal.HOST_READ)),
    )
    assert [
        ("ESC-900+ESC-901", "host-read", "open"),
        ("ESC-902", "host-root", "possible"),
    ] == ways(found["app"])


def test_ways_among_neighbours_alone_are_no_way_out() -> None:
    """What a neighbour reaches beside it is the neighbour's; only the host counts."""
    found = settle(
        judged("app", leads=[a_lead("docker:db")]),
        judged("db", a_way("ESC-901", Goal.NEIGHBOUR), a_way("ESC-903", Goal.HOST_DOS)),
    )
    assert [] == ways(found["app"])


def test_a_way_crosses_several_workloads() -> None:
    """Each step names the workload where it is taken."""
    found = settle(
        judged("a", leads=[a_lead("docker:b", by="ESC-910")]),
        judged("b", leads=[a_lead("docker:c", by="ESC-911")]),
        judged("c", a_way("ESC-901")),
    )
    assert [("ESC-910+ESC-911+ESC-901", "host-root", "open")] == ways(found["a"])
    assert found["a"].assessment is not None
    steps = found["a"].assessment.escape_paths[0].steps
    assert ["", "docker:b", "docker:c"] == [step.target for step in steps]


def test_a_circle_ends() -> None:
    """Two that reach each other reach nothing by that; one that reaches itself neither."""
    found = settle(
        judged("a", leads=[a_lead("docker:b"), a_lead("docker:a")]),
        judged("b", leads=[a_lead("docker:a"), a_lead("docker:b")]),
    )
    assert ([], []) == (ways(found["a"]), ways(found["b"]))


def test_a_chain_ends_somewhere() -> None:
    """Workloads in a row, each reaching the next: what lies beyond four is not followed, and so
    never ruled out."""
    row = [judged(f"w{n}", leads=[a_lead(f"docker:w{n + 1}")]) for n in range(8)]
    found = settle(*row, judged("w8", a_way("ESC-901")))
    assert [("host-root", "possible")] == [way[1:] for way in ways(found["w0"])]
    assert [("host-root", "open")] == [way[1:] for way in ways(found["w4"])]


def test_a_crowd_costs_no_more_than_its_bound() -> None:
    """A thousand that all reach each other are settled in a moment, but not ruled out."""
    names = [f"docker:w{n}" for n in range(1000)]
    one = judged("w0", leads=[a_lead(*names)])
    crowd = {name: Reach((name,), (), (a_lead(*names),)) for name in names}
    assert [("host-root", "possible")] == [way[1:] for way in ways(extended(one, crowd))]


def test_of_a_neighbour_that_was_not_audited_nothing_is_known() -> None:
    """It may lead anywhere: that is not ruled out, and the report says how to settle it."""
    found = settle(judged("app", leads=[a_lead("docker:o'neill; rm")]))["app"]
    assert [("ESC-900", "host-root", "possible")] == ways(found)
    assert found.assessment is not None
    (missing,) = found.assessment.escape_paths[0].missing
    assert "isoaudit scan 'docker:o'\"'\"'neill; rm'" in missing.how_to_get


def test_a_neighbour_is_known_by_its_other_names() -> None:
    """One workload reached by several addresses is one target."""
    found = settle(
        judged("app", leads=[a_lead("proc:42")]),
        judged("dind", a_way("ESC-901"), aliases=("proc:42",)),
    )
    assert [("ESC-900+ESC-901", "host-root", "open")] == ways(found["app"])


def test_only_what_leads_on_waits() -> None:
    """All others go on at once, in their order; errors do, too."""
    same = lambda result: result.target.name  # noqa: E731
    lost = RunError("docker:x", "judge", "lost")
    results = [judged("app", leads=[a_lead("docker:b")]), judged("b"), judged("c")]
    carried = [carrying(same)(result) for result in results]
    assert ["b", "c", lost, "app"] == list(settled(iter([*carried, lost]), same))


def test_a_fault_costs_the_one_target_only() -> None:
    """What breaks while one is extended is that one's error."""

    def finish(result: TargetResult) -> str:
        if result.target.name == "bad":
            raise ValueError("broken")
        return result.target.name

    held = [Carried(None, held=judged(name, leads=[a_lead("x")])) for name in ("bad", "good")]
    first, second = settled(iter(held), finish)
    assert isinstance(first, RunError)
    assert ("docker:bad", "good") == (first.target, second)


PROJECT = """
services:
  ci:
    image: runner
    networks: [inner]
    environment: {DOCKER_HOST: "tcp://dind:2376"}
  dind:
    image: docker:dind
    networks: [inner, outer]
  proxy:
    image: alpine/socat
    networks: [outer]
    command: tcp-listen:2375,fork unix-connect:/var/run/docker.sock
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
  alone:
    image: web
    networks: [elsewhere]
networks: {inner: {}, outer: {}, elsewhere: {}}
"""


def scanned(*files: Path, jobs: int = 1) -> dict[str, TargetResult]:
    """Return what an audit of files comes to, by the names of services."""
    request = Request([parse(str(file)) for file in files], (), Limits(jobs, 10.0))
    done = list(audit(request, lambda result: result).results)
    return {result.target.id.partition(":")[2]: result for result in done}


def escapes(result: TargetResult) -> list[str]:
    """Return the ids of the open ways to root of the host."""
    return [path for path, goal, sure in ways(result) if (goal, sure) == ("host-root", "open")]


def test_a_project_is_followed_from_service_to_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner commands the inner engine, beside which a proxy hands the host's out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(dedent(PROJECT))
    found = scanned(Path("compose.yaml"))
    assert "ESC-201" in escapes(found["compose.yaml#dind"])
    assert "ESC-204+ESC-201" in escapes(found["compose.yaml#ci"])
    assert [] == [way for way in escapes(found["compose.yaml#alone"]) if "ESC-20" in way]


def test_workers_follow_as_one_process_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is settled where it is judged, whoever does it."""
    monkeypatch.chdir(tmp_path)
    files = [Path(f"{n}.compose.yaml") for n in range(PARALLEL_FROM)]
    for file in files:
        file.write_text(dedent(PROJECT))
    found = scanned(*files, jobs=2)
    assert 4 * PARALLEL_FROM == len(found)
    assert all("ESC-204+ESC-201" in escapes(found[f"{file}#ci"]) for file in files)
