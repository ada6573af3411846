"""Where a guest's word cannot be true of this VM on this host, as the part `contradiction`.

What is decided on the host is believed of the host: a guest knows no microcode, no share and no
size but those it is shown. A difference that can be innocent is none: less memory than the VM was
given, a share that is not mounted, a name for the hypervisor that leaves open which it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.model import Fact, FactSet, Missing, Part, Reason, Record, Vantage

_PART = "contradiction"
_FITS = {
    "kvm": {"kvm", "qemu", "other"},
    "tcg": {"qemu-tcg", "qemu", "other"},
    "xen": {"xen", "other"},
    "lxc": {"container"},
}
"""What a guest may see below it, by what runs it."""

_BY_MICROCODE = frozenset({
    "mds", "tsx_async_abort", "mmio_stale_data", "reg_file_data_sampling", "gather_data_sampling",
    "srbds", "spec_rstack_overflow", "l1tf", "tsa", "itlb_multihit",
})  # fmt: skip
"""Flaws that a guest cannot close by itself: the host's microcode or its KVM does."""

_FROM_HOST = ("vm.accelerator", "vm.memory.bytes", "vm.vcpus", "vm.uuid")
_FROM_GUEST = ("guest.virtualization", "guest.memory.bytes", "guest.cpus", "guest.macs")


def contradictions(facts: FactSet, host: FactSet | None = None) -> FactSet:
    """Return the part `contradiction` of a VM's joined evidence, and of its host's if it is known.

    The part is incomplete where something that would be compared was not read on either side, and
    missing where one side is missing as a whole.
    """
    if not any(path.startswith("guest.") for path in facts.facts):
        unread = facts.missing.get("guest", ())
        why = unread[0] if unread else Missing("guest", Reason.NOT_REQUESTED, "no guest was asked")
        return FactSet.of(missing=[why._replace(path=_PART)])
    if not any(path in facts.facts for path in _FROM_HOST):
        return FactSet.of(missing=[Missing(
            _PART, Reason.OTHER_HOST, "nothing is known of the VM but what its guest says",
            "Scan the VM by its hypervisor as well (libvirt:NAME, vmm:PID).", Vantage.GUEST,
        )])  # fmt: skip
    found = [*_of_size(facts), *_of_identity(facts), *_of_shares(facts), *_of_flaws(facts, host)]
    return FactSet.of(parts=[Part(_PART, Vantage.GUEST, tuple(found), _uncompared(facts, host))])


def _uncompared(facts: FactSet, host: FactSet | None) -> Missing | None:
    """Return why there may be contradictions that were not looked for."""
    lacking = [path for path in (*_FROM_HOST[:3], *_FROM_GUEST) if path not in facts.facts]
    lacking += [name for name in ("share", "interface", "guest_share", "guest_vulnerability")
                if not _records(facts, name) and name not in facts.parts]  # fmt: skip
    if "guest.macs" in facts.facts and _cards(facts) is None:
        lacking.append("interface.mac")
    if host is None or "cpu_vulnerability" not in host.parts:
        lacking.append("cpu_vulnerability of its host")
    if not lacking:
        return None
    detail = f"not compared: {', '.join(lacking)}"
    return Missing(_PART, Reason.NOT_SUPPORTED, detail, "Scan the VM on its host, and its guest.",
                   Vantage.GUEST)  # fmt: skip


def _of_size(facts: FactSet) -> Iterator[Record]:
    runs, sees = _best(facts, "vm.accelerator"), _best(facts, "guest.virtualization")
    if runs and sees and sees.value not in _FITS.get(str(runs.value), {sees.value}):
        yield _record("virtualization", sees, runs)
    memory = (_best(facts, "vm.memory.maximum"), _best(facts, "vm.memory.bytes"))
    for what, path, given in (
        ("memory", "guest.memory.bytes", memory),
        ("cpus", "guest.cpus", (_best(facts, "vm.vcpus"),)),
    ):
        has = _best(facts, path)
        known = [one for one in given if one is not None and isinstance(one.value, int)]
        most = max(known, key=lambda one: int(str(one.value)), default=None)
        if has and most and isinstance(has.value, int) and has.value > int(str(most.value)):
            yield _record(what, has, most)


def _of_identity(facts: FactSet) -> Iterator[Record]:
    told, given = _best(facts, "guest.uuid"), _best(facts, "vm.uuid")
    if told and given and str(given.value).lower() not in _both_orders(str(told.value)):
        yield _record("identity", told, given)
    macs, cards = _best(facts, "guest.macs"), _cards(facts)
    if macs is None or not cards or not isinstance(macs.value, tuple) or not macs.value:
        return
    words = {str(card.value).lower() for card in cards}
    if not words & set(macs.value):
        yield _record("identity", macs, cards[0]._replace(value=", ".join(sorted(words))))


def _cards(facts: FactSet) -> list[Fact] | None:
    """Return the addresses of all network cards, None if there may be others.

    One that was given behind libvirt's back may be the only one that the guest has a driver for.
    """
    hidden = _best(facts, "vm.commandline_passthrough")
    cards = _records(facts, "interface")
    known = [card.facts["interface.mac"] for card in cards if "interface.mac" in card.facts]
    whole = "interface" in facts.parts and len(known) == len(cards)
    return known if whole and not (hidden and hidden.value) else None


def _both_orders(uuid: str) -> set[str]:
    """Return a UUID as it is, and as SMBIOS before 2.6 has it: its first fields byte by byte."""
    fields = uuid.lower().split("-")
    turned = ["".join(reversed([one[at : at + 2] for at in range(0, len(one), 2)]))
              for one in fields[:3]]  # fmt: skip
    return {uuid.lower(), "-".join([*turned, *fields[3:]])}


def _of_shares(facts: FactSet) -> Iterator[Record]:
    """Yield what the guest has mounted by a tag that no share of the VM has."""
    several = facts.parts.get("share", ())
    if not several or any(part.incomplete for part in several) or "share" in facts.missing:
        return
    tags = {_text(one, "share.target") for part in several for one in part.records}
    for one in _records(facts, "guest_share"):
        source = one.facts.get("guest_share.source")
        if source is None or _text(one, "guest_share.driver") not in {"9p", "virtiofs"}:
            continue
        if source.value not in tags:
            nothing = Fact("share.target", ", ".join(sorted(tags)) or "no share",
                           "the shares of the VM", several[0].vantage)  # fmt: skip
            yield _record("share", source, nothing)


def _of_flaws(facts: FactSet, host: FactSet | None) -> Iterator[Record]:
    """Yield the CPU flaws that the host calls open and the guest closed.

    Only where the guest's code runs on the host's CPU: an emulated one has flaws of its own.
    """
    runs = _best(facts, "vm.accelerator")
    if runs is None or runs.value == "tcg":
        return
    open_here = {
        _text(one, "cpu_vulnerability.name"): one.facts.get("cpu_vulnerability.text")
        for one in _records(host or FactSet(), "cpu_vulnerability")
        if _text(one, "cpu_vulnerability.state") == "vulnerable"
    }
    for one in _records(facts, "guest_vulnerability"):
        name, text = (
            _text(one, "guest_vulnerability.name"),
            one.facts.get("guest_vulnerability.text"),
        )
        said = open_here.get(name) if name in _BY_MICROCODE else None
        state = _text(one, "guest_vulnerability.state")
        if said is not None and text is not None and state in {"mitigated", "not_affected"}:
            yield _record(name, text, said)


def _best(facts: FactSet, path: str) -> Fact | None:
    several = facts.facts.get(path, ())
    return several[0] if several else None


def _records(facts: FactSet, name: str) -> tuple[Record, ...]:
    several = facts.parts.get(name, ())
    return several[0].records if several else ()


def _text(record: Record, path: str) -> str:
    fact = record.facts.get(path)
    return str(fact.value) if fact else ""


def _record(what: str, guest: Fact, host: Fact) -> Record:
    return Record.of([
        Fact(f"{_PART}.what", what, f"{guest.source}; {host.source}", Vantage.GUEST),
        Fact(f"{_PART}.guest", _shown(guest), guest.source, guest.vantage),
        Fact(f"{_PART}.host", _shown(host), host.source, host.vantage),
    ])  # fmt: skip


def _shown(fact: Fact) -> str:
    return ", ".join(fact.value) if isinstance(fact.value, tuple) else str(fact.value)
