"""Service units as files: which are targets, the containers they start, drop-ins, hostile ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from systemd_units import EXAMPLES, beside, found, text, unit, unit_of

from isoaudit.documents.beside import Beside
from isoaudit.errors import DocumentError
from isoaudit.probes.systemd_file.probe import SystemdFileProbe
from isoaudit.probes.systemd_file.service import SANDBOX
from isoaudit.targets.recognise import recognise

OWN_UNITS = sorted(Path("/lib/systemd/system").glob("*.service"))


def test_a_unit_is_known_by_its_section() -> None:
    """D-Bus has files of that suffix, too."""
    assert "systemd" == recognise(text(""), "web.service")
    assert recognise("[D-BUS Service]\nName=org.example\n", "org.example.service") is None


def test_a_service_that_confines_nothing_is_no_target() -> None:
    """It is a process of the host like any other."""
    assert [] == found(text("User=web\nRestart=always\n"))
    assert [] == found(text("PrivateTmp=no\nProtectProc=default\nDevicePolicy=auto\n"))
    assert [] == found("[Unit]\nDescription=x\n")


@pytest.mark.parametrize("setting", ["PrivateTmp=yes", "CapabilityBoundingSet=", "DynamicUser=1",
                                     "IPAddressDeny=any", "ProtectHome=read-only"])  # fmt: skip
def test_one_setting_that_confines_makes_a_target(setting: str) -> None:
    """Of whatever kind; it is called after its file."""
    (target,) = found(text(setting), "units/web@.service")
    assert ("systemd:units/web@.service", "web@") == (target.id, target.name)


def test_an_empty_assignment_forgets_those_before_it() -> None:
    """As systemd reads lists."""
    assert [] == found(text("ReadOnlyPaths=/etc\nReadOnlyPaths=\n"))


def test_the_container_that_a_unit_starts_is_what_is_judged() -> None:
    """By the words of its command, variables of the unit filled in."""
    line = "-/usr/bin/docker run --name api --network ${NET} --read-only $IMAGE"
    whole = text("Environment=IMAGE=registry.example/app:1 NET=host\nPrivateTmp=yes", start=line)
    (target,) = found(whole)
    assert ("systemd:web.service", "api") == (target.id, target.name)
    facts = unit_of(whole).facts
    assert target.dialect == facts["container.platform"] == "docker_run"
    assert facts["container.image.reference"] == "registry.example/app:1"
    assert facts["container.rootfs.read_only"] is True
    assert facts["process.namespaces.net"] == "host"


def test_a_shell_that_starts_a_container_is_looked_into() -> None:
    """A script in quotes; what systemd fills in is not known."""
    line = "/bin/sh -ec 'cd /srv && exec docker run --pid host --name x%i -v $$PWD:/data app:1'"
    facts = unit_of(text("PrivateTmp=yes", start=line)).facts
    assert facts["process.namespaces.pid"] == "host"
    assert facts["container.image.reference"] == "app:1"


def test_a_variable_of_another_file_is_not_known() -> None:
    """It may hold any option."""
    seen = unit_of(text("EnvironmentFile=/etc/default/app\nEnvironment=OPTIONS=--read-only",
                        start="/usr/bin/docker run $OPTIONS app:1"))  # fmt: skip
    assert "container.rootfs.read_only" in seen.missing


def test_specifiers_are_filled_in_as_far_as_the_name_tells() -> None:
    """A template's instance is chosen when it is started."""
    seen = unit_of(text("", start="/usr/bin/podman run --name %N-%p app:%i"), "api.service")
    assert seen.facts["process.name"] == "api-api"
    assert "container.image.reference" in seen.missing


def test_a_second_command_that_starts_a_container_is_a_target_as_well() -> None:
    """Both may well have the same name."""
    targets = found(text("Type=oneshot\nExecStart=docker run app\nExecStart=docker run app",
                         start="docker run --name first app"))  # fmt: skip
    assert ["systemd:web.service#first", "systemd:web.service#app", "systemd:web.service#app~3"] \
        == [target.id for target in targets]  # fmt: skip


def test_drop_ins_beside_the_unit_count_after_it(tmp_path: Path) -> None:
    """By their names, the closest folder's first; positions are those of the drop-in."""
    own = tmp_path / "web-app.service"
    own.write_text(text("ProtectSystem=strict\nPrivateTmp=yes\nMemoryMax=1G\n"))
    for folder, name, line in (("web-app.service.d", "20-b.conf", "ProtectSystem=no"),
                               ("web-.service.d", "10-a.conf", "ProtectSystem=full"),
                               ("service.d", "20-b.conf", "MemoryMax=7M"),
                               ("web-app.service.d", "30.txt", "PrivateTmp=no")):  # fmt: skip
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(f"[Service]\n{line}\n")
    seen = beside(own)
    assert seen.facts["container.rootfs.read_only"] is False
    assert seen.facts["container.limits.memory.bytes"] == 2**30
    assert seen.facts["process.namespaces.mnt"] == "private"


def test_a_drop_in_that_cannot_be_read_is_an_error_and_no_absence(tmp_path: Path) -> None:
    """What it says would count more than the unit."""
    own = tmp_path / "web.service"
    own.write_text(text("PrivateTmp=yes"))
    (tmp_path / "web.service.d").mkdir()
    (tmp_path / "web.service.d" / "x.conf").write_bytes(b"[Service]\nPrivateTmp=\xff\n")
    with pytest.raises(DocumentError, match=r"x\.conf:2: not UTF-8"):
        SystemdFileProbe(own.read_text(), "web.service", Beside(own, "web.service"))


def test_a_folder_of_drop_ins_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A link out of what may be read is not read, and what is behind it would count."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.conf").write_text("[Service]\nProtectSystem=strict\n")
    (tmp_path / "units").mkdir()
    own = tmp_path / "units" / "web.service"
    own.write_text(text("PrivateTmp=yes"))
    (tmp_path / "units" / "web.service.d").symlink_to(tmp_path / "out")

    with pytest.raises(DocumentError, match=r"web\.service\.d: lies outside of what may be read"):
        beside(own)


def test_a_secret_is_never_kept() -> None:
    """Neither of a variable nor of a command line."""
    seen = unit("Environment=DB_PASSWORD=hunter22 PrivateTmp=1\nPrivateTmp=yes",
                start="/usr/bin/web --token hunter22")  # fmt: skip
    assert "hunter22" not in repr(seen.factset)
    assert seen.records("environment")[0]["environment.secret"] is True


def test_variables_of_another_file_leave_the_list_open() -> None:
    """There may well be a secret among them."""
    seen = unit("EnvironmentFile=-/etc/default/web\nPrivateTmp=yes")
    assert "EnvironmentFile" in seen.incomplete("environment")


@pytest.mark.skipif(not OWN_UNITS, reason="no units of systemd on this machine")
def test_systemds_own_units_are_read_without_an_error() -> None:
    """Every unit of this machine, with the drop-ins beside it."""
    targets = 0
    for path in OWN_UNITS:
        probe = SystemdFileProbe(path.read_text(), path.name, Beside(path, path.name))
        for target in probe.find():
            probe.collect(target).to_json()
            targets += 1
    assert targets > 5


VALUES = (
    *("", "~", "yes", "no", "%i", "-", ":", "a:b:c", "~CAP_SYS_ADMIN @x", "9" * 400, "/" * 5000),
    *("infinity", "50%", "@known", "\u001b[31m", '"a b"', "\\x41", "=", "user ~ipc"),
)


def test_any_value_of_any_setting_is_refused_or_read() -> None:
    """Never another exception than DocumentError."""
    keys = sorted({*SANDBOX, "User", "Group", "Slice", "MemoryMax", "MemorySwapMax", "TasksMax",
                   "CPUQuota", "LimitNOFILE", "LimitRTPRIO", "OOMScoreAdjust", "Environment",
                   "StateDirectory", "SystemCallErrorNumber", "MountFlags", "ExecStart",
                   "SupplementaryGroups", "CPUAffinity", "CPUSchedulingPolicy"})  # fmt: skip
    dice = random.Random(3)  # noqa: S311 - no secret hangs on it
    read = 0
    for _ in range(1500):
        lines = [f"{dice.choice(keys)}={dice.choice(VALUES)}" for _ in range(6)]
        probe = SystemdFileProbe(text("\n".join(lines)), "web.service")
        try:
            for target in probe.find():
                probe.collect(target).to_json()
                read += 1
        except DocumentError as error:
            assert str(error).startswith("web.service:")
    assert read > 1000


@pytest.mark.parametrize("whole", ['ExecStart="open', "ExecStart='open\nPrivateTmp=yes"])
def test_a_quote_that_is_not_closed_is_told_with_its_place(whole: str) -> None:
    """One line, which begins with file and position."""
    with pytest.raises(DocumentError, match=r"^w.service:2:\d+: a quote"):
        found(f"[Service]\n{whole}\n", "w.service")


def test_the_examples_are_what_they_say() -> None:
    """A service with a root of its own has none of the host's."""
    good = unit_of((EXAMPLES / "hardened.service").read_text())
    assert good.facts["process.root_is_host"] is False
    assert good.incomplete("mount") == ""
    bad = unit_of((EXAMPLES / "risky.service").read_text())
    assert bad.facts["process.root_is_host"] is True
    assert "host's own files" in bad.incomplete("mount")
