"""Who the process of an OCI bundle runs as, and what is left of its capabilities."""

from __future__ import annotations

import pytest
from oci_bundles import look

from isoaudit.errors import DocumentError
from isoaudit.probes.oci.credentials import in_force

NONE: frozenset[str] = frozenset()
CHOWN = frozenset({"CAP_CHOWN"})


def _sets(**named: frozenset[str]) -> dict[str, frozenset[str]]:
    names = ("bounding", "effective", "permitted", "inheritable", "ambient")
    return {name: named.get(name, NONE) for name in names}


def test_root_is_given_its_whole_bounding_set_when_a_program_is_executed() -> None:
    """capabilities(7); tried with runc 1.1.5: CapEff is the bounding set, whatever was listed."""
    assert CHOWN == in_force(_sets(bounding=CHOWN), 0, sealed=False)


def test_root_under_no_new_privileges_gets_no_more_than_it_had() -> None:
    """The kernel takes away what execution would add."""
    assert NONE == in_force(_sets(bounding=CHOWN), 0, sealed=True)
    assert CHOWN == in_force(_sets(bounding=CHOWN, permitted=CHOWN), 0, sealed=True)


def test_an_ordinary_user_keeps_nothing_but_the_ambient_set() -> None:
    """Tried with runc 1.1.5 and uid 1000: CapEff is empty."""
    full = _sets(bounding=CHOWN, effective=CHOWN, permitted=CHOWN)
    assert NONE == in_force(full, 1000, sealed=False)
    assert CHOWN == in_force({**full, "inheritable": CHOWN, "ambient": CHOWN}, 1000, sealed=False)


def test_an_ambient_capability_that_is_not_inheritable_is_none() -> None:
    """The kernel refuses to raise it; `runc spec` of old writes such sets."""
    sets = _sets(bounding=CHOWN, permitted=CHOWN, ambient=CHOWN)
    assert NONE == in_force(sets, 1000, sealed=False)


def test_a_process_without_sets_leaves_them_open() -> None:
    """runc gives it none, and the specification promises nothing."""
    seen = look(lambda tree: tree["process"].pop("capabilities"))
    assert "process.capabilities.bounding" not in seen.facts
    assert "runc gives none" in seen.missing["process.capabilities"]


def test_the_host_sees_the_mapped_uid() -> None:
    """By linux.uidMappings of a user namespace of its own."""
    seen = look(lambda tree: None)
    assert seen.facts["process.host_uid"] == 210001
    assert seen.facts["process.user_namespace"] == "private"
    assert seen.facts["process.user_namespace_maps_root"] is False


def test_a_map_that_leads_to_root_of_the_host_permits_root() -> None:
    """An ordinary uid inside may be uid 0 outside."""

    def change(tree) -> None:
        tree["linux"]["uidMappings"] = [{"containerID": 10001, "hostID": 0, "size": 1}]

    seen = look(change)
    assert seen.facts["process.root_permitted"] is True
    assert seen.facts["process.user_namespace_maps_root"] is True


def test_a_uid_that_no_mapping_holds_is_not_proven_to_be_another() -> None:
    """The kernel would show it as the overflow id, and nobody knows whose that is."""
    seen = look(lambda tree: tree["linux"].update(uidMappings=[]))
    assert seen.facts["process.root_permitted"] is True
    assert "no mapping" in seen.missing["process.host_uid"]


def test_without_a_user_namespace_the_uid_is_the_hosts() -> None:
    """What is not listed is the runtime's own."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "pid"}]

    seen = look(change)
    assert seen.facts["process.user_namespace"] == "host"
    assert seen.facts["process.host_uid"] == 10001


def test_a_rootless_engines_user_namespace_is_not_guessed() -> None:
    """podman without root runs in one already, and its bundles list none."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "pid"}]
        tree["linux"]["cgroupsPath"] = "user.slice:libpod:abc"

    seen = look(change)
    assert "process.user_namespace" not in seen.facts
    assert "rootless" in seen.missing["process.user_namespace"]
    assert "process.host_uid" not in seen.facts


def test_gid_0_of_the_host_is_its_group_root() -> None:
    """By the process's own gid or a further one."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "pid"}]
        tree["process"]["user"] = {"uid": 5, "gid": 5, "additionalGids": [7, 0]}

    assert look(change).facts["process.host_groups"] == ("root",)


def test_what_no_process_is_given_is_open() -> None:
    """A bundle without a process can be created, and is told later what to start."""
    seen = look(lambda tree: tree.pop("process"))
    assert "process.uid" not in seen.facts
    assert "process.no_new_privileges" in seen.missing


def test_the_secret_of_a_command_line_or_variable_is_never_kept() -> None:
    """Names stay, values do not."""

    def change(tree) -> None:
        tree["process"]["args"] = ["/bin/db", "--password=hunter22"]
        tree["process"]["env"] = ["DB_PASSWORD=hunter22", "COLOUR=red"]

    seen = look(change)
    assert "hunter22" not in repr(seen.factset)
    assert [(r["environment.name"], r["environment.secret"]) for r in seen.records("environment")] \
        == [("DB_PASSWORD", True), ("COLOUR", False)]  # fmt: skip


@pytest.mark.parametrize("value", ["0", 1.5, True, None, [], {}, 2**70])
def test_a_uid_of_another_type_is_refused_or_zero(value: object) -> None:
    """As the runtime refuses it; null is Go's zero."""
    if value is None:
        assert look(lambda t: t["process"]["user"].update(uid=None)).facts["process.uid"] == 0
        return
    with pytest.raises(DocumentError, match=r"^web/config.json:\d+:\d+: a whole number"):
        look(lambda tree: tree["process"]["user"].update(uid=value))
