"""Whom polkit's rules let manage VMs: what is understood, and what is left open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_trees import Locked, collect, records, tree

from isoaudit.model import FactSet, Reason
from isoaudit.probes.host.polkit import of_rules

LIBVIRTD = {"/usr/sbin/libvirtd": ""}
RULES = "/etc/polkit-1/rules.d/50-own.rules"
POLICY = "/usr/share/polkit-1/actions/org.libvirt.unix.policy"
LIBVIRTS_OWN = """
// Allow any user in the 'libvirt' group to connect to system libvirtd
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" &&
        subject.isInGroup("libvirt")) {
        return polkit.Result.YES;
    }
});
"""


def rule(test: str, result: str = "polkit.Result.YES") -> str:
    return f"polkit.addRule(function(action, subject) {{ if ({test}) {{ return {result}; }} }});"


def grants(facts: FactSet) -> list[tuple[Any, Any]]:
    return [(one["kind"], one["name"]) for one in records(facts, "libvirt_grant")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LIBVIRTS_OWN, [("group", "libvirt")]),
        (
            rule("action.id === 'org.libvirt.unix.manage' && subject.user == 'eve'"),
            [("user", "eve")],
        ),
        (rule('(action.id == "org.libvirt.unix.manage")'), [("everyone", "*")]),
        (
            rule('action.id == "org.libvirt.unix.manage"', "polkit.Result.AUTH_SELF_KEEP"),
            [("everyone", "*")],
        ),
        (rule('action.id == "org.libvirt.unix.manage"', "polkit.Result.AUTH_ADMIN_KEEP"), []),
        (
            rule('subject.active == true && (action.id == "org.libvirt.unix.manage")'),
            [("everyone", "*")],
        ),
        (LIBVIRTS_OWN + rule('action.id == "org.x.y" && subject.cmd()'), [("group", "libvirt")]),
        (rule('(action.id == "a.b" || action.id == "c.d") && subject.isInGroup("x")'), []),
        (rule('action.id.indexOf("org.freedesktop.udisks2.") == 0'), []),
        (
            rule('action.id.startsWith("org.libvirt.") && subject.isInGroup("x")'),
            [("group", "x")],
        ),
        (rule('action.id == "org.libvirt.unix.manage"', "polkit.Result.AUTH_ADMIN"), []),
        ('polkit.addAdminRule(function(action, subject) { return ["unix-group:sudo"]; });', []),
    ],
)
def test_rules_that_are_understood(text: str, expected: list[tuple[str, str]]) -> None:
    """A row of ifs over names of actions, groups and users is read without being run."""
    found, unclear = of_rules(text, "x.rules")
    assert (expected, False) == ([grant[:2] for grant in found], unclear)


@pytest.mark.parametrize(
    "text",
    [
        rule('action.id == "a.b" || subject.isInGroup("wheel")'),
        rule('subject.isInGroup("wheel")'),
        rule('action.id != "a.b"'),
        rule('!(action.id == "org.libvirt.unix.manage")'),
        rule("/libvirt/.test(action.id)"),
        "polkit.addRule(function(a, s) { return polkit.Result.YES; });",
        "polkit.addRule(mine); function mine(action, subject) { return polkit.Result.YES; }",
        "var yes = polkit.Result.YES; polkit.addRule(function(action, subject) { return yes; });",
        "polkit.addRule(function(action, subject) { var m = action.id;"
        ' if (m == "org.libvirt.unix.manage") { return polkit.Result.YES; } });',
    ],
)
def test_rules_that_are_not_understood(text: str) -> None:
    """Whatever may say yes otherwise is left open, and never taken for no grant."""
    assert of_rules(text, "x.rules")[1]


def test_a_host_with_libvirts_own_rule(tmp_path: Path) -> None:
    """The rule that libvirt ships is one grant, and all there is to know."""
    facts = collect(tree(tmp_path, {**LIBVIRTD, RULES: LIBVIRTS_OWN}))
    assert [("group", "libvirt")] == grants(facts)
    assert facts.parts["libvirt_grant"][0].incomplete is None


def test_a_rule_not_understood_leaves_the_part_incomplete(tmp_path: Path) -> None:
    """Its file is named, beside what was understood."""
    facts = collect(tree(tmp_path, {**LIBVIRTD, RULES: LIBVIRTS_OWN + rule("eve()")}))
    gap = facts.parts["libvirt_grant"][0].incomplete
    assert gap is not None
    assert (Reason.NOT_SUPPORTED, True) == (gap.reason, RULES in gap.detail)
    assert [("group", "libvirt")] == grants(facts)


def test_a_closed_folder_of_rules(tmp_path: Path) -> None:
    """polkit's own folder is closed to ordinary accounts: there may be more."""
    facts = collect(Locked(tree(tmp_path, {**LIBVIRTD, RULES: ""}), "/etc/polkit-1/rules.d"))
    gap = facts.parts["libvirt_grant"][0].incomplete
    assert gap is not None
    assert Reason.PERMISSION_DENIED is gap.reason


def test_the_actions_own_default(tmp_path: Path) -> None:
    """An action that says yes to whom no rule speaks of lets everyone in."""
    text = (
        '<!DOCTYPE policyconfig PUBLIC "x" "y"><policyconfig>'
        '<action id="org.libvirt.unix.monitor"><defaults><allow_any>yes</allow_any></defaults>'
        '</action><action id="org.libvirt.unix.manage"><defaults>'
        "<!-- <allow_any>yes</allow_any> --><allow_any>no</allow_any>"
        "<allow_active>{}</allow_active></defaults></action>"
    )
    told = text.format("yes")
    assert [("everyone", "*")] == grants(collect(tree(tmp_path, {**LIBVIRTD, POLICY: told})))
    told = text.format("auth_self")
    assert [("everyone", "*")] == grants(collect(tree(tmp_path, {**LIBVIRTD, POLICY: told})))
    told = text.format("auth_admin_keep")
    assert [] == grants(collect(tree(tmp_path, {**LIBVIRTD, POLICY: told})))


def test_older_local_authority(tmp_path: Path) -> None:
    """A .pkla file names groups and users, and actions by patterns."""
    text = (
        "[vms]\nIdentity=unix-group:kvm;unix-user:eve\nAction=org.libvirt.*\nResultAny=yes\n"
        "[own]\nIdentity=unix-group:dev\nAction=org.libvirt.*\nResultActive=auth_self_keep\n"
        "[no]\nIdentity=unix-group:users\nAction=org.libvirt.unix.manage\nResultAny=auth_admin\n"
        "[else]\nIdentity=unix-group:users\nAction=org.freedesktop.*\nResultActive=yes\n"
    )
    path = "/etc/polkit-1/localauthority/50-local.d/vms.pkla"
    facts = collect(tree(tmp_path, {**LIBVIRTD, path: text}))
    assert [("group", "kvm"), ("user", "eve"), ("group", "dev")] == grants(facts)
