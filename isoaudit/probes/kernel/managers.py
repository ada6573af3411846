"""Which engine or tool started a sandbox: what the names and arguments of its ancestors say.

Ancestors outside a sandbox cannot be changed from inside it. Whoever runs them can call them as he
likes, so that they prove nothing against the owner of the sandbox himself. Of their arguments only
the few are looked at that name a container; all others may hold secrets.

Sources: containerd core/runtime/v2/README.md (names and options of shims), moby
daemon/runtime_unix.go (a runtime given by path runs under the shim of runc, whatever it is), gVisor
shim/, Kata src/runtime/cmd/containerd-shim-kata-v2, conmon(8), podman libpod/oci_conmon_common.go,
CRI-O internal/oci, LXC src/lxc/lxccontainer.c (title of the monitor), systemd-nspawn(1), bwrap(1),
firejail(1), unshare(1), rootlesskit, chromium's docs/linux/sandboxing.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

Parents = Sequence[tuple[str, Sequence[str]]]
"""Names and command lines of ancestors, nearest first."""


class Does(Enum):
    """What a manager lets the workload run on, as far as its own name tells."""

    NAMESPACES = "namespaces"  # it makes namespaces and nothing else: the host's kernel
    OCI = "oci"  # an OCI runtime of whatever kind, mostly runc or its like
    OTHER = "other"  # a runtime that is not known here, as those of WebAssembly
    SENTRY = "sentry"  # gVisor
    GUEST = "guest"  # Kata: a virtual machine


class Manager(NamedTuple):
    """One ancestor that makes sandboxes.

    `certain` says that the program itself does it; otherwise it was only told a runtime's path, and
    what lies there may be another one.
    """

    program: str
    engine: str
    does: Does
    runtime: str = ""
    id: str = ""
    name: str = ""
    certain: bool = True


_TOOLS = {
    "bwrap": "bubblewrap",
    "srt-bwrap": "bubblewrap",
    "pv-bwrap": "bubblewrap",
    "firejail": "firejail",
    "unshare": "unshare",
    "nsjail": "nsjail",
    "minijail0": "minijail",
    "ch-run": "charliecloud",
    "apptainer": "apptainer",
    "singularity": "apptainer",
    "starter": "apptainer",
    "starter-suid": "apptainer",
    "snap-confine": "snap",
    "libvirt_lxc": "libvirt-lxc",
}
"""Programs that make namespaces for one command, and the engine they stand for."""

_RUNTIMES = {
    "runc": "runc",
    "docker-runc": "runc",
    "buildkit-runc": "runc",
    "crun": "crun",
    "youki": "youki",
    "krun": "krun",
    "sysbox-runc": "sysbox-runc",
}
_SHIM = re.compile(r"containerd-shim(?:-(?P<runtime>[a-z0-9_.+-]+?))?(?:-v[0-9]+)?")
_SHIM_ENGINES = {"moby": "docker", "plugins.moby": "docker"}
_LXC_TITLE = re.compile(r"\[lxc monitor\] (?P<path>.+) (?P<name>\S+)")
_PARTS_OF_CRI_NAME = 6  # k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT


def managers(parents: Parents) -> list[Manager]:
    """Return those ancestors that make sandboxes, nearest first.

    A runtime that its shim or monitor started is left out: it is not a second one.
    """
    known: list[Manager] = []
    for comm, cmdline in parents:
        found = _manager(comm, cmdline)
        if found is None:
            continue
        if known and known[-1].engine == "" and found.does is not Does.NAMESPACES:
            known.pop()
        known.append(found)
    return known


def under_rootlesskit(parents: Parents) -> bool:
    """Say whether an engine was started by RootlessKit, in a user namespace of an ordinary user."""
    return any("rootlesskit" in _programs(comm, cmdline) for comm, cmdline in parents)


def program(comm: str, cmdline: Sequence[str]) -> str:
    """Return what a process is called: the last part of its command line's first word."""
    return next(iter(_programs(comm, cmdline)), "")


def family(name: str) -> str:
    """Return the runtime that a name means, as engines and clusters call them; "" if unknown.

    gVisor goes by runsc, gvisor, io.containerd.runsc.v1 and by what is added to them
    (runsc-kvm); Kata by kata, kata-qemu, kata-runtime, io.containerd.kata.v2 and the like.
    """
    word = name.rpartition("/")[2].lower()
    for prefix in ("io.containerd.", "run.", "containerd-shim-"):
        word = word.removeprefix(prefix)
    if word.startswith(("runsc", "gvisor")):
        return "runsc"
    if word.startswith("kata"):
        return "kata"
    return _RUNTIMES.get(re.sub(r"[.-]v[0-9]+$", "", word), "")


def _programs(comm: str, cmdline: Sequence[str]) -> list[str]:
    first = cmdline[0] if cmdline else ""
    # A title that a process gave itself is one word with blanks.
    words = (first.split(" ", 1)[0].rpartition("/")[2], comm)
    return [word for word in dict.fromkeys(words) if word]


def _manager(comm: str, cmdline: Sequence[str]) -> Manager | None:
    title = _LXC_TITLE.fullmatch(cmdline[0]) if cmdline else None
    if title is not None:
        return _lxc("lxc monitor", title["path"], title["name"])
    for name in _programs(comm, cmdline):
        found = _called(name, cmdline[1:])
        if found is not None:
            return found
    return None


def _called(name: str, words: Sequence[str]) -> Manager | None:
    """Return what a program of this name is, with what some of its arguments add."""
    if (shim := _SHIM.fullmatch(name)) is not None:
        return _shim(name, shim["runtime"] or "", words)
    if name in _TOOLS:
        called = _option(words, "--name") if name == "firejail" else ""
        return Manager(name, _TOOLS[name], Does.NAMESPACES, name=called)
    if (reader := _READERS.get(name)) is not None:
        return reader(name, words)
    return _foreground(name, words)


def _foreground(name: str, words: Sequence[str]) -> Manager | None:
    """Return an OCI runtime that stays with its container: `run [OPTIONS] ID`."""
    known = family(name)
    if not known:
        return None
    named = words[-1] if "run" in words[:-1] else ""
    return Manager(name, "", _does(known), known, named, certain=False)


def _spawn(name: str, words: Sequence[str]) -> Manager:
    """Return systemd-nspawn, or its sister that starts a virtual machine."""
    box = _option(words, "-M", "--machine")
    does = Does.GUEST if name == "systemd-vmspawn" else Does.NAMESPACES
    return Manager(name, name, does, "qemu" if does is Does.GUEST else "", name=box)


def _lxc_tool(name: str, words: Sequence[str]) -> Manager:
    return _lxc(name, _option(words, "-P", "--lxcpath"), _option(words, "-n", "--name"))


def _fork(name: str, words: Sequence[str]) -> Manager | None:
    """Return LXD or Incus where it starts a container: `forkstart NAME`."""
    if len(words) < 2 or words[0] != "forkstart":
        return None
    engine = "incus" if name == "incusd" else name
    return Manager(name, engine, Does.NAMESPACES, "lxc", name=words[1])


def _lxc(name: str, path: str, box: str) -> Manager:
    """Return LXC, or the daemon whose folder its containers lie in."""
    folders = path.split("/")
    engine = next((daemon for daemon in ("incus", "lxd") if daemon in folders), "lxc")
    return Manager(name, engine, Does.NAMESPACES, "lxc", name=box)


def _does(runtime: str) -> Does:
    return {"runsc": Does.SENTRY, "kata": Does.GUEST}.get(runtime, Does.OCI)


def _shim(name: str, runtime: str, words: Sequence[str]) -> Manager:
    """Return the shim of containerd: its name is the runtime's, its namespace the engine's."""
    space = _option(words, "-namespace")
    known = family(runtime)
    does = _does(known) if known or not runtime else Does.OTHER
    engine = _SHIM_ENGINES.get(space, "containerd" if space else "")
    named = _option(words, "-id")
    return Manager(name, engine, does, known or runtime, named)


def _conmon(name: str, words: Sequence[str]) -> Manager:
    """Return podman or CRI-O behind their monitor, which is told the runtime's path."""
    runtime = _option(words, "-r", "--runtime")
    exit_command = _option(words, "--exit-command").rpartition("/")[2]
    called, folder = _option(words, "-n", "--name"), _option(words, "--exit-dir")
    engine = ""
    if exit_command.startswith("podman") or "libpod" in folder.split("/"):
        engine = "podman"
    elif name == "conmonrs" or called.startswith("k8s_") or "crio" in folder.split("/"):
        engine = "cri-o"
    known = family(runtime)
    return Manager(name, engine, _does(known), known, _option(words, "-c", "--cid"),
                   _readable(called), certain=False)  # fmt: skip


def _readable(called: str) -> str:
    """Return NAMESPACE/POD/CONTAINER of a name that the kubelet made, any other as it is."""
    parts = called.split("_")
    if parts[0] == "k8s" and len(parts) >= _PARTS_OF_CRI_NAME:
        return f"{parts[3]}/{parts[2]}/{parts[1]}"
    return called


_READERS: dict[str, Callable[[str, Sequence[str]], Manager | None]] = {
    "conmon": _conmon,
    "conmonrs": _conmon,
    "systemd-nspawn": _spawn,
    "systemd-vmspawn": _spawn,
    "lxc-start": _lxc_tool,
    "lxc-execute": _lxc_tool,
    "lxd": _fork,
    "incusd": _fork,
}


def _option(words: Iterable[str], *names: str) -> str:
    """Return the argument of an option, given as the next word or after `=`; "" without it."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in names:
            return next(rest, "")
        if equals and name in names:
            return value
    return ""
