"""Other ways to run a container: what each comes to is computed from its facts, nothing assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isoaudit.advise.candidates import Candidate, candidates, load_ways, ways_named
from isoaudit.assess import load_assessor
from isoaudit.audit.advising import Judged, judged_at
from isoaudit.audit.common import Limits
from isoaudit.errors import UsageError
from isoaudit.model import Kind, Openness, WallKind
from isoaudit.rules.context import Context
from isoaudit.rules.examples import context_of
from isoaudit.targets.address import parse

_COMPOSE = Path(__file__).resolve().parents[3] / "examples" / "compose"
_EVERY = tuple(load_ways())


def judged(name: str, service: str) -> Judged:
    """Return one service of an example."""
    found = judged_at([parse(str(_COMPOSE / name))], Limits(1, 30, False))
    (one,) = [j for j in found if isinstance(j, Judged) and j.context.target.name == service]
    return one


def of(one: Judged, *names: str) -> dict[str, Candidate]:
    """Return what candidates come to for a service, by name."""
    assert one.result.assessment is not None
    found = candidates(one.context, one.result.assessment, load_assessor(), names or _EVERY)
    return {each.way.id: each for each in found}


def on_host(facts: dict[str, Any], name: str) -> Candidate:
    """Return what one comes to for a running container, of which some facts were seen."""
    context: Context = context_of(Kind.CONTAINER, facts)
    assessment = load_assessor().assess(context)
    assert assessment is not None
    (found,) = candidates(context, assessment, load_assessor(), [name])
    return found


@pytest.mark.parametrize("service", ["runner", "monitor", "web"])
def test_every_candidate_has_an_answer_for_a_risky_service(service: str) -> None:
    """With a wall, a score and what is left, and no way is closed that is still open."""
    one = judged("risky.yaml", service)
    found = of(one)

    assert list(found) == list(_EVERY)
    for each in found.values():
        still = {p.id for p in each.after.escape_paths if p.certainty is Openness.OPEN}
        assert still.isdisjoint(each.closed)
        assert {p for several in each.left.values() for p in several} == set(
            each.after.escape_paths
        )


def test_the_stronger_ways_are_no_weaker_for_a_hardened_service() -> None:
    """By what is possible: what is not known of a Sentry or a VMM proves nothing."""
    found = of(judged("hardened.yaml", "web"))

    assert {name: one.after.verdict.wall.possible for name, one in found.items()} == {
        "runc": WallKind.HARDENED,
        "userns": WallKind.USER_NAMESPACE,
        "runsc": WallKind.USER_KERNEL,
        "kata": WallKind.MICROVM,
        "vm": WallKind.VM,
    }
    assert all(
        one.after.verdict.wall.proven is not one.after.verdict.wall.possible
        for one in found.values()
    )


def test_what_it_is_now_stays_as_it_was_judged() -> None:
    """The assessment is the target's own, and nothing of it breaks."""
    one = judged("hardened.yaml", "web")
    now = of(one)["runc"]

    assert now.is_current is True
    assert now.after is one.result.assessment
    assert (now.closed, now.breaks) == ((), ())


def test_gvisor_lifts_the_wall_and_closes_what_needs_the_hosts_kernel() -> None:
    """A shared kernel becomes one in user space; the ways of the plain container are closed."""
    one = judged("risky.yaml", "monitor")
    found = of(one, "runsc")["runsc"]
    before = one.result.assessment

    assert before is not None
    assert before.verdict.wall.possible is WallKind.NONE
    assert found.after.verdict.wall.possible is WallKind.USER_KERNEL
    assert found.after.score.escape.low > before.score.escape.high
    assert "ESC-016" in found.closed


def test_a_folder_of_the_host_stays_a_way_out_behind_any_kernel() -> None:
    """Its / is handed to the runner: gVisor and Kata serve it just as well."""
    found = of(judged("risky.yaml", "runner"), "runsc", "kata")

    for one in found.values():
        assert one.after.verdict.wall.possible is WallKind.NONE


@pytest.mark.parametrize(
    ("service", "name", "words"),
    [
        ("runner", "userns", "refuses to start"),
        ("runner", "runsc", "--host-uds"),
        ("runner", "kata", "/ of the host has to be shared"),
        ("monitor", "kata", "on the host's network"),
        ("monitor", "runsc", "--network=host"),
        ("web", "runsc", "/dev/kmsg"),
        ("web", "vm", "/dev/kmsg"),
    ],
)
def test_what_breaks_is_told_of_this_workload(service: str, name: str, words: str) -> None:
    """By its own options."""
    found = of(judged("risky.yaml", service), name)[name]

    assert any(words in one.text and one.is_known for one in (*found.refused, *found.breaks))


def test_a_runtime_that_is_not_there_is_told() -> None:
    """With how to have it; one that is there is not."""
    without = on_host({"engine.runtimes.names": ["runc"]}, "runsc")
    having = on_host({"engine.runtimes.names": ["runc", "runsc"]}, "runsc")

    (lacking,) = without.lacking
    assert "runsc" in lacking.text
    assert lacking.how
    assert having.lacking == ()


def test_a_host_without_virtualization_is_told() -> None:
    """For all that runs a guest."""
    facts = {"host.kvm.available": False, "host.virtualized": True, "engine.runtimes.names": []}

    assert len(on_host(facts, "kata").lacking) == 3
    assert len(on_host(facts, "vm").lacking) == 2


def test_what_is_not_known_of_a_host_is_neither_here_nor_missing() -> None:
    """A file alone says nothing of its host."""
    found = of(judged("hardened.yaml", "web"))

    assert all(truth.value is None for one in found.values() for _, truth in one.needs)


def test_nothing_is_computed_for_a_vm() -> None:
    """It is none of the ways to run a container."""
    context = context_of(Kind.VM, {"vm.accelerator": "kvm"})
    assessment = load_assessor().assess(context)

    assert assessment is not None
    assert candidates(context, assessment, load_assessor(), _EVERY) == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("runs", "Did you mean runsc?"), ("KATA", "kata?"), ("?", "There are: runc")],
)
def test_an_unknown_candidate_says_what_was_meant(name: str, meant: str) -> None:
    """In one line."""
    with pytest.raises(UsageError) as raised:
        ways_named([name])

    assert repr(name) in raised.value.cause
    assert meant in raised.value.remedy


def test_every_figure_has_a_source() -> None:
    """And what has none says that there is no figure."""
    costs = [cost for way in load_ways().values() for cost in way.costs]

    assert len(costs) > 15
    assert all(bool(cost.figure) == bool(cost.source) for cost in costs)


def test_what_would_not_start_is_not_scored() -> None:
    """A privileged container is refused by an engine with userns-remap: it closes nothing."""
    one = judged("risky.yaml", "runner")
    assert one.result.assessment is not None
    found = of(one, "userns")["userns"]

    assert found.refused
    assert found.closed == ()
    assert found.after is one.result.assessment


def test_a_way_through_a_neighbour_stays_where_the_neighbour_stays(tmp_path: Path) -> None:
    """A user namespace around this container is none around the one that it can trace."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n  runner: {image: example/r, privileged: true}\n"
        '  web: {image: example/w, pid: "service:runner", cap_add: [SYS_PTRACE]}\n'
    )
    every = judged_at([parse(str(tmp_path / "compose.yaml"))], Limits(1, 30, False))
    one = next(o for o in every if isinstance(o, Judged) and o.result.target.name == "web")
    assert one.result.assessment is not None

    (found,) = candidates(one.context, one.result.assessment, one.assessor, ["userns"])

    assert any(path.id == "ESC-207+ESC-001" for path in found.after.escape_paths)
