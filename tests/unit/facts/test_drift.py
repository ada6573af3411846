"""What was asked for, held against what the kernel shows."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.facts.drift import with_drift
from isoaudit.model import Fact, FactSet, Kind, Missing, Part, Reason, Record, Target, Vantage

ENGINE, KERNEL = Vantage.ENGINE, Vantage.KERNEL


def target(state: str = "running", dialect: str = "") -> Target:
    """Return a container."""
    return Target("docker:web", Kind.CONTAINER, "web", state, dialect=dialect)


def process(vantage: Vantage, main: bool = True, **fields: Any) -> Record:
    """Return a record of the part process; `__` in a field's name stands for a dot."""
    facts = {"process.name": "web", "process.main": main}
    facts |= {f"process.{name.replace('__', '.')}": value for name, value in fields.items()}
    return Record.of(Fact(path, value, "read", vantage) for path, value in facts.items())


def seen(asked: Record, *found: Record, more: FactSet | None = None, **parts: Any) -> FactSet:
    """Return evidence in which an engine asked for one process and the kernel shows others."""
    incomplete = parts.get("incomplete")
    mounts = [Part("mount", ENGINE, ()), Part("mount", KERNEL, ())]
    base = FactSet.of(parts=[
        *mounts,
        Part("process", ENGINE, (asked,)),
        Part("process", KERNEL, tuple(found), incomplete),
    ])  # fmt: skip
    return base.merge(more) if more else base


def drifted(facts: FactSet, of: Target | None = None) -> list[tuple[Any, ...]]:
    """Return path, what was asked, what was found, and whether it is weaker."""
    (part,) = with_drift(of or target(), facts).parts["drift"]
    names = ("path", "asked", "found", "weaker")
    return [tuple(record.facts[f"drift.{name}"].value for name in names) for record in part.records]


def test_agreement_is_no_drift() -> None:
    """The part is there, and empty."""
    one = {"no_new_privileges": True, "namespaces__pid": "private"}
    assert [] == drifted(seen(process(ENGINE, **one), process(KERNEL, **one)))


@pytest.mark.parametrize(
    ("field", "asked", "found", "weaker"),
    [
        ("no_new_privileges", True, False, True),
        ("no_new_privileges", False, True, False),
        ("seccomp__mode", "filter", "disabled", True),
        ("seccomp__mode", "disabled", "filter", False),
        ("namespaces__net", "private", "host", True),
        ("namespaces__net", "host", "private", False),
        ("user_namespace", "private", "host", True),
        ("uid", 1000, 0, True),
        ("uid", 0, 1000, False),
    ],
)
def test_main_process(field: str, asked: Any, found: Any, weaker: bool) -> None:
    """It is weaker only if what was found protects less."""
    facts = seen(process(ENGINE, **{field: asked}), process(KERNEL, **{field: found}))
    ((path, _, _, told),) = drifted(facts)
    assert (f"process.{field.replace('__', '.')}", weaker) == (path, told)


def test_helper_with_more_capabilities_is_drift() -> None:
    """Another process may hold less than was asked for, never more; only the surplus is named."""
    asked = process(ENGINE, capabilities__bounding=("CAP_CHOWN", "CAP_KILL"))
    main = process(KERNEL, capabilities__bounding=("CAP_CHOWN", "CAP_KILL"))
    helper = process(
        KERNEL,
        main=False,
        capabilities__bounding=("CAP_CHOWN", "CAP_SYS_ADMIN"),
        capabilities__effective=(),
    )
    path = "process.capabilities.bounding"
    expected = [(path, "CAP_CHOWN, CAP_KILL", "CAP_SYS_ADMIN", True)]
    assert expected == drifted(seen(asked, main, helper))


def test_namespaces_of_a_helper_are_not_compared() -> None:
    """What enters a container is judged by its own records, not by what the main one asked for."""
    facts = seen(
        process(ENGINE, namespaces__pid="private"),
        process(KERNEL, namespaces__pid="private"),
        process(KERNEL, main=False, namespaces__pid="host"),
    )
    assert [] == drifted(facts)


@pytest.mark.parametrize(
    ("path", "asked", "found", "weaker"),
    [
        ("container.limits.memory.bytes", 5_000_000, 4_997_120, False),
        ("container.limits.memory.bytes", 4_194_304, 8_388_608, True),
        ("container.limits.pids.set", True, False, True),
        ("container.rootfs.read_only", True, False, True),
        ("container.masked_paths", ("/proc/kcore", "/proc/keys"), ("/proc/keys",), True),
        ("container.masked_paths", ("/proc/keys",), ("/proc/kcore", "/proc/keys"), False),
    ],
)
def test_container(path: str, asked: Any, found: Any, weaker: bool) -> None:
    """Limits that were rounded down, and paths hidden beyond the list, are no weakness."""
    more = FactSet.of([Fact(path, asked, "a", ENGINE), Fact(path, found, "b", KERNEL)])
    ((told, _, _, is_weaker),) = drifted(seen(process(ENGINE), process(KERNEL), more=more))
    assert (path, weaker) == (told, is_weaker)


def mounts(vantage: Vantage, *listed: dict[str, Any]) -> FactSet:
    """Return the part mount from one vantage."""
    records = [
        Record.of(Fact(f"mount.{name}", v, "read", vantage) for name, v in one.items())
        for one in listed
    ]
    return FactSet.of(parts=[Part("mount", vantage, tuple(records))])


def test_host_path_that_nobody_asked_for() -> None:
    """It is named with its place; what the engine adds by itself, or what comes along, is not."""
    bind = {"kind": "bind", "managed": False, "read_only": False}
    asked = mounts(ENGINE, {**bind, "source": "/", "destination": "/host"})
    found = mounts(
        KERNEL,
        {**bind, "source": "/", "destination": "/host"},
        {**bind, "source": "/proc", "destination": "/host/proc"},
        {**bind, "source": "/etc/hosts", "destination": "/etc/hosts", "managed": True},
        {**bind, "source": "/root", "destination": "/mnt"},
    )
    facts = seen(process(ENGINE), process(KERNEL)).merge(asked, found)
    assert [("mount.source", "", "/root", True)] == drifted(facts)


def test_tmpfs_brings_no_host_path_along() -> None:
    """A host path below a tmpfs that was asked for was put there by somebody."""
    asked = mounts(ENGINE, {"kind": "tmpfs", "destination": "/run"})
    found = mounts(
        KERNEL,
        {"kind": "tmpfs", "destination": "/run"},
        {"kind": "bind", "managed": False, "source": "/etc", "destination": "/run/x"},
    )
    facts = seen(process(ENGINE), process(KERNEL)).merge(asked, found)
    assert [("mount.source", "", "/etc", True)] == drifted(facts)


def test_mount_that_is_writable_after_all() -> None:
    """Read-only was asked for."""
    bind = {"kind": "bind", "managed": False, "source": "/srv", "destination": "/srv/"}
    facts = seen(process(ENGINE), process(KERNEL)).merge(
        mounts(ENGINE, {**bind, "read_only": True}), mounts(KERNEL, {**bind, "read_only": False})
    )
    assert [("mount.read_only", "yes", "no", True)] == drifted(facts)


def test_part_that_was_not_read_to_its_end_leaves_drift_open() -> None:
    """A process that was not read may hold anything."""
    lost = Missing("process", Reason.PERMISSION_DENIED, "closed", "", KERNEL)
    facts = seen(process(ENGINE), process(KERNEL), incomplete=lost)
    (part,) = with_drift(target(), facts).parts["drift"]
    assert part.incomplete is not None
    assert ("drift", Reason.PERMISSION_DENIED) == (part.incomplete.path, part.incomplete.reason)


def test_what_does_not_run_has_not_drifted() -> None:
    """A created container shows nothing that could differ."""
    facts = FactSet.of(parts=[Part("process", ENGINE, (process(ENGINE),))])
    assert [] == drifted(facts, target("created"))


def test_dark_kernel_is_no_agreement() -> None:
    """A running container of which the kernel shows nothing is missing, with the reason."""
    dark = Missing("process", Reason.PERMISSION_DENIED, "closed", "Run as root.", KERNEL)
    facts = FactSet.of(parts=[Part("process", ENGINE, (process(ENGINE),))], missing=[dark])
    seen_anew = with_drift(target(), facts)
    assert {} == {name: 1 for name in seen_anew.parts if name == "drift"}
    assert Reason.PERMISSION_DENIED is seen_anew.missing["drift"][0].reason


def test_nobody_asked_for_anything() -> None:
    """A sandbox that no engine lists has no word to be held to."""
    facts = FactSet.of(parts=[Part("process", KERNEL, (process(KERNEL),))])
    assert Reason.NOT_REQUESTED is with_drift(target(), facts).missing["drift"][0].reason


def test_files_and_hosts_do_not_drift() -> None:
    """A file is what was asked for, and nothing else is known yet."""
    facts = FactSet.of(parts=[Part("process", Vantage.DECLARED, ())])
    assert facts == with_drift(target(dialect="compose"), facts)
