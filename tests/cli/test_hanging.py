"""An engine that takes connections and never answers holds up nothing but itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CLOSED, Isoaudit


@pytest.fixture(name="silent")
def _silent(tmp_path: Path) -> Iterator[Path]:
    """Give a socket that the kernel accepts connections on, and that nobody reads."""
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)
        yield path


def test_libvirtd_that_hangs_is_one_line_and_the_rest_is_audited(
    isoaudit: Isoaudit, here: Path, silent: Path
) -> None:
    """The deadline ends the waiting; the file beside it gets its findings."""
    pytest.importorskip("libvirt")
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", f"libvirt+qemu:///system?socket={silent}#vm", "compose.yaml",
                     "--timeout", "1", "-f", "json")  # fmt: skip

    (error,) = ended.report["errors"]
    assert (4, "no answer within 1 s", ["compose:compose.yaml#web"]) == (
        ended.code,
        error["message"],
        [target["id"] for target in ended.report["targets"]],
    )
