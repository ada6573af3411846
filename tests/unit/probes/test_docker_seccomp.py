"""Seccomp profiles as docker keeps them: its default by version, and those of a container's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from docker_tapes import audit, engine, inspected, only, records, value

from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.probes.docker.seccomp import LONGEST
from isoaudit.transports.engine_redaction import redact_inspect

RECORDED = Path(__file__).parents[2] / "recordings" / "seccomp" / "docker-20.10.24.json"
INFO = {
    "SecurityOptions": ["name=seccomp,profile=default"],
    "ServerVersion": "25.0.3",
    "Architecture": "x86_64",
    "KernelVersion": "6.1.0-18-amd64",
}
_ALLOWS = "seccomp.allows."


def _profile(**changes: Any) -> dict[str, Any]:
    rules = [{"names": ["read", "mount"], "action": "SCMP_ACT_ALLOW"}]
    return {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"],
            "syscalls": rules, **changes}  # fmt: skip


def _seen(option: str | None, info: dict[str, Any] | None = None, **host: Any) -> FactSet:
    asked = inspected(SecurityOpt=None if option is None else [option], **host)
    return audit(engine(redact_inspect(asked), info=INFO | (info or {})))[1]


def _allows(seen: FactSet) -> dict[str, Any]:
    (process,) = records(seen, "process", Vantage.ENGINE)
    found = only(process, "process")
    return {n.removeprefix(_ALLOWS): v for n, v in found.items() if n.startswith(_ALLOWS)}


def _of(seen: FactSet, name: str) -> Any:
    return value(seen, f"container.seccomp.{name}", Vantage.ENGINE)


@pytest.mark.parametrize("separator", ["=", ":"])
def test_an_inlined_profile_is_read(separator: str) -> None:
    """Docker keeps the JSON itself, after either sign."""
    profile = _profile(flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"])
    seen = _seen(f"seccomp{separator}{json.dumps(profile)}")
    assert ("errno", ("SECCOMP_FILTER_FLAG_SPEC_ALLOW",), False, ("i386", "x86_64")) == tuple(
        _of(seen, name) for name in ("default_action", "flags", "supervised", "interfaces")
    )


@pytest.mark.parametrize(
    ("action", "word"),
    [("SCMP_ACT_ALLOW", "allow"), ("SCMP_ACT_LOG", "log"), ("SCMP_ACT_KILL", "kill_thread"),
     ("SCMP_ACT_KILL_PROCESS", "kill_process"), ("SCMP_ACT_TRACE", "trace")],
)  # fmt: skip
def test_the_default_action_is_told_in_one_word(action: str, word: str) -> None:
    """The same words as for a loaded filter."""
    seen = _seen(f"seccomp={json.dumps(_profile(defaultAction=action))}")
    assert word == _of(seen, "default_action")


@pytest.mark.parametrize(
    "changes",
    [
        {"listenerPath": "/run/x.sock"},
        {"defaultAction": "SCMP_ACT_NOTIFY"},
        {"syscalls": [{"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}]},
    ],
)
def test_a_supervisor_is_told(changes: dict[str, Any]) -> None:
    """A listener, or any call left to one."""
    assert _of(_seen(f"seccomp={json.dumps(_profile(**changes))}"), "supervised") is True


def test_what_a_profile_opens_is_told_of_the_process() -> None:
    """The engine's word on a container's own profile, surface by surface."""
    allows = _allows(_seen(f"seccomp={json.dumps(_profile())}"))
    assert (True, False, False) == (allows["mount"], allows["bpf"], allows["io_uring"])


def test_a_real_profile_survives_redaction() -> None:
    """The profile of docker itself is read back as it was given."""
    profile = json.loads(RECORDED.read_text())["default"]["profile"]
    seen = _seen(f"seccomp={json.dumps(profile)}")
    open_now = {name for name, allowed in _allows(seen).items() if allowed}
    assert {"io_uring", "af_alg", "af_vsock", "ptrace"} == open_now


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ('{"a":' * 100_000, "no JSON"),
        ('{"defaultAction": "SCMP_ACT_BLESS"}', "unknown action"),
        ("/etc/profile.json", "names a file"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "x": "' + "x" * LONGEST + '"}', "longer than"),
    ],
    ids=["broken", "deep", "unknown", "file", "long"],
)
def test_a_profile_that_cannot_be_read_is_missing(text: str, words: str) -> None:
    """It is custom, and what it says is not guessed."""
    seen = _seen(f"seccomp={text}")
    (entry,) = seen.missing["container.seccomp.default_action"]
    assert "custom" == _of(seen, "profile")
    assert (Reason.NOT_SUPPORTED, True) == (entry.reason, words in entry.detail)
    assert {} == _allows(seen)


@pytest.mark.parametrize("option", [None, "seccomp=unconfined", "seccomp=builtin"])
def test_without_a_profile_of_its_own_nothing_is_told_of_it(option: str | None) -> None:
    """There is no default action of a profile that is not there."""
    seen = _seen(option)
    assert _of(seen, "default_action") is None
    assert "container.seccomp.default_action" not in seen.missing


def test_the_default_of_the_version_bounds_the_process() -> None:
    """A version's default certainly closes and opens some surfaces."""
    allows = _allows(_seen(None))
    assert (False, False, True) == (allows["io_uring"], allows["mount"], allows["ptrace"])


def test_added_capabilities_open_what_is_tied_to_them() -> None:
    """Docker's default opens more to a container with CAP_SYS_ADMIN."""
    allows = _allows(_seen(None, CapAdd=["SYS_ADMIN"]))
    assert (True, True) == (allows["mount"], allows["user_namespace"])


def test_a_distributions_build_is_bounded_only() -> None:
    """io_uring may have been closed in a build that is not docker's own."""
    allows = _allows(_seen(None, {"ServerVersion": "20.10.24+dfsg1"}))
    assert ("io_uring" in allows, allows["mount"]) == (False, False)


@pytest.mark.parametrize(
    "info",
    [
        {"SecurityOptions": ["name=seccomp,profile=/etc/own.json"]},
        {"ServerVersion": ""},
        {"ServerVersion": "dev"},
    ],
    ids=["own default", "no version", "unknown version"],
)
def test_another_default_is_not_guessed(info: dict[str, Any]) -> None:
    """A daemon's own default profile, or an unknown version, says nothing of surfaces."""
    assert {} == _allows(_seen(None, info))


@pytest.mark.parametrize("option", ["seccomp=unconfined", None])
def test_no_filter_has_no_bounds(option: str | None) -> None:
    """Of a process without a filter the mode says all."""
    seen = _seen(option, Privileged=option is None)
    assert {} == _allows(seen)


def test_podmans_default_is_not_guessed() -> None:
    """Its default is a file that anyone with root may have replaced."""
    tape = engine(
        inspected(SecurityOpt=None), name="podman", info={**INFO, "ServerVersion": "4.3.1"}
    )
    assert {} == _allows(audit(tape)[1])
