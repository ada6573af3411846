"""What counts as a socket that was found here."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from isoaudit.transports import local


def test_a_socket_is_one_and_a_file_is_none(tmp_path: Path) -> None:
    """Only what can be connected to counts."""
    (tmp_path / "file").write_text("")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))

        seen = [local.is_socket(str(tmp_path / name)) for name in ("sock", "file", "nothing")]

    assert [True, False, False] == seen


def test_a_socket_hidden_from_this_user_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's runtime folder may not be looked into."""

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(local.os, "stat", refuse)

    assert not local.is_socket("/run/user/0/docker.sock")
