"""Which ways lead out of a container, what closes them, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.assess import load_assessor
from isoaudit.model import Assessment, EscapePath, FactSet, Goal, Openness
from isoaudit.probes.table import open_file
from isoaudit.rules.context import Context
from tests.unit.assess.reference_examples import DEFAULT_SET, container

NONE: dict[str, Any] = {
    f"process.capabilities.{name}": [] for name in ("effective", "permitted", "bounding")
}
USER: dict[str, Any] = {
    "process.uid": 1000,
    "process.host_uid": 1000,
    "process.host_account": "",
    "process.root_permitted": False,
    "process.capabilities.effective": [],
    "process.capabilities.permitted": [],
}
PRIVATE: dict[str, Any] = {
    "process.user_namespace": "private",
    "process.user_namespace_maps_root": False,
    "process.user_namespace_maps_root_group": False,
    "process.host_uid": 100_000,
}
KEPT = {"process.seccomp.allows.keyring": False, "process.seccomp.allows.mount": True}
NO_LSM = {
    "host.mac.module": "none",
    "host.mac.enforcing": False,
    "engine.data_root": "/var/lib/docker",
}
UNMASKED: dict[str, Any] = {"container.masked_paths": [], "container.readonly_paths": []}


def _mount(source: str, *, read_only: bool = False) -> dict[str, Any]:
    return {
        "mount.kind": "bind",
        "mount.source": source,
        "mount.destination": f"/mnt{source}",
        "mount.read_only": read_only,
        "mount.managed": False,
        "mount.file_system": "ext4",
    }


def _assessed(context: Context) -> Assessment:
    found = load_assessor().assess(context)
    assert found is not None
    return found


def _ways(process: dict[str, Any] | None = None, **facts: Any) -> dict[str, EscapePath]:
    facts = {name.replace("__", "."): value for name, value in facts.items()}
    context = container(20, process={**KEPT, **(process or {})}, facts={**NO_LSM, **facts})
    return {path.id: path for path in _assessed(context).escape_paths}


def _with(*names: str) -> dict[str, Any]:
    held = [*DEFAULT_SET, *(f"CAP_{name}" for name in names)]
    return {f"process.capabilities.{one}": held for one in ("effective", "permitted", "bounding")}


def _of_file(dialect: str, text: str, shown: str) -> Assessment:
    probe = open_file(dialect, text, shown)
    [target] = probe.find()
    return _assessed(Context(target, probe.collect(target)))


def _out(found: Assessment) -> list[tuple[str, str]]:
    return [(one.id, one.certainty.value) for one in found.escape_paths if one.goal.is_out]


def test_a_default_container_has_no_way_to_the_host() -> None:
    """Fourteen capabilities, the default filter and private namespaces hold, seen by the kernel."""
    network = [{"network.name": "bridge", "network.driver": "bridge"}]
    found = _ways(network=network, host__feature__af_packet=True,
                  container__limits__memory__set=False)  # fmt: skip

    assert {name: path.goal for name, path in found.items()} == {
        "ESC-023": Goal.NEIGHBOUR,
        "ESC-053": Goal.HOST_DOS,
    }


def test_a_hardened_container_has_no_way_at_all() -> None:
    """An ordinary user without capabilities who gains none, within limits, on no network."""
    process = {**USER, **NONE, "process.no_new_privileges": True}

    assert _ways(process) == {}


def test_writable_kernel_settings_are_open_to_root_without_a_capability() -> None:
    """The files of /proc/sys belong to root: no capability, filter or no_new_privileges matters."""
    process = {**NONE, "process.no_new_privileges": True}

    assert _ways(process, **UNMASKED)["ESC-006"].certainty is Openness.OPEN


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({**USER, "process.no_new_privileges": True}, id="an ordinary user"),
        pytest.param(PRIVATE, id="a user namespace"),
        pytest.param(
            {"process.apparmor.confined": True, "process.lsm.label": "docker-default (enforce)"},
            id="AppArmor",
        ),
    ],
)
def test_what_closes_writable_kernel_settings(change: dict[str, Any]) -> None:
    """An ordinary user, a user namespace or the engine's AppArmor profile each closes the way."""
    assert "ESC-006" not in _ways(change, **UNMASKED)


def test_a_setuid_program_may_lead_an_ordinary_user_to_roots_way() -> None:
    """Naming a user without no_new_privileges leaves root's ways undecided, never open."""
    found = _ways({**USER, "process.no_new_privileges": False}, **UNMASKED)

    way = found["ESC-043+ESC-006"]
    assert (way.certainty, way.goal) == (Openness.POSSIBLE, Goal.HOST_ROOT)
    assert [entry.path for entry in way.missing] == ["process.set_id_programs"]


def test_no_new_privileges_ends_that_chain() -> None:
    """With no_new_privileges no program makes an ordinary user root."""
    found = _ways({**USER, "process.no_new_privileges": True}, **UNMASKED)

    assert [name for name in found if "ESC-043" in name] == []


def test_a_setuid_program_gives_what_the_bounding_set_holds() -> None:
    """After the setuid program the capabilities are those of the bounding set, and no others."""
    held = {**USER, "process.capabilities.bounding": ["CAP_SYSLOG"]}
    without = {**USER, "process.capabilities.bounding": ["CAP_CHOWN"]}

    assert "ESC-043+ESC-039" in _ways(held)
    assert "ESC-043+ESC-039" not in _ways(without)


def test_rules_of_the_device_group_are_widened_and_then_used() -> None:
    """CAP_SYS_ADMIN writes itself a device rule, by which CAP_MKNOD reaches the disk."""
    found = _ways(_with("SYS_ADMIN"), host__cgroup__version=1)

    assert found["ESC-014+ESC-012"].certainty is Openness.OPEN
    assert "ESC-012" not in found
    assert "ESC-014+ESC-012" not in _ways(_with("SYS_ADMIN"), host__cgroup__version=2)


def test_one_way_stands_for_all_mounts_that_are_it() -> None:
    """Three folders that the host's root runs programs from are one way, with three of evidence."""
    sources = ["/etc/cron.d", "/usr/bin", "/etc/systemd/system"]
    found = _ways(mount=[_mount(source) for source in sources])

    assert list(found) == ["ESC-029"]
    seen = {fact.value for fact in found["ESC-029"].steps[0].evidence
            if fact.path == "mount.source"}  # fmt: skip
    assert seen == set(sources)


def test_any_one_process_is_enough() -> None:
    """An ordinary main process does not close what a helper that is root has open."""
    context = container(20, facts={**NO_LSM, **UNMASKED})
    [root] = context.own.parts["process"][0].records
    other = container(20, process={**USER, "process.no_new_privileges": True})
    [user] = other.own.parts["process"][0].records
    part = context.own.parts["process"][0]
    both = FactSet(
        context.own.facts,
        {**context.own.parts, "process": (type(part)("process", part.vantage, (user, root)),)},
        context.own.missing,
    )
    host, engine = context.around
    found = _assessed(Context(context.target, both, host, engine))

    assert ("ESC-006", "open") in _out(found)


def test_the_surest_and_the_worst_come_first() -> None:
    """Open ways stand before those not ruled out, and among them the worst first."""
    found = list(_ways(
        {"process.namespaces.pid": "host"}, **UNMASKED,
        mount=[_mount("/etc/ssh", read_only=True)], container__limits__memory__set=False,
        container__network__names=["bridge"],
    ).values())  # fmt: skip

    ranks = [(path.certainty.rank, path.goal.rank) for path in found]
    assert ranks == sorted(ranks)
    assert len({path.goal for path in found}) >= 3


@pytest.mark.parametrize("read_only", [True, False])
def test_a_read_only_mount_does_not_guard_a_socket(read_only: bool) -> None:
    """Who may connect to the engine's socket is root on the host, however it is mounted."""
    socket = {
        "control_socket.service": "docker",
        "control_socket.host_path": "/run/docker.sock",
        "control_socket.path": "/var/run/docker.sock",
        "control_socket.permitted": True,
    }
    found = _ways({**NONE, "process.no_new_privileges": True}, control_socket=[socket],
                  mount=[_mount("/run/docker.sock", read_only=read_only)])  # fmt: skip

    assert [(name, path.goal) for name, path in found.items()] == [("ESC-008", Goal.HOST_ROOT)]


def test_a_kernel_of_its_own_voids_capabilities_and_not_mounts() -> None:
    """Under gVisor CAP_SYS_MODULE is the sandbox's, while a mount of / is still the host's."""
    found = _ways(_with("SYS_MODULE"), container__kernel="sentry", mount=[_mount("/")])

    assert "ESC-027" in found
    assert "ESC-036" not in found


def test_a_user_namespace_that_holds_the_hosts_root_closes_no_mount() -> None:
    """Root of a namespace that maps the host's root writes the host's files as before."""
    mapped = {**PRIVATE, "process.user_namespace_maps_root": True}

    assert "ESC-027" in _ways(mapped, mount=[_mount("/")])
    assert "ESC-027" not in _ways(PRIVATE, mount=[_mount("/")])


PLAIN = "services:\n  web:\n    image: registry.example/web\n"


def test_a_plain_service_of_a_file_has_no_way_to_the_host() -> None:
    """What a file cannot say of the host makes no way out of a plain service."""
    found = _of_file("compose", PLAIN, "compose.yaml")

    assert _out(found) == []


def test_a_plain_bind_of_a_file_has_no_way_to_the_host() -> None:
    """A folder of the service's own data is no way out, whatever the host is."""
    text = PLAIN + "    volumes: ['/srv/web:/data', './conf:/etc/web:ro']\n"

    assert _out(_of_file("compose", text, "compose.yaml")) == []


@pytest.mark.parametrize(
    ("further", "certainty"),
    [
        ("", "open"),
        ("    user: '1000:1000'\n", "possible"),
    ],
)
def test_a_socket_that_a_file_mounts(further: str, certainty: str) -> None:
    """By the name of the engine's socket: open to root, and to a user whose group may be its."""
    text = PLAIN + "    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']\n" + further

    assert ("ESC-056", certainty) in _out(_of_file("compose", text, "compose.yaml"))


def test_a_pod_with_a_default_service_account_has_no_way_to_the_node() -> None:
    """A plain pod holds, though its seccomp filter is off by default."""
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
        "spec:\n  containers:\n  - {name: web, image: registry.example/web}\n"
    )

    assert _out(_of_file("kubernetes", text, "pod.yaml")) == []


def _reached(found: Assessment, primitive: str) -> set[tuple[str, str]]:
    return {(one.goal.value, one.certainty.value) for one in found.escape_paths
            if one.steps[-1].id == primitive}  # fmt: skip


def test_a_sure_way_to_less_does_not_hide_one_to_more_that_is_not_ruled_out() -> None:
    """One folder is read-only for certain, and of the other nobody could tell."""
    unsure = {k: v for k, v in _mount("/var/lib/kubelet").items() if k != "mount.read_only"}
    mounts = [_mount("/var/lib/docker", read_only=True), unsure]
    found = _assessed(container(20, process=KEPT, facts={**NO_LSM, "mount": mounts}))

    assert {("host-read", "open"), ("host-root", "possible")} == _reached(found, "ESC-031")


def test_where_it_is_not_known_which_goal_is_reached_the_mildest_is_sure() -> None:
    """Whether the folder can be written decides between reading the host and being its root."""
    unsure = {k: v for k, v in _mount("/var/lib/kubelet").items() if k != "mount.read_only"}
    found = _assessed(container(20, process=KEPT, facts={**NO_LSM, "mount": [unsure]}))

    assert {("host-read", "open"), ("host-root", "possible")} == _reached(found, "ESC-031")


def test_a_step_before_counts_where_it_makes_an_open_way_lead_further() -> None:
    """A rule lets disks be read; CAP_SYS_ADMIN writes itself the rule that lets them be written."""
    rule = {"device_rule.type": "b", "device_rule.major": "8", "device_rule.minor": "*",
            "device_rule.access": "rm", "device_rule.nodes_can_be_made": True}  # fmt: skip
    facts = {**NO_LSM, "device_rule": [rule], "host.cgroup.version": 1,
             "container.cgroup_writable": True}  # fmt: skip
    found = _assessed(container(20, process={**KEPT, **_with("SYS_ADMIN")}, facts=facts))

    assert ("host-root", "open") in _reached(found, "ESC-012")


def test_every_list_of_goals_ends_in_one_without_a_condition() -> None:
    """So that one of them is always led to."""
    aims = [one.aims for one in load_assessor().primitives if one.aims]

    assert aims
    assert all(several[-1].when is None for several in aims)
