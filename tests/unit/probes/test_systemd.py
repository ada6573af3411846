"""What systemd listens at on behalf of a service, by its unit files."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import tree

from isoaudit.probes.systemd import listen_addresses, of_account
from isoaudit.transports import Unreadable

UNIT = "/usr/lib/systemd/system/x.socket"
SOCKET = "[Unit]\nListenStream=1\n[Socket]\nListenStream=/run/x.sock\n"


def addresses(root: Path, files: dict[str, str]) -> list[str]:
    return listen_addresses(tree(root, files), "x.socket")[0]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("/run/x.sock", "unix:///run/x.sock"),
        ("%t/x.sock", "unix:///run/x.sock"),
        ("@name", "unix://@name"),
        ("2375", "tcp://[::]:2375"),
        ("192.0.2.1:2375", "tcp://192.0.2.1:2375"),
        ("[::1]:2375", "tcp://[::1]:2375"),
        ("vsock:2:1234", "vsock://2:1234"),
    ],
)
def test_a_stream_is_a_path_a_port_or_an_address(
    tmp_path: Path, stream: str, expected: str
) -> None:
    """A port alone is every address."""
    assert [expected] == addresses(tmp_path, {UNIT: f"[Socket]\nListenStream={stream}\n"})


def test_only_the_best_unit_and_the_sockets_own_section_count(tmp_path: Path) -> None:
    """The administrator's file stands in place of the package's, and other sections say nothing."""
    files = {UNIT: SOCKET, "/etc/systemd/system/x.socket": SOCKET.replace("/run/x", "/srv/y")}
    assert ["unix:///srv/y.sock"] == addresses(tmp_path, files)


def test_drop_ins_go_on_where_the_unit_ends(tmp_path: Path) -> None:
    """By name, the type's first; one of the same name in a better folder hides the other."""
    files = {
        UNIT: SOCKET,
        "/usr/lib/systemd/system/x.socket.d/10.conf": "[Socket]\nListenStream=666\n",
        "/etc/systemd/system/x.socket.d/10.conf": "[Socket]\n#ListenStream=6\nListenStream=\\\n2\n",
        "/run/systemd/system/x.socket.d/20.conf": "[Socket]\nListenStream=3\n",
        "/etc/systemd/system/socket.d/99.conf": "[Socket]\nListenStream=1\n",
        "/etc/systemd/system/x.socket.d/README": "[Socket]\nListenStream=668\n",
    }
    expected = ["unix:///run/x.sock", "tcp://[::]:1", "tcp://[::]:2", "tcp://[::]:3"]
    assert expected == addresses(tmp_path, files)


def test_an_empty_stream_forgets_the_ones_before(tmp_path: Path) -> None:
    """That is how a drop-in moves a socket."""
    text = "[Socket]\nListenStream=\nListenStream=4\n"
    files = {UNIT: SOCKET, "/etc/systemd/system/x.socket.d/1.conf": text}
    assert ["tcp://[::]:4"] == addresses(tmp_path, files)


def test_a_masked_unit_and_none_are_unreadable(tmp_path: Path) -> None:
    """Neither tells what a service was handed."""
    files = tree(tmp_path)
    with pytest.raises(Unreadable, match=r"no unit x\.socket"):
        listen_addresses(files, "x.socket")
    masked = tmp_path / "etc/systemd/system"
    masked.mkdir(parents=True)
    (masked / "x.socket").symlink_to("/dev/null")
    with pytest.raises(Unreadable, match="not a regular file"):
        listen_addresses(files, "x.socket")


def test_an_account_has_units_and_a_runtime_folder_of_its_own(tmp_path: Path) -> None:
    """A user's unit comes first, %t is below /run/user."""
    files = {
        "/usr/lib/systemd/user/x.socket": SOCKET,
        "/home/mia/.config/systemd/user/x.socket": "[Socket]\nListenStream=%t/x.sock\n",
    }
    found, _ = listen_addresses(tree(tmp_path, files), "x.socket", of_account(1000, "/home/mia"))
    assert ["unix:///run/user/1000/x.sock"] == found
