"""The keys a user may be let in by: those of the agent, and those in files.

No passphrase is asked for; an encrypted key serves if the agent holds it. Source: ssh_config(5),
IdentityFile, IdentitiesOnly, CertificateFile; ssh-agent(1).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from isoaudit.transports.base import Unreadable
from isoaudit.transports.known_hosts import fingerprint
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.ssh_settings import Settings

if TYPE_CHECKING:
    import paramiko

_AGENT_SECONDS = 5.0
_MAGIC = b"openssh-key-v1\0"
_KEY_BYTES = 65_536


class Identities:
    """What may be tried for a host, best first; `notes` tells of keys that could not be used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._agent_socket: socket.socket | None = None
        self.notes: list[str] = []

    def candidates(self) -> Iterator[paramiko.PKey]:
        """Yield the agent's keys that are also named as files, its others, and those in files."""
        agent = self._agent_keys()
        public = {path: _public_blob(path) for path in self._settings.keys}
        named = [public[path] for path in self._settings.keys if public[path] in agent]
        yield from (agent[blob] for blob in named)
        if not self._settings.identities_only:
            yield from (key for blob, key in agent.items() if blob not in named)
        for path in self._settings.keys:
            if not public[path] or public[path] not in agent:
                yield from self._from_file(path)

    def close(self) -> None:
        """Hang up on the agent."""
        if self._agent_socket is not None:
            self._agent_socket.close()

    def _agent_keys(self) -> dict[bytes, paramiko.PKey]:
        """Return the agent's keys by their public blobs."""
        from paramiko import SSHException
        from paramiko.agent import AgentSSH

        if not self._settings.agent:
            return {}
        try:
            self._agent_socket = socket.socket(socket.AF_UNIX)
            self._agent_socket.settimeout(_AGENT_SECONDS)
            self._agent_socket.connect(self._settings.agent)
            # paramiko's own Agent waits without end, and knows no other socket than one variable's.
            agent = AgentSSH()
            agent._connect(self._agent_socket)  # type: ignore[attr-defined]
            return {key.blob: key for key in agent.get_keys()}
        except (OSError, SSHException, ValueError) as error:
            self.notes.append(f"the agent does not answer: {error}")
            return {}

    def _from_file(self, path: str) -> Iterator[paramiko.PKey]:
        """Yield the key of a file, first with its certificate if there is one."""
        from paramiko import PasswordRequiredException, PKey, SSHException
        from paramiko.pkey import UnknownKeyType

        try:
            seen = os.stat(path)
        except OSError as error:
            if self._settings.asked_keys:
                self.notes.append(f"{path}: {(error.strerror or str(error)).lower()}")
            return
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > _KEY_BYTES:
            self.notes.append(f"{path} is no key file")
            return
        if seen.st_uid == os.getuid() and seen.st_mode & 0o077:
            self.notes.append(f"{path} may be read by others, so that it is not used (chmod 600)")
            return
        try:
            key = PKey.from_path(path)
        except (PasswordRequiredException, TypeError):
            # What cryptography says of a key that needs a passphrase is a TypeError.
            self.notes.append(f"{path} is encrypted and the agent does not hold it (ssh-add)")
            return
        except (OSError, ValueError, SSHException, UnknownKeyType):
            if _public_line(path) is None:  # IdentityFile may name the public half, for the agent
                self.notes.append(f"{path} holds no key that can be read")
            return
        beside = key.public_blob  # of FILE-cert.pub
        for certificate in self._settings.certificates:
            with contextlib.suppress(ValueError, OSError, SSHException):
                key.load_certificate(certificate)
                yield key
        for blob in (beside, None) if beside is not None else (None,):
            key.public_blob = blob
            yield key


def name_of(key: paramiko.PKey) -> str:
    """Return a key as a message may show it: its type and fingerprint."""
    return f"{key.get_name()} {fingerprint(key.asbytes())}"


def _public_blob(path: str) -> bytes:
    """Return the public half of a key's file without decrypting it, b"" if it is not told."""
    for name in (f"{path}.pub", path):
        if (blob := _public_line(name)) is not None:
            return blob
    try:
        lines = LocalFiles().read_text(path, _KEY_BYTES).split("-----")
        data = base64.b64decode("".join(lines[2].split()))
    except (Unreadable, IndexError, ValueError, binascii.Error):
        return b""
    return _from_container(data) if data.startswith(_MAGIC) else b""


def _public_line(path: str) -> bytes | None:
    """Return the key of a file that is `TYPE BASE64 …`, None if it is none."""
    try:
        words = LocalFiles().read_text(path, _KEY_BYTES).split()
        blob = base64.b64decode(words[1], validate=True)
    except (Unreadable, IndexError, ValueError, binascii.Error):
        return None
    name = words[0].encode()
    return blob if blob[4 : 4 + len(name)] == name else None


def _from_container(data: bytes) -> bytes:
    """Return the first public key of OpenSSH's format, which stands unencrypted (PROTOCOL.key)."""
    at = len(_MAGIC)
    for _ in range(3):  # cipher, key derivation and its options
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    at += 4  # the number of keys
    return data[at + 4 : at + 4 + int.from_bytes(data[at : at + 4], "big")]
