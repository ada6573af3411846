"""The names that section 2 of the manual gives to the arguments filters ask about."""

from __future__ import annotations

from isoaudit.seccomp.verdict import FIRST_ARGUMENT, POINTER

_NAMES = {
    "clone": ("flags",),
    "unshare": ("flags",),
    "setns": ("fd", "nstype"),
    "socket": ("domain", "type", "protocol"),
    "socketpair": ("domain", "type", "protocol"),
    "socketcall": ("call",),
    "ipc": ("call",),
    "personality": ("persona",),
    "ioctl": ("fd", "request"),
    "prctl": ("option",),
    "keyctl": ("operation",),
    "kill": ("pid", "signal"),
    "mmap": ("addr", "length", "prot", "flags"),
    "mprotect": ("addr", "length", "prot"),
    "fcntl": ("fd", "command"),
    "bpf": ("command",),
    "ptrace": ("request",),
}


def name_of(call: str, pair: int) -> str:
    """Return the name of a 64-bit value in struct seccomp_data, by its place among them.

    An argument that is not in the table is `arg0` to `arg5`.
    """
    if pair == POINTER // 2:
        return "instruction_pointer"
    index = pair - FIRST_ARGUMENT // 2
    names = _NAMES.get(call, ())
    return names[index] if index < len(names) else f"arg{index}"
