"""Where a guest's word cannot be true of its host, and which guests share an identity."""

from __future__ import annotations

from typing import Any

import pytest
from guest_answers import read, rows

from isoaudit.model import Fact, FactSet, Part, Reason, Record, Value, Vantage
from isoaudit.probes.guest import contradictions, shared_identity

_FITTING: dict[str, Value] = {
    "vm.accelerator": "tcg",
    "vm.memory.bytes": 268_435_456,
    "vm.vcpus": 1,
}


def _records(name: str, vantage: Vantage, *several: dict[str, Any]) -> Part:
    return Part(name, vantage, tuple(
        Record.of(Fact(f"{name}.{key}", one, "test", vantage) for key, one in fields.items())
        for fields in several
    ))  # fmt: skip


def _domain(*parts: Part, mac: str = "52:54:00:12:34:56", **instead: Value) -> FactSet:
    values = {**_FITTING, **{key.replace("__", "."): value for key, value in instead.items()}}
    facts = [Fact(path, value, "XML", Vantage.ENGINE) for path, value in values.items()]
    cards = _records("interface", Vantage.ENGINE, {"type": "user", "mac": mac})
    shares = _records("share", Vantage.ENGINE, {"target": "web"})
    return FactSet.of(facts, [cards, shares, *parts])


def _host(*flaws: dict[str, Any]) -> FactSet:
    return FactSet.of(parts=[_records("cpu_vulnerability", Vantage.KERNEL, *flaws)])


def _found(domain: FactSet, host: FactSet | None = None, **instead: str) -> list[dict[str, Any]]:
    return rows(contradictions(read(**instead).merge(domain), host), "contradiction")


def test_a_guest_that_fits_its_vm_contradicts_nothing() -> None:
    """The recorded guest against the VM that it was: complete, and empty."""
    part = contradictions(read().merge(_domain()), _host()).parts["contradiction"][0]

    assert () == part.records
    assert part.incomplete is None


@pytest.mark.parametrize(
    ("instead", "what"),
    [
        ({"vm__accelerator": "kvm"}, "virtualization"),
        ({"vm__accelerator": "lxc"}, "virtualization"),
        ({"vm__memory__bytes": 134_217_728}, "memory"),
        ({"vm__vcpus": 0}, "cpus"),
        ({"mac": "52:54:00:00:00:01"}, "identity"),
    ],
)
def test_what_the_vm_was_not_given_is_a_contradiction(instead: dict[str, Any], what: str) -> None:
    """Another hypervisor, more memory or CPUs, none of its network cards."""
    assert [what] == [one["what"] for one in _found(_domain(**instead), _host())]


def test_less_than_the_vm_was_given_is_none() -> None:
    """The kernel keeps memory for itself, and CPUs may be unplugged."""
    assert [] == _found(_domain(vm__memory__bytes=2**40, vm__vcpus=64), _host())


def test_a_card_behind_libvirts_back_may_be_the_guests_own() -> None:
    """Arguments for QEMU may hold a card, and the one in the XML may lack a driver in the guest."""
    domain = _domain(
        vm__commandline_passthrough=("-device", "virtio-net-pci"), mac="52:54:00:0:0:1"
    )
    part = contradictions(read().merge(domain), _host()).parts["contradiction"][0]

    assert () == part.records
    assert part.incomplete is not None
    assert "interface.mac" in part.incomplete.detail


def test_a_uuid_may_stand_in_either_order() -> None:
    """SMBIOS before 2.6 turns the first fields round; another UUID is another machine."""
    uuid = "33221100-5544-7766-8899-aabbccddeeff"
    said = f"@ok /sys/class/dmi/id/product_uuid\n|{uuid}\n"

    for given, expected in (
        (uuid, []),
        ("00112233-4455-6677-8899-aabbccddeeff", []),
        ("00112233-4455-6677-8899-aabbccddee00", ["identity"]),
    ):
        found = _found(_domain(vm__uuid=given), _host(), identity=said)
        assert expected == [one["what"] for one in found]


@pytest.mark.parametrize(("tag", "expected"), [("web", []), ("etc", ["share"])])
def test_a_share_that_the_vm_has_not_is_a_contradiction(tag: str, expected: list[str]) -> None:
    """A tag of the VM's own is none."""
    found = _found(
        _domain(), _host(), mounts=f"@ok /proc/self/mounts\n|{tag} /mnt virtiofs rw 0 0\n|"
    )

    assert expected == [one["what"] for one in found]


def test_a_flaw_that_only_the_host_closes_is_the_hosts_to_call_closed() -> None:
    """The guest says that it is not affected; the host lacks the microcode."""
    host = _host(
        {"name": "mds", "text": "Vulnerable: no microcode", "state": "vulnerable"},
        {"name": "spectre_v1", "text": "Vulnerable", "state": "vulnerable"},
    )

    on_the_hosts_cpu = [one["what"] for one in _found(_domain(vm__accelerator="kvm"), host)]

    assert "mds" in on_the_hosts_cpu
    assert "spectre_v1" not in on_the_hosts_cpu
    assert [] == _found(_domain(vm__accelerator="tcg"), host)


def test_without_a_hypervisors_word_there_is_nothing_to_contradict() -> None:
    """A guest alone, and a VM whose guest nobody asked, are missing and not empty."""
    alone = contradictions(read())
    silent = contradictions(_domain())

    assert Reason.OTHER_HOST is alone.missing["contradiction"][0].reason
    assert Reason.NOT_REQUESTED is silent.missing["contradiction"][0].reason


def test_what_could_not_be_compared_leaves_the_part_unfinished() -> None:
    """Without the host's own facts, its CPU flaws were not looked at."""
    part = contradictions(read().merge(_domain())).parts["contradiction"][0]

    assert part.incomplete is not None
    assert "cpu_vulnerability" in part.incomplete.detail


def _guest(**values: str) -> FactSet:
    return FactSet.of(
        Fact(f"guest.{key.replace('__', '.')}", value, "test", Vantage.GUEST)
        for key, value in values.items()
    )


def test_clones_name_each_other() -> None:
    """By machine id or host key; the third is its own."""
    found = shared_identity({
        "a": _guest(machine_id="1", connection__fingerprint="k1"),
        "b": _guest(machine_id="1", connection__fingerprint="k2"),
        "c": _guest(machine_id="3", connection__fingerprint="k3"),
    })  # fmt: skip

    shared = {one: found[one].facts["guest.identity.shared_with"][0].value for one in found}
    assert {"a": ("b",), "b": ("a",), "c": ()} == shared


def test_a_single_guest_is_compared_with_nobody() -> None:
    """Nothing shared among one is no evidence."""
    found = shared_identity({"a": _guest(machine_id="1"), "b": FactSet()})

    assert not found["a"].facts
    assert not found["b"].facts
    assert Reason.NOT_SUPPORTED is found["a"].missing["guest.identity.shared_with"][0].reason
