"""Odd answers of an engine: nulls, absent keys, every spelling of an option."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import audit, engine, fields, inspected, only, records, value

from isoaudit.model import FactSet, Record, Vantage
from isoaudit.probes.defaults import DOCKER_CAPABILITIES, effective_set, normalise_capability
from isoaudit.probes.docker.process import namespace_word

ENGINE = Vantage.ENGINE
SECCOMP = {"SecurityOptions": ["name=seccomp,profile=default"]}


def seen(
    inspect: dict[str, Any],
    info: dict[str, Any] | None = None,
    name: str = "docker",
    volumes: list[dict[str, Any]] | None = None,
) -> FactSet:
    """Return what is seen of a container with this inspection."""
    return audit(engine(inspect, info=info, name=name, volumes=volumes))[1]


def process(
    inspect: dict[str, Any], info: dict[str, Any] | None = None, name: str = "docker"
) -> Record:
    """Return the record of its main process."""
    (record,) = records(seen(inspect, info, name), "process", ENGINE)
    return record


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("no-new-privileges", True),
        ("no-new-privileges:true", True),
        ("no-new-privileges=true", True),
        ("no-new-privileges:false", False),
        ("no-new-privileges=false", False),
        ("seccomp=unconfined", False),
    ],
)
def test_no_new_privileges_in_every_spelling(option: str, expected: bool) -> None:
    """The option counts bare, with a colon and with an equals sign."""
    record = process(inspected(SecurityOpt=[option]))
    assert (expected,) == fields(record, "process.no_new_privileges")


def test_no_new_privileges_as_the_engines_default() -> None:
    """An engine that says no-new-privileges is its default is believed."""
    record = process(inspected(), {"SecurityOptions": ["name=no-new-privileges"]})
    assert (True,) == fields(record, "process.no_new_privileges")


@pytest.mark.parametrize(
    ("option", "profile", "mode"),
    [
        ("seccomp=unconfined", "unconfined", "disabled"),
        ("seccomp:unconfined", "unconfined", "disabled"),
        ('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "custom", "filter"),
        ("seccomp=/etc/profile.json", "custom", "filter"),
        ("seccomp=builtin", "default", "filter"),
        ("label=disable", "default", "filter"),
    ],
)
def test_seccomp_profile_in_every_spelling(option: str, profile: str, mode: str) -> None:
    """A profile by name, by path or inlined as JSON is told apart."""
    found = seen(inspected(SecurityOpt=[option]), SECCOMP)
    (record,) = records(found, "process", ENGINE)
    assert profile == value(found, "container.seccomp.profile", ENGINE)
    assert (mode,) == fields(record, "process.seccomp.mode")


def test_engine_without_seccomp_loads_no_filter() -> None:
    """Where the engine has no seccomp, the default profile is no filter."""
    record = process(inspected(), {"SecurityOptions": []})
    assert ("disabled",) == fields(record, "process.seccomp.mode")


def test_unknown_engine_defaults_leave_the_filter_unknown() -> None:
    """If the engine does not tell its options, the mode is missing, not assumed."""
    record = process(inspected(), {})
    assert "process.seccomp.mode" in record.missing
    assert "process.apparmor.confined" in record.missing


@pytest.mark.parametrize(
    ("options", "disabled", "kind"),
    [
        (["label=disable"], True, ""),
        (["label:disable"], True, ""),
        (["label=type:spc_t"], True, "spc_t"),
        (["label:type:container_t", "label=level:s0"], False, "container_t"),
        ([], False, ""),
    ],
)
def test_selinux_options(options: list[str], disabled: bool, kind: str) -> None:
    """SELinux separation counts as off if disabled or of the type that is confined by nothing."""
    found = seen(inspected(SecurityOpt=options))
    assert (disabled, kind) == (
        value(found, "container.selinux.disabled", ENGINE),
        value(found, "container.selinux.type", ENGINE),
    )


def test_host_pid_namespace_switches_selinux_labels_off() -> None:
    """Docker gives no label to a container in the host's pid namespace."""
    found = seen(inspected(PidMode="host"))
    assert True is value(found, "container.selinux.disabled", ENGINE)


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        ("", "private"),
        ("private", "private"),
        ("shareable", "private"),
        ("bridge", "private"),
        ("host", "host"),
        ("ns:/run/netns/x", "shared"),
        ("pod", "shared"),
    ],
)
def test_namespace_modes(mode: str, word: str) -> None:
    """A mode that joins another namespace is shared, never private."""
    assert word == namespace_word(mode)


@pytest.mark.parametrize(
    ("mode", "options", "word"),
    [
        ("", [], "host"),
        ("", ["name=userns"], "private"),
        ("host", ["name=userns"], "host"),
        ("host", ["name=rootless"], "private"),
        ("keep-id", [], "private"),
    ],
)
def test_user_namespace_by_mode_and_engine(mode: str, options: list[str], word: str) -> None:
    """The engine's remapping decides unless the container opts out; rootless always has one."""
    record = process(inspected(UsernsMode=mode), {"SecurityOptions": options})
    assert (word,) == fields(record, "process.user_namespace")


@pytest.mark.parametrize(
    ("user", "uid", "permitted"),
    [
        ("", 0, True),
        ("root", 0, True),
        ("0:0", 0, True),
        ("1000", 1000, False),
        ("1000:0", 1000, False),
        ("nginx", None, True),
        ("٣", None, True),
    ],
)
def test_user_is_proven_non_root_by_number_only(
    user: str, uid: int | None, permitted: bool
) -> None:
    """A name is resolved by the image's own files, so that it proves nothing."""
    inspect = inspected()
    inspect["Config"]["User"] = user
    assert (uid, permitted) == fields(process(inspect), "process.uid", "process.root_permitted")


def test_user_without_root_holds_nothing_but_keeps_the_bounding_set() -> None:
    """Docker's other users start with empty sets; the bounding set stays."""
    inspect = inspected(CapAdd=["net_admin"])
    inspect["Config"]["User"] = "1000"
    kept = effective_set(DOCKER_CAPABILITIES, ["NET_ADMIN"], [])
    assert ((), (), (), kept) == fields(
        process(inspect),
        *(f"process.capabilities.{s}" for s in ("effective", "permitted", "ambient", "bounding")),
    )


@pytest.mark.parametrize(
    ("add", "drop", "expected"),
    [
        (["net_admin"], ["ALL"], ("CAP_NET_ADMIN",)),
        ([], ["all"], ()),
        (["ALL"], ["CAP_SYS_ADMIN", "ALL"], None),
        ([], ["CAP_MKNOD", "chown"], None),
    ],
)
def test_capabilities_added_and_dropped(
    add: list[str], drop: list[str], expected: tuple[str, ...] | None
) -> None:
    """ALL and every spelling of a name are read as the engine reads them."""
    held = fields(process(inspected(CapAdd=add, CapDrop=drop)), "process.capabilities.effective")[0]
    if expected is not None:
        assert expected == held
    for name in drop:
        if name.upper() != "ALL":
            assert normalise_capability(name) not in held


def test_podman_lists_what_differs_from_dockers_set() -> None:
    """Podman's drop of three is its default, its privilege leaves out what the host lacks."""
    plain = inspected(CapDrop=["AUDIT_WRITE", "MKNOD", "NET_RAW"], CapAdd=[])
    held = fields(process(plain, name="podman"), "process.capabilities.bounding")[0]
    assert 11 == len(held)
    full = inspected(Privileged=True, CapDrop=["SYS_RESOURCE"], CapAdd=[])
    held = fields(process(full, name="podman"), "process.capabilities.bounding")[0]
    assert (40, False) == (len(held), "CAP_SYS_RESOURCE" in held)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("Privileged", "container.privileged"),
        ("ReadonlyRootfs", "container.rootfs.read_only"),
        ("Memory", "container.limits.memory.set"),
        ("PidsLimit", "container.limits.pids.set"),
        ("MaskedPaths", "container.masked_paths"),
        ("SecurityOpt", "container.seccomp.profile"),
        ("UsernsMode", "container.user_namespace"),
        ("Devices", "device"),
        ("DeviceCgroupRules", "device_rule"),
        ("PortBindings", "port"),
    ],
)
@pytest.mark.parametrize("broken", [False, True])
def test_what_the_answer_lacks_is_missing(key: str, path: str, broken: bool) -> None:
    """A key that is absent or of another type never becomes a value."""
    inspect = inspected()
    if broken:
        inspect["HostConfig"][key] = {"not": "this"} if key != "PortBindings" else 7
    else:
        del inspect["HostConfig"][key]
    found = seen(inspect)
    assert path not in found.facts
    assert path not in found.parts
    assert path in found.missing


def test_empty_answer_gives_no_fact_but_what_is_always_so() -> None:
    """An inspection without anything in it leaves everything missing."""
    found = seen({})
    assert {"container.platform"} == set(found.facts)
    (record,) = records(found, "process", ENGINE)
    always = {"main": True, "exceeds_main": (), "namespaces.mnt": "private",
              "apparmor.confined": False}  # fmt: skip
    assert always == only(record, "process")


def test_null_masked_paths_of_a_plain_container_are_not_believed() -> None:
    """Null beside an unprivileged container says neither the default nor none."""
    found = seen(inspected(MaskedPaths=None))
    assert None is value(found, "container.masked_paths", ENGINE)


@pytest.mark.parametrize(
    ("reference", "pinned"),
    [("web", False), ("web:1", False), ("web@sha256:" + "0" * 64, True), ("sha256:00", True)],
)
def test_image_is_pinned_by_digest_only(reference: str, pinned: bool) -> None:
    """A tag is no pin."""
    inspect = inspected()
    inspect["Config"]["Image"] = reference
    assert pinned is value(seen(inspect), "container.image.pinned", ENGINE)


def test_mount_entries_are_read_with_their_modes() -> None:
    """Source, propagation and write access come from a mount's own entry."""
    inspect = inspected()
    inspect["Mounts"] = [
        {
            "Type": "bind",
            "Source": "/srv/a b/",
            "Destination": "/data",
            "Mode": "ro,Z",
            "RW": False,
            "Propagation": "rshared",
        }
    ]
    (record,) = records(seen(inspect), "mount", ENGINE)
    assert {
        "kind": "bind",
        "source": "/srv/a b",
        "destination": "/data",
        "read_only": True,
        "propagation": "shared",
        "managed": False,
        "shared_with": (),
    } == only(record, "mount")


def test_volume_that_is_a_bind_in_disguise() -> None:
    """A volume whose driver binds a host path is that host path, whether it runs or not."""
    options = {"type": "none", "o": "ro,bind", "device": "/etc"}
    found = seen(_with_volume("v"), volumes=[{"Name": "v", "Options": options}])
    (record,) = records(found, "mount", ENGINE)
    assert ("bind", "/etc", False) == fields(record, "mount.kind", "mount.source", "mount.managed")


def test_volume_that_the_engine_keeps() -> None:
    """A volume without options is the engine's, as is one that mounts a file system of its own."""
    for options in (None, {"type": "ext4", "device": "/dev/sdb1"}):
        found = seen(_with_volume("v"), volumes=[{"Name": "v", "Options": options}])
        (record,) = records(found, "mount", ENGINE)
        assert ("volume", True) == fields(record, "mount.kind", "mount.managed")


@pytest.mark.parametrize("volumes", [None, [], [{"Name": "other", "Options": None}]])
def test_volume_that_the_engine_does_not_tell_of(volumes: list[dict[str, Any]] | None) -> None:
    """What is behind such a volume is not known, so that no check of mounts passes."""
    (record,) = records(seen(_with_volume("v"), volumes=volumes), "mount", ENGINE)
    assert (None, None, None) == fields(record, "mount.kind", "mount.source", "mount.managed")
    assert {"mount.kind", "mount.source", "mount.managed"} <= set(record.missing)


def _with_volume(name: str) -> dict[str, Any]:
    inspect = inspected()
    inspect["Mounts"] = [
        {"Type": "volume", "Name": name, "Source": "/v/_data", "Destination": "/data",
         "Driver": "local", "RW": True}
    ]  # fmt: skip
    return inspect


def test_device_by_a_detour_is_the_same_device() -> None:
    """Docker repeats the path as it was written."""
    found = seen(inspected(Devices=[{"PathOnHost": "/dev/../dev/./mem"}]))
    assert ("/dev/mem",) == fields(records(found, "device", ENGINE)[0], "device.path")


def test_devices_rules_and_requests() -> None:
    """Devices by node, by CDI name and by driver, and rules of the device cgroup, are listed."""
    found = seen(
        inspected(
            Devices=[{"PathOnHost": "/dev/kvm", "PathInContainer": "/dev/kvm"}],
            DeviceRequests=[
                {"Driver": "cdi", "DeviceIDs": ["vendor.com/gpu=all"]},
                {"Driver": "nvidia", "Count": -1, "DeviceIDs": None},
            ],
            DeviceCgroupRules=["c 10:* rwm", "a *:* rwm"],
        )
    )
    assert [("/dev/kvm", "rwm"), ("vendor.com/gpu=all", "rw"), ("nvidia=all", "rw")] == [
        fields(r, "device.path", "device.permissions") for r in records(found, "device", ENGINE)
    ]
    assert [("c", "10", "*", "rwm"), ("a", "*", "*", "rwm")] == [
        tuple(only(r, "device_rule").values()) for r in records(found, "device_rule", ENGINE)
    ]


def test_port_asked_for_on_every_address() -> None:
    """A binding without address and port is every address and a port that the engine picks."""
    found = seen(
        inspected(PortBindings={"53/udp": [{"HostIp": "", "HostPort": ""}], "80/tcp": None})
    )
    (record,) = records(found, "port", ENGINE)
    assert {"host_address": "", "host_port": 0, "container_port": 53, "protocol": "udp"} == only(
        record, "port"
    )
