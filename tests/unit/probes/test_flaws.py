"""Known flaws by version, and what Debian's files say of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.advisories import ADVISORIES, AUTHORIZATION, known_vulnerable, parse
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.components import note_components, note_own_flaws
from isoaudit.probes.flaws import Component, note_flaws
from isoaudit.probes.packages import fixed_in_changelog, installed_version
from isoaudit.transports import Unreadable
from isoaudit.transports.local import LocalFiles

ELSEWHERE = Unreadable(Reason.OTHER_HOST, "its changelog is elsewhere")

CHANGELOG = """runc (1.1.5+ds1-1+deb12u1) bookworm-security; urgency=high

  * Team upload.
  * CVE-2024-21626: several container breakouts due to internally
    leaked fds (CVE-2024-99999)
  * Revert the fix of CVE-2023-11111, it breaks mounts.

 -- A Debian Developer <a@example.invalid>  Fri, 02 Feb 2024 21:53:05 +0800

runc (1.1.5+ds1-1) unstable; urgency=medium

  * New upstream version 1.1.5+ds1
    + CVE-2023-25809: rootless
  * Fix CVE-2023-11111.

 -- A Debian Developer <a@example.invalid>  Wed, 29 Mar 2023 17:24:36 +0800
"""


def changelog(root: Path, package: str = "runc", text: str = CHANGELOG) -> LocalFiles:
    path = root / f"usr/share/doc/{package}/changelog.Debian.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(text.encode()))
    return LocalFiles(str(root))


@pytest.mark.parametrize(
    "version", ["1.1.5+ds1-1+deb12u1", "1.1.5+ds1-1+deb12u1+b6", "1.1.5+ds1", "1:1.1.5+ds1"]
)
def test_a_changelog_names_what_is_fixed(tmp_path: Path, version: str) -> None:
    """Every CVE of every entry, but one whose fix was taken back later."""
    fixed = fixed_in_changelog(changelog(tmp_path), "runc", version)
    assert ["CVE-2023-25809", "CVE-2024-21626", "CVE-2024-99999"] == fixed


@pytest.mark.parametrize("version", ["1.1.5+ds1-1", "1.1.5", "1.1.5+ds1-1+deb12u2", ""])
def test_a_changelog_of_another_version_proves_nothing(tmp_path: Path, version: str) -> None:
    """What runs may be older than what is installed, or come from elsewhere."""
    with pytest.raises(Unreadable, match="is about"):
        fixed_in_changelog(changelog(tmp_path), "runc", version)


@pytest.mark.parametrize(
    "data",
    [b"", b"plain text", gzip.compress(b"nothing of a changelog")],
    ids=["empty", "plain", "other"],
)
def test_what_is_no_changelog_is_unreadable(tmp_path: Path, data: bytes) -> None:
    """A broken or empty file gives a reason, no list."""
    changelog(tmp_path)
    (tmp_path / "usr/share/doc/runc/changelog.Debian.gz").write_bytes(data)
    with pytest.raises(Unreadable):
        fixed_in_changelog(LocalFiles(str(tmp_path)), "runc", "1.1.5+ds1")


STATUS = """Package: containerd-tools
Status: install ok installed
Version: 9

Package: containerd
Status: deinstall ok config-files
Version: 1.0

Package: runc
Status: install ok installed
Priority: optional
Version: 1.1.5+ds1-1
"""


@pytest.mark.parametrize(
    ("package", "version"), [("runc", "1.1.5+ds1-1"), ("containerd", ""), ("tools", "")]
)
def test_the_package_database_knows_what_is_installed(
    tmp_path: Path, package: str, version: str
) -> None:
    """By its whole name; what was removed is not installed."""
    path = tmp_path / "var/lib/dpkg/status"
    path.parent.mkdir(parents=True)
    path.write_text(STATUS)
    assert version == installed_version(LocalFiles(str(tmp_path)), package)


@pytest.mark.parametrize(
    ("product", "version", "cves"),
    [
        ("containerd", "1.7.28", ["CVE-2024-25621", "CVE-2026-53488"]),
        ("containerd", "v2.2.5", []),
        ("containerd", "2.4.0", []),
        ("containerd", "1.6.38", ["CVE-2024-25621", "CVE-2026-53488"]),
        ("cri-o", "1.18.9", ["CVE-2024-3154", "CVE-2024-5154"]),
        ("cri-o", "1.22.2", ["CVE-2022-0811", "CVE-2024-3154", "CVE-2024-5154"]),
        ("cri-o", "1.31.0", []),
        ("podman", "3.9.0", ["CVE-2024-1753", "CVE-2026-55686"]),
        ("podman", "5.6.1", ["CVE-2026-55686"]),
        ("nvidia-container-toolkit", "1.17.8-1", ["CVE-2026-24260"]),
    ],
)
def test_flaws_by_version(product: str, version: str, cves: list[str]) -> None:
    """Each series has its own first fixed release, and what came in later reaches no one before."""
    assert cves == known_vulnerable(product, version)


def test_a_flaw_of_a_feature_reaches_those_who_use_it() -> None:
    """Who has no authorization plugin has nothing that could be got past."""
    assert [] == known_vulnerable("docker", "29.0.0")
    assert ["CVE-2026-34040"] == known_vulnerable("docker", "29.0.0", (AUTHORIZATION,))


def test_every_advisory_has_versions_that_can_be_read() -> None:
    """A typing error in the table would make a flaw reach everyone, or no one."""
    for product in ADVISORIES.values():
        for advisory in product:
            parsed = [parse(version) for version in advisory.fixed]
            assert sorted(parsed) == parsed
            assert len({version[:2] for version in parsed}) == len(parsed)


def flaws(component: Component, files: LocalFiles | Unreadable) -> Record:
    notes = Notes(Vantage.ENGINE)
    note_flaws(notes, "engine.runc", component, files)
    return notes.record()


def test_an_upstream_version_is_decided_by_upstream(tmp_path: Path) -> None:
    """No changelog is needed."""
    record = flaws(Component("runc", "1.1.11", "1.1.11", True), LocalFiles(str(tmp_path)))
    assert "CVE-2024-21626" in record.facts["engine.runc.known_vulnerable"].value


def test_a_distributions_version_stays_undecided_for_what_its_changelog_lacks(
    tmp_path: Path,
) -> None:
    """What is named counts as fixed; what is not may still be, and is said to be unknown."""
    component = Component("runc", "1.1.5+ds1", "1.1.5+ds1-1+deb12u1", False)
    record = flaws(component, changelog(tmp_path))
    assert "CVE-2024-21626" in record.facts["engine.runc.fixed_by_distribution"].value
    missing = record.missing["engine.runc.known_vulnerable"]
    assert "CVE-2025-31133" in missing.detail
    assert "CVE-2024-21626" not in missing.detail


def test_a_distributions_version_with_all_fixes_is_decided(tmp_path: Path) -> None:
    """If the changelog names every open one, none is left."""
    cves = " ".join(advisory.cve for advisory in ADVISORIES["runc"])
    text = f"runc (1.1.5+ds1-9) stable; urgency=high\n\n  * Fix {cves}\n"
    component = Component("runc", "1.1.5+ds1", "1.1.5+ds1-9", False)
    record = flaws(component, changelog(tmp_path, text=text))
    assert () == record.facts["engine.runc.known_vulnerable"].value


def test_a_distributions_version_from_after_all_fixes_is_decided() -> None:
    """It was born with them, whoever built it."""
    component = Component("runc", "1.4.1+ds1", "1.4.1+ds1-1", None)
    record = flaws(component, ELSEWHERE)
    assert () == record.facts["engine.runc.known_vulnerable"].value


@pytest.mark.parametrize(
    ("name", "version", "details", "package"),
    [
        ("runc", "1.1.5+ds1", {"GitCommit": "1.1.5+ds1-1+deb12u1"}, "1.1.5+ds1-1+deb12u1"),
        (
            "OCI Runtime (runc)",
            "runc version 1.1.5+ds1\ncommit: x",
            {"Package": "runc_1.1.5+ds1-1+deb12u1_amd64"},
            "1.1.5+ds1-1+deb12u1",
        ),
    ],
)
def test_the_package_behind_a_component_is_found(
    tmp_path: Path, name: str, version: str, details: dict[str, str], package: str
) -> None:
    """Docker gives it as the commit, podman as the package's name; the changelog has to match."""
    component = {"Name": name, "Version": version, "Details": details}
    notes = Notes(Vantage.ENGINE)
    note_components(notes, {"Components": [component]}, changelog(tmp_path))
    record = notes.record()
    assert package in CHANGELOG
    assert "CVE-2024-21626" in record.facts["engine.runc.fixed_by_distribution"].value


@pytest.mark.parametrize(
    ("platform", "version", "commit", "upstream"),
    [
        ("Docker Engine - Community", "28.0.1", "bbd0a17", True),
        ("", "28.0.1", "bbd0a17", None),
        ("", "20.10.24+dfsg1", "5d6db84", False),
        ("", "24.0.7", "24.0.7-0ubuntu2~22.04.1", False),
    ],
)
def test_whose_build_a_docker_is(
    platform: str, version: str, commit: str, upstream: bool | None
) -> None:
    """Docker says so itself; a suffix or a package's revision is a distribution's."""
    answer = {"Platform": {"Name": platform}, "Version": version, "GitCommit": commit}
    notes = Notes(Vantage.ENGINE)
    note_own_flaws(notes, answer, "docker", ELSEWHERE, ())
    fact = notes.record().facts.get("engine.upstream")
    assert upstream is (fact.value if fact else None)
