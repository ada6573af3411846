"""What real guests answered, read: busybox with dropbear as root and without rights, and Debian."""

from __future__ import annotations

import pytest
from guest_answers import lack, read, recorded, rows, value

from isoaudit.facts.vocabulary import facts as vocabulary
from isoaudit.facts.vocabulary import parts
from isoaudit.model import Kind, Reason, Vantage
from isoaudit.probes.guest import questions, read_guest, unasked

NAMES = ("busybox-root", "busybox-user", "debian12")


@pytest.mark.parametrize("name", NAMES)
def test_everything_a_guest_says_is_a_guests_word_under_known_names(name: str) -> None:
    """Facts, parts and gaps carry the guest's vantage, and stand in the vocabulary."""
    found = read(name)

    assert all(f.vantage is Vantage.GUEST for several in found.facts.values() for f in several)
    assert set(found.facts) <= set(vocabulary())
    assert set(found.parts) <= set(parts())
    assert {m.vantage for several in found.missing.values() for m in several} == {Vantage.GUEST}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_can_be_asked_is_left_without_an_answer(name: str) -> None:
    """Every fact and part of a guest is there, or missing with a reason."""
    found = read(name)
    told = {*found.facts, *found.parts, *found.missing}
    elsewhere = {"guest.identity.shared_with"}
    asked = {path for path in vocabulary() if path.startswith("guest.")} - elsewhere
    asked = {path for path in asked if not path.startswith("guest.connection.")}

    assert asked <= told
    assert {
        one.name
        for one in parts().values()
        if one.name.startswith("guest_") and Kind.VM in one.kinds
    } <= told


def test_a_guest_under_emulation_knows_what_runs_it_and_which_devices_it_has() -> None:
    """TCG shows in the CPU's name; the one virtio device has its driver."""
    found = read("busybox-root")

    assert "qemu-tcg" == value(found, "guest.virtualization")
    assert 1 == value(found, "guest.cpus")
    assert ("52:54:00:12:34:56",) == value(found, "guest.macs")
    assert {"bus": "virtio", "address": "virtio0", "id": "0001", "driver": "virtio_net"} in rows(
        found, "guest_device"
    )


def test_a_driver_that_was_not_seen_is_not_called_absent_without_the_kernels_lists() -> None:
    """A guest without /lib/modules may have it built in: advice must not rest on that."""
    found = read("busybox-root")

    assert ("virtio_net",) == value(found, "guest.drivers.available")
    assert Reason.NOT_SUPPORTED is lack(found, "guest.drivers.unavailable").reason


def test_what_root_would_add_is_missing_for_want_of_rights_and_says_so() -> None:
    """Without root: rules, kernel messages and others' keys, each with the same remedy."""
    found = read("busybox-user")
    cut = found.parts["guest_authorized_keys"][0].incomplete

    for path in ("guest.firewall.default_open", "guest.memory_encryption"):
        assert Reason.PERMISSION_DENIED is lack(found, path).reason
        assert "Connect as root or with sudo." == lack(found, path).how_to_get
    assert cut is not None and cut.reason is Reason.PERMISSION_DENIED
    assert 1001 == value(found, "guest.account.uid")


def test_what_leaves_a_trace_is_asked_only_on_request() -> None:
    """sudo and the metadata service need --deep; without it they are missing, not asked."""
    found = read("busybox-user")

    assert {"sudo", "metadata"} == set(questions(deep=True)) - set(questions())
    for path in ("guest.account.sudo", "guest.cloud.metadata_reachable"):
        assert (Reason.NOT_REQUESTED, "Add --deep.") == lack(found, path)[1:4:2]
    assert "none" == value(read("busybox-root"), "guest.account.sudo")


def test_keys_are_told_by_their_fingerprints_alone() -> None:
    """The answers hold no key: the guest itself hashes them."""
    found = rows(read("busybox-root"), "guest_authorized_keys")

    assert ["/root/.ssh/authorized_keys"] == [one["path"] for one in found]
    assert found[0]["fingerprints"][0].startswith("SHA256:")
    assert not any("AAAA" in text for text in recorded("busybox-root").values())


def test_a_guest_that_nobody_asked_is_unknown_in_every_part() -> None:
    """Each says that nobody asked, and what would."""
    found = unasked()

    assert {"guest", "contradiction", "guest_share", "guest_vulnerability"} <= set(found.missing)
    for several in found.missing.values():
        assert several[0].reason is Reason.NOT_REQUESTED
        assert several[0].how_to_get.startswith("Add --guests FILE")


def test_a_session_says_how_the_host_key_was_verified() -> None:
    """Who answered is isoaudit's own knowledge, and stands beside the guest's."""
    found = read_guest(recorded("busybox-root"), {
        "user": "audit", "host": "web", "port": 22, "key_type": "ssh-ed25519",
        "fingerprint": "SHA256:x", "verified": "hashed", "known_hosts": "/k:3", "jumps": ["gate"],
        "server": "SSH-2.0-dropbear",
    })  # fmt: skip

    assert "hashed" == value(found, "guest.connection.verified")
    assert "/k:3" == found.facts["guest.connection.verified"][0].source
    assert ("gate",) == value(found, "guest.connection.jumps")


def test_a_question_that_failed_costs_its_own_facts_only() -> None:
    """A failure of the transport becomes the reason of what it was asked for."""
    answers = recorded("busybox-root")
    answers["mounts"] = ["timeout", "the guest did not come to an end with it", "", False]
    found = read_guest(answers)

    assert Reason.TIMEOUT is found.missing["guest_share"][0].reason
    assert "guest_share" not in found.parts
    assert "qemu-tcg" == value(found, "guest.virtualization")


def test_an_answer_that_was_cut_is_no_answer() -> None:
    """Without its last line, an answer may lack what would have decided."""
    answers = recorded("busybox-root")
    answers["mounts"] = answers["mounts"].removesuffix("@end\n")

    assert Reason.LIMIT is read_guest(answers).missing["guest_share"][0].reason
