"""What a container shares with others of its engine: namespaces, mounts, shared memory."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import ID, audit, engine, fields, inspected, records, value

from isoaudit.model import FactSet, Vantage

ENGINE = Vantage.ENGINE
OTHER = "cd" * 32
PROJECT = "com.docker.compose.project"


def other(name: str = "vpn", project: str = "", **entry: Any) -> dict[str, Any]:
    """Return the list entry of another container."""
    labels = {PROJECT: project} if project else {}
    usual = {"Id": OTHER, "Names": [f"/{name}"], "State": "running", "Labels": labels, "Mounts": []}
    return {**usual, **entry}


def seen(
    *others: dict[str, Any],
    name: str = "docker",
    project: str = "",
    mounts: list[dict[str, Any]] | None = None,
    **host: Any,
) -> FactSet:
    """Return what is seen of a container beside others."""
    inspect = inspected(**host)
    inspect["Mounts"] = mounts
    own = {"Labels": {PROJECT: project}} if project else {}
    return audit(engine(inspect, name=name, own=own, others=others))[1]


def borrowed(found: FactSet) -> Any:
    """Return the namespaces shared with others."""
    return value(found, "container.borrowed_namespaces", ENGINE)


def shared(found: FactSet) -> Any:
    """Return who shares the only mount."""
    (record,) = records(found, "mount", ENGINE)
    return fields(record, "mount.shared_with")[0]


def test_namespaces_of_a_stranger_are_borrowed() -> None:
    """Each is named with the container that lends it."""
    found = seen(other(), NetworkMode=f"container:{OTHER}", IpcMode=f"container:{OTHER}")
    assert ("net:vpn", "ipc:vpn") == borrowed(found)


def test_namespaces_of_the_own_project_are_not_borrowed() -> None:
    """Services of one compose project belong together; two without a project do not."""
    mode = f"container:{OTHER}"
    assert () == borrowed(seen(other(project="a"), project="a", NetworkMode=mode))
    assert ("net:vpn",) == borrowed(seen(other(project="a"), project="b", NetworkMode=mode))
    assert ("net:vpn",) == borrowed(seen(other(), NetworkMode=mode))


def test_namespaces_of_the_own_pod_are_not_borrowed() -> None:
    """Podman keeps a pod's namespaces in a container of their own."""
    infra = other("60f498358a07-infra")
    assert () == borrowed(seen(infra, name="podman", NetworkMode=f"container:{OTHER}"))


@pytest.mark.parametrize("mode", ["container:gone", "ns:/run/netns/blue"])
def test_namespaces_of_who_knows_whom_are_not_known(mode: str) -> None:
    """A container that is not listed, or a path, may be anybody's."""
    assert None is borrowed(seen(other(), NetworkMode=mode))


def test_one_borrowed_namespace_is_enough() -> None:
    """That another one is not known does not hide it."""
    found = seen(other(), NetworkMode=f"container:{OTHER}", PidMode="container:gone")
    assert ("net:vpn",) == borrowed(found)


@pytest.mark.parametrize(
    ("mode", "name", "expected"),
    [
        ("private", "docker", False),
        ("none", "docker", False),
        ("host", "docker", False),
        ("shareable", "docker", True),
        (f"container:{OTHER}", "docker", False),
        ("", "docker", None),
        ("shareable", "podman", None),
        ("host", "podman", False),
    ],
)
def test_an_ipc_namespace_is_open_if_the_engine_says_so(
    mode: str, name: str, expected: bool | None
) -> None:
    """Podman's `shareable` says nothing, since it answers that for a private one, too."""
    found = seen(other(), name=name, IpcMode=mode)
    assert expected is value(found, "container.ipc_shareable", ENGINE)


BIND = {"Type": "bind", "Source": "/srv/a", "Destination": "/a", "RW": True, "Mode": ""}
READ = {**BIND, "RW": False}


@pytest.mark.parametrize(
    ("mount", "theirs", "expected"),
    [
        (BIND, BIND, ("vpn",)),
        (BIND, READ, ("vpn",)),
        (READ, BIND, ("vpn",)),
        (READ, READ, ()),
        (BIND, {**BIND, "Source": "/srv/b"}, ()),
    ],
)
def test_a_folder_is_shared_if_one_of_the_two_writes(
    mount: dict[str, Any], theirs: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """What both only read passes nothing on."""
    assert expected == shared(seen(other(Mounts=[theirs]), mounts=[mount]))


def test_a_folder_is_not_shared_with_the_own_project_or_what_ended() -> None:
    """Containers of the same project belong together, and one that ended reads nothing."""
    entry = other(project="a", Mounts=[BIND])
    assert () == shared(seen(entry, project="a", mounts=[BIND]))
    assert () == shared(seen(other(State="exited", Mounts=[BIND]), mounts=[BIND]))


def test_an_engine_that_lists_no_mounts_does_not_tell() -> None:
    """Without them nobody knows who else has the folder."""
    assert None is shared(seen(other(Mounts=None), mounts=[BIND]))


def test_in_a_pod_of_podman_nobody_knows_whose_the_others_are() -> None:
    """Its list does not say which containers are of the same pod."""
    infra = other("60f498358a07-infra")
    helper = other("helper", Id="ef" * 32, Mounts=[BIND])
    mode = f"container:{OTHER}"
    assert None is shared(seen(infra, helper, name="podman", mounts=[BIND], NetworkMode=mode))
    assert () == shared(seen(infra, name="podman", mounts=[BIND], NetworkMode=mode))


def test_a_folder_below_another_writable_one_can_be_replaced_from_inside() -> None:
    """Its own mounts tell that, wherever the container runs."""
    below = {**BIND, "Source": "/srv/a/b", "Destination": "/b"}
    writers = [
        fields(record, "mount.source_writers")
        for record in records(seen(mounts=[BIND, below]), "mount", ENGINE)
    ]
    assert [(None,), (("this container",),)] == writers


def test_a_folder_below_a_read_only_one_cannot() -> None:
    """Nothing is renamed where nothing is written."""
    below = {**BIND, "Source": "/srv/a/b", "Destination": "/b"}
    found = records(seen(mounts=[READ, below]), "mount", ENGINE)
    assert [(None,), (None,)] == [fields(record, "mount.source_writers") for record in found]


def test_the_own_container_is_no_neighbour() -> None:
    """It is in the list as well, with the same mounts."""
    inspect = inspected()
    inspect["Mounts"] = [BIND]
    found = audit(engine(inspect, own={"Mounts": [BIND]}))[1]
    assert ((), ID) == (shared(found), inspect["Id"])
