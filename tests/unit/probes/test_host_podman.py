"""Podman's defaults by its configuration files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine_records import Owned
from host_trees import collect, reason, tree, value

from isoaudit.model import FactSet, Reason

CONF = "/etc/containers/containers.conf"


def seen(root: Path, files: dict[str, str]) -> FactSet:
    """Return what is seen of a host with podman and these files of root's."""
    tree(root, {"/usr/bin/podman": "", **files})
    root.chmod(0o755)
    return collect(Owned(root, None))


@pytest.mark.parametrize(
    ("text", "fact", "expected"),
    [
        ("", "labeling", True),
        ("label = false", "labeling", False),
        ("privileged = true", "privileged", True),
        ('seccomp_profile = "unconfined"', "seccomp_profile", "unconfined"),
        ('seccomp_profile = "/usr/share/containers/seccomp.json"', "seccomp_profile", "default"),
        ('seccomp_profile = "/srv/mine.json"', "seccomp_profile", "custom"),
        ('apparmor_profile = "containers-default-0.50"', "apparmor_profile", "default"),
        ('apparmor_profile = "unconfined"', "apparmor_profile", "unconfined"),
        ('default_capabilities = ["CHOWN", "CAP_SETUID"]', "extra_capabilities", ()),
        ('default_capabilities = ["NET_RAW"]', "extra_capabilities", ("CAP_NET_RAW",)),
        ('netns = "host"\nuserns = "host"', "host_namespaces", ("net",)),
        ("pids_limit = 0", "pids_limited", False),
        ("pids_limit = -1", "pids_limited", False),
        ("", "pids_limit", 2048),
        ('volumes = ["/etc:/etc"]', "volumes", ("/etc:/etc",)),
        ('cgroups = "disabled"', "cgroups", "disabled"),
    ],
)
def test_podmans_configuration(tmp_path: Path, text: str, fact: str, expected: Any) -> None:
    """What is set is told, what is not is podman's own default."""
    facts = seen(tmp_path, {CONF: f"[containers]\n{text}\n"})
    assert expected == value(facts, f"host.podman.{fact}")


def test_podmans_files_stand_over_each_other(tmp_path: Path) -> None:
    """Shipped, system, drop-ins by name; a list goes on where it says so."""
    files = {
        "/usr/share/containers/containers.conf": '[containers]\nlabel = false\ndevices = ["a"]\n',
        CONF: "[containers]\nlabel = true\n",
        "/etc/containers/containers.conf.d/1.conf": '[containers]\ndevices=["b",{append=true}]\n',
        "/etc/containers/containers.conf.d/2.txt": "[containers]\nlabel = false\n",
    }
    facts = seen(tmp_path, files)
    assert (True, ("a", "b")) == (
        value(facts, "host.podman.labeling"),
        value(facts, "host.podman.devices"),
    )
    assert f"{CONF} containers.label" == facts.facts["host.podman.labeling"][0].source


def test_podmans_storage_is_what_the_first_file_says(tmp_path: Path) -> None:
    """The shipped storage.conf does not count beside the system's."""
    files = {
        "/etc/containers/storage.conf": '[storage]\ngraphroot = "/srv/p"\n',
        "/usr/share/containers/storage.conf": '[storage]\ndriver = "vfs"\n',
    }
    facts = seen(tmp_path, files)
    assert "/srv/p" == value(facts, "host.podman.graph_root")
    assert Reason.NOT_DECLARED is reason(facts, "host.podman.storage_driver")


def test_a_broken_drop_in_leaves_podmans_defaults_unknown(tmp_path: Path) -> None:
    """What podman would refuse is no default."""
    facts = seen(tmp_path, {"/etc/containers/containers.conf.d/1.conf": "["})
    assert Reason.PARSE_ERROR is reason(facts, "host.podman.labeling")


def test_without_podman_its_files_are_not_asked(tmp_path: Path) -> None:
    """No program, no question."""
    facts = collect(tree(tmp_path, {CONF: "[containers]\nlabel = false\n"}))
    assert False is value(facts, "host.podman.present")
    assert "host.podman.labeling" not in facts.facts
