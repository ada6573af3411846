"""Reads what /proc shows of one process through one handle, and device nodes inside its root.

The handle is the process's own folder: once the process has ended nothing more can be read through
it, also if its pid was given out again. Paths inside a process's root are resolved by the kernel
below that root alone (openat2(2): RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS), are never opened for
reading, and of a folder no more than a bounded number of names is looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from isoaudit.model import Reason
from isoaudit.transports.base import (
    Descriptors,
    DeviceNode,
    DeviceNodes,
    Failure,
    ProcessFiles,
    Unreadable,
)
from isoaudit.transports.reasons import unreadable

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 65_536

_NR_OPENAT2 = 437  # the same on every architecture that has it
# include/uapi/linux/openat2.h: RESOLVE_IN_ROOT (links stay below), RESOLVE_NO_MAGICLINKS (none of
# /proc's own); RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV (no other mount).
IN_ROOT, _SAME_MOUNT = 0x10 | 0x02, 0x08 | 0x04 | 0x01
_MOST_FOLDERS = 512
"""Folders below a /dev that are looked into: those of USB, sound and terminals are some dozens."""
_NS_GET_PARENT = 0xB702  # ioctl_ns(2)
_UNNAMED = ("pipe:[", "socket:[", "anon_inode:", "/memfd:", "/dev/null")
"""Descriptors that lead to no file: what they lead to has no place in a mount table."""


def read_process(
    root: str, pid: int, texts: Sequence[str], links: Sequence[str], limit: int
) -> ProcessFiles:
    """Return the named files and links below /proc/PID; raises Unreadable if it is not there."""
    folder = f"/proc/{pid}"
    handle = _open(root + folder, _FOLDER, folder)
    values: dict[str, str] = {}
    errors: dict[str, Failure] = {}
    try:
        for name in texts:
            try:
                values[name] = _text(handle, name, limit)
            except OSError as error:
                errors[name] = _failure(error, f"{folder}/{name}")
        for name in links:
            try:
                values[name] = os.readlink(name, dir_fd=handle)
            except OSError as error:
                errors[name] = _failure(error, f"{folder}/{name}")
    finally:
        os.close(handle)
    return ProcessFiles(values=values, errors=errors)


def _text(handle: int, name: str, limit: int) -> str:
    descriptor = os.open(name, _FILE, dir_fd=handle)
    try:
        chunks, left = [], limit
        # NOTE: to the end, since /proc may give whole lines of less than it was asked for.
        while left and (data := os.read(descriptor, min(left, _CHUNK))):
            chunks.append(data)
            left -= len(data)
    finally:
        os.close(descriptor)
    return b"".join(chunks).decode("utf-8", "backslashreplace")


def _failure(error: OSError, path: str) -> Failure:
    """Return an error as a tape can hold it: reason, cause, remedy and whether it is absence."""
    why = unreadable(error, path)
    return why.reason.value, why.cause, why.remedy, why.absent


def _open(path: str, flags: int, shown: str) -> int:
    try:
        return os.open(path, flags)
    except OSError as error:
        raise unreadable(error, shown) from error


def read_descriptors(root: str, pid: int, most: int) -> Descriptors:
    """Return where the open descriptors of a process lead, and the mounts of those to files.

    At most `most` of them; raises Unreadable if the process is gone or its list is closed.
    """
    shown = f"/proc/{pid}/fd"
    folder = _open(f"{root}/proc/{pid}", _FOLDER, f"/proc/{pid}")
    links: dict[str, str] = {}
    mounts: dict[str, str] = {}
    try:
        listing = os.open("fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            names = os.listdir(listing)
            for name in names[:most]:
                link = _link(listing, name)
                if link is None:
                    continue
                links[name] = link
                if not link.startswith(_UNNAMED):
                    mounts[name] = _mount_of(folder, name)
        finally:
            os.close(listing)
    except OSError as error:
        raise unreadable(error, shown) from error
    finally:
        os.close(folder)
    return Descriptors(links=links, mounts=mounts, complete=len(names) <= most)


def _link(listing: int, name: str) -> str | None:
    """Return where a descriptor leads, None if it was closed meanwhile."""
    try:
        return os.readlink(name, dir_fd=listing)
    except FileNotFoundError:
        return None


def _mount_of(folder: int, name: str) -> str:
    """Return the number of the mount that a descriptor's file is on, "" if that is not told."""
    try:
        text = _text(folder, f"fdinfo/{name}", 4096)
    except OSError:
        return ""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key == "mnt_id"), "")


def namespace_parent(root: str, pid: int, kind: str) -> str:
    """Return the link text of the namespace above a process's user or pid namespace.

    "" if that lies outside what this process may see, which the initial one's always does.
    """
    import fcntl

    shown = f"/proc/{pid}/ns/{kind}"
    inner = _open(root + shown, _FILE, shown)
    try:
        outer = fcntl.ioctl(inner, _NS_GET_PARENT)
    except OSError as error:
        if error.errno == errno.EPERM:
            return ""
        raise unreadable(error, shown) from error
    finally:
        os.close(inner)
    try:
        return f"{kind}:[{os.fstat(outer).st_ino}]"
    finally:
        os.close(outer)


def device_nodes(root: str, pid: int, folder: str, most: int) -> DeviceNodes:
    """Return the device nodes in a folder inside a process's root, and whether these are all.

    Looks into its subfolders as well, as /dev/bus/usb/001. Nothing is opened but folders; raises
    Unreadable.
    """
    shown = f"/proc/{pid}/root"
    top = _open(root + shown, _FOLDER, shown)
    try:
        return _nodes_below(top, folder, most)
    finally:
        os.close(top)


def _nodes_below(top: int, folder: str, most: int) -> DeviceNodes:
    nodes: list[DeviceNode] = []
    handle = open_beneath(top, folder, IN_ROOT)
    try:
        complete, waiting = _look(handle, folder, most, nodes)
        waiting.reverse()
        looked = 0
        while waiting:
            path = waiting.pop()
            looked += 1
            if looked > _MOST_FOLDERS:
                complete = False
                break
            # NOTE: what is mounted there may be another process's file system and never answer.
            try:
                inner = open_beneath(handle, path.removeprefix(f"{folder}/"), _SAME_MOUNT)
            except Unreadable:
                complete = complete and _ends_at_a_mount(path.removeprefix(f"{folder}/"))
                continue
            try:
                whole, below = _look(inner, path, most, nodes)
                complete = complete and whole
                waiting += reversed(below)
            finally:
                os.close(inner)
    except OSError as error:
        raise unreadable(error, folder) from error
    finally:
        os.close(handle)
    return DeviceNodes(nodes=nodes, complete=complete)


def _look(handle: int, folder: str, most: int, nodes: list[DeviceNode]) -> tuple[bool, list[str]]:
    """Add an open folder's device nodes; return whether they are all, and its subfolders."""
    complete = True
    below: list[str] = []
    with os.scandir(handle) as entries:
        for looked, entry in enumerate(entries):
            if looked >= most:
                return False, below
            try:
                seen = os.stat(entry.name, dir_fd=handle, follow_symlinks=False)
            except OSError:
                complete = False
                continue
            if stat.S_ISDIR(seen.st_mode):
                below.append(f"{folder}/{entry.name}")
            elif stat.S_ISBLK(seen.st_mode) or stat.S_ISCHR(seen.st_mode):
                nodes.append(_node(f"{folder}/{entry.name}", seen))
    nodes.sort(key=lambda node: node["path"])
    return complete, sorted(below)


def _ends_at_a_mount(name: str) -> bool:
    """Say whether a folder of /dev is where every runtime mounts what holds no devices of its own:
    terminals, message queues, shared memory."""
    return name in {"pts", "mqueue", "shm", "hugepages"}


def _node(path: str, seen: os.stat_result) -> DeviceNode:
    return DeviceNode(
        path=path,
        type="block" if stat.S_ISBLK(seen.st_mode) else "character",
        major=os.major(seen.st_rdev),
        minor=os.minor(seen.st_rdev),
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
    )


def open_beneath(top: int, path: str, resolve: int, flags: int = _OPEN_FOLDER) -> int:
    """Return a descriptor of a folder, resolved from `top` as `resolve` of openat2(2) demands.

    With other `flags` of open(2) it may be something else than a folder.

    Raises Unreadable; needs Linux 5.6.
    """
    import ctypes

    class OpenHow(ctypes.Structure):
        """struct open_how of openat2(2)."""

        _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64),
                    ("resolve", ctypes.c_uint64))  # fmt: skip

    how = OpenHow(flags, 0, resolve)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(
        _NR_OPENAT2, ctypes.c_int(top), os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how)
    )
    if result >= 0:
        return int(result)
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        raise Unreadable(Reason.NOT_SUPPORTED, "this kernel has no openat2: older than 5.6")
    raise unreadable(OSError(number, os.strerror(number)), path)
