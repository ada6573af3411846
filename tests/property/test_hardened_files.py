"""Hardening generated services: it takes nothing away, ends what it says, and is done once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.audit.files import FileUnit
from isoaudit.audit.hardening import harden
from isoaudit.harden.plan import Wishes
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.fixes import load_fixes
from isoaudit.rules.judge import Judge
from isoaudit.rules.select import select
from isoaudit.targets.address import parse

CHECKS = select(("default",), load_catalogue()).checks
FIXES = load_fixes(CHECKS)
JUDGE = Judge(CHECKS)

SERVICE = st.fixed_dictionaries(
    {"image": st.sampled_from(["a", "a:1"])},
    optional={
        "privileged": st.booleans(),
        "cap_add": st.lists(st.sampled_from(["SYS_ADMIN", "NET_RAW", "CHOWN"]), unique=True),
        "cap_drop": st.lists(st.sampled_from(["ALL", "NET_RAW"]), unique=True),
        "security_opt": st.lists(
            st.sampled_from(["seccomp:unconfined", "no-new-privileges=false", "label:disable"]),
            unique=True,
        ),
        "network_mode": st.sampled_from(["host", "none"]),
        "pid": st.just("host"),
        "read_only": st.booleans(),
        "volumes": st.lists(
            st.sampled_from(["/:/host", "/var/run/docker.sock:/s", "data:/d"]), unique=True
        ),
        "logging": st.fixed_dictionaries({"driver": st.sampled_from(["local", "json-file"])}),
    },
)
FILES = st.dictionaries(st.sampled_from(["a", "b"]), SERVICE, min_size=1)


def _hardened(services: dict[str, Any], *, take_away: bool, text: str = "") -> Any:
    text = text or yaml.safe_dump({"services": services})
    unit = FileUnit(parse("compose:-"), Path("-"), "stdin", "compose", named=True)
    return harden(unit, text, JUDGE, FIXES, Wishes({}, take_away))


def _holds(after: Any, before: Any) -> bool:
    """Say whether all of a value is still there, in what may hold more."""
    if isinstance(before, dict):
        return all(key in after and _holds(after[key], one) for key, one in before.items())
    if isinstance(before, list):
        return all(one in after for one in before)
    return bool(after == before)


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_nothing_that_a_file_says_is_taken_away(services: dict[str, Any]) -> None:
    """Without being asked to."""
    after = yaml.safe_load(_hardened(services, take_away=False).after)

    assert _holds(after, {"services": services})


@settings(max_examples=40, deadline=None)
@given(FILES, st.booleans())
def test_what_was_hardened_needs_no_hardening(services: dict[str, Any], take_away: bool) -> None:
    """A second time changes nothing, and what ended is not among what fails."""
    once = _hardened(services, take_away=take_away)
    twice = _hardened({}, take_away=take_away, text=once.after)

    failing = {(entry.target, entry.finding.check) for entry in twice.left}
    assert once.after == twice.after
    assert failing.isdisjoint((one.target, one.finding.check) for one in once.ended)
