"""Quadlet files: keys as options, what lies beside them, and whose podman runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared_facts import Seen, seen

from isoaudit.documents.beside import Beside, Scan
from isoaudit.errors import DocumentError
from isoaudit.probes.quadlet.probe import QuadletProbe

FOLDER = "etc/containers/systemd"


def _files(tmp_path: Path, **units: str) -> None:
    for name, text in units.items():
        path = tmp_path / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _seen(text: str, shown: str = f"{FOLDER}/web.container", folder: Path | None = None) -> Seen:
    beside = Beside(folder / "web.container", shown) if folder else None
    probe = QuadletProbe(f"[Container]\nImage=img\n{text}", shown, beside)
    return seen(probe.collect(probe.find()[0]))


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "container.platform", "quadlet"),
        ("", "process.user_namespace", "host"),
        ("", "container.limits.pids.count", 2048),
        ("", "container.network.names", ("podman",)),
        ("", "container.image.reference", "img"),
        ("DropCapability=all\nAddCapability=CAP_NET_ADMIN CAP_KILL",
         "process.capabilities.bounding", ("CAP_KILL", "CAP_NET_ADMIN")),
        ("DropCapability=all\nDropCapability=", "container.capabilities.dropped", ()),
        ("User=1000\nGroup=0", "process.uid", 1000),
        ("User=1000\nGroup=0", "process.host_groups", ("root",)),
        ("NoNewPrivileges=true", "process.no_new_privileges", True),
        ("NoNewPrivileges=no", "process.no_new_privileges", False),
        ("SeccompProfile=unconfined", "container.seccomp.profile", "unconfined"),
        ("SeccompProfile=/x.json", "container.seccomp.profile", "custom"),
        ("SecurityLabelDisable=true", "container.selinux.disabled", True),
        ("SecurityLabelDisable=false", "container.selinux.disabled", False),
        ("SecurityLabelType=spc_t", "container.selinux.type", "spc_t"),
        ("Unmask=ALL", "container.masked_paths", ()),
        ("ReadOnly=true", "container.rootfs.read_only", True),
        ("PidsLimit=10", "container.limits.pids.count", 10),
        ("Memory=1g", "container.limits.memory.bytes", 2**30),
        ("Network=host", "process.namespaces.net", "host"),
        ("Network=none", "container.network.names", ("none",)),
        ("UserNS=keep-id:uid=1,gid=1", "process.user_namespace", "private"),
        ("RemapUsers=keep-id", "process.user_namespace", "private"),
        ("UIDMap=0:100000:1000", "process.user_namespace", "private"),
        ("PodmanArgs=--privileged", "container.privileged", True),
        ("PodmanArgs=--pid=host --ipc host", "process.namespaces.pid", "host"),
        ("GlobalArgs=--runtime runsc --log-level=debug", "container.runtime", "runsc"),
        ("CgroupsMode=disabled", "container.cgroup.own", False),
        ("Ulimit=nofile=10:20", "process.limits.open_files.count", 20),
        ("LogDriver=journald", "container.log.bounded", True),
        ("AppArmor=unconfined", "process.apparmor.confined", False),
        ("Exec=/sbin/init", "container.cgroup_writable", True),
        ("[Service]\nMemoryMax=512M", "container.limits.memory.bytes", 2**29),
        ("[Service]\nCPUQuota=50%", "container.limits.cpu.millicores", 500),
        ("[Service]\nTasksMax=30", "container.limits.pids.count", 30),
        ("PidsLimit=10\n[Service]\nTasksMax=30", "container.limits.pids.count", 10),
        ("CgroupsMode=enabled\n[Service]\nMemoryMax=1G", "container.limits.memory.set", False),
        ("[Service]\nMemoryMax=infinity", "container.limits.memory.set", False),
    ],
)  # fmt: skip
def test_keys_say_what_options_say(text: str, path: str, expected: object) -> None:
    """Those of [Container], the arguments for podman, and the limits of the service."""
    assert expected == _seen(text).facts[path]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Pod=db.pod", "process.namespaces.net"),
        ("Pod=db.pod", "process.user_namespace"),
        ("Image=x.build", "container.image.reference"),
        ("ContainersConfModule=/etc/x.conf", "process.capabilities.effective"),
        ("FutureKey=1", "process.no_new_privileges"),
        ("PodmanArgs=--future 1", "container.privileged"),
        ("PodmanArgs=$OPTIONS", "container.privileged"),
        ("GlobalArgs=${X}", "container.privileged"),
        ("[Service]\nMemoryMax=50%", "container.limits.memory.set"),
        ("User=%i", "process.uid"),
        ("UIDMap=0:0:1000", "process.user_namespace"),
        ("", "container.runtime"),
    ],
)
def test_what_the_file_leaves_open_is_not_known(text: str, path: str) -> None:
    """A pod or unit elsewhere, a key of another version, a variable, a specifier."""
    shown = f"{FOLDER}/web@.container" if "%i" in text else f"{FOLDER}/web.container"
    found = _seen(text, shown)

    assert path not in found.facts
    assert any(path.startswith(known) for known in found.missing)


@pytest.mark.parametrize(
    ("shown", "install", "kind"),
    [
        ("etc/containers/systemd/a.container", "", "host"),
        ("home/u/.config/containers/systemd/a.container", "", "private"),
        ("etc/containers/systemd/users/1000/a.container", "", "private"),
        ("a.container", "[Install]\nWantedBy=multi-user.target", "host"),
        ("a.container", "[Install]\nWantedBy=default.target", "host"),
    ],
)
def test_folder_and_target_tell_whose_podman_it_is(shown: str, install: str, kind: str) -> None:
    """An ordinary user's containers are in a user namespace; in doubt the worse is taken."""
    found = _seen(install, shown)

    assert kind == found.facts["process.user_namespace"]
    known = "container.network.names" in found.facts
    assert known is ("etc/containers/systemd/a" in shown or "multi-user" in install)


def test_specifiers_are_filled_in_where_the_file_tells_them() -> None:
    """Root's home for root's systemd, the name of the unit for all."""
    text = "Volume=%h/x:/x\nVolume=/%N:/n\nVolume=/%%:/p"
    of_root = [m["mount.source"] for m in _seen(text).records("mount")]
    of_anybody = [m.get("mount.source") for m in _seen(text, "web.container").records("mount")]

    assert ["/root/x", "/web", "/%"] == of_root
    assert [None, "/web", "/%"] == of_anybody


def test_values_stand_where_their_words_do() -> None:
    """Also over continuation lines and in arguments."""
    found = _seen("AddCapability=KILL \\\n  SYS_ADMIN\nPodmanArgs=--rm --privileged")

    assert f"{FOLDER}/web.container:5:17" == found.sources["container.privileged"]
    assert f"{FOLDER}/web.container:3:15" == found.sources["container.capabilities.added"]


def test_a_pod_beside_the_file_gives_its_containers_what_it_has(tmp_path: Path) -> None:
    """Its network, ports and volumes, and the namespaces that are shared."""
    _files(tmp_path, app_pod="[Pod]\nNetwork=host\nPublishPort=80:80\nVolume=/etc:/e\nUserNS=auto\n"
           "PodmanArgs=--share net,pid")  # fmt: skip
    found = _seen("Pod=app.pod\nVolume=/srv:/s", folder=tmp_path)

    assert "host" == found.facts["process.namespaces.net"]
    assert "shared" == found.facts["process.namespaces.pid"]
    assert "private" == found.facts["process.namespaces.ipc"]
    assert "private" == found.facts["process.user_namespace"]
    assert () == found.facts["container.borrowed_namespaces"]
    assert ("host",) == found.facts["container.network.names"]
    assert ["/etc", "/srv"] == [m["mount.source"] for m in found.records("mount")]
    assert [80] == [port["port.host_port"] for port in found.records("port")]


def test_a_volume_unit_may_be_a_host_path(tmp_path: Path) -> None:
    """One that is not there may be any."""
    _files(tmp_path, d_volume="[Volume]\nDevice=/etc\nType=none\nOptions=bind", e_volume="[Volume]")
    found = _seen("Volume=d.volume:/d\nMount=type=volume,source=e.volume,target=/e\n"
                  "Volume=f.volume:/f", folder=tmp_path)  # fmt: skip
    mounts = {mount["mount.destination"]: mount for mount in found.records("mount")}
    bind, kept, other = mounts["/d"], mounts["/e"], mounts["/f"]

    assert ("bind", "/etc") == (bind["mount.kind"], bind["mount.source"])
    assert "volume" == kept["mount.kind"]
    assert "mount.kind" not in other


def test_a_network_unit_tells_what_its_network_is(tmp_path: Path) -> None:
    """Its name, its driver, and whether it is internal."""
    _files(tmp_path, db_network="[Network]\nInternal=true\nDriver=macvlan\nNetworkName=data")
    (network,) = _seen("Network=db.network:ip=10.0.0.2", folder=tmp_path).records("network")

    assert {"network.name": "data", "network.driver": "macvlan", "network.internal": True,
            "network.default": False} == network  # fmt: skip


def test_drop_ins_are_read_in_their_order(tmp_path: Path) -> None:
    """Those of the type first, then the unit's own, and none that are not .conf."""
    _files(
        tmp_path,
        container_d__a_conf="[Container]\nReadOnly=true\nPidsLimit=5",
        web_container_d__b_conf="[Container]\nPidsLimit=7\nPodmanArgs=--privileged",
        web_container_d__c_bak="[Container]\nReadOnly=false",
    )
    found = _seen("", folder=tmp_path)

    assert True is found.facts["container.rootfs.read_only"]
    assert 7 == found.facts["container.limits.pids.count"]
    assert found.sources["container.privileged"].endswith("web.container.d/b.conf:3:12")


def test_an_environment_file_is_read_beside_the_unit(tmp_path: Path) -> None:
    """Whether what stands in it is secret, and no more."""
    _files(tmp_path, a_env="API_TOKEN=0123456789abcdef0123456789")
    found = _seen('EnvironmentFile=a.env\nEnvironment=A=1 "B=2 3"', folder=tmp_path)

    told = {r["environment.name"]: r["environment.secret"] for r in found.records("environment")}
    assert {"A": False, "B": False, "API_TOKEN": True} == told


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[Container]\nImage=x\nReadOnly=maybe", "web.container:3:10: ReadOnly is true or false"),
        ("[Container]\nImage=x\nnonsense", "web.container:3:1: no section"),
        ("[Container]\nEnvironment='a", "web.container:2:13: a quote"),
        ("[Pod]\nNetwork=host", "declares no container"),
        ("\0\1\2", "web.container:1:1: no section"),
    ],
)
def test_a_broken_file_is_one_line(text: str, error: str) -> None:
    """With its place."""
    with pytest.raises(DocumentError, match=error):
        probe = QuadletProbe(text, "web.container")
        probe.collect(probe.find()[0])


def test_a_pod_found_in_a_folder_is_passed_by(tmp_path: Path) -> None:
    """Its containers tell of it."""
    beside = Beside(tmp_path / "a.pod", "a.pod", Scan(tmp_path, ()))

    assert [] == QuadletProbe("[Pod]\n", "a.pod", beside).find()


def test_a_device_that_may_be_missing_is_called_by_its_path() -> None:
    """The dash before it only says what becomes of the unit without it."""
    (device,) = _seen("AddDevice=-/dev/kmsg:/dev/log:r").records("device")

    assert "/dev/kmsg" == device["device.path"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("web-api.container", "web-.container.d"),
        ("web@eu.container", "web@.container.d"),
        ("web.container", "container.d"),
    ],
)
def test_drop_ins_of_shorter_names_count(tmp_path: Path, name: str, folder: str) -> None:
    """As systemd has them: of a prefix, a template, and the type."""
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "1.conf").write_text("[Container]\nPodmanArgs=--privileged\n")
    text = "[Container]\nImage=img\n"
    probe = QuadletProbe(text, f"{FOLDER}/{name}", Beside(tmp_path / name, f"{FOLDER}/{name}"))

    assert seen(probe.collect(probe.find()[0])).facts["container.privileged"] is True


def test_drop_ins_are_taken_by_their_names_whatever_folder_they_are_in(tmp_path: Path) -> None:
    """The closer folder only counts for two of one name."""
    near, far = tmp_path / "web.container.d", tmp_path / "container.d"
    for folder, user in ((near, 1), (far, 2)):
        folder.mkdir()
        (folder / "5.conf").write_text(f"[Container]\nUser={user}\n")
    assert 1 == _seen("", folder=tmp_path).facts["process.uid"]

    (far / "9.conf").write_text("[Container]\nUser=3\n")
    assert 3 == _seen("", folder=tmp_path).facts["process.uid"]
