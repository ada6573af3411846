"""libvirt through its own library, on the driver that needs no daemon."""

from __future__ import annotations

import builtins
import socket
from typing import Any

import pytest

from isoaudit.model import Reason
from isoaudit.probes.libvirt import LibvirtProbe
from isoaudit.transports import Unreadable
from isoaudit.transports import libvirt as transport

TEST = "test:///default"


@pytest.fixture(name="connection")
def _connection() -> Any:
    pytest.importorskip("libvirt")
    connection = transport.connect(TEST)
    yield connection
    connection.close()


def test_domains_of_the_test_driver_are_listed(connection):
    """libvirt's built-in driver has one running domain called test."""
    (domain,) = connection.domains()
    uuid = domain.pop("uuid")
    expected = {"name": "test", "id": 1, "state": "running", "persistent": True,
                "autostart": False, "saved": False, "snapshots": False}  # fmt: skip
    assert (36, expected) == (len(uuid), domain)


@pytest.mark.parametrize(("inactive", "live"), [(False, True), (True, False)])
def test_live_and_stored_xml_differ_in_the_id(connection, inactive, live):
    """Only the XML of a running domain has an id."""
    (domain,) = connection.domains()
    first_line = connection.xml(domain["uuid"], inactive=inactive).splitlines()[0]
    assert live is ("id='1'" in first_line)


def test_domain_that_is_not_there_has_vanished(connection):
    """An unknown UUID is the error of a domain that went away."""
    with pytest.raises(Unreadable) as caught:
        connection.xml("00000000-0000-0000-0000-000000000001", inactive=False)
    assert Reason.VANISHED is caught.value.reason


def test_errors_are_not_written_to_stderr(connection, capfd):
    """libvirt prints its errors unless it is told not to."""
    with pytest.raises(Unreadable):
        connection.xml("00000000-0000-0000-0000-000000000001", inactive=False)
    assert "" == capfd.readouterr().err


@pytest.mark.parametrize(
    "uri", ["qemu+unix:///system?socket=/nonexistent/sock", "nosuchdriver:///x"]
)
def test_connection_that_cannot_be_made_is_unreadable(uri):
    """No daemon, and no such driver, are reasons and no crash."""
    pytest.importorskip("libvirt")
    with pytest.raises(Unreadable) as caught:
        transport.connect(uri)
    assert caught.value.reason in {Reason.UNREACHABLE, Reason.NOT_SUPPORTED}


def test_absent_library_says_how_to_install_it(monkeypatch):
    """Without libvirt-python the answer is a reason with a command."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "libvirt":
            raise ImportError("No module named 'libvirt'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(Unreadable) as caught:
        transport.connect(TEST)
    assert (Reason.TOOL_ABSENT, True) == (
        caught.value.reason,
        caught.value.remedy.startswith("pip install 'isoaudit[vm]'"),
    )


def test_probe_reads_a_domain_without_a_process(connection):
    """A domain of the test driver has configuration, and a reason for having no VMM."""
    probe = LibvirtProbe(connection, None)
    (target,) = probe.find()
    found = probe.collect(target)
    assert ("libvirt+test:///default#test", None, "test", "not_supported") == (
        target.id,
        target.host,
        found.facts["vm.accelerator"][0].value,
        found.missing["vmm"][0].reason.value,
    )


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("qemu:///system", True),
        ("qemu:///session", True),
        ("test:///default", True),
        ("lxc:///", True),
        ("qemu+unix:///system?socket=/s", True),
        ("qemu+ssh://user@host/system", False),
        ("qemu+tcp:///system", False),
        ("qemu://host/system", False),
        ("", False),
        ("qemu://[", False),
    ],
)
def test_uri_without_a_host_is_local(uri, local):
    """A host part or a transport over the network means another machine."""
    assert local is transport.is_local(uri)


def test_only_uris_with_a_socket_are_tried_unasked(monkeypatch, tmp_path):
    """No socket, no attempt: looking must start no daemon."""
    path = tmp_path / "libvirt" / "libvirt-sock"
    path.parent.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(transport, "_SYSTEM_SOCKETS", (str(tmp_path / "none"),))
    before = transport.available_uris()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert ((), ("qemu:///session",)) == (before, transport.available_uris())
