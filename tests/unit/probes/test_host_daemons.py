"""libvirt's and the kubelet's settings on made-up hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, bind_socket, collect, reason, records, tree, value

from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.probes.host.libvirt_syntax import parse

LISTEN_16509 = (
    "  sl  local_address rem_address   st\n   0: 00000000:407D 00000000:0000 0A 0 0 0 0 0 1\n"
)


def libvirt(facts: FactSet) -> dict[str, object]:
    return {
        path.removeprefix("host.libvirt."): several[0].value
        for path, several in facts.facts.items()
        if path.startswith("host.libvirt.")
    }


def kubelet(facts: FactSet) -> list[object]:
    names = ("anonymous", "authorization", "read_only_port", "client_ca_set")
    return [value(facts, f"host.kubelet.{name}") for name in names]


def test_syntax() -> None:
    """Numbers, all three quotes, lists over lines and comments are read."""
    text = (
        '# comment\n\na = 1 # one\nb=\'x\'\nc = """long\ntext"""\n'
        'd = [\n  "/dev/null", # why\n  "/dev/x",\n]\ne = []\na = 2\n'
    )
    expected = {"a": 1, "b": "x", "c": "long\ntext", "d": ["/dev/null", "/dev/x"], "e": []}
    assert expected == parse(text)


@pytest.mark.parametrize("text", ["a", "a = ", "a = [", 'a = ["x" b]', "a = b", "= 1", 'a = "x'])
def test_broken_syntax(text: str) -> None:
    """What is not in the format is refused with its line."""
    with pytest.raises(ValueError, match="line 1"):
        parse(text)


@pytest.mark.parametrize("text", ["vnc_password = hunter2", 'vnc_password = "hunter2'])
def test_broken_syntax_keeps_a_password_to_itself(text: str) -> None:
    """A misspelt line may hold a secret, and no message repeats it."""
    with pytest.raises(ValueError, match="line 1") as refused:
        parse(text)
    assert "hunter2" not in str(refused.value)


def test_libvirt_defaults_are_resolved(tmp_path: Path) -> None:
    """Without configuration files libvirt's own defaults hold."""
    expected = {
        "present": True,
        "auth_unix_rw": "polkit",
        "auth_tcp": "sasl",
        "tls_no_verify": False,
        "listen_tcp": False,
        "security_driver": ("default",),
        "security_default_confined": True,
        "seccomp_sandbox": True,
        "namespaces": ("mount",),
        "cgroup_device_acl": (),
        "user": "libvirt-qemu",
    }
    seen = libvirt(collect(tree(tmp_path, {"/usr/sbin/libvirtd": ""})))
    assert expected == {name: seen[name] for name in expected}


def test_libvirt_settings_are_read(tmp_path: Path) -> None:
    """What the files set is what is told."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/etc/libvirt/libvirtd.conf": (
            'listen_tcp = 1\nauth_tcp = "none"\nauth_unix_rw = "none"\n'
            "tls_no_verify_certificate = 1\n"
        ),
        "/etc/libvirt/qemu.conf": (
            'security_driver = [ "none" ]\nsecurity_default_confined = 0\nseccomp_sandbox = 0\n'
            'namespaces = []\nuser = "+0"\n'
            'cgroup_device_acl = [\n "/dev/null", "/dev/kvm",\n "/dev/sda"\n]\n'
        ),
    }
    expected = {
        "present": True,
        "auth_unix_rw": "none",
        "auth_tcp": "none",
        "tls_no_verify": True,
        "listen_tcp": True,
        "security_driver": ("none",),
        "security_default_confined": False,
        "seccomp_sandbox": False,
        "namespaces": (),
        "cgroup_device_acl": ("/dev/sda",),
        "user": "0",
    }
    seen = libvirt(collect(tree(tmp_path, files)))
    assert expected == {name: seen[name] for name in expected}


def test_libvirt_absent_says_nothing_more(tmp_path: Path) -> None:
    """A host without libvirt has one fact about it."""
    assert {"present": False} == libvirt(collect(tree(tmp_path)))


def test_libvirt_configuration_that_may_not_be_read(tmp_path: Path) -> None:
    """A closed /etc/libvirt leaves its settings missing, at the vantage they would have."""
    facts = collect(Locked(tree(tmp_path, {"/usr/sbin/libvirtd": ""}), "/etc/libvirt"))
    for name in ("seccomp_sandbox", "auth_unix_rw", "listen_tcp"):
        assert Reason.PERMISSION_DENIED == reason(facts, f"host.libvirt.{name}")
        assert Vantage.DECLARED is facts.missing[f"host.libvirt.{name}"][0].vantage


def test_broken_libvirt_configuration(tmp_path: Path) -> None:
    """A file that libvirt itself would refuse yields no settings."""
    files = {"/usr/sbin/libvirtd": "", "/etc/libvirt/qemu.conf": "user = [\n"}
    facts = collect(tree(tmp_path, files))
    assert Reason.PARSE_ERROR == reason(facts, "host.libvirt.user")
    assert "polkit" == value(facts, "host.libvirt.auth_unix_rw")


def test_the_weaker_of_two_libvirt_daemons_counts(tmp_path: Path) -> None:
    """Where both kinds of daemon are installed, the one that asks nobody decides."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/usr/sbin/virtqemud": "",
        "/etc/libvirt/virtqemud.conf": 'auth_unix_rw = "none"\n',
    }
    assert "none" == value(collect(tree(tmp_path, files)), "host.libvirt.auth_unix_rw")


def test_modular_libvirt_without_proxy_takes_no_remote_clients(tmp_path: Path) -> None:
    """Only libvirtd and virtproxyd listen for remote clients."""
    facts = collect(tree(tmp_path, {"/usr/sbin/virtqemud": ""}))
    assert False is value(facts, "host.libvirt.listen_tcp")


def test_a_tcp_socket_unit_makes_libvirt_listen(tmp_path: Path) -> None:
    """An enabled systemd socket listens whatever libvirtd.conf says."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/etc/systemd/system/sockets.target.wants/libvirtd-tcp.socket": "",
    }
    assert True is value(collect(tree(tmp_path, files)), "host.libvirt.listen_tcp")


def test_a_listener_outranks_libvirts_files(tmp_path: Path) -> None:
    """A listener on libvirt's port is the kernel's word against the file's."""
    files = {"/usr/sbin/libvirtd": "", "/proc/1/net/tcp": LISTEN_16509}
    seen = collect(tree(tmp_path, files)).facts["host.libvirt.listen_tcp"]
    expected = [(True, Vantage.KERNEL), (False, Vantage.DECLARED)]
    assert expected == [(fact.value, fact.vantage) for fact in seen]


@pytest.mark.parametrize("unit", ["libvirtd-tls.socket", "virtproxyd-tls.socket"])
def test_a_tls_socket_unit_makes_libvirt_listen(tmp_path: Path, unit: str) -> None:
    """An enabled systemd socket for TLS listens whatever the files say."""
    files = {"/usr/sbin/libvirtd": "", f"/etc/systemd/system/sockets.target.wants/{unit}": ""}
    assert True is value(collect(tree(tmp_path, files)), "host.libvirt.listen_tls")


@pytest.mark.parametrize(
    ("arguments", "conf", "listens"),
    [
        ('LIBVIRTD_ARGS="--listen"', "", True),
        ("LIBVIRTD_ARGS='--timeout 120 -l'", "", True),
        ('LIBVIRTD_ARGS="--listen"', "listen_tls = 0", False),
        ('#LIBVIRTD_ARGS="--listen"', "", False),
        ('LIBVIRTD_ARGS="--timeout 120"', "", False),
        ("", "listen_tls = 1", True),
    ],
)
def test_libvirtd_listens_for_tls_if_told_to(
    tmp_path: Path, arguments: str, conf: str, *, listens: bool
) -> None:
    """TLS is libvirtd's default once it is started with --listen."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/etc/default/libvirtd": arguments,
        "/etc/libvirt/libvirtd.conf": conf,
    }
    assert listens is value(collect(tree(tmp_path, files)), "host.libvirt.listen_tls")


def test_what_starts_libvirtd_may_not_be_read(tmp_path: Path) -> None:
    """Whether libvirtd is told to listen is not known without the file that says so."""
    files = Locked(tree(tmp_path, {"/usr/sbin/libvirtd": ""}), "/etc/default/libvirtd")
    assert Reason.PERMISSION_DENIED == reason(collect(files), "host.libvirt.listen_tls")


def test_sasl_mechanisms(tmp_path: Path) -> None:
    """The mechanisms are those of SASL's file, comments left out, the last list standing."""
    text = "#mech_list: plain\nmech_list: DIGEST-MD5 gssapi\nkeytab: /etc/libvirt/krb5.tab\n"
    files = {"/usr/sbin/libvirtd": "", "/etc/sasl2/libvirt.conf": text}
    facts = collect(tree(tmp_path, files))
    assert ("digest-md5", "gssapi") == value(facts, "host.libvirt.sasl_mechanisms")


def test_sasl_without_a_list_offers_anything(tmp_path: Path) -> None:
    """Without mech_list SASL offers what is installed, which files do not tell."""
    facts = collect(tree(tmp_path, {"/usr/sbin/libvirtd": ""}))
    assert Reason.NOT_DECLARED == reason(facts, "host.libvirt.sasl_mechanisms")


def test_the_weaker_of_all_drivers_daemons_counts(tmp_path: Path) -> None:
    """Each modular daemon has a file of its own, and one that asks nobody is enough."""
    files = {
        "/usr/sbin/virtqemud": "",
        "/usr/sbin/virtstoraged": "",
        "/etc/libvirt/virtstoraged.conf": 'auth_unix_rw = "none"\n',
        "/etc/libvirt/virtqemud.conf": 'access_drivers = [ "polkit" ]\n',
    }
    facts = collect(tree(tmp_path, files))
    assert "none" == value(facts, "host.libvirt.auth_unix_rw")
    assert ("polkit",) == value(facts, "host.libvirt.access_drivers")


SYSTEMD = "/etc/systemd/system"
UNIT = "[Socket]\nListenStream=/run/libvirt/libvirt-sock\nSocketMode=0666\n"


def libvirt_sockets(facts: FactSet) -> dict[object, object]:
    return {
        one["path"]: (one["service"], one["group"], one["mode"], one["world_accessible"])
        for one in records(facts, "socket")
        if str(one["service"]).startswith("libvirt")
    }


def test_an_enabled_socket_counts_before_it_is_open(tmp_path: Path) -> None:
    """systemd opens it at the next boot, by its unit and drop-ins, whatever libvirtd.conf says."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/etc/libvirt/libvirtd.conf": 'unix_sock_group = "x"\nunix_sock_rw_perms = "0700"\n',
        "/usr/lib/systemd/system/libvirtd.socket": UNIT,
        f"{SYSTEMD}/libvirtd.socket.d/mode.conf": "[Socket]\nSocketMode=0660\nSocketGroup=vms\n",
        f"{SYSTEMD}/sockets.target.wants/libvirtd.socket": "",
    }
    facts = collect(tree(tmp_path, files))
    assert {"/run/libvirt/libvirt-sock": ("libvirt", "vms", "0660", False)} == libvirt_sockets(
        facts
    )


def test_a_socket_that_is_not_enabled_is_none(tmp_path: Path) -> None:
    """A unit that is only installed opens nothing."""
    files = {"/usr/sbin/libvirtd": "", "/usr/lib/systemd/system/libvirtd.socket": UNIT}
    assert {} == libvirt_sockets(collect(tree(tmp_path, files)))


def test_an_enabled_socket_whose_unit_may_not_be_read(tmp_path: Path) -> None:
    """What it opens is not known, and so not all sockets are."""
    files = {
        "/usr/sbin/libvirtd": "",
        "/usr/lib/systemd/system/libvirtd.socket": UNIT,
        f"{SYSTEMD}/sockets.target.wants/libvirtd.socket": "",
    }
    facts = collect(Locked(tree(tmp_path, files), "/usr/lib/systemd/system/libvirtd.socket"))
    assert facts.parts["socket"][0].incomplete is not None


def test_sockets_of_modular_daemons_are_seen(tmp_path: Path) -> None:
    """Each driver's daemon has a socket for changes and one for its own management."""
    files = tree(tmp_path, {"/usr/sbin/virtqemud": ""})
    bind_socket(tmp_path, "/run/libvirt/virtstoraged-sock", 0o666)
    bind_socket(tmp_path, "/run/libvirt/virtqemud-admin-sock", 0o600)
    expected = {
        "/run/libvirt/virtstoraged-sock": ("libvirt", "root", "0666"),
        "/run/libvirt/virtqemud-admin-sock": ("libvirt-admin", "root", "0600"),
    }
    assert expected == {p: seen[:3] for p, seen in libvirt_sockets(collect(files)).items()}


def test_an_unknown_distribution_leaves_qemus_user_unknown(tmp_path: Path) -> None:
    """The user that runs QEMU by default is built in, and differs."""
    files = {"/usr/sbin/libvirtd": "", "/etc/os-release": "ID=own\n"}
    assert Reason.NOT_DECLARED == reason(collect(tree(tmp_path, files)), "host.libvirt.user")


def test_kubelet_absent(tmp_path: Path) -> None:
    """Without a process and without a file there is no kubelet, and nothing else is said."""
    facts = collect(tree(tmp_path))
    told = [path for path in (*facts.facts, *facts.missing) if path.startswith("host.kubelet.")]
    assert ["host.kubelet.present"] == told
    assert False is value(facts, "host.kubelet.present")


def test_kubelet_configuration_file(tmp_path: Path) -> None:
    """What the file sets counts, and what it leaves out has the file format's defaults."""
    config = "authentication:\n  anonymous: {enabled: true}\n  x509: {clientCAFile: /ca.crt}\n"
    facts = collect(tree(tmp_path, {"/var/lib/kubelet/config.yaml": config}))
    assert [True, "Webhook", 0, True] == kubelet(facts)
    assert Vantage.DECLARED is facts.facts["host.kubelet.anonymous"][0].vantage
    assert "/var/lib/kubelet/config.yaml:2:" in facts.facts["host.kubelet.anonymous"][0].source


def test_kubelet_flags_override_its_file(tmp_path: Path) -> None:
    """A flag of the running kubelet wins over its file."""
    files = {
        "/proc/77/comm": "kubelet\n",
        "/proc/77/cmdline": "\0".join(
            ["/usr/bin/kubelet", "--config=/k.yaml", "--read-only-port", "10255", "--v=2", ""]
        ),
        "/k.yaml": "readOnlyPort: 0\nauthorization: {mode: AlwaysAllow}\n",
    }
    facts = collect(tree(tmp_path, files))
    assert [False, "AlwaysAllow", 10255, False] == kubelet(facts)
    assert Vantage.KERNEL is facts.facts["host.kubelet.read_only_port"][0].vantage


def test_kubelet_with_drop_in_files_is_known_by_its_flags_only(tmp_path: Path) -> None:
    """What files of --config-dir say wins over the file, and is not read."""
    words = ["kubelet", "--config=/k.yaml", "--config-dir=/k.d", "--read-only-port=0", ""]
    files = {
        "/proc/77/comm": "kubelet\n",
        "/proc/77/cmdline": "\0".join(words),
        "/k.yaml": "authorization: {mode: Webhook}\n",
    }
    facts = collect(tree(tmp_path, files))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kubelet.authorization")
    assert 0 == value(facts, "host.kubelet.read_only_port")


def test_kubelet_without_a_file_has_its_flags_defaults(tmp_path: Path) -> None:
    """A kubelet set up by flags alone lets anyone in unless told otherwise."""
    files = {
        "/proc/77/comm": "kubelet\n",
        "/proc/77/cmdline": "kubelet\0--client-ca-file=/ca.crt\0",
    }
    assert [True, "AlwaysAllow", 10255, True] == kubelet(collect(tree(tmp_path, files)))


@pytest.mark.parametrize(
    "config", ["a: [", "authentication: x\n", "readOnlyPort: many\n", "a: 1\na: 2\n"]
)
def test_a_broken_kubelet_file_is_a_parse_error(config: str, tmp_path: Path) -> None:
    """A file that is not what it should be settles nothing."""
    facts = collect(tree(tmp_path, {"/var/lib/kubelet/config.yaml": config}))
    assert Reason.PARSE_ERROR == reason(facts, "host.kubelet.anonymous")


def test_an_embedded_kubelet_is_present_and_unknown(tmp_path: Path) -> None:
    """k3s has a kubelet within it, whose settings cannot be read from outside."""
    facts = collect(tree(tmp_path, {"/proc/77/comm": "k3s-server\n"}))
    assert True is value(facts, "host.kubelet.present")
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kubelet.anonymous")


def test_hidden_processes_leave_the_kubelet_unknown(tmp_path: Path) -> None:
    """A /proc that hides others' processes does not prove that no kubelet runs."""
    facts = collect(tree(tmp_path, {"/proc/1/comm": None}))
    assert Reason.PERMISSION_DENIED == reason(facts, "host.kubelet.present")


def test_the_first_of_two_settings_stands() -> None:
    """libvirt looks a name up from the top of its file: `virsh uri` shows it of libvirt.conf."""
    assert {"a": 0} == parse("a = 0\na = 1\n")
