"""What an engine's version certainly ships, and what is left open."""

from __future__ import annotations

import pytest
from filters_made import BOTH, loaded

from isoaudit.seccomp.abi import AARCH64, ARM, Interfaces
from isoaudit.seccomp.shipped import Holder, as_written, shipped, version_of
from isoaudit.seccomp.surfaces import BY_NAME
from isoaudit.seccomp.survey import survey

DOCKER = frozenset({"CAP_CHOWN", "CAP_NET_RAW"})
PLAIN = Holder(DOCKER, BOTH, (6, 1))


def _open(version: str, holder: Holder = PLAIN, **rest: bool | None) -> set[str]:
    return {n for n, v in shipped("docker", version, holder, **rest).items() if v}


def _unknown(version: str, holder: Holder = PLAIN, engine: str = "docker") -> set[str]:
    return {n for n, v in shipped(engine, version, holder).items() if v is None}


@pytest.mark.parametrize(
    ("container", "capabilities"),
    [("default", DOCKER), ("sys-admin", DOCKER | {"CAP_SYS_ADMIN"}), ("no-capabilities", set())],
)
def test_the_table_says_what_was_recorded(container: str, capabilities: set[str]) -> None:
    """For 20.10.24 the table and the loaded filters agree in every surface."""
    holder = Holder(frozenset(capabilities), BOTH, (6, 1))
    assert survey(loaded(container), BOTH).surfaces() == shipped("docker", "20.10.24", holder)


def test_every_surface_is_in_the_table() -> None:
    """Nothing is left out for either engine."""
    for engine in ("docker", "podman"):
        assert set(BY_NAME) == set(shipped(engine, "0.1", PLAIN))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.10.21", {"io_uring", "af_alg", "af_vsock"}),
        ("23.0.1", {"io_uring", "af_alg", "af_vsock"}),
        ("25.0.0", {"af_alg", "af_vsock"}),
        ("29.4.2", {"af_alg", "af_vsock"}),
        ("29.5.0", {"af_alg", "af_vsock"}),
    ],
)
def test_what_slips_past_counts(version: str, expected: set[str]) -> None:
    """Higher bits of the family, and socketcall, open what the profile means to close."""
    found = _open(version)
    assert expected == found & {"io_uring", "af_alg", "af_vsock"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.10.21", (True, True, True)),
        ("20.10.22", (True, True, False)),
        ("20.10.23", (True, True, True)),
        ("24.0.7", (True, True, False)),
        ("28.5.1", (False, True, False)),
        ("29.4.2", (False, False, False)),
    ],
)
def test_what_is_meant_follows_the_releases(
    version: str, expected: tuple[bool, bool, bool]
) -> None:
    """io_uring, AF_ALG and AF_VSOCK as the authors of each release mean them."""
    found = as_written("docker", version, DOCKER)
    assert expected == (found["io_uring"], found["af_alg"], found["af_vsock"])


def test_on_arm64_there_is_no_socketcall() -> None:
    """Without socketcall what is left are higher bits, of which later releases may take care."""
    arm = Holder(DOCKER, Interfaces(AARCH64, ((ARM, True),)), (6, 1))
    found = shipped("docker", "29.5.0", arm)
    assert (None, None) == (found["af_alg"], found["af_vsock"])


def test_a_distributions_build_is_bounded_by_all_later_ones() -> None:
    """It may have any later change: io_uring is open or closed, mounting closed for certain."""
    found = shipped("docker", "20.10.24+dfsg1", PLAIN)
    assert (None, None, True, False, True) == tuple(
        found[n] for n in ("io_uring", "af_alg", "af_vsock", "mount", "ptrace")
    )


def test_a_build_that_is_not_upstreams_is_not_believed_by_its_version() -> None:
    """A distribution may give upstream's own version number."""
    assert "io_uring" not in _open("24.0.5", upstream=False)
    assert "io_uring" in _open("24.0.5", upstream=True)


@pytest.mark.parametrize("version", ["", "latest", "19.03.15", "30.0.0", "31.1.2"])
def test_an_unknown_version_is_unknown(version: str) -> None:
    """Nothing is said of versions that the table does not have."""
    assert set(BY_NAME) == _unknown(version)


def test_an_unknown_engine_is_unknown() -> None:
    """Nothing is said of other engines."""
    assert set(BY_NAME) == _unknown("2.0.0", engine="cri-o")


def test_unknown_capabilities_leave_open_what_depends_on_them() -> None:
    """What is tied to a capability is unknown without knowing the set."""
    unknown = _unknown("25.0.0", Holder(None, BOTH, (6, 1)))
    assert {"mount", "bpf", "user_namespace"} <= unknown
    assert not {"keyring", "kexec", "io_uring", "inet"} & unknown


@pytest.mark.parametrize(
    ("kernel", "capabilities", "expected"),
    [
        ((4, 7), [], False), ((4, 8), [], True), ((3, 10), ["CAP_SYS_PTRACE"], True),
        (None, [], None), (None, ["CAP_SYS_PTRACE"], True),
    ],
)  # fmt: skip
def test_tracing_depends_on_the_kernel(
    kernel: tuple[int, int] | None, capabilities: list[str], expected: bool | None
) -> None:
    """ptrace is allowed since the kernel checks filters after it, or by capability."""
    holder = Holder(frozenset(capabilities), BOTH, kernel)
    assert expected is shipped("docker", "25.0.0", holder)["ptrace"]


def test_podman_leaves_more_open() -> None:
    """Its default is made for containers within containers."""
    found = {n for n, v in shipped("podman", "4.3.1", PLAIN).items() if v}
    assert {"user_namespace", "mount", "keyring", "setns", "reboot", "syslog"} <= found


def test_podman_table_says_what_its_profile_says() -> None:
    """For the version Debian ships, the table and the packaged profile agree."""
    import json
    from pathlib import Path

    from isoaudit.seccomp.profile import read_profile
    from isoaudit.seccomp.resolve import Container, Resolved
    from isoaudit.seccomp.surfaces import reach

    file = Path("/usr/share/containers/seccomp.json")
    if not file.exists():
        pytest.skip("podman's profile is not installed")
    profile = read_profile(json.loads(file.read_text()))
    resolved = Resolved(profile, Container(DOCKER, BOTH.native, (6, 1)))
    found = reach(resolved.ask, BOTH, BY_NAME.values())
    assert shipped("podman", "4.3.1", PLAIN) == {n: one.reachable for n, one in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29.4.2", ((29, 4, 2), True)),
        ("v25.0", ((25, 0, 0), False)),
        ("25.0.0-rc.1", ((25, 0, 0), True)),
        ("20.10.24+dfsg1", ((20, 10, 24), False)),
        ("dev", None),
    ],
)
def test_versions_are_read(text: str, expected: object) -> None:
    """A version is three numbers, and upstream's if nothing else follows."""
    assert expected == version_of(text)
