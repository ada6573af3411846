"""Reads a file that only its owner can have written, who is root or the caller."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from isoaudit.documents import limits
from isoaudit.errors import DocumentError, UsageError

_OTHERS = stat.S_IWOTH
_REMEDY = "Name it (--config FILE) if you trust it, or leave it out (--no-config)."


def read_owned(path: Path, most: int) -> bytes:
    """Return the content of a regular file that nobody else can write to or replace.

    Raises UsageError for any other, since what it asks for may be stricter than what holds without
    it. A link is refused: its owner says nothing about what it leads to.
    """
    shown = os.path.relpath(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{shown}: {(error.strerror or '').lower()}", _REMEDY) from error
    try:
        problem = _problem(os.fstat(descriptor), "it")
        problem = problem or _problem(os.stat(path.parent), "its folder")
        if problem:
            raise UsageError(f"{shown}: not used, since {problem}", _REMEDY)
        return limits.read_bytes(Path(f"/proc/self/fd/{descriptor}"), shown, most)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error
    finally:
        os.close(descriptor)


def _problem(seen: os.stat_result, what: str) -> str:
    """Return why a file or folder may be another's word, "" if it cannot."""
    if seen.st_uid not in {0, os.geteuid()}:
        return f"{what} belongs to {_name(seen.st_uid)}"
    held_back = stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX
    if held_back:
        return ""
    if seen.st_mode & _OTHERS:
        return f"everyone may write to {what}"
    if seen.st_mode & stat.S_IWGRP and not _is_private(seen.st_gid, seen.st_uid):
        return f"others may write to {what}: the group with the id {seen.st_gid}"
    return ""


def _is_private(gid: int, uid: int) -> bool:
    """Say whether a group holds nobody but its user, as where every user has a group (umask 002).

    An account whose primary group it is, too, is in nobody's list: so the name must agree as well.
    """
    import grp
    import pwd

    if gid == 0:
        return uid == 0 or os.geteuid() == 0
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with the id {uid}"
