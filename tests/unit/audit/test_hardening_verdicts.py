"""What hardening says of a finding is what judging the edited file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.audit.files import FileUnit
from isoaudit.audit.hardening import UNDECIDED, harden, judged_text
from isoaudit.harden.plan import Wishes
from isoaudit.model import Status
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.fixes import load_fixes
from isoaudit.rules.judge import Judge
from isoaudit.rules.select import select
from isoaudit.targets.address import parse

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
CHECKS = select(("default",), load_catalogue()).checks
FIXES, JUDGE = load_fixes(CHECKS), Judge(CHECKS)


@pytest.mark.parametrize(
    ("dialect", "name"),
    [("compose", "compose/risky.yaml"), ("kubernetes", "kubernetes/risky.yaml"),
     ("docker_run", "docker_run/risky.sh"), ("libvirt_xml", "libvirt/legacy.xml")],
)  # fmt: skip
def test_a_finding_has_ended_only_if_its_check_is_decided(dialect: str, name: str) -> None:
    """One that fails no more and is not known instead is told as that, and never as ended."""
    unit = FileUnit(parse(f"{dialect}:-"), Path("-"), name, dialect, named=True)
    done = harden(unit, (EXAMPLES / name).read_text(), JUDGE, FIXES, Wishes({}, take_away=True))
    results, _ = judged_text(unit, done.after, JUDGE)
    after = {(one.target.id, f.check): f.status for one in results for f in one.findings}

    ended = {after[one.target, one.finding.check] for one in done.ended}
    open_ = {after[one.target, one.finding.check] for one in done.left if one.why == UNDECIDED}
    assert {Status.PASS} <= ended <= {Status.PASS, Status.NOT_APPLICABLE}
    assert open_ <= {Status.UNKNOWN}
    assert (dialect == "compose") == (open_ == set())
