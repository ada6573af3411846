"""Who vouches for a host's key: known_hosts as ssh-keygen reads it, markers, and certificates."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from ssh_servers import make_key

from isoaudit.transports.base import Unreadable
from isoaudit.transports.host_keys import Shown, ordered_algorithms, verify
from isoaudit.transports.known_hosts import fingerprint, known_of


def _public(path: Path) -> tuple[str, bytes]:
    key_type, encoded = path.with_suffix(".pub").read_text().split()[:2]
    return key_type, base64.b64decode(encoded)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Keys of a host, of somebody else, and of an authority."""
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder / name) for name in ("host", "other", "authority")} | {
        "rsa": make_key(folder / "rsa", "rsa")
    }


def _line(keys: dict[str, Path], hosts: str, name: str = "host") -> str:
    key_type, blob = _public(keys[name])
    return f"{hosts} {key_type} {base64.b64encode(blob).decode()} a comment\n"


def _shown(keys: dict[str, Path], name: str = "host", certificate: bytes = b"") -> Shown:
    return Shown(*_public(keys[name]), certificate)


def test_a_fingerprint_is_that_of_ssh_keygen(keys: dict[str, Path]) -> None:
    """Two people compare it by eye."""
    told = subprocess.run(
        ["ssh-keygen", "-lf", str(keys["host"])], capture_output=True, text=True, check=True
    ).stdout

    assert fingerprint(_public(keys["host"])[1]) == told.split()[1]


@pytest.mark.parametrize(
    ("hosts", "name", "port", "found"),
    [
        ("erp", "erp", 22, True), ("erp", "ERP", 22, True), ("erp,10.0.0.7", "10.0.0.7", 22, True),
        ("*.example", "a.example", 22, True), ("*.example,!a.example", "a.example", 22, False),
        ("[erp]:2222", "erp", 2222, True), ("[erp]:2222", "erp", 22, False),
        ("erp", "erp", 2222, True), ("[::1]:2222", "::1", 2222, True), ("web", "erp", 22, False),
    ],
)  # fmt: skip
def test_a_line_is_about_its_hosts(
    *, tmp_path: Path, keys: dict[str, Path], hosts: str, name: str, port: int, found: bool
) -> None:
    """Plain, with a port, by pattern; hidden by ssh-keygen -H where no pattern is in it."""
    path = tmp_path / "known_hosts"
    path.write_text("# a comment\n\nbroken\n" + _line(keys, hosts))

    known = known_of([str(path)], name, port, aliased=False)
    assert found == bool(known.keys)

    if "*" in hosts or "," in hosts:
        return
    path.write_text(_line(keys, hosts))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    hidden = known_of([str(path)], name, port, aliased=False)
    assert found == bool(hidden.keys)
    assert all(key.hashed for key in hidden.keys)


def test_the_line_that_vouched_is_told(tmp_path: Path, keys: dict[str, Path]) -> None:
    """And whether it hides its host."""
    path = tmp_path / "known_hosts"
    path.write_text(_line(keys, "web", "other") + _line(keys, "erp"))
    known = known_of([str(path)], "erp", 22, aliased=False)

    assert ("known_hosts", f"{path}:2") == verify(_shown(keys), known, "erp")


def test_an_unknown_key_is_refused_with_its_fingerprint(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    """And with the way to compare it; nothing is written down."""
    known = known_of([str(tmp_path / "none")], "erp", 22, aliased=False)

    with pytest.raises(Unreadable) as caught:
        verify(_shown(keys), known, "erp")

    assert fingerprint(_public(keys["host"])[1]) in caught.value.cause
    assert "known_hosts" in caught.value.remedy
    assert not (tmp_path / "none").exists()


def test_a_changed_key_is_refused_with_both_fingerprints(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    """The one shown and the one known, in the form of ssh."""
    path = tmp_path / "known_hosts"
    path.write_text(_line(keys, "erp", "other"))
    known = known_of([str(path)], "erp", 22, aliased=False)

    with pytest.raises(Unreadable) as caught:
        verify(_shown(keys), known, "erp")

    for name in ("host", "other"):
        assert fingerprint(_public(keys[name])[1]) in caught.value.cause


def test_a_revoked_key_is_refused_though_it_is_known(tmp_path: Path, keys: dict[str, Path]) -> None:
    """paramiko's own reader would take it."""
    path = tmp_path / "known_hosts"
    path.write_text(_line(keys, "erp") + "@revoked " + _line(keys, "*"))
    known = known_of([str(path)], "erp", 22, aliased=False)

    with pytest.raises(Unreadable, match="revoked"):
        verify(_shown(keys), known, "erp")


def test_a_list_of_revoked_keys_is_held_to(tmp_path: Path, keys: dict[str, Path]) -> None:
    """RevokedHostKeys; one in the form that is not read refuses every key."""
    path, revoked = tmp_path / "known_hosts", tmp_path / "revoked"
    path.write_text(_line(keys, "erp"))
    known = known_of([str(path)], "erp", 22, aliased=False)
    revoked.write_text(keys["other"].with_suffix(".pub").read_text())
    assert "known_hosts" == verify(_shown(keys), known, "erp", [str(revoked)]).how

    for text in (keys["host"].with_suffix(".pub").read_text(), "SSHKRL\n\0"):
        revoked.write_text(text)
        with pytest.raises(Unreadable, match=r"revoked|Revoked"):
            verify(_shown(keys), known, "erp", [str(revoked)])


def test_known_kinds_of_key_are_asked_for_first(tmp_path: Path, keys: dict[str, Path]) -> None:
    """A server with several keys is asked for the known one; certificates only if of use."""
    offered = ("ssh-ed25519", "rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com")
    path = tmp_path / "known_hosts"
    path.write_text(_line(keys, "erp", "rsa"))
    known = known_of([str(path)], "erp", 22, aliased=False)
    assert ("rsa-sha2-512", "ssh-ed25519") == ordered_algorithms(known, offered)

    path.write_text("@cert-authority " + _line(keys, "erp", "authority"))
    known = known_of([str(path)], "erp", 22, aliased=False)
    assert "ssh-ed25519-cert-v01@openssh.com" == ordered_algorithms(known, offered)[0]


CERTIFICATES = {
    "for the host": (["-h", "-n", "erp,web"], ""),
    "for hosts by pattern": (["-h", "-n", "*rp"], ""),
    "for any host": (["-h"], ""),
    "for another host": (["-h", "-n", "web"], "it is for web"),
    "for users": (["-n", "erp"], "for users"),
    "no longer valid": (["-h", "-n", "erp", "-V", "20200101:20200201"], "not valid now"),
    "not valid yet": (["-h", "-n", "erp", "-V", "20990101:20990201"], "not valid now"),
}


@pytest.mark.parametrize("signer", ["authority", "rsa"])
@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_vouches_for_what_it_says(
    tmp_path: Path, keys: dict[str, Path], name: str, signer: str
) -> None:
    """As ssh-keygen signed it: for these hosts, now, by an authority that is known."""
    options, why = CERTIFICATES[name]
    certificate = _certificate(tmp_path, keys, signer, *options)
    path = tmp_path / "known_hosts"
    path.write_text("@cert-authority " + _line(keys, "erp", signer))
    known = known_of([str(path)], "erp", 22, aliased=False)

    if not why:
        assert "certificate" == verify(_shown(keys, certificate=certificate), known, "erp").how
        return
    with pytest.raises(Unreadable, match=why):
        verify(_shown(keys, certificate=certificate), known, "erp")


def test_certificates_of_strangers_and_forgers_are_refused(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    """By an authority that is not known, by a revoked one, or changed after it was signed."""
    certificate = _certificate(tmp_path, keys, "authority", "-h", "-n", "erp")
    path = tmp_path / "known_hosts"
    line = _line(keys, "erp", "authority")

    path.write_text("@cert-authority " + _line(keys, "erp", "other"))
    stranger = known_of([str(path)], "erp", 22, aliased=False)
    path.write_text(f"@cert-authority {line}@revoked {line}")
    revoked = known_of([str(path)], "erp", 22, aliased=False)
    path.write_text(f"@cert-authority {line}")
    known = known_of([str(path)], "erp", 22, aliased=False)

    for held, data, why in (
        (stranger, certificate, "not by"),
        (revoked, certificate, "revoked"),
        (known, certificate.replace(b"erp", b"web"), "signature"),
        (known, certificate[:-9], "kind|signature|valid"),
        (known, b"\0\0\0\4abcd", "."),
    ):
        with pytest.raises(Unreadable, match=why):
            verify(_shown(keys, certificate=data), held, "erp")


def _certificate(folder: Path, keys: dict[str, Path], signer: str, *options: str) -> bytes:
    public = folder / "signed.pub"
    public.write_text(keys["host"].with_suffix(".pub").read_text())
    subprocess.run(
        ["ssh-keygen", "-q", "-s", str(keys[signer]), "-I", "x", *options, str(public)],
        check=True, capture_output=True,
    )  # fmt: skip
    return base64.b64decode((folder / "signed-cert.pub").read_text().split()[1])


def test_a_certificate_names_a_host_without_its_port(tmp_path: Path, keys: dict[str, Path]) -> None:
    """As sshconnect.c holds it: the line of the authority has the port, the certificate none."""
    certificate = _certificate(tmp_path, keys, "authority", "-h", "-n", "erp")
    path = tmp_path / "known_hosts"
    path.write_text("@cert-authority " + _line(keys, "[erp]:2222", "authority"))
    known = known_of([str(path)], "erp", 2222, aliased=False)

    assert "certificate" == verify(_shown(keys, certificate=certificate), known, "[erp]:2222").how


def test_a_listed_authority_is_revoked_too(tmp_path: Path, keys: dict[str, Path]) -> None:
    """RevokedHostKeys names what signed the key, as ssh takes it."""
    certificate = _certificate(tmp_path, keys, "authority", "-h", "-n", "erp")
    path, revoked = tmp_path / "known_hosts", tmp_path / "revoked"
    path.write_text("@cert-authority " + _line(keys, "erp", "authority"))
    revoked.write_text(keys["authority"].with_suffix(".pub").read_text())
    known = known_of([str(path)], "erp", 22, aliased=False)

    with pytest.raises(Unreadable, match="revoked"):
        verify(_shown(keys, certificate=certificate), known, "erp", [str(revoked)])


def test_a_key_revoked_by_the_bare_name_is_revoked_on_every_port(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    """Though the line with the port knows it."""
    path = tmp_path / "known_hosts"
    path.write_text(_line(keys, "[erp]:2222") + "@revoked " + _line(keys, "erp"))
    known = known_of([str(path)], "erp", 2222, aliased=False)

    with pytest.raises(Unreadable, match="revoked"):
        verify(_shown(keys), known, "[erp]:2222")
