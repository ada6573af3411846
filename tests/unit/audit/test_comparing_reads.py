"""What a comparison reads beside an audit: disks, images, a guest's start, what copies are."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from isoaudit.audit.comparing.containers import made_from, started_of
from isoaudit.audit.comparing.copied_containers import options_of
from isoaudit.audit.comparing.copied_machines import copy_of
from isoaudit.audit.comparing.guests import started_of as guest_started_of
from isoaudit.audit.comparing.machines import disks_of
from isoaudit.audit.comparing.measures import Disks, Measure, Measures
from isoaudit.audit.comparing.memory import age_of, available, of_control_group, of_process
from isoaudit.audit.comparing.sides import cells_of
from isoaudit.model import (
    Fact,
    FactSet,
    Kind,
    Missing,
    Part,
    Reason,
    Record,
    Target,
    TargetResult,
    Vantage,
)

_HEADER = ">4sIQIIQ"


def _header(shown: int, base: int = 0) -> bytes:
    return struct.pack(_HEADER, b"QFI\xfb", 3, base, 0, 16, shown) + bytes(480)


def _vm(*disks: dict[str, str], incomplete: bool = False) -> TargetResult:
    records = tuple(
        Record({path: Fact(path, value, "xml", Vantage.ENGINE) for path, value in disk.items()})
        for disk in disks
    )
    why = Missing("disk", Reason.NOT_SUPPORTED, "half of it") if incomplete else None
    facts = FactSet.of(parts=[Part("disk", Vantage.ENGINE, records, why)])
    return TargetResult(Target("libvirt:x", Kind.VM, "x", "running"), facts, ())


def _disk(path: Path, form: str = "qcow2", kind: str = "file") -> dict[str, str]:
    return {"disk.source": str(path), "disk.source_type": kind, "disk.format": form}


def test_a_disk_image_shows_what_its_header_says(tmp_path: Path) -> None:
    """And takes the blocks of its file; one over a base is off it by these."""
    image, overlay = tmp_path / "a.qcow2", tmp_path / "b.qcow2"
    image.write_bytes(_header(10 << 30))
    overlay.write_bytes(_header(5 << 30, base=512))

    found = disks_of(_vm(_disk(image), _disk(overlay)))

    assert (2, 15 << 30, 1) == (found.number, found.shown, found.based)
    assert found.over_base == overlay.stat().st_blocks * 512


def test_a_header_that_a_guest_wrote_into_a_raw_disk_counts_for_nothing(tmp_path: Path) -> None:
    """Its format is as it was declared; else a guest could say that it has any size and base."""
    disk = tmp_path / "raw.img"
    disk.write_bytes(_header(99 << 40, base=512))

    found = disks_of(_vm(_disk(disk, "raw")))

    assert (disk.stat().st_size, 0) == (found.shown, found.based)


def test_a_drive_without_a_medium_takes_nothing() -> None:
    """As a CD drive that is empty."""
    assert Disks(0, 0, 0, 0, 0) == disks_of(_vm({"disk.source_type": "none"}))


@pytest.mark.parametrize("kind", ["block", "network", "volume"])
def test_a_disk_that_is_no_file_is_not_passed_by(tmp_path: Path, kind: str) -> None:
    """A sum of the others would be no answer, and no disk at all a false one."""
    with pytest.raises(ValueError, match=f"of type {kind}"):
        disks_of(_vm(_disk(tmp_path / "x", kind=kind)))


def test_disks_that_are_not_all_known_have_no_size() -> None:
    """Nor has a VM whose disks nobody read."""
    none = TargetResult(Target("libvirt:x", Kind.VM, "x", "running"), FactSet.of(), ())

    for result in (_vm(incomplete=True), none):
        with pytest.raises(ValueError, match="not all known"):
            disks_of(result)


def test_a_link_in_place_of_a_disk_is_not_followed(tmp_path: Path) -> None:
    """Who may write there could lead anywhere; a pipe would hold the audit up."""
    import os

    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("/etc/hostname")
    os.mkfifo(pipe)

    for path in (link, pipe):
        with pytest.raises(OSError):
            disks_of(_vm(_disk(path)))


def _inspected(made: str, began: str, restarts: int = 0) -> dict[str, Any]:
    return {"Created": made, "State": {"StartedAt": began}, "RestartCount": restarts}


@pytest.mark.parametrize(
    ("made", "began", "seconds"),
    [
        ("2026-12-01T01:00:00.123456789Z", "2026-12-01T01:00:00.623456789Z", 0.5),
        ("2026-12-01T01:00:00Z", "2026-12-01T01:00:02Z", 2.0),
        ("2026-12-01T03:00:00.5+02:00", "2026-12-01T01:00:01.25Z", 0.75),
    ],
)
def test_a_container_took_from_being_made_to_being_started(
    made: str, began: str, seconds: float
) -> None:
    """By the engine's own clock, to its nanoseconds, in whichever zone."""
    assert started_of(_inspected(made, began)).value == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("began", "restarts"), [("2026-12-01T02:00:00Z", 0), ("2026-11-30T01:00:00Z", 0),
                            ("2026-12-01T01:00:01Z", 2)]
)  # fmt: skip
def test_a_container_started_later_tells_nothing_of_its_start(began: str, restarts: int) -> None:
    """It was made long before, or started more than once."""
    assert started_of(_inspected("2026-12-01T01:00:00Z", began, restarts)).value is None


def test_what_a_container_was_made_from_is_told_by_label_and_digest() -> None:
    """Or that neither is there."""
    label = {"com.docker.compose.project.config_files": "/srv/compose.yaml"}

    assert made_from({"Config": {"Labels": label}}, {"RepoDigests": ["a@sha256:0"]}) == (
        "declared by /srv/compose.yaml",
    )
    assert len(made_from({"Config": {}}, {})) == 2


SERVER = "900 1200\n500 1190\n300 410\n"
"""The processes that a login came by: its own, its session's, and the server's, in ticks."""


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        ({"server": SERVER}, 2.5 + 4.1),
        ({"server": SERVER, "finished": "FinishTimestampMonotonic=9000000"}, 2.5 + 9.0),
        ({"server": SERVER, "finished": "FinishTimestampMonotonic=0"}, 2.5 + 4.1),
    ],
)
def test_a_guest_was_ready_when_its_manager_or_its_server_was(
    texts: dict[str, str], seconds: float
) -> None:
    """After the VMM's start: what lies before its kernel's start is the VMM's age beyond it."""
    assert guest_started_of(102.5, "100.0", texts).value == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("age", "uptime", "texts"),
    [
        (102.5, "100.0", {"server": "900 1200\n"}),  # started for this login
        (9000.0, "100.0", {"server": SERVER}),  # rebooted since
        (50.0, "100.0", {"server": SERVER}),  # the guest says nonsense
        (102.5, "x", {"server": SERVER}),
        (102.5, "100.0", {}),
        (102.5, "100.0", {"server": "a b\n; rm\n-1 -2"}),
        (102.5, "nan", {"server": SERVER}),
    ],
)
def test_a_guest_that_does_not_tell_when_it_was_ready_has_no_start(
    age: float, uptime: str, texts: dict[str, str]
) -> None:
    """A guess would be taken for a measurement."""
    assert guest_started_of(age, uptime, texts).value is None


def test_a_copy_of_a_container_has_nothing_of_the_original_but_what_it_runs() -> None:
    """Its limits and runtime, so that it is like it; no variable, mount, device or network."""
    made = options_of({
        "Config": {"Cmd": ["run"], "Entrypoint": None, "User": "7", "Env": ["TOKEN=secret"]},
        "HostConfig": {
            "Memory": 1 << 26, "PidsLimit": 9, "NanoCpus": 0, "Runtime": "runsc",
            "Privileged": True, "Binds": ["/:/host"], "NetworkMode": "host", "CapAdd": ["ALL"],
            "Devices": [{"PathOnHost": "/dev/sda"}], "PidMode": "host",
            "SecurityOpt": ["seccomp=unconfined"],
        },
    })  # fmt: skip

    assert made == {
        "command": ["run"], "entrypoint": None, "environment": [], "user": "7",
        "network_mode": "none", "mem_limit": 1 << 26, "pids_limit": 9, "runtime": "runsc",
        "labels": {"isoaudit.measure": "1"}, "healthcheck": {"test": ["NONE"]},
    }  # fmt: skip


DOMAIN = """<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>web</name><uuid>u</uuid><title>secret</title><metadata><m/></metadata>{boot}
<devices><emulator>/q</emulator><disk/><interface/><graphics/><hostdev/><filesystem/><tpm/><rng/>
<redirdev/><shmem/><channel/><serial type='pty'/></devices>
<seclabel type='static'/><qemu:commandline><qemu:arg value='-x'/></qemu:commandline>
<qemu:override/></domain>"""
KERNEL = ("<os><type arch='x86_64'>hvm</type><kernel>/k</kernel><initrd>/i</initrd>"
          "<cmdline>root=/dev/vda</cmdline></os>")  # fmt: skip


def _copied(boot: str, arguments: str = "") -> str:
    text = DOMAIN.format(boot=boot)
    return copy_of(text, "isoaudit-measure-1", "/var/tmp/c", arguments, lambda path: f"/own{path}")


def test_a_copy_of_a_domain_reaches_nothing_of_the_original() -> None:
    """No disk, card, screen, folder, label, id or further argument; its boot files are copies."""
    text = _copied(KERNEL)

    for gone in ("<disk", "<interface", "<graphics", "<hostdev", "<filesystem", "<tpm", "<rng",
                 "<redirdev", "<shmem", "<channel", "seclabel", "commandline", "override", "uuid",
                 "secret", "metadata", ">web<", ">/k<", ">/i<"):  # fmt: skip
        assert gone not in text
    for there in ("/var/tmp/c", "/own/k", "/own/i", "root=/dev/vda console=ttyS0"):
        assert there in text


def test_a_copy_that_measures_runs_that_alone() -> None:
    """In place of its init, on the console that the original has."""
    boot = KERNEL.replace("root=/dev/vda", "console=ttyS1 init=/x quiet")

    assert ">console=ttyS1 rdinit=/bin/sh -- -c " in _copied(boot, "rdinit=/bin/sh -- -c x")


@pytest.mark.parametrize(
    ("boot", "why"),
    [("<os/>", "boots from a disk"), ("", "boots from a disk"),
     (KERNEL.replace("</os>", "<nvram>/v</nvram></os>"), "writes to a file")],
)  # fmt: skip
def test_a_domain_to_whose_files_a_copy_would_write_gets_none(boot: str, why: str) -> None:
    """Its disk, or the variables of its firmware."""
    with pytest.raises(RuntimeError, match=why):
        _copied(boot)


def test_this_process_takes_memory_and_has_an_age() -> None:
    """Read from where a VMM's are read."""
    import os

    assert 1 << 20 < (of_process(os.getpid()).value or 0) < available()
    assert 0 <= age_of(os.getpid()) < 86_400


def test_a_process_that_is_gone_costs_an_error_that_is_caught() -> None:
    """By whoever asks: one number is not known then, and the rest is."""
    with pytest.raises(OSError):
        of_control_group(2**22 + 1)


def test_the_shim_of_a_container_counts_where_it_is_asked_how_many_fit() -> None:
    """A container that sleeps takes less than what waits for it."""
    known = Measures(memory=Measure(1 << 20, "cgroup"), keeper=Measure(9 << 20, "shim"))

    cells = dict(cells_of(known, is_vm=False))

    assert cells["memory"].value == 10 << 20
    assert cells["fit"].value == pytest.approx(available() // (10 << 20), rel=0.1)


def test_without_its_memory_nobody_knows_how_many_fit() -> None:
    """And what would settle it is said."""
    cells = dict(cells_of(Measures(), is_vm=True))

    assert ("not known", "unknown") == cells["fit"][:2]
    assert all(cell.hint for cell in cells.values())
