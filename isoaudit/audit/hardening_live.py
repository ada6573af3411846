"""What would harden something that runs: the options it would be started with, or its XML.

Nothing is changed here: whoever runs it has to start it anew, or define it anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from isoaudit.audit.common import Limits
from isoaudit.audit.files import FileUnit
from isoaudit.audit.hardening import Hardened, harden
from isoaudit.audit.pipeline import Request, audit
from isoaudit.errors import TargetError, UsageError
from isoaudit.harden.plan import Wishes
from isoaudit.harden.run_options import Option, option_of
from isoaudit.model import Finding, RunError, Status, TargetResult, Value
from isoaudit.rules.check import Check
from isoaudit.rules.fixes import ADD, CUT, DELETE, SET, Edit, Fix
from isoaudit.rules.judge import Judge
from isoaudit.targets.address import ENGINES, Address, parse


class Advice(NamedTuple):
    """What one container would be started with: options to put in and to take out, the edits as a
    compose service would take them, and of which findings no option is the answer."""

    target: str
    put_in: Sequence[Option]
    take_out: Sequence[str]
    edits: Sequence[Edit]
    ended: Sequence[Finding]
    left: Sequence[Finding]


def advise_live(
    address: Address, checks: Sequence[Check], fixes: Mapping[str, Fix], wishes: Wishes
) -> list[Advice]:
    """Return what to start each container at an address with.

    Raises TargetError if one that was named cannot be read.
    """
    if address.scheme not in ENGINES:
        raise UsageError(
            f"{address.text}: there is no start command to harden",
            "Name a container (docker:NAME), a domain (libvirt:NAME) or a file.",
        )
    run = audit(Request([address], checks, Limits(1, 30.0)), lambda result: result)
    advice: list[Advice] = []
    for entry in run.results:
        if isinstance(entry, RunError):
            raise TargetError(f"{entry.target}: {entry.message}", entry.how_to_get)
        advice.append(_advice(entry, fixes, wishes))
    return advice


def harden_domain(
    address: Address, checks: Sequence[Check], fixes: Mapping[str, Fix], wishes: Wishes
) -> list[tuple[str, Hardened]]:
    """Return the stored XML of each domain at an address, hardened; passwords are left out of it.

    Raises TargetError if libvirt does not answer or knows none of that name.
    """
    from isoaudit.transports.base import Unreadable
    from isoaudit.transports.libvirt import connect

    try:
        with closing(connect(address.uri or "qemu:///system")) as api:
            chosen = [one for one in api.domains() if _is_meant(address, str(one["name"]))]
            texts = {
                str(one["name"]): api.xml(one["uuid"], inactive=bool(one["persistent"]))
                for one in chosen
            }
    except Unreadable as error:
        raise TargetError(f"{address.text}: {error.cause}", error.remedy) from error
    if not texts:
        raise TargetError(f"{address.text}: no such domain", "See: isoaudit scan libvirt:")
    judge = Judge(checks)
    return [(name, _hardened(name, text, judge, fixes, wishes)) for name, text in texts.items()]


def _is_meant(address: Address, name: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, address.name)


def _hardened(
    name: str, text: str, judge: Judge, fixes: Mapping[str, Fix], wishes: Wishes
) -> Hardened:
    unit = FileUnit(parse("libvirt_xml:-"), Path("-"), name, "libvirt_xml", named=True)
    return harden(unit, text, judge, fixes, wishes)


def _advice(result: TargetResult, fixes: Mapping[str, Fix], wishes: Wishes) -> Advice:
    put_in: dict[Option, None] = {}
    take_out: dict[str, None] = {}
    edits: dict[Edit, None] = {}
    ended: list[Finding] = []
    left: list[Finding] = []
    for finding in result.findings:
        if finding.status is not Status.FAIL:
            continue
        wanted = _wanted(fixes.get(finding.check), wishes)
        gone = [edit for edit in wanted if edit.operation not in {ADD, SET}]
        # NOTE: a fix that only takes out is one of what was asked for; beside others, what it takes
        # out may not have been asked for at all.
        asked = bool(gone) and len(gone) == len(wanted)
        if not wanted or (asked and not wishes.take_away) or _is_void(result, wanted, wishes):
            left.append(finding)
            continue
        ended.append(finding)
        for edit in wanted:
            option = option_of(edit)
            if edit.operation in {ADD, SET} and option is not None:
                put_in[option] = None
                edits[edit] = None
        if asked:
            there = [edit for edit in gone if _was_asked(result, finding, edit)]
            take_out.update(dict.fromkeys(_taken(finding, edit) for edit in there))
    return Advice(result.target.id, list(put_in), list(take_out), list(edits), ended, left)


def _is_void(result: TargetResult, wanted: Sequence[Edit], wishes: Wishes) -> bool:
    """Say whether edits change nothing: a privileged container has all capabilities, whatever it
    is told to drop."""
    stays = _value(result, "container.privileged") is True and not wishes.take_away
    return stays and any(edit.path in {"cap_drop", "cap_add"} for edit in wanted)


def _was_asked(result: TargetResult, finding: Finding, edit: Edit) -> bool:
    """Say whether what an edit takes out was asked for by itself, and did not come with more."""
    if edit.path == "privileged":
        return True
    if edit.path == "cap_add":
        added = _value(result, "container.capabilities.added")
        return isinstance(added, tuple) and f"CAP_{edit.value}" in added
    if _value(result, "container.privileged") is not True:
        return True
    # NOTE: a privileged container has every device and no filter or label: that is one option.
    return edit.path != "security_opt" and not finding.check.startswith("DEV-")


def _value(result: TargetResult, path: str) -> Value | None:
    several = result.facts.facts.get(path)
    return several[0].value if several else None


def _taken(finding: Finding, edit: Edit) -> str:
    """Return what is to go, as people name it."""
    option = option_of(edit)
    if edit.operation == CUT or option is None:
        return finding.message
    whole = edit.operation == DELETE and edit.path != "privileged"
    return f"{option} host" if whole else str(option)


def _wanted(fix: Fix | None, wishes: Wishes) -> list[Edit]:
    """Return the edits of a fix with what was wished for put in; none if that is not said."""
    wanted: list[Edit] = []
    for edit in fix.edits.get("compose", ()) if fix else ():
        value = edit.value
        if isinstance(value, str) and value.startswith("{"):
            if value not in wishes.values:
                return []
            value = wishes.values[value]
        wanted.append(edit._replace(value=value))
    return wanted
