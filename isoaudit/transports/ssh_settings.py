"""How one host is reached over SSH, by its address and the user's ssh_config(5)."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.ssh_config import Options, read_options
from isoaudit.transports.ssh_place import Place, parse_place

_DEFAULT_KEYS = ("id_rsa", "id_ecdsa", "id_ed25519")
_DEFAULT_KNOWN = ("known_hosts", "known_hosts2")
_GLOBAL_KNOWN = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_SPAN = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Settings:
    """What ssh(1) would do for a host, as far as isoaudit does it.

    `known_as` is the name its key is looked up by; `aliased` says that HostKeyAlias gave it. `keys`
    are files of private keys, `asked_keys` whether they were named. `jumps` come nearest first.
    `connect_timeout` is 0 for none. `agent` is the agent's socket, "" for none.
    """

    place: Place
    known_as: str
    aliased: bool
    keys: tuple[str, ...]
    asked_keys: bool
    certificates: tuple[str, ...]
    identities_only: bool
    agent: str
    known_hosts: tuple[str, ...]
    revoked_keys: tuple[str, ...]
    jumps: tuple[Place, ...]
    connect_timeout: float
    left_out: tuple[str, ...]


def settings_of(named: Place) -> Settings:
    """Return how to reach a host that was named; raises Unreadable.

    What the address says of user and port goes before what the files say, as on ssh's command line.
    """
    home = os.path.expanduser("~")
    local = _local_user()
    options = read_options(named.host, named.user, local, home)
    host = _expanded(options.first("hostname", "%h"), {"%": "%", "h": named.host})
    user = named.user or options.first("user", local)
    place = Place(host, user, named.port or _port(options))
    words = {
        "%": "%", "d": home, "h": host, "n": named.host, "p": str(place.port), "r": user,
        "u": local, "i": str(os.getuid()), "k": options.first("hostkeyalias", named.host),
    }  # fmt: skip
    keys = _paths(options.values.get("identityfile", ()), words)
    default = tuple(f"{home}/.ssh/{name}" for name in _DEFAULT_KEYS)
    known = options.values.get("userknownhostsfile") or [f"~/.ssh/{n}" for n in _DEFAULT_KNOWN]
    common = options.values.get("globalknownhostsfile") or list(_GLOBAL_KNOWN)
    alias = options.first("hostkeyalias")
    return Settings(
        place=place,
        known_as=alias or host,
        aliased=bool(alias),
        keys=keys or default,
        asked_keys=bool(keys),
        certificates=_paths(options.values.get("certificatefile", ()), words),
        identities_only=options.first("identitiesonly").lower() in {"yes", "true"},
        agent=_agent(options.first("identityagent", "SSH_AUTH_SOCK"), words),
        known_hosts=_paths([*known, *common], words),
        revoked_keys=_paths(options.values.get("revokedhostkeys", ()), words),
        jumps=_jumps(options, words),
        connect_timeout=_span(options.first("connecttimeout")),
        left_out=tuple(options.left_out),
    )


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid())


def _port(options: Options) -> int:
    text = options.first("port", "22")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65_536):
        raise Unreadable(Reason.PARSE_ERROR, f"ssh_config gives {options.name} a port that is none")
    return int(text)


def _jumps(options: Options, words: dict[str, str]) -> tuple[Place, ...]:
    """Return the jump hosts; raises Unreadable for a command that would have to be started."""
    command = options.first("proxycommand")
    if command and command.lower() != "none":
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            f"ssh_config reaches {options.name} by ProxyCommand, and isoaudit starts no command",
            "Use ProxyJump, which isoaudit follows by itself.",
        )
    text = options.first("proxyjump", "none")
    if text.lower() == "none":
        return ()
    try:
        return tuple(parse_place(_expanded(one, words)) for one in text.split(","))
    except ValueError as error:
        words_of_it = f"ProxyJump of {options.name} in ssh_config: {error}"
        raise Unreadable(Reason.PARSE_ERROR, words_of_it) from None


def _agent(text: str, words: dict[str, str]) -> str:
    if text.lower() == "none":
        return ""
    if text == "SSH_AUTH_SOCK":
        return os.environ.get("SSH_AUTH_SOCK", "")
    if text.startswith("$"):
        return os.environ.get(text[1:].strip("{}"), "")
    return next(iter(_paths([text], words)), "")


def _paths(several: list[str] | tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    """Return paths with their tokens replaced; `none` stands for no file."""
    found = []
    for text in several:
        if text.lower() == "none":
            continue
        path = _expanded(text, words)
        path = words["d"] + path[1:] if path.startswith("~/") else path
        found.append(os.path.abspath(path))
    return tuple(found)


def _expanded(text: str, words: dict[str, str]) -> str:
    """Return a value with its %-tokens replaced; an unknown one stays as it is."""
    return re.sub(r"%(.)", lambda found: words.get(found[1], found[0]), text)


def _span(text: str) -> float:
    """Return a time as ssh_config(5) writes it, as 90 or 1m30s, in seconds; 0 for none."""
    if not text or _SPAN.sub("", text):
        return 0.0
    return float(sum(int(n) * _SECONDS[unit.lower()] for n, unit in _SPAN.findall(text)))
