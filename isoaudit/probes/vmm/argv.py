"""Reads a QEMU command line: options, accelerator, machine, sandbox, monitors and gdb stubs.

Source: QEMU's invocation manual (qemu(1)) and `chardev/char.c` for what its defaults come to.
Nothing here opens anything: the words come from /proc/PID/cmdline or from a domain's XML.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

_FLAGS = frozenset({
    "h", "help", "version", "enable-kvm", "no-reboot", "no-shutdown", "S", "s", "daemonize",
    "nodefaults", "no-user-config", "nographic", "snapshot", "no-acpi", "no-hpet", "usb",
    "no-fd-bootchk", "curses", "full-screen", "win2k-hack", "singlestep", "one-insn-per-tb",
    "preconfig", "only-migratable", "enable-fips", "no-kvm", "mem-prealloc", "show-cursor",
    "portrait", "no-quit", "alt-grab", "ctrl-grab", "sdl", "xen-attach", "xen-domid-restrict",
    "semihosting", "old-param", "enable-sync-profile", "nouserconfig", "no-frame", "rtc-td-hack",
})  # fmt: skip
"""Options without an argument; every other one takes the word that follows, whatever it is."""

_ON = frozenset({"on", "yes", "true", "y"})
_MONITORS = {"monitor": "hmp", "qmp": "qmp", "qmp-pretty": "qmp", "gdb": "gdb"}
_NETWORK = frozenset({"tcp", "telnet", "tn3270", "websocket", "wss"})

Options = list[tuple[str, str]]
"""Option names without dashes, each with its argument, "" for a flag."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """One endpoint that controls or debugs the guest.

    `backend` is unix, tcp, pty, stdio, other, `fd` for a descriptor handed over by the manager,
    whose number `address` then is, or "" for a character device that is defined elsewhere.
    """

    kind: str
    backend: str
    address: str


def options(words: list[str] | tuple[str, ...]) -> Options:
    """Return the options of a command line without its first word, in order."""
    found: Options = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            continue
        name = word[2:] if word.startswith("--") else word[1:]
        found.append((name, "" if name in _FLAGS else next(rest, "")))
    return found


def properties(text: str, first: str = "") -> dict[str, str]:
    """Return `a=b,c=d` as a dict; `,,` is a comma, a bare first word is the value of `first`.

    A later bare word is an old-style switch: `server` means on, `nowait` means wait=off. JSON, as
    newer managers write it, comes to the same with dotted names; what is broken to nothing.
    """
    if text.startswith("{"):
        return _members(text)
    parsed: dict[str, str] = {}
    for index, item in enumerate(text.replace(",,", "\0").split(",")):
        name, equals, value = item.replace("\0", ",").partition("=")
        if equals:
            parsed[name] = value
        elif index == 0 and first:
            parsed[first] = name
        elif name.startswith("no") and len(name) > 2:
            parsed[name[2:]] = "off"
        elif name:
            parsed[name] = "on"
    return parsed


def _members(text: str) -> dict[str, str]:
    """Return the members of a JSON object as QEMU's own notation spells them."""
    try:
        left = [("", json.loads(text))]
    except (ValueError, RecursionError):
        return {}
    flat: dict[str, str] = {}
    while left:
        name, value = left.pop()
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            left += [(f"{name}.{key}" if name else str(key), one) for key, one in pairs]
        elif value is not None:
            switch = "on" if value else "off"
            flat[name] = switch if isinstance(value, bool) else str(value)
    return flat


def is_on(word: str | None) -> bool:
    """Say whether a switch is on, in each of the words QEMU takes for it (qapi_bool_parse)."""
    return word in _ON


def value_of(found: Options, *names: str) -> str | None:
    """Return the argument of the last of these options, or None if none is there."""
    return next((value for name, value in reversed(found) if name in names), None)


def accelerators(found: Options, program: str) -> list[str]:
    """Return the accelerators QEMU tries, in order; the first that works is used.

    Without any, QEMU takes TCG, unless the program's name ends in `kvm`.
    """
    asked = [properties(value, "accel").get("accel", "") for n, value in found if n == "accel"]
    for name, value in found:
        if name in {"machine", "M"}:
            asked += properties(value, "type").get("accel", "").split(":")
        elif name == "enable-kvm":
            asked.append("kvm")
    asked = [name for name in dict.fromkeys(asked) if name]
    return asked or (["kvm", "tcg"] if program.endswith("kvm") else ["tcg"])


def machine(found: Options) -> str:
    """Return the machine type asked for, or "" where it is left to QEMU."""
    return switches(found).get("type", "")


def switches(found: Options) -> dict[str, str]:
    """Return the properties of the machine: QEMU puts those of every -machine together."""
    asked: dict[str, str] = {}
    for name, value in found:
        if name in {"machine", "M"}:
            asked |= properties(value, "type")
    return asked


def sandbox(found: Options) -> list[str]:
    """Return the options of QEMU's seccomp sandbox as `name=value`, none if it is off.

    QEMU denies obsolete calls as soon as the sandbox is on; everything else has to be asked for.
    """
    asked = properties(value_of(found, "sandbox") or "off", "enable")
    if not is_on(asked.pop("enable", "off")):
        return []
    return sorted(f"{name}={value}" for name, value in {"obsolete": "deny", **asked}.items())


def monitors(found: Options, *, whole: bool) -> list[Monitor]:
    """Return every monitor, QMP and gdb endpoint.

    `whole` says that this is QEMU's whole command line: then the human monitor that QEMU adds by
    itself counts too. It hides behind the graphical console, for whoever reaches that.
    """
    chardevs = _chardevs(found)
    seen: list[Monitor] = []
    for name, value in found:
        if name in _MONITORS:
            seen += _endpoint(_MONITORS[name], value, chardevs)
        elif name == "s":
            seen.append(Monitor("gdb", "tcp", ":1234"))
        elif name == "mon":
            asked = properties(value, "chardev")
            kind = "qmp" if asked.get("mode") == "control" else "hmp"
            seen.append(_behind(kind, chardevs.get(asked.get("chardev", ""))))
        elif name == "serial" and value.startswith("mon:"):
            seen += _endpoint("hmp", value.removeprefix("mon:"), chardevs)
    if whole and _adds_monitor(found):
        nographic = ("nographic", "") in found
        seen.append(Monitor("hmp", "stdio" if nographic else "other", "" if nographic else "vc"))
    return list(dict.fromkeys(seen))


def _adds_monitor(found: Options) -> bool:
    """Say whether QEMU adds its default monitor: nothing on the command line spoke of one."""
    silent = {"nodefaults", "monitor", "qmp", "qmp-pretty", "mon", "readconfig"}
    return not any(
        name in silent or (name == "serial" and value.startswith("mon:")) for name, value in found
    )


def _chardevs(found: Options) -> dict[str, dict[str, str]]:
    """Return the character devices by id."""
    devices = [properties(value, "backend") for name, value in found if name == "chardev"]
    return {device["id"]: device for device in devices if "id" in device}


def _endpoint(kind: str, text: str, chardevs: dict[str, dict[str, str]]) -> list[Monitor]:
    """Return the endpoint that a device in QEMU's short form (`tcp:host:port,…`) stands for."""
    scheme, colon, rest = text.partition(":")
    if text in {"none", "null", ""}:
        return []
    if scheme == "chardev" and colon:
        return [_behind(kind, chardevs.get(rest))]
    if scheme == "mon" and colon:
        return _endpoint(kind, rest, chardevs)
    if scheme in {*_NETWORK, "unix"} and colon:
        backend = "unix" if scheme == "unix" else "tcp"
        return [Monitor(kind, backend, properties(rest, "address").get("address", ""))]
    word = text.partition(",")[0]
    if word in {"pty", "stdio"}:
        return [Monitor(kind, word, "")]
    return [Monitor(kind, "other", word)]


def _behind(kind: str, device: dict[str, str] | None) -> Monitor:
    """Return the endpoint of a monitor on a character device; None is one that is not there."""
    if device is None:
        return Monitor(kind, "", "")
    backend = device.get("backend", "")
    if backend != "socket":
        word = backend if backend in {"pty", "stdio"} else "other"
        return Monitor(kind, word, device.get("path", "" if word != "other" else backend))
    if "path" in device:
        return Monitor(kind, "unix", device["path"])
    if "fd" in device:
        return Monitor(kind, "fd", device["fd"])
    return Monitor(kind, "tcp", f"{device.get('host', '')}:{device.get('port', '')}")
