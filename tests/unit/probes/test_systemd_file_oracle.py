"""What a unit's settings come to, compared with what systemd itself makes of the same file.

`systemd-analyze security --offline` loads a unit as the manager would, without one, and tells for
some settings whether they hold.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from declared_facts import Seen
from systemd_units import text, unit_of

ANALYZE = shutil.which("systemd-analyze")
OWN_UNITS = sorted(Path("/lib/systemd/system").glob("systemd-*d.service"))

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze on this machine")

CAPABILITIES = (
    "SYS_TIME", "BPF", "SYS_RAWIO", "SYS_PTRACE", "NET_ADMIN", "SYSLOG", "SYS_ADMIN", "SYS_PACCT",
    "KILL", "WAKE_ALARM", "LINUX_IMMUTABLE", "IPC_LOCK", "SYS_MODULE", "SYS_TTY_CONFIG", "SYS_BOOT",
    "SYS_CHROOT", "BLOCK_SUSPEND", "LEASE", "MKNOD",
)  # fmt: skip

PRIVATE = {
    "PrivateNetwork": "process.namespaces.net",
    "ProtectHostname": "process.namespaces.uts",
    "PrivateUsers": "process.user_namespace",
}

CLOSED = {
    "SystemCallFilter_mount": ("mount",),
    "SystemCallFilter_module": ("module",),
    "SystemCallFilter_clock": ("clock",),
    "SystemCallFilter_swap": ("swap",),
    "SystemCallFilter_reboot": ("reboot", "kexec"),
    "SystemCallFilter_raw_io": ("raw_io",),
    "SystemCallFilter_debug": ("perf",),
    "RestrictNamespaces_user": ("user_namespace",),
}

SETTINGS = {
    "CapabilityBoundingSet": ("", "~", "CAP_KILL CAP_SYS_TIME", "~CAP_SYS_ADMIN CAP_MKNOD",
                              "CAP_SYS_ADMIN", "~CAP_KILL", "cap_bpf"),
    "RestrictNamespaces": ("yes", "no", "", "net user", "~user", "~net pid", "uts"),
    "SystemCallFilter": ("", "@system-service", "~@mount", "~@clock @module", "@mount @basic-io",
                         "~swapon", "@privileged", "~@privileged:EPERM", "@reboot perf_event_open"),
    "DynamicUser": ("yes", "no"),
    "User": ("root", "nobody", ""),
    "DeviceAllow": ("/dev/null rw", "/dev/kvm", ""),
    "DevicePolicy": ("auto", "closed", "strict"),
    "ProtectSystem": ("strict", "full", "yes", "no"),
    "RootDirectory": ("/srv/web", "/", ""),
    **dict.fromkeys(
        ("NoNewPrivileges", "PrivateDevices", "PrivateNetwork", "PrivateUsers", "ProtectClock",
         "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules"),
        ("yes", "no", "1", "off"),
    ),
}  # fmt: skip


def _made() -> Iterator[str]:
    """Yield units of settings drawn by lot."""
    dice = random.Random(11)  # noqa: S311 - no secret hangs on it
    for _ in range(60):
        keys = [dice.choice(sorted(SETTINGS)) for _ in range(9)]
        lines = [f"{key}={dice.choice(SETTINGS[key])}" for key in keys]
        yield text("\n".join(["SocketBindDeny=any", *lines]), start="/bin/true")


def _systemds(path: Path) -> dict[str, bool | None]:
    """Return what systemd says holds of a unit's settings."""
    assert ANALYZE is not None
    command = [ANALYZE, "security", "--offline=true", "--json=short", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return {row["json_field"]: row["set"] for row in json.loads(ended.stdout)}


def _differences(seen: Seen, holds: dict[str, bool | None]) -> list[str]:
    """Return where systemd and the probe do not agree."""
    facts, wrong = seen.facts, []
    for name in CAPABILITIES:
        dropped = holds[f"CapabilityBoundingSet_CAP_{name}"]
        if dropped is (f"CAP_{name}" in facts["process.capabilities.bounding"]):
            wrong.append(f"CAP_{name}: dropped {dropped}")
    for key, path in PRIVATE.items():
        if holds[key] is not (facts[path] == "private"):
            wrong.append(f"{key}: {holds[key]}")
    for key, surfaces in CLOSED.items():
        still = [one for one in surfaces if facts.get(f"process.seccomp.allows.{one}") is not False]
        # NOTE: i386 sets the clock by stime as well, which systemd has among its obsolete calls.
        if key == "SystemCallFilter_clock" and not holds["SystemCallFilter_obsolete"]:
            continue
        if holds[key] is True and still:
            wrong.append(f"{key} closes {still}")
    if holds["NoNewPrivileges"] and not facts.get("process.no_new_privileges"):
        wrong.append("NoNewPrivileges holds")
    if holds["ProtectControlGroups"] is facts["container.cgroup_writable"]:
        wrong.append(f"ProtectControlGroups: {holds['ProtectControlGroups']}")
    if holds["RootDirectoryOrRootImage"] is facts["process.root_is_host"]:
        wrong.append(f"RootDirectory: {holds['RootDirectoryOrRootImage']}")
    return wrong


@pytest.mark.parametrize("whole", list(_made()))
def test_a_made_unit_comes_to_what_systemd_makes_of_it(tmp_path: Path, whole: str) -> None:
    """Settings that contradict, repeat and forget each other."""
    path = tmp_path / "web.service"
    path.write_text(whole)

    assert [] == _differences(unit_of(whole), _systemds(path)), whole


@pytest.mark.parametrize("path", OWN_UNITS, ids=lambda path: path.name)
def test_systemds_own_unit_comes_to_what_systemd_makes_of_it(path: Path) -> None:
    """The daemons that systemd confines with care; one that is not confined is no target."""
    try:
        seen = unit_of(path.read_text(), path.name)
    except ValueError:
        pytest.skip("not confined")

    assert [] == _differences(seen, _systemds(path))
