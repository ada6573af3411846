"""Reads ssh_config(5): which keyword has which value for a host.

`Match exec` would run a command, so that its blocks are left out; that is told where a connection
fails. paramiko's reader knows no Include, and would run the command.
Source: ssh_config(5), readconf.c of OpenSSH.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.ssh_patterns import matches_any

SYSTEM = "/etc/ssh/ssh_config"
_MOST_DEPTH, _MOST_FILES, _MOST_BYTES = 16, 256, 1_048_576
_LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*")
_MANY = frozenset({"identityfile", "certificatefile"})
_RIVALS = {"proxyjump": "proxycommand", "proxycommand": "proxyjump"}
_UNASKED = frozenset({"exec", "localnetwork", "tagged", "command", "sessiontype", "version"})
"""Criteria of Match that are not evaluated: one runs a command, others need what is not here."""


@dataclass(slots=True)
class Options:
    """What the files say of one host, by keyword in small letters, as lists of words.

    `left_out` names the Match blocks that would have needed what isoaudit does not do.
    """

    name: str
    user: str
    local_user: str
    home: str
    values: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    final: bool = False
    wants_final: bool = False
    files: int = 0

    def first(self, keyword: str, default: str = "") -> str:
        """Return the first word of a keyword's value."""
        return next(iter(self.values.get(keyword, ())), default)


def read_options(name: str, user: str, local_user: str, home: str) -> Options:
    """Return what the user's and the system's files say of a host; raises Unreadable.

    A file that another user could have written is refused, as OpenSSH refuses it.
    """
    options = Options(name, user, local_user, home)
    for final in (False, True):
        options.final = final
        _read_file(f"{home}/.ssh/config", options, 0, users=True)
        _read_file(SYSTEM, options, 0, users=False)
        if not options.wants_final:
            break
    return options


def _read_file(path: str, options: Options, depth: int, *, users: bool) -> None:
    """Take over from a file what is not set yet; one that is not there says nothing."""
    options.files += 1
    if depth > _MOST_DEPTH or options.files > _MOST_FILES:
        raise Unreadable(Reason.LIMIT, f"{path}: too many files include each other")
    files = LocalFiles()
    try:
        text = files.read_text(path, _MOST_BYTES)
        seen = files.stat(path)
    except Unreadable as error:
        if error.absent:
            return
        raise
    if users and (seen["mode"] & 0o022 or seen["uid"] not in {0, os.getuid()}):
        words = f"{path} may be written by others, so that ssh and isoaudit do not trust it"
        raise Unreadable(Reason.PERMISSION_DENIED, words, f"chmod go-w {path}, and own it.")
    active = True
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{path}:{number}"
        found = _LINE.fullmatch(line)
        if found is None or line.lstrip().startswith("#"):
            continue
        keyword, rest = found[1].lower(), found[2]
        if keyword == "host":
            active = matches_any(options.name, _words(rest, place))
        elif keyword == "match":
            active = _matches(_words(rest, place), options, place)
        elif keyword == "include" and active:
            for included in _included(_words(rest, place), options.home, users=users):
                _read_file(included, options, depth + 1, users=users)
        elif active:
            _set(options, keyword, rest, place)


def _set(options: Options, keyword: str, rest: str, place: str) -> None:
    """Set a keyword if it is not set yet: the first value counts, and all of some."""
    values = options.values
    if _RIVALS.get(keyword) in values or (keyword in values and keyword not in _MANY):
        return
    words = [rest] if keyword == "proxycommand" else _words(rest, place)
    known = values.setdefault(keyword, [])
    known += [word for word in words if word not in known]


def _included(patterns: Sequence[str], home: str, *, users: bool) -> list[str]:
    folder = f"{home}/.ssh" if users else os.path.dirname(SYSTEM)
    found: list[str] = []
    for pattern in patterns:
        path = home + pattern[1:] if pattern.startswith("~/") else pattern
        found += sorted(glob.glob(os.path.join(folder, path)))
    return found


def _words(rest: str, place: str) -> list[str]:
    """Split a value as OpenSSH does: quotes hold blanks, `#` before a word begins a comment."""
    lexer = shlex.shlex(rest, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise Unreadable(Reason.PARSE_ERROR, f"{place}: a quote is not closed") from error
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _matches(words: list[str], options: Options, place: str) -> bool:
    """Say whether a Match line holds, every criterion of it."""
    asked: dict[str, Callable[[], str]] = {
        "host": lambda: options.first("hostname", options.name),
        "originalhost": lambda: options.name,
        "user": lambda: options.user or options.first("user", options.local_user),
        "localuser": lambda: options.local_user,
    }
    unasked = ""
    left = list(words)
    while left:
        word = left.pop(0)
        negated, criterion = word.startswith("!"), word.lstrip("!").lower()
        if criterion in {"all", "canonical", "final"}:
            options.wants_final |= criterion == "final"
            holds = criterion == "all" or (criterion == "final" and options.final)
        elif criterion in _UNASKED and left:
            left.pop(0)
            unasked = unasked or criterion
            continue
        elif criterion in asked and left:
            holds = matches_any(asked[criterion](), left.pop(0).split(","))
        else:
            raise Unreadable(Reason.PARSE_ERROR, f"{place}: Match does not know this criterion")
        if holds == negated:
            return False
    note = f"{place} (Match {unasked})"
    if unasked and note not in options.left_out:
        options.left_out.append(note)
    return not unasked
