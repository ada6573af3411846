"""Host paths in unusual spellings, and file systems that show the host without naming a path."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import Seen, compose, kubernetes, seen
from oci_bundles import look
from systemd_units import unit

from isoaudit.errors import DocumentError
from isoaudit.probes.compose.driver_opts import shown_path
from isoaudit.probes.run_line.probe import DockerRunProbe
from isoaudit.probes.writers import folders_above, normal

_SHARE = "volumes: {share: {driver_opts: {type: %s, o: '%s', device: '%s'}}}\n"


def _line(options: str) -> Seen:
    probe = DockerRunProbe(f"docker run {options} img\n", "run.sh")
    return seen(probe.collect(probe.find()[0]))


def _mount(found: Seen, destination: str) -> dict[str, Any]:
    return next(m for m in found.records("mount") if m["mount.destination"] == destination)


@pytest.mark.parametrize("path", ["//", "//a/b", "/a/b", "a/b", "a", "", "/", "///x"])
def test_folders_above_come_to_an_end(path: str) -> None:
    """Two leading slashes are a root of their own to POSIX, above which there is nothing else."""
    assert len(list(folders_above(path))) <= 3


@pytest.mark.parametrize(
    ("path", "expected"),
    [("//", "/"), ("//run/x.sock", "/run/x.sock"), ("a/../b", "b"), ("/a", "/a")],
)
def test_leading_slashes_are_one(path: str, expected: str) -> None:
    """Linux takes any number of them for one."""
    assert expected == normal(path)


@pytest.mark.parametrize(
    ("kind", "options", "device", "expected"),
    [
        ("none", "bind", "/srv/x", "/srv/x"),
        ("none", "bind,ro", "//", "/"),
        ("", "", "/srv", "/srv"),
        ("ext4", "bind", "/srv", "/srv"),
        ("none", "bind", "data", None),
        ("proc", "", "proc", "/proc"),
        ("SysFS", "", "x", "/sys"),
        ("devtmpfs", "", "x", "/dev"),
        ("ext4", "", "/dev/sda1", None),
        ("overlay", "lowerdir=/", "overlay", None),
        ("nfs", "addr=10.0.0.1", ":/srv", ""),
        ("cifs", "username=x", "//server/share", ""),
        ("tmpfs", "size=1m", "tmpfs", ""),
    ],
)
def test_the_options_of_a_volume_tell_what_it_shows(
    kind: str, options: str, device: str, expected: str | None
) -> None:
    """A host path, nothing of the host, or what cannot be told."""
    assert expected == shown_path(kind, options, device)


@pytest.mark.parametrize(
    ("made_with", "expected"),
    [
        (("none", "bind", "//run/docker.sock"), ("bind", "/run/docker.sock")),
        (("proc", "", "proc"), ("bind", "/proc")),
        (("cifs", "", "//server/share"), ("volume", None)),
        (("ext4", "", "/dev/sda1"), (None, None)),
        (("none", "${O}", "/srv"), ("bind", None)),
    ],
)
def test_a_volume_of_compose_is_what_it_is_made_with(
    made_with: tuple[str, str, str], expected: tuple[str | None, str | None]
) -> None:
    """By its driver's options, whatever its name is."""
    found = compose("volumes: [share:/x]", _SHARE % made_with)
    mount = _mount(found, "/x")

    assert expected == (mount.get("mount.kind"), mount.get("mount.source"))


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("TYPE=BIND,SRC=/run/docker.sock,DST=/x", ("bind", "/run/docker.sock")),
        ("type=volume,dst=/x,volume-opt=type=proc,volume-opt=device=proc", ("bind", "/proc")),
        ("type=volume,dst=/x,volume-opt=type=ext4,volume-opt=device=/dev/sda1", (None, None)),
    ],
)
def test_a_mount_of_a_run_line_is_read_as_docker_reads_it(
    mount: str, expected: tuple[str | None, str | None]
) -> None:
    """Names of fields in capitals, and options of volumes."""
    found = _mount(_line(f"--mount {mount}"), "/x")

    assert expected == (found.get("mount.kind"), found.get("mount.source"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("devtmpfs", ("bind", "/dev")),
        ("debugfs", ("bind", "/sys/kernel/debug")),
        ("overlay", ("bind", None)),
        ("mqueue", ("system", None)),
    ],
)
def test_a_bundle_mounts_what_is_the_hosts_by_its_type(
    kind: str, expected: tuple[str, str | None]
) -> None:
    """There is one devtmpfs and one debugfs on a machine; an overlay may show any path."""
    mount = {"type": kind, "source": kind, "destination": "/x", "options": ["lowerdir=/"]}
    found = _mount(look(lambda tree: tree["mounts"].append(mount)), "/x")

    assert expected == (found["mount.kind"], found.get("mount.source"))


def test_a_unit_that_binds_the_root_by_two_slashes_binds_the_root() -> None:
    """As the kernel takes it."""
    assert "/" == _mount(unit("RootDirectory=/srv\nBindPaths=//:/h"), "/h")["mount.source"]


@pytest.mark.parametrize("key", ["Mounts", "MOUNTS", "ociversion"])
def test_a_bundle_with_keys_in_other_capitals_is_refused(key: str) -> None:
    """Runtimes take them for the specification's own, and overlooking them would pass."""
    with pytest.raises(DocumentError, match=f"key '{key}', which runtimes read as"):
        look(lambda tree: tree.__setitem__(key, []))


def test_annotations_of_a_bundle_may_be_called_anything() -> None:
    """Their names are anyone's."""
    found = look(lambda tree: tree.setdefault("annotations", {}).__setitem__("Process", "x"))

    assert found.facts["container.platform"] == "oci"


def test_an_image_that_holds_a_password_is_named_without_it() -> None:
    """Somebody pasted an address with who may read it."""
    image = "https://bob:hunter2hunter@registry.example/web"

    assert "hunter2" not in repr(compose(f"image: {image}").factset)
    assert "hunter2" not in repr(kubernetes(f"image: {image}").factset)
