"""What an engine was asked to give a container: names, groups, tmpfs options, cgroups, GPUs."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import audit, engine, fields, inspected, records, value

from isoaudit.model import FactSet, Vantage

ENGINE = Vantage.ENGINE
KNOWN: dict[str, Any] = {"SecurityOptions": [], "ServerVersion": "20.10.24+dfsg1"}


def seen(
    info: dict[str, Any] | None = None,
    name: str = "docker",
    config: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
    **host: Any,
) -> FactSet:
    """Return what is seen of a container with these settings."""
    inspect = {**inspected(**host), **(top or {})}
    inspect["Config"] = {**inspect["Config"], "Env": [], **(config or {})}
    return audit(engine(inspect, info=KNOWN if info is None else info, name=name))[1]


def asked(found: FactSet, path: str) -> Any:
    """Return a fact of the container as the engine gives it."""
    return value(found, f"container.{path}", ENGINE)


def main(found: FactSet, *paths: str) -> tuple[Any, ...]:
    """Return fields of the main process."""
    (record,) = records(found, "process", ENGINE)
    return fields(record, *(f"process.{path}" for path in paths))


def test_capabilities_are_named_as_the_kernel_spells_them() -> None:
    """Those that are added are; those that are dropped stay as they are written."""
    found = seen(CapAdd=["net_admin", "CAP_CHOWN"], CapDrop=["all"])
    assert ("CAP_CHOWN", "CAP_NET_ADMIN") == asked(found, "capabilities.added")
    assert ("all",) == asked(found, "capabilities.dropped")


def test_all_capabilities_stay_one_word() -> None:
    """Adding ALL is a wish of its own, not forty names."""
    assert ("ALL",) == asked(seen(CapAdd=["ALL"]), "capabilities.added")


def test_podmans_additions_are_measured_against_its_own_default() -> None:
    """Its answer is the difference to docker's set, in which NET_RAW is no addition."""
    plain = seen(name="podman", CapDrop=["AUDIT_WRITE", "MKNOD", "NET_RAW"], CapAdd=[])
    raw = seen(name="podman", CapDrop=["AUDIT_WRITE", "MKNOD"], CapAdd=["SYS_TIME"])
    assert () == asked(plain, "capabilities.added")
    assert ("CAP_NET_RAW", "CAP_SYS_TIME") == asked(raw, "capabilities.added")
    assert None is asked(plain, "capabilities.dropped")


@pytest.mark.parametrize(
    ("user", "name", "expected"),
    [
        ("", "docker", True),
        ("0:0", "docker", True),
        ("root", "docker", True),
        ("1000", "docker", False),
        ("app", "docker", None),
        ("", "podman", None),
        ("0", "podman", True),
    ],
)
def test_whether_the_container_is_set_up_for_root(
    user: str, name: str, expected: bool | None
) -> None:
    """A name is the image's, and podman's empty user may be the caller."""
    assert expected is asked(seen(name=name, config={"User": user}), "user_is_root")


@pytest.mark.parametrize(
    ("user", "added", "users", "expected"),
    [
        ("1000:0", None, "", ("root",)),
        ("1000:root", None, "", ("root",)),
        ("1000:1000", ["0"], "", ("root",)),
        ("1000:1000", ["998"], "", None),
        ("1000", None, "", None),
        ("1000:0", None, "private", None),
    ],
)
def test_of_groups_only_gid_0_is_known(
    user: str, added: list[str] | None, users: str, expected: tuple[str, ...] | None
) -> None:
    """Whose another number is, only the host tells; in a user namespace 0 is nobody's."""
    found = seen(config={"User": user}, GroupAdd=added, UsernsMode=users)
    assert (expected,) == main(found, "host_groups")


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("docker", "20.10.14", ()),
        ("docker", "28.2.2", ()),
        ("docker", "20.10.13", None),
        ("docker", "v20.10.24", ()),
        ("docker", "dev", None),
        ("docker", "", None),
        ("podman", "4.3.1", ()),
        ("podman", "4.0.2", None),
    ],
)
def test_the_inheritable_set_is_empty_by_an_engine_that_clears_it(
    name: str, version: str, expected: tuple[str, ...] | None
) -> None:
    """An older one, or one that does not say, may have filled it (CVE-2022-24769)."""
    info = {"SecurityOptions": [], "ServerVersion": version}
    found = seen(info, name, config={"User": "0"})
    assert (expected, ()) == main(found, "capabilities.inheritable", "capabilities.ambient")


@pytest.mark.parametrize(
    ("options", "name", "held", "limited"),
    [
        ("", "docker", ("nosuid", "nodev", "noexec"), False),
        ("size=64m", "docker", ("nosuid", "nodev", "noexec"), True),
        ("size=0", "docker", ("nosuid", "nodev", "noexec"), False),
        ("exec,nr_blocks=8", "docker", ("nosuid", "nodev"), True),
        ("dev,suid,exec,noexec", "docker", ("noexec",), False),
        ("defaults,size=1m", "docker", ("nosuid", "nodev", "noexec"), True),
        ("rw,rprivate,nosuid,nodev,tmpcopyup", "podman", ("nosuid", "nodev"), False),
    ],
)
def test_options_of_a_tmpfs(options: str, name: str, held: tuple[str, ...], limited: bool) -> None:
    """Docker adds three restrictions unless told otherwise; podman's answer names all it gives."""
    (record,) = records(seen(name=name, top={"Mounts": []}, Tmpfs={"/t": options}), "mount", ENGINE)
    assert (held, limited) == fields(record, "mount.options", "mount.size_limited")


def test_options_of_a_tmpfs_in_long_form() -> None:
    """`--mount type=tmpfs` has its size and options elsewhere in the answer."""
    given = {"SizeBytes": 1000, "Options": [["exec"]]}
    mounts = [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": given}]
    top = {"Mounts": [{"Type": "tmpfs", "Destination": "/t", "RW": True}]}
    (record,) = records(seen(top=top, Mounts=mounts), "mount", ENGINE)
    assert (("nosuid", "nodev"), True) == fields(record, "mount.options", "mount.size_limited")


def _bind(source: str, **entry: Any) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": "/x", "RW": True, "Mode": "", **entry}


REMAP = {"SecurityOptions": ["name=userns"]}


@pytest.mark.parametrize(
    ("info", "name", "mounts", "host", "expected"),
    [
        (KNOWN, "docker", [], {}, False),
        (KNOWN, "docker", [], {"Privileged": True}, True),
        (KNOWN, "docker", [], {"SecurityOpt": ["writable-cgroups=true"]}, True),
        (KNOWN, "docker", [], {"SecurityOpt": ["writable-cgroups=false"]}, False),
        (KNOWN, "docker", [_bind("/sys/fs/cgroup")], {}, True),
        (KNOWN, "docker", [_bind("/sys/fs/cgroup/memory/")], {}, True),
        (KNOWN, "docker", [_bind("/")], {}, True),
        (KNOWN, "docker", [_bind("/sys", RW=False)], {}, False),
        (KNOWN, "docker", [_bind("/sys/fs/bpf")], {}, False),
        (REMAP, "docker", [], {}, True),
        (REMAP, "docker", [], {"UsernsMode": "host"}, None),
        ({}, "docker", [], {}, None),
        (KNOWN, "podman", [], {}, None),
        (KNOWN, "podman", [], {"Privileged": True}, True),
    ],
)
def test_whether_cgroups_can_be_written(
    info: dict[str, Any], name: str, mounts: list[Any], host: dict[str, Any], expected: bool | None
) -> None:
    """Read-only, unless one of four things makes it otherwise; podman does not tell them all."""
    found = seen(info, name, top={"Mounts": mounts}, **host)
    assert expected is asked(found, "cgroup_writable")


@pytest.mark.parametrize(
    ("info", "name", "mode", "expected"),
    [
        (KNOWN, "docker", "ro,Z", ("/etc",)),
        (KNOWN, "docker", "z", ("/etc",)),
        (KNOWN, "docker", "ro", ()),
        (KNOWN, "podman", "", ()),
        ({"SecurityOptions": ["name=selinux"]}, "podman", "", None),
        ({}, "podman", "", None),
    ],
)
def test_which_folders_are_labelled_anew(
    info: dict[str, Any], name: str, mode: str, expected: tuple[str, ...] | None
) -> None:
    """Podman leaves the mode out of its answer; without SELinux nothing is labelled there."""
    found = seen(info, name, top={"Mounts": [_bind("/etc/", Mode=mode)]})
    assert expected == asked(found, "relabelled_paths")


def test_volumes_are_the_engines_to_label() -> None:
    """Docker gives every volume a `z` of its own accord."""
    volume = {"Type": "volume", "Name": "v", "Source": "/var/v", "Destination": "/v", "Mode": "z"}
    assert () == asked(seen(top={"Mounts": [volume]}), "relabelled_paths")


def _request(*capabilities: str, **entry: Any) -> dict[str, Any]:
    return {"Driver": "", "Count": -1, "Capabilities": [list(capabilities)], **entry}


@pytest.mark.parametrize(
    ("host", "variables", "expected"),
    [
        ({}, [], (False, False, None)),
        ({"DeviceRequests": [_request("gpu")]}, [], (True, False, ())),
        ({"DeviceRequests": [_request("gpu", "compute", "utility")]}, [],
         (True, False, ("compute", "utility"))),
        ({"DeviceRequests": [_request("gpu", "all")]}, ["NVIDIA_DRIVER_CAPABILITIES=[redacted]"],
         (True, False, ("all",))),
        ({"DeviceRequests": [_request("gpu")]}, ["NVIDIA_DRIVER_CAPABILITIES=[redacted]"],
         (True, False, None)),
        ({"DeviceRequests": [_request(Driver="cdi", DeviceIDs=["nvidia.com/gpu=0"])]}, [],
         (True, False, ())),
        ({"DeviceRequests": [_request(Driver="cdi", DeviceIDs=["vendor.com/nic=0"])]}, [],
         (False, False, None)),
        ({"DeviceRequests": [_request("tpu")]}, [], (False, False, None)),
        ({"Runtime": "nvidia"}, ["NVIDIA_VISIBLE_DEVICES=[redacted]"], (True, True, ())),
        ({"Runtime": "runc"}, ["NVIDIA_VISIBLE_DEVICES=[redacted]"], (False, False, None)),
    ],
)  # fmt: skip
def test_what_decides_about_gpus(
    host: dict[str, Any], variables: list[str], expected: tuple[Any, ...]
) -> None:
    """A request, or the environment where NVIDIA's runtime reads it; values are not kept."""
    found = seen(config={"Env": variables}, **host)
    names = ("gpu.requested", "gpu.by_environment", "gpu.capabilities")
    assert expected == tuple(asked(found, name) for name in names)
