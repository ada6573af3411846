"""The smallest set of fixes: what closes what, how cheaply, and that its score is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.advise.applicable import applicable
from isoaudit.advise.fixes import Fixes, smallest_set
from isoaudit.advise.hitting import cheapest
from isoaudit.assess import load_assessor
from isoaudit.assess.edited import Edit, Operation, edited, edited_context
from isoaudit.audit.advising import Judged, judged_at
from isoaudit.audit.common import Limits
from isoaudit.model import Axis, Fact, FactSet, Missing, Openness, Reason, Vantage
from isoaudit.targets.address import parse

_PLAIN = "services:\n  web:\n    image: example/web:1\n"


def judged(folder: Path, options: str) -> Judged:
    """Return the one service of a compose file."""
    path = folder / "compose.yaml"
    path.write_text(_PLAIN + options)
    (one,) = judged_at([parse(str(path))], Limits(1, 30, False))
    assert isinstance(one, Judged)
    return one


def fixes(one: Judged) -> Fixes:
    assert one.result.assessment is not None
    return smallest_set(one.context, one.result.assessment, load_assessor())


def test_nothing_is_chosen_that_is_not_needed() -> None:
    """Of two clauses with a name in common that name is chosen if it is cheaper than both."""
    clauses = [frozenset({"a", "c"}), frozenset({"b", "c"})]
    assert cheapest(clauses, {"a": 2, "b": 2, "c": 3}) == {"c"}


def test_two_cheap_changes_beat_a_dear_one() -> None:
    """What closes both ways at once is left if the two others cost less."""
    clauses = [frozenset({"a", "c"}), frozenset({"b", "c"})]
    assert cheapest(clauses, {"a": 2, "b": 2, "c": 5}) == {"a", "b"}


def test_greedy_is_not_taken_for_the_best() -> None:
    """A set that looks best step by step is given up for a cheaper one."""
    clauses = [frozenset({"x", "l"}), frozenset({"x", "r"}), frozenset({"y", "l"}),
               frozenset({"y", "r"}), frozenset({"l", "z"}), frozenset({"r", "z"})]  # fmt: skip
    assert cheapest(clauses, {"x": 2, "y": 2, "z": 2, "l": 2, "r": 2}) == {"l", "r"}


def test_an_edited_value_decides_as_the_old_one_did() -> None:
    """The kernel's dark word no longer outranks what was edited in a file's."""
    old = Fact("container.privileged", True, "a file", Vantage.DECLARED)
    dark = Missing("container.privileged", Reason.PERMISSION_DENIED, vantage=Vantage.KERNEL)
    edit = Edit(Operation.SET, "container.privileged", False, because="told so")
    facts = edited(FactSet.of([old], (), [dark]), [edit])
    (fact,) = facts.facts["container.privileged"]
    assert (fact.value, fact.vantage, fact.source) == (False, Vantage.KERNEL, "if told so")
    assert "container.privileged" not in facts.missing


def test_every_open_way_is_closed_or_told(tmp_path: Path) -> None:
    """Nothing is left open beside what is said to be left."""
    found = fixes(judged(tmp_path, "    pid: host\n    cap_add: [SYS_PTRACE]\n"
                         "    security_opt: ['apparmor:unconfined']\n"))  # fmt: skip
    closed = {way for change in found.changes for way in change.closes}
    assert {"ESC-016", "ESC-018", "ESC-053"} <= closed
    assert found.left == ()


def test_one_change_that_closes_two_ways_is_made_once(tmp_path: Path) -> None:
    """A PID namespace of its own closes both, and the capability need not be dropped."""
    found = fixes(judged(tmp_path, "    pid: host\n    cap_add: [SYS_PTRACE]\n"
                         "    security_opt: ['apparmor:unconfined']\n"))  # fmt: skip
    ids = [change.id for change in found.changes]
    assert "own-pid" in ids
    assert "drop-capability:CAP_SYS_PTRACE" not in ids


def test_a_way_by_two_mounts_needs_both_closed(tmp_path: Path) -> None:
    """What closes one of two mounts is not taken for the end of the way."""
    one = judged(tmp_path, "    volumes: ['/etc:/a', '/usr:/b']\n")
    found = fixes(one)
    edits = [
        edit
        for applied in applicable(one.context, load_assessor().truths)
        if applied.key in {change.id for change in found.changes}
        for edit in applied.edits
    ]
    after = load_assessor().paths(edited_context(one.context, edits))
    assert not [path for path in after if path.certainty is Openness.OPEN]


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("    mem_limit: 1g\n", "limit-pids", "    mem_limit: 1g\n    pids_limit: 200\n"),
        ("    pid: host\n", "own-pid", ""),
        ("    ipc: host\n", "own-ipc", ""),
        ("    cap_add: [SYS_ADMIN]\n", "drop-capability:CAP_SYS_ADMIN", ""),
        ("    cap_add: [NET_ADMIN]\n", "drop-all", "    cap_drop: [ALL]\n"),
        ("", "no-new-privileges", "    security_opt: ['no-new-privileges:true']\n"),
        ("", "read-only-rootfs", "    read_only: true\n"),
        ("", "drop-capability:CAP_NET_RAW", "    cap_drop: [NET_RAW]\n"),
        ("    volumes: ['/etc:/a']\n", "read-only-mount:/a", "    volumes: ['/etc:/a:ro']\n"),
        ("    volumes: ['/etc:/a']\n", "remove-mount:/a", ""),
        ("    security_opt: ['seccomp:unconfined']\n", "seccomp-default", ""),
        ("    security_opt: ['apparmor:unconfined']\n", "apparmor-default", ""),
        ("    privileged: true\n", "not-privileged", ""),
        ("", "non-root", '    user: "10001:10001"\n'),
        ("    devices: ['/dev/kmsg']\n", "remove-device:/dev/kmsg", ""),
    ],
)  # fmt: skip
def test_the_computed_score_is_that_of_the_edited_file(
    tmp_path: Path, before: str, key: str, after: str
) -> None:
    """Editing facts comes to what editing the file comes to, on every axis."""
    one, assessor = judged(tmp_path, before), load_assessor()
    (applied,) = [a for a in applicable(one.context, assessor.truths) if a.key == key]
    computed = assessor.assess(edited_context(one.context, applied.edits))
    real = judged(tmp_path, after).result.assessment
    assert computed is not None
    assert real is not None
    assert {axis: computed.score.axes[axis] for axis in Axis} == dict(real.score.axes)
    assert [path.id for path in computed.escape_paths] == [path.id for path in real.escape_paths]


_TWO = """services:
  runner: {image: example/r, privileged: true}
  web:
    image: example/web:1
    pid: "service:runner"
    cap_add: [SYS_PTRACE]
"""


def beside_another(folder: Path) -> Judged:
    """Return a service in the PID namespace of a privileged one, both judged together."""
    (folder / "compose.yaml").write_text(_TWO)
    every = judged_at([parse(str(folder / "compose.yaml"))], Limits(1, 30, False))
    return next(o for o in every if isinstance(o, Judged) and o.result.target.name.endswith("web"))


def test_a_way_through_a_neighbour_is_closed_by_what_keeps_them_apart_alone(
    tmp_path: Path,
) -> None:
    """A limit on processes does nothing for it, and no score is promised that leaves it out."""
    one = beside_another(tmp_path)
    assert one.result.assessment is not None

    found = smallest_set(one.context, one.result.assessment, one.assessor)

    (closing,) = [fix for fix in found.changes if "ESC-207+ESC-001" in fix.closes]
    assert "runner" in closing.change
    for fix in found.changes:
        if fix is closing:
            break
        assert fix.score_after[Axis.ESCAPE].high == one.result.assessment.score.escape.high
    assert not [path for path in found.left if path.goal.is_out]
