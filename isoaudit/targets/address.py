"""Addresses: how a target is named on the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase

from isoaudit.errors import UsageError
from isoaudit.model import Target, dialects
from isoaudit.transports.ssh_place import SCHEME, parse_place

ENGINES = ("docker", "podman")
PROC = "proc"
SSH = "ssh"
VMM = "vmm"
KERNEL = (PROC, VMM)
"""Schemes of which /proc alone makes the list, and an engine or libvirt may know more."""

LIVE = (*ENGINES, "libvirt", *KERNEL, SSH)
DIALECTS = tuple(dialect.name for dialect in dialects.DIALECTS)
_ALSO_FILES = ".gz"


@dataclass(frozen=True, slots=True)
class Address:
    """One address. `scheme` is host, docker, podman, libvirt, proc, vmm, ssh, file, or a dialect.

    `uri` is the engine's endpoint, "" for the usual one; of a guest it is the whole address.
    `name` is a pattern for live targets and a path ("-" for standard input) for files. `part` picks
    targets inside a file, "" is all.
    `asked` tells what was named from what was merely discovered. `data` is the content itself where
    the command line holds it.
    """

    text: str
    scheme: str
    uri: str = ""
    name: str = "*"
    part: str = ""
    asked: bool = True
    data: bytes | None = None

    @property
    def is_file(self) -> bool:
        """Whether it leads to a file rather than to something that runs."""
        return self.scheme not in {"host", *LIVE}

    def matches(self, target: Target) -> bool:
        """Say whether a target found at this address is one that was asked for."""
        if self.is_file:
            return (
                not self.part
                or fnmatchcase(target.name, self.part)
                or self.part in {target.name, target.id.partition("#")[2]}
            )
        if self.name == target.name or fnmatchcase(target.name, self.name):
            return True
        if self.scheme in KERNEL and f"{self.scheme}:{self.name}" in target.aliases:
            return True
        return len(self.name) >= 6 and target.handle.startswith(self.name)


def parse(text: str) -> Address:
    """Return the address a word stands for; raises UsageError with a suggestion."""
    if text == "-":
        return Address(text, "file", name="-")
    scheme, colon, rest = text.partition(":")
    if scheme == "host":
        return Address(text, scheme, name=rest or "*")
    if colon and scheme in LIVE:
        return _guest(text) if scheme == SSH else Address(text, scheme, name=rest or "*")
    if colon and scheme in DIALECTS:
        path, _, part = rest.partition("#")
        if not path:
            raise UsageError(f"{text!r} names no file", f"Name it: {scheme}:FILE.")
        return Address(text, scheme, name=path, part=part)
    engine, plus, _ = scheme.partition("+")
    if plus and engine in LIVE and engine != SSH and "://" in text:
        uri, _, name = text[len(engine) + 1 :].partition("#")
        return Address(text, engine, uri=uri, name=name or "*")
    if _is_path(text) and not _misspelt(text, scheme):
        path, _, part = text.partition("#")
        return Address(text, "file", name=path, part=part)
    raise UsageError(f"{text!r} is no address of a target", _suggest(text, scheme))


def _guest(text: str) -> Address:
    """Return the address of a guest; raises UsageError, which never repeats what may be secret."""
    try:
        if not text.startswith(SCHEME):
            raise ValueError("it lacks the //")
        place = parse_place(text)
    except ValueError as error:
        raise UsageError(
            f"an address that begins with ssh: is none of a guest: {error}",
            "Name a guest as ssh://[user@]host[:port].",
        ) from None
    return Address(place.uri, SSH, uri=place.uri)


def _is_path(text: str) -> bool:
    name = text.partition("#")[0]
    return (
        "/" in text
        or text in {".", ".."}
        or name.endswith(_ALSO_FILES)
        or dialects.may_declare(name)
        or _lies_here(text)
    )


def _lies_here(text: str) -> bool:
    """Say whether a file or folder is called so: it may be named as people name it, `deploy`."""
    try:
        return os.path.lexists(text.partition("#")[0])
    except ValueError:  # a null byte
        return False


def _misspelt(text: str, scheme: str) -> bool:
    """Say whether a word with a slash is a file behind a dialect's misspelt name."""
    return not _lies_here(text) and _lies_here(text.partition(":")[2]) and bool(_close(scheme))


def _close(scheme: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(scheme, ["host", *LIVE, *DIALECTS], n=1)), "")


def _suggest(text: str, scheme: str) -> str:
    close = _close(scheme)
    if close and ":" in text:
        return f"Did you mean {close}:{text.partition(':')[2]}?"
    return (
        f"A container is docker:{text} or podman:{text}, a VM libvirt:{text}, a file ./{text}."
        if ":" not in text
        else "Known: host, docker:NAME, podman:NAME, libvirt:NAME, proc:PID, vmm:PID, ssh://HOST, a"
        " file or folder, -."
    )
