"""What a compose service shares, and is given by name: namespaces, mounts, groups, hooks, GPUs."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose

from isoaudit.model import Reason
from isoaudit.probes.declared import MAX_RECORDS


def _fact(path: str, service: str, rest: str = "") -> Any:
    """Return a fact of a service, None if it is missing."""
    seen = compose(service, rest)
    assert (path in seen.facts) != (path in seen.missing), path
    return seen.facts.get(path)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("image: a", ()),
        ("network_mode: service:db", ()),
        ("network_mode: none", ()),
        ("network_mode: container:vpn", ("net:vpn",)),
        ("ipc: container:vpn\npid: container:vpn", ("pid:vpn", "ipc:vpn")),
        ("network_mode: container:mine", ()),
        ("network_mode: container:shop-db-1", None),
        ("network_mode: container:shop_db_1", None),
        ("network_mode: 'container:${X}'", None),
        ("network_mode: '${X}'", None),
        ("network_mode: ns:/run/netns/blue", None),
        ("network_mode: ns:/run/netns/blue\nipc: container:vpn", ("ipc:vpn",)),
    ],
)
def test_namespaces_of_a_container_outside_the_file_are_borrowed(
    service: str, expected: tuple[str, ...] | None
) -> None:
    """Those of its own services are not; what only looks like one of them is left open."""
    rest = "  db: {image: a}\n  cache: {image: a, container_name: mine}\nvolumes: {}\n"
    assert expected == _fact("container.borrowed_namespaces", service, rest)


@pytest.mark.parametrize(
    ("service", "expected"),
    [("image: a", False), ("ipc: shareable", True), ("ipc: private", False), ("ipc: '${I}'", None)],
)
def test_an_ipc_namespace_is_open_if_asked_for(service: str, expected: bool | None) -> None:
    """The engine's default is a closed one."""
    assert expected is _fact("container.ipc_shareable", service)


def test_a_cgroup_namespace_nobody_asked_for_is_not_known() -> None:
    """Version 2 gives one, version 1 the host's: the file cannot tell which the host has."""
    assert None is _fact("process.namespaces.cgroup", "image: a")
    assert "default" == _fact("container.cgroup_namespace", "image: a")
    assert "private" == _fact("process.namespaces.cgroup", "cgroup: private")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("image: a", ()),
        ("volumes: [/etc:/e]", ()),
        ("volumes: ['/etc:/e:ro,z', '/srv/a:/a:Z', '/srv/b:/b']", ("/etc", "/srv/a")),
        ("volumes: [{type: bind, source: /etc, target: /e, bind: {selinux: z}}]", ("/etc",)),
        ("volumes: ['data:/d:Z']", ()),
        ("volumes: ['/etc:/e:${O}']", None),
        ("volumes: ['${V}:/e:Z']", None),
        ("volumes: ['/etc:/e:Z', '${V}:/v:Z']", None),
        ("volumes_from: [x]\nvolumes: ['/etc:/e:Z']", None),
    ],
)
def test_folders_that_are_labelled_anew(service: str, expected: tuple[str, ...] | None) -> None:
    """Both forms ask for it; a volume is the engine's own affair."""
    assert expected == _fact("container.relabelled_paths", service)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("image: a", False),
        ("privileged: true", True),
        ("privileged: '${P}'", None),
        ("security_opt: [writable-cgroups=true]", True),
        ("security_opt: ['writable-cgroups:false']", False),
        ("security_opt: ['${S}']", None),
        ("volumes: [/sys/fs/cgroup:/c]", True),
        ("volumes: [/sys/fs/cgroup:/c:ro]", False),
        ("volumes: [/:/host]", True),
        ("volumes: [/sys/fs/bpf:/b]", False),
        ("volumes: ['${V}:/v']", None),
        ("volumes: ['${V}:/v:ro']", False),
    ],
)
def test_whether_cgroups_can_be_written(service: str, expected: bool | None) -> None:
    """Read-only by default; privilege, an option and a bind make it otherwise."""
    assert expected is _fact("container.cgroup_writable", service)


@pytest.mark.parametrize(
    ("service", "held", "limited"),
    [
        ("tmpfs: /t", ("nosuid", "nodev", "noexec"), False),
        ("tmpfs: ['/t:size=64m,exec']", ("nosuid", "nodev"), True),
        ("tmpfs: ['/t:${O}']", None, None),
        ("volumes: [{type: tmpfs, target: /t}]", ("nosuid", "nodev", "noexec"), False),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m}}]",
         ("nosuid", "nodev", "noexec"), True),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 0}}]",
         ("nosuid", "nodev", "noexec"), False),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: '${S}'}}]", None, None),
    ],
)  # fmt: skip
def test_options_of_a_tmpfs(
    service: str, held: tuple[str, ...] | None, limited: bool | None
) -> None:
    """What docker adds and whether a size is given, in both forms."""
    (record,) = compose(service).records("mount")
    assert (held, limited) == (record.get("mount.options"), record.get("mount.size_limited"))


def test_a_volume_of_the_project_is_shared_with_nobody_outside() -> None:
    """One that is external, has a name of its own or a driver's options may well be."""
    rest = "volumes: {own: {}, named: {name: x}, nfs: {driver_opts: {type: nfs}}}\n"
    seen = compose("volumes: ['own:/a', 'named:/b', 'nfs:/c', '/d']", rest)
    shared = [record.get("mount.shared_with") for record in seen.records("mount")]
    assert [(), None, None, ()] == shared


def test_who_else_has_a_folder_only_the_host_tells() -> None:
    """That is no gap in the file: nothing in it could say so."""
    (record,) = compose("volumes: [/srv/a:/a]").factset.parts["mount"][0].records
    reasons = {path: entry.reason for path, entry in record.missing.items()}
    assert {
        "mount.options": Reason.NOT_DECLARABLE,
        "mount.shared_with": Reason.NOT_DECLARABLE,
        "mount.source_writers": Reason.NOT_DECLARABLE,
    } == reasons


@pytest.mark.parametrize(
    ("volumes", "expected"),
    [
        ("['/srv/a:/a', '/srv/a/b:/b']", [None, ("this container",)]),
        ("['/srv/a/b:/b', '/srv/a:/a']", [("this container",), None]),
        ("['/srv/a:/a:ro', '/srv/a/b:/b']", [None, None]),
        ("['/srv/a:/a', '/srv/ab:/b']", [None, None]),
        ("['/srv/a:/a', '/srv/a:/b']", [None, None]),
        ("['./a:/a', './a/b:/b']", [None, ("this container",)]),
        ("['/:/host', '/srv:/b']", [None, ("this container",)]),
    ],
)
def test_a_folder_below_another_writable_one_can_be_replaced_from_inside(
    volumes: str, expected: list[tuple[str, ...] | None]
) -> None:
    """The service's own mounts tell that, whatever the host."""
    records = compose(f"volumes: {volumes}").records("mount")
    assert expected == [record.get("mount.source_writers") for record in records]


def test_thousands_of_mounts_are_cut_off() -> None:
    """What lies below what is looked up, not compared one by one."""
    volumes = "\n".join(f"  - /srv/{number}:/{number}" for number in range(MAX_RECORDS + 5))
    seen = compose(f"volumes:\n{volumes}")
    assert (MAX_RECORDS, True) == (len(seen.records("mount")), bool(seen.incomplete("mount")))


@pytest.mark.parametrize(
    ("service", "added", "dropped"),
    [
        ("image: a", (), ()),
        ("cap_add: [net_raw, CAP_CHOWN]", ("CAP_CHOWN", "CAP_NET_RAW"), ()),
        ("cap_add: [all]\ncap_drop: [all]", ("ALL",), ("all",)),
        ("cap_add: ['${C}']", None, ()),
        ("cap_drop: ['${C}']", (), None),
    ],
)
def test_capabilities_asked_for_by_name(
    service: str, added: tuple[str, ...] | None, dropped: tuple[str, ...] | None
) -> None:
    """Added ones as the kernel spells them, dropped ones as they are written."""
    assert added == _fact("container.capabilities.added", service)
    assert dropped == _fact("container.capabilities.dropped", service)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("user: '1000:0'", ("root",)),
        ("user: '1000:root'", ("root",)),
        ("user: '1000:1000'\ngroup_add: ['0']", ("root",)),
        ("user: '1000:1000'\ngroup_add: [docker]", None),
        ("user: '1000'", None),
        ("user: '1000:${G}'", None),
        ("user: '1000:0'\nuserns_mode: auto", None),
    ],
)
def test_of_groups_only_gid_0_is_known(service: str, expected: tuple[str, ...] | None) -> None:
    """Whose another number is, only the host tells; in a user namespace 0 is nobody's."""
    assert expected == _fact("process.host_groups", service)


@pytest.mark.parametrize(
    ("user", "hook", "expected"),
    [
        ("1000", "root", True),
        ("1000", "0:0", True),
        ("1000", "1001", False),
        ("1000", "1000", False),
        ("0", "root", False),
        ("app", "app", False),
        ("app", "root", None),
        ("app", "other", None),
        ("1000", "'${U}'", None),
        ("", "root", None),
        ("", "1000", False),
        ("root", "'${U}'", False),
    ],
)
def test_a_hook_of_root_in_a_service_of_another_user(
    user: str, hook: str, expected: bool | None
) -> None:
    """Known where both are numbers or the same word; who a name is, the image says."""
    own = f"user: '{user}'\n" if user else ""
    service = f"{own}post_start: [{{command: x}}, {{command: y, user: {hook}}}]"
    assert expected is _fact("container.lifecycle.root", service)


def test_a_service_without_hooks_changes_to_nobody() -> None:
    """No hook, no change."""
    assert False is _fact("container.lifecycle.root", "image: a")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("image: a", (False, False, None)),
        ("environment: {NVIDIA_VISIBLE_DEVICES: all}", (False, False, None)),
        ("gpus: all", (True, False, None)),
        ("gpus: [{driver: nvidia, capabilities: [gpu, utility]}]", (True, False, ("utility",))),
        ("gpus: [{driver: amd}]", (False, False, None)),
        ("gpus: all\nenvironment: {NVIDIA_DRIVER_CAPABILITIES: 'all'}", (True, False, ("all",))),
        ("gpus: all\nenvironment: ['NVIDIA_DRIVER_CAPABILITIES=${C}']", (True, False, None)),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
         (True, False, None)),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [tpu]}]}}}",
         (False, False, None)),
        ("runtime: nvidia\nenvironment: [NVIDIA_VISIBLE_DEVICES=all]", (True, True, None)),
        ("runtime: nvidia", (None, None, None)),
        ("runtime: '${R}'", (None, None, None)),
    ],
)  # fmt: skip
def test_what_decides_about_gpus(service: str, expected: tuple[Any, ...]) -> None:
    """A request, or the environment where NVIDIA's runtime reads it."""
    seen = compose(service)
    names = ("requested", "by_environment", "capabilities")
    assert expected == tuple(seen.facts.get(f"container.gpu.{name}") for name in names)
