"""isoaudit in a container of its own: it audits the others by the host's files, not itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import ID, write_process

from isoaudit.probes.kernel.discovery import Discovery
from isoaudit.probes.kernel.machine import Machine
from isoaudit.transports import Unreadable
from isoaudit.transports.host_root import HostFiles
from isoaudit.transports.local import LocalFiles

AUDITOR = 70
OTHER = "b" * 64


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Give a host with a container, and isoaudit's own beside it."""
    write_process(tmp_path, 1)
    for pid, name in ((60, OTHER), (AUDITOR, ID)):
        spaces = {"pid": f"pid:[{pid}]", "mnt": f"mnt:[{pid}]"}
        write_process(tmp_path, pid, cgroup=f"0::/docker/{name}\n", namespaces=spaces)
    (tmp_path / "proc/self").symlink_to(str(AUDITOR))
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n")
    return tmp_path


@pytest.mark.parametrize("kind", [HostFiles, LocalFiles])
def test_isoaudits_own_container_is_left_out(host: Path, kind: type[LocalFiles]) -> None:
    """Whether or not the host's root is read from elsewhere."""
    groups = Discovery(Machine(kind(str(host)))).groups

    assert [frozenset({60})] == [one.pids for one in groups]


def test_the_accounts_are_the_hosts_where_its_root_is_read(host: Path) -> None:
    """The image's /etc/passwd names nobody of the host; the host's own does."""
    assert "alice" == Machine(HostFiles(str(host))).accounts.users[1000]
    with pytest.raises(Unreadable, match="of the container isoaudit runs in"):
        _ = Machine(LocalFiles(str(host))).accounts.users
