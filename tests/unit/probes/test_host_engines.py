"""containerd, CRI-O and podman by their files, the programs and keys of engines, audit rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from engine_records import Owned
from host_trees import Locked, bind_socket, collect, reason, records, tree, value

from isoaudit.model import FactSet, Reason, Vantage

CONF = "/etc/containers/containers.conf"
CONTAINERD = "/etc/containerd/config.toml"
PROGRAMS = {"/usr/bin/containerd": "", "/usr/bin/crio": "", "/usr/bin/podman": ""}


def seen(root: Path, files: dict[str, str], owners: dict[str, int] | None = None) -> FactSet:
    """Return what is seen of a host with these files, all of them root's but for `owners`."""
    tree(root, {**PROGRAMS, **files})
    root.chmod(0o755)
    return collect(Owned(root, owners))


def process(pid: int, name: str, *words: str, parent: int = 1) -> dict[str, str]:
    """Return the files of a process."""
    return {
        f"/proc/{pid}/comm": f"{name}\n",
        f"/proc/{pid}/cmdline": "\0".join((f"/usr/bin/{name}", *words)) + "\0",
        f"/proc/{pid}/stat": f"{pid} ({name}) S {parent} 0 0\n",
    }


def engines(facts: FactSet) -> dict[str, dict[str, Any]]:
    return {one["config"]: one for one in records(facts, "engine")}


CRI = '[plugins."io.containerd.grpc.v1.cri"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version = 2\n", {"cri.enabled": True, "cri.apparmor_disabled": False}),
        ("version = 2\n", {"cri.unset_seccomp_profile": "unconfined"}),
        (
            f'version = 2\n{CRI}unset_seccomp_profile = "runtime/default"\n',
            {"cri.unset_seccomp_profile": "runtime/default"},
        ),
        ('disabled_plugins = ["cri"]\n', {"cri.enabled": False}),
        ('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n', {"cri.enabled": False}),
        (f"version = 2\n{CRI}disable_apparmor = true\n", {"cri.apparmor_disabled": True}),
        ("[plugins.cri]\ndisable_apparmor = true\n", {"cri.apparmor_disabled": True}),
        (
            'version = 3\n[plugins."io.containerd.cri.v1.runtime"]\nenable_selinux = true\n',
            {"cri.selinux": True},
        ),
        (
            f'version = 2\n{CRI}[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]\n'
            'runtime_type = "io.containerd.kata.v2"\npod_annotations = ["a", "*"]\n',
            {
                "cri.host_devices": ("kata",),
                "cri.annotations": ("*", "a"),
                "runtimes.programs": ("io.containerd.kata.v2",),
            },
        ),
        (
            'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]\n'
            'runtime_type = "io.containerd.kata.v2"\nprivileged_without_host_devices = true\n',
            {"cri.host_devices": ()},
        ),
        (
            'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.x.options]\n'
            'BinaryName = "/opt/x"\n',
            {"runtimes.programs": ("/opt/x",)},
        ),
    ],
)
def test_containerds_settings_in_every_format(
    tmp_path: Path, text: str, expected: dict[str, Any]
) -> None:
    """The CRI plugin has another name in each format of the file."""
    found = engines(seen(tmp_path, {CONTAINERD: text}))[CONTAINERD]
    assert expected == {name: found[name] for name in expected}


@pytest.mark.parametrize(
    ("text", "exposed"),
    [
        ('[grpc]\naddress = "/run/c.sock"\n', ()),
        ('[grpc]\ntcp_address = "0.0.0.0:1"\n', ("grpc 0.0.0.0:1",)),
        ('[debug]\naddress = "/run/d.sock"\n[metrics]\naddress = "127.0.0.1:1338"\n', ()),
        ('[metrics]\naddress = ":1338"\n', ("metrics :1338",)),
        (f'version = 2\n{CRI}stream_server_address = "::"\n', ("stream [::]:0",)),
        (f'version = 2\n{CRI}stream_server_address = "::1"\n', ()),
    ],
)
def test_what_containerd_serves_to_other_machines(
    tmp_path: Path, text: str, exposed: tuple[str, ...]
) -> None:
    """Sockets and loopback stay here."""
    found = engines(seen(tmp_path, {CONTAINERD: text}))[CONTAINERD]
    assert exposed == found["exposed_addresses"]


IMPORTING = 'version = 3\nimports = ["conf.d/*.toml"]\n'
PLUGIN = '[plugins."io.containerd.cri.v1.runtime"]\n'


def test_imported_files_stand_over_the_one_that_imports(tmp_path: Path) -> None:
    """Tables are joined, later files over earlier ones."""
    files = {
        CONTAINERD: f"{IMPORTING}{PLUGIN}disable_apparmor = false\n",
        "/etc/containerd/conf.d/1.toml": f"{PLUGIN}disable_apparmor = true\n",
        "/etc/containerd/conf.d/2.toml": f"{PLUGIN}enable_selinux = true\n",
        "/etc/containerd/conf.d/2.bak": "broken [",
    }
    found = engines(seen(tmp_path, files))[CONTAINERD]
    assert (True, True) == (found["cri.apparmor_disabled"], found["cri.selinux"])


@pytest.mark.parametrize(
    "files",
    [
        {
            CONTAINERD: f'version = 2\nimports = ["conf.d/1.toml"]\n{CRI}',
            "/etc/containerd/conf.d/1.toml": CRI,
        },
        {CONTAINERD: "version = 2\n", "/etc/containerd/conf.d/1.toml": CRI},
        {CONTAINERD: "version = [\n"},
        {CONTAINERD: 'imports = ["/etc/*/x.toml"]\n'},
        {CONTAINERD: 'imports = ["/etc/absent.toml"]\n'},
        {CONTAINERD: 'root = "data"\n'},
        process(20, "containerd", "-config", "own.toml"),
    ],
    ids=[
        "two set one plugin",
        "drop-ins by release",
        "broken",
        "wild folder",
        "absent import",
        "folder unknown",
        "file in a folder unknown",
    ],
)
def test_what_containerd_makes_of_its_files_is_not_guessed(
    tmp_path: Path, files: dict[str, str]
) -> None:
    """Where releases differ, or a file cannot be read, nothing of the settings is told."""
    (record,) = seen(tmp_path, files).parts["engine"][0].records
    assert "engine.cri.enabled" not in record.facts
    assert "engine.cri" in record.missing


def test_a_configuration_that_imports_itself_ends(tmp_path: Path) -> None:
    """Every file counts once."""
    text = f'version = 3\nimports = ["{CONTAINERD}"]\n'
    assert engines(seen(tmp_path, {CONTAINERD: text}))[CONTAINERD]["cri.enabled"]


def test_running_services_name_their_own_configuration(tmp_path: Path) -> None:
    """Another file than the usual one is read, and the containerd of dockerd is dockerd's."""
    files = {
        CONTAINERD: "version = 2\n",
        "/srv/k3s.toml": 'root = "/srv/k3s"\n',
        "/run/d.toml": "",
        **process(20, "containerd", "-config", "/srv/k3s.toml"),
        **process(30, "dockerd"),
        **process(31, "containerd", "--config=/run/d.toml", parent=30),
    }
    found = engines(seen(tmp_path, files))
    assert {CONTAINERD, "/srv/k3s.toml"} == set(found)
    assert "/srv/k3s" == found["/srv/k3s.toml"]["data_root"]


def test_hidden_processes_leave_engines_incomplete(tmp_path: Path) -> None:
    """Where /proc shows only one's own, an engine may run unseen."""
    files = {**PROGRAMS, "/proc/1/comm": None, "/proc/1/x": None}
    part = collect(tree(tmp_path, files)).parts["engine"][0]
    assert part.incomplete is not None
    assert Reason.PERMISSION_DENIED is part.incomplete.reason


@pytest.mark.parametrize(("program", "count"), [("", 1), (None, 0)])
def test_a_configuration_that_nothing_reads_is_no_engine(
    tmp_path: Path, program: str | None, count: int
) -> None:
    """What a removed package left behind is told of no engine."""
    files = {"/usr/bin/containerd": program, CONTAINERD: "version = 2\n"}
    part = collect(tree(tmp_path, files)).parts["engine"][0]
    assert count == len(part.records)


def test_crio_with_its_drop_ins(tmp_path: Path) -> None:
    """Later files stand; what is not set is as shipped."""
    files = {
        "/etc/crio/crio.conf": '[crio.runtime]\nseccomp_profile = ""\nselinux = true\n'
        '[crio.runtime.runtimes.runc]\nruntime_path = "/usr/bin/runc"\n',
        "/etc/crio/crio.conf.d/10": '[crio.runtime]\nseccomp_profile = "unconfined"\n'
        'default_capabilities = ["CHOWN", "SYS_PTRACE"]\n[crio.api]\nstream_address = ""\n'
        '[crio.runtime.runtimes.crun]\nallowed_annotations = ["io.x"]\n',
    }
    found = engines(seen(tmp_path, files))["/etc/crio/crio.conf"]
    expected = {
        "cri.enabled": True,
        "cri.seccomp_unconfined": True,
        "cri.apparmor_disabled": False,
        "cri.selinux": True,
        "cri.extra_capabilities": ("CAP_SYS_PTRACE",),
        "cri.annotations": ("io.x",),
        "runtimes.programs": ("/usr/bin/runc", "crun"),
        "exposed_addresses": ("stream :0",),
    }
    assert expected == {name: found[name] for name in expected}


STATUS = "Package: {}\nStatus: install ok installed\nVersion: {}\n"


@pytest.mark.parametrize(
    ("package", "version", "expected"),
    [
        ("containerd.io", "1.7.28-1", ("CVE-2024-25621", "CVE-2026-53488")),
        ("containerd.io", "2.2.5-1", ()),
        ("containerd", "1.6.20~ds1-1+deb12u3", None),
        ("containerd", "2.4.0+ds1-1", ()),
    ],
)
def test_containerds_flaws_by_its_package(
    tmp_path: Path, package: str, version: str, expected: tuple[str, ...] | None
) -> None:
    """Docker's package is upstream's build; of Debian's only the changelog knows."""
    status = STATUS.format(package, version)
    facts = seen(tmp_path, {CONTAINERD: "version = 2\n", "/var/lib/dpkg/status": status})
    assert expected == engines(facts)[CONTAINERD].get("containerd.known_vulnerable")


@pytest.mark.parametrize(
    ("program", "expected"),
    [("/usr/bin/containerd", ()), ("/usr/bin/containerd (deleted)", None), ("/opt/c", None)],
)
def test_a_running_program_that_is_not_the_packages_is_not_judged_by_it(
    tmp_path: Path, program: str, expected: tuple[str, ...] | None
) -> None:
    """After an update the old one runs on, and what lies elsewhere is no package's."""
    files = {
        CONTAINERD: "version = 2\n",
        "/var/lib/dpkg/status": STATUS.format("containerd.io", "2.2.5-1"),
        **process(20, "containerd"),
    }
    tree(tmp_path, {**PROGRAMS, **files})
    (tmp_path / "proc/20/exe").symlink_to(program)
    found = engines(collect(Owned(tmp_path)))[CONTAINERD]
    assert expected == found.get("containerd.known_vulnerable")


def test_programs_and_what_configurations_name(tmp_path: Path) -> None:
    """Those at the usual places, those that engines are told of, each once."""
    daemon = {"runtimes": {"x": {"path": "/srv/x"}, "runc": {"path": "runc"}}}
    files = {
        "/usr/bin/runc": "",
        "/srv/x": "",
        "/opt/y": "",
        "/etc/docker/daemon.json": json.dumps(daemon),
        CONTAINERD: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.y'
        '.options]\nBinaryName = "/opt/y"\n',
        **process(30, "dockerd"),
    }
    owners = {"/srv/x": 1000}
    found = {one["path"]: one for one in records(seen(tmp_path, files, owners), "program")}
    paths = {"/usr/bin/runc", "/srv/x", "/opt/y", *PROGRAMS}
    assert paths == set(found)
    assert {"/srv/x"} == {path for path in found if found[path]["others_may_replace"]}


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, False),
        ({"usr/bin/runc": 0o775}, False),  # root's own group
        ({"usr/bin/runc": 0o757}, True),
        ({"usr/bin": 0o777}, True),
        ({"usr/bin": 0o1777}, False),  # only owners replace what lies in there
        ({"usr/bin": 0o777, "usr": 0o700}, False),  # nobody gets there
    ],
)
def test_who_may_replace_a_program(tmp_path: Path, modes: dict[str, int], expected: bool) -> None:
    """By the file itself, or by a folder above it that others may write to and reach."""
    tree(tmp_path, {"/usr/bin/runc": ""})
    for path in ("", "usr", "usr/bin"):
        (tmp_path / path).chmod(0o755)
    for path, mode in modes.items():
        (tmp_path / path).chmod(mode)
    found = {one["path"]: one for one in records(collect(Owned(tmp_path)), "program")}
    (tmp_path / "usr").chmod(0o755)
    assert expected is found["/usr/bin/runc"]["others_may_replace"]


def test_keys_of_dockerd_and_of_registries(tmp_path: Path) -> None:
    """What the options name, and what lies beside the registries' names."""
    tls = {"tlsverify": True, "tlscacert": "/k/ca.pem", "tlscert": "/k/c.pem", "tlskey": "/k/k.pem"}
    files = {
        "/etc/docker/daemon.json": json.dumps(tls),
        "/k/ca.pem": "",
        "/k/c.pem": "",
        "/k/k.pem": "",
        "/etc/docker/certs.d/reg:5000/client.key": "",
        "/etc/docker/certs.d/reg:5000/README": "",
        **process(30, "dockerd"),
    }
    tree(tmp_path, files)
    (tmp_path / "k/k.pem").chmod(0o600)
    (tmp_path / "k/ca.pem").chmod(0o646)
    for folder in ("", "k", "etc"):
        (tmp_path / folder).chmod(0o755)
    found = {one["path"]: one for one in records(collect(Owned(tmp_path)), "certificate")}
    shown = {
        path: (one["private_key"], one["others_may_read"], one["others_may_replace"])
        for path, one in found.items()
        if path.startswith("/k/")
    }
    assert {
        "/k/c.pem": (False, True, False),
        "/k/ca.pem": (False, True, True),
        "/k/k.pem": (True, False, False),
    } == shown
    assert {"/etc/docker/certs.d/reg:5000/client.key"} == set(found) - set(shown)


def test_keys_that_no_option_names_leave_certificates_incomplete(tmp_path: Path) -> None:
    """With TLS and no paths dockerd takes them from somewhere else."""
    part = seen(tmp_path, process(30, "dockerd", "--tlsverify")).parts["certificate"][0]
    assert part.incomplete is not None
    assert "TLS without tlscacert" in part.incomplete.detail


CTK = "/usr/bin/nvidia-ctk"


@pytest.mark.parametrize(
    ("text", "by_variable"),
    [
        (None, True),
        ("", True),
        ("accept-nvidia-visible-devices-envvar-when-unprivileged = false\n", False),
    ],
)
def test_gpus_by_a_variable(tmp_path: Path, text: str | None, by_variable: bool) -> None:
    """That is the toolkit's default, until its configuration says no."""
    files = {CTK: "", "/var/lib/dpkg/status": STATUS.format("nvidia-container-toolkit", "1.17.7-1")}
    if text is not None:
        files["/etc/nvidia-container-runtime/config.toml"] = text
    facts = seen(tmp_path, files)
    assert by_variable is value(facts, "host.nvidia_toolkit.by_variable")
    assert "CVE-2025-23266" in value(facts, "host.nvidia_toolkit.known_vulnerable")


def test_a_toolkit_of_no_package_has_no_version(tmp_path: Path) -> None:
    """Without a package its flaws are not known."""
    facts = seen(tmp_path, {CTK: "", "/var/lib/dpkg/status": ""})
    assert Reason.NOT_SUPPORTED is reason(facts, "host.nvidia_toolkit.known_vulnerable")


@pytest.mark.parametrize(
    ("rules", "unwatched"),
    [
        (None, ("/usr/bin/containerd", "/usr/bin/podman", "/etc/docker")),
        ("-w /usr/bin/ -p wa -k bins\n", ("/etc/docker",)),
        ("-a always,exit -F path=/usr/bin/podman -F perm=wa\n-w /usr/bin/containerd\n",
         ("/etc/docker",)),
        ("# -w /etc/docker\n-w /etc/docker-other\n",
         ("/usr/bin/containerd", "/usr/bin/podman", "/etc/docker")),
        ("-w /etc/docker -p wa\n-w /usr/bin -p wa\n", ()),
    ],
)  # fmt: skip
def test_audit_rules_on_disk(tmp_path: Path, rules: str | None, unwatched: tuple[str, ...]) -> None:
    """A watch on a folder goes down; a comment is none."""
    files = {"/etc/docker/daemon.json": "{}"}
    if rules is not None:
        files["/etc/audit/rules.d/50.rules"] = rules
    facts = seen(tmp_path, files)
    (fact,) = facts.facts["host.audit.unwatched"]
    assert (unwatched, Vantage.DECLARED) == (fact.value, fact.vantage)


def test_rules_on_disk_cannot_make_the_audit_pass(tmp_path: Path) -> None:
    """What the kernel was told is not read, and is said to be the better word."""
    missing = seen(tmp_path, {}).missing["host.audit.unwatched"][0]
    assert Vantage.KERNEL is missing.vantage


def test_configuration_files_that_engines_were_told_to_read(tmp_path: Path) -> None:
    """Wherever they lie; those of an ordinary account's engine are its own business."""
    files = {
        "/srv/d.json": '{"seccomp-profile": "/srv/s.json"}',
        "/srv/s.json": "{}",
        "/srv/mine.json": "{}",
        "/srv/c.toml": "",
        **process(30, "dockerd", "--config-file", "/srv/d.json"),
        **process(31, "dockerd", "--config-file=/srv/mine.json"),
        **process(50, "containerd", "-c", "/srv/c.toml"),
    }
    facts = seen(tmp_path, files, {"/proc/31": 1000})
    paths = {one["path"] for one in records(facts, "config_file")}
    expected = {"/srv/d.json", "/srv/s.json", "/srv/c.toml"}
    assert expected == {path for path in paths if path.startswith("/srv")}


def test_own_sockets_of_running_engines(tmp_path: Path) -> None:
    """Sockets at unusual places are found, and whose engine listens there."""
    files = {
        **process(30, "dockerd", "-H", "unix:///srv/d.sock"),
        **process(40, "podman", "system", "service", "unix:///srv/p.sock"),
        **process(41, "podman", "run", "service", "unix:///srv/none.sock"),
        **process(50, "containerd", "--address", "/srv/c.sock"),
    }
    tree(tmp_path, files)
    for name in ("d", "p", "c", "none"):
        bind_socket(tmp_path, f"/srv/{name}.sock", 0o660)
    facts = collect(Owned(tmp_path, {"/proc/40": 1000}))
    assert {
        "/srv/d.sock": ("docker", True),
        "/srv/p.sock": ("podman", False),
        "/srv/c.sock": ("containerd", True),
    } == {one["path"]: (one["service"], one["rootful"]) for one in records(facts, "socket")}


def test_a_host_of_nobodys_engines_is_complete(tmp_path: Path) -> None:
    """Where nothing is installed, nothing is missing either."""
    facts = collect(tree(tmp_path, {"/proc/1/net/tcp": "", "/proc/1/net/tcp6": ""}))
    for name in ("engine", "program", "certificate", "socket"):
        assert ((), None) == (facts.parts[name][0].records, facts.parts[name][0].incomplete)


def test_files_that_may_not_be_read_are_missing(tmp_path: Path) -> None:
    """A lack of rights leaves settings unknown, and parts incomplete."""
    files = Locked(tree(tmp_path, {**PROGRAMS, CONTAINERD: "", CONF: ""}), CONTAINERD, CONF)
    facts = collect(files)
    assert facts.parts["engine"][0].incomplete is not None
    assert facts.parts["program"][0].incomplete is not None
    assert Reason.PERMISSION_DENIED is reason(facts, "host.podman.labeling")


def test_gvisors_shim_has_options_that_containerd_does_not_tell(tmp_path: Path) -> None:
    """They stand in a file of its own: that none are seen says nothing."""
    table = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc]\n'
    facts = seen(
        tmp_path,
        {**PROGRAMS, CONTAINERD: f'{table}runtime_type = "io.containerd.runsc.v1"\n'},
    )
    record = facts.parts["engine"][0].records[0]
    assert ("io.containerd.runsc.v1",) == record.facts["engine.runtimes.programs"].value
    assert "engine.runtimes.arguments" in record.missing
