"""Verifies a host's OpenSSH certificate, which paramiko hands over unverified.

Source: PROTOCOL.certkeys of OpenSSH; sshkey.c, sshkey_cert_check_host.
"""

from __future__ import annotations

import base64
import struct
import time

from isoaudit.transports.ssh_patterns import matches


def require_valid(certificate: bytes, name: str) -> bytes:
    """Return the public key of the authority that signed a host's certificate, as a blob.

    Whether that authority is trusted is not decided here. Raises ValueError with what is wrong:
    its kind, the hosts it is for, its time, an option that is not known, or its signature.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        SSHCertificate,
        SSHCertificateType,
        load_ssh_public_identity,
    )

    try:
        key_type = _string(certificate)
        read = load_ssh_public_identity(key_type + b" " + base64.b64encode(certificate))
        if not isinstance(read, SSHCertificate):
            raise ValueError("it is none")
        read.verify_cert_signature()
        signer = read.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except InvalidSignature:
        raise ValueError("its signature is wrong") from None
    except (UnsupportedAlgorithm, struct.error, IndexError):
        raise ValueError("it is of a kind that is not supported") from None
    if read.type is not SSHCertificateType.HOST:
        raise ValueError("it is for users, not for hosts")
    hosts = [one.decode("utf-8", "replace") for one in read.valid_principals]
    if hosts and not any(matches(name, pattern) for pattern in hosts):
        raise ValueError(f"it is for {', '.join(hosts[:3])}")
    if not read.valid_after <= time.time() < read.valid_before:
        raise ValueError("it is not valid now")
    if read.critical_options:
        raise ValueError("it holds an option that isoaudit does not know")
    authority = base64.b64decode(signer.split()[1])
    if _signature_type(certificate, authority) == b"ssh-rsa":
        raise ValueError("it is signed with SHA-1")
    return authority


def _string(data: bytes) -> bytes:
    """Return the string that data begins with (RFC 4251, section 5)."""
    (length,) = struct.unpack(">I", data[:4])
    return data[4 : 4 + length]


def _signature_type(certificate: bytes, authority: bytes) -> bytes:
    """Return the algorithm of the signature, which follows the authority's key."""
    return _string(_string(certificate[certificate.rindex(authority) + len(authority) :]))
