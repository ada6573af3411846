"""Where an SSH server is, as a word says it: `[user@]host[:port]`, with or without `ssh://`."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from isoaudit.regex import regex

SCHEME = "ssh://"
_USER = regex(r"[A-Za-z0-9_.][A-Za-z0-9_.+$\\-]{0,63}")
_HOST = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_PORT = regex(r"[0-9]{1,5}")


class Place(NamedTuple):
    """A host as it was named, and the account and port if they were; `user` "" and `port` 0 if not.

    `host` may be an alias of ssh_config(5), or an address; an IPv6 address is without brackets.
    """

    host: str
    user: str = ""
    port: int = 0

    @property
    def uri(self) -> str:
        """The place as an address of isoaudit."""
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}{user}{host}{f':{self.port}' if self.port else ''}"


def parse_place(text: str) -> Place:
    """Return the place that a word names; raises ValueError with why it names none.

    The error never repeats the word, which may hold a password. A host or user that starts with
    `-` or holds anything that a shell would take up is refused, as OpenSSH refuses it.
    """
    rest = text[len(SCHEME) :] if text.startswith(SCHEME) else text
    if text.startswith(SCHEME):
        rest = rest.removesuffix("/")
    user, at, where = rest.rpartition("@")
    if ":" in user:
        raise ValueError("it holds a password: isoaudit takes keys and an agent only")
    if at and not _USER.fullmatch(user):
        raise ValueError("what stands before its @ is no user name")
    host, port = _host_and_port(where)
    return Place(host, user, port)


def _host_and_port(where: str) -> tuple[str, int]:
    if where.startswith("["):
        host, bracket, rest = where[1:].partition("]")
        if not bracket or not _is_ipv6(host) or (rest and not rest.startswith(":")):
            raise ValueError("what stands in its brackets is no IPv6 address")
        return host, _port(rest[1:]) if rest else 0
    if _is_ipv6(where):
        return where, 0
    host, colon, port = where.partition(":")
    if not _HOST.fullmatch(host):
        raise ValueError("it names no host")
    return host, _port(port) if colon else 0


def _is_ipv6(text: str) -> bool:
    """Say whether a text is an IPv6 address; its zone, if it has one, is a plain name."""
    address, percent, zone = text.partition("%")
    if percent and not re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", zone):
        return False
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) < 65_536:
        raise ValueError("its port is no number from 1 to 65535")
    return int(text)
