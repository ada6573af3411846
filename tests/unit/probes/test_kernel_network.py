"""What /proc shows of a network namespace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isoaudit.model import Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import network
from isoaudit.probes.kernel.network import note_network
from isoaudit.transports.local import LocalFiles

SNMP = "Ip: Forwarding DefaultTTL InReceives\nIp: {} 64 0\nIcmp: InMsgs\nIcmp: 0\n"
UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n"
LINE = "0000000000000000: 00000002 00000000 00010000 0001 01 {} {}\n"


def noted(root: Path, snmp: str | None = SNMP.format(2), sockets: str | None = UNIX) -> Any:
    """Return forwarding and sockets of a process whose tables are given, reasons if missing."""
    folder = root / "proc/7/net"
    folder.mkdir(parents=True)
    for name, text in (("snmp", snmp), ("unix", sockets)):
        if text is not None:
            (folder / name).write_text(text)
    notes = Notes(Vantage.KERNEL)
    note_network(notes, LocalFiles(str(root)), 7)
    record = notes.record()
    return tuple(
        record.facts[path].value if path in record.facts else record.missing[path].reason
        for path in ("container.network.forwarding", "container.network.runtime_sockets")
    )


@pytest.mark.parametrize(("word", "expected"), [("1", True), ("2", False)])
def test_forwarding_by_the_counters_of_ip(tmp_path: Path, word: str, expected: bool) -> None:
    """The kernel writes 1 for a router and 2 for a host."""
    assert expected is noted(tmp_path, snmp=SNMP.format(word))[0]


@pytest.mark.parametrize("text", ["", "Ip: Forwarding\n", SNMP.format("x"), "Ip: A\nIp: 1\n"])
def test_malformed_counters_are_missing(tmp_path: Path, text: str) -> None:
    """Without the word nothing is known, and nothing is assumed."""
    assert Reason.PARSE_ERROR is noted(tmp_path, snmp=text)[0]


def test_sockets_of_shims_are_told_from_others(tmp_path: Path) -> None:
    """Only abstract sockets in the shims' place count, each name once."""
    names = ["@/containerd-shim/moby/a/shim.sock", "@/tmp/.X11-unix/X0", "/run/containerd/s/1",
             "/srv/@/containerd-shim/x", "@/containerd-shim/moby/a/shim.sock"]  # fmt: skip
    table = UNIX + "".join(LINE.format(n, name) for n, name in enumerate(names))
    assert ("@/containerd-shim/moby/a/shim.sock",) == noted(tmp_path, sockets=table)[1]


def test_no_such_socket_is_evidence(tmp_path: Path) -> None:
    """A table that was read and names none says that there is none."""
    assert () == noted(tmp_path)[1]


def test_tables_that_are_not_there_are_missing(tmp_path: Path) -> None:
    """A kernel without these tables leaves both open."""
    assert (Reason.NOT_SUPPORTED, Reason.NOT_SUPPORTED) == noted(tmp_path, snmp=None, sockets=None)


def test_names_are_kept_up_to_a_number(tmp_path: Path) -> None:
    """A flood of sockets stays a short list."""
    lines = (LINE.format(n, f"@/containerd-shim/{n:04}") for n in range(50))
    assert 20 == len(noted(tmp_path, sockets=UNIX + "".join(lines))[1])


def test_table_cut_off_is_no_proof_of_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the table is longer than is read, a socket may stand in the rest."""
    monkeypatch.setattr(network, "_LIMIT", 100)
    table = UNIX + "".join(LINE.format(n, "@x") for n in range(9))
    assert Reason.LIMIT is noted(tmp_path, sockets=table)[1]
