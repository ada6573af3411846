"""What `--security-opt` and the engine's own defaults say, in all their spellings.

Sources: moby daemon/container_operations and parseSecurityOpt (`:` and `=` are both taken),
docs.docker.com (`docker run`), podman-run(1), Docker Engine API (SystemInfo.SecurityOptions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_FALSE = frozenset({"false", "0", "f"})
_BUILTIN = frozenset({"", "default", "builtin"})


@dataclass(frozen=True, slots=True)
class SecurityOptions:
    """The security options of one container; None or "" where an option is not given."""

    seccomp: str = ""
    apparmor: str = ""
    no_new_privileges: bool | None = None
    label_disabled: bool = False
    labels: tuple[str, ...] = ()
    unmasked: tuple[str, ...] = ()
    writable_cgroups: bool = False


def read_security_options(options: list[str]) -> SecurityOptions:
    """Return what `HostConfig.SecurityOpt` asks for; of an option given twice the last one."""
    seccomp, apparmor = "", ""
    privileges: bool | None = None
    disabled = False
    labels: list[str] = []
    unmasked: list[str] = []
    cgroups = False
    for option in options:
        name, value = _split(option)
        if name == "no-new-privileges":
            privileges = value.lower() not in _FALSE
        elif name == "seccomp":
            seccomp = value
        elif name == "apparmor":
            apparmor = value
        elif name == "label" and value == "disable":
            disabled = True
        elif name == "label":
            labels.append(_split(value)[0] + ":" + _split(value)[1])
        elif name in {"unmask", "systempaths"}:
            unmasked.append(value)
        elif name == "writable-cgroups":
            cgroups = value.lower() not in _FALSE
    return SecurityOptions(
        seccomp, apparmor, privileges, disabled, tuple(labels), tuple(unmasked), cgroups
    )


def _split(option: str) -> tuple[str, str]:
    """Split at whichever of `=` and `:` comes first, as docker does."""
    places = [place for place in (option.find("="), option.find(":")) if place >= 0]
    if not places:
        return option.strip(), ""
    place = min(places)
    return option[:place].strip(), option[place + 1 :].strip()


def seccomp_word(profile: str) -> str:
    """Return default, unconfined or custom for a profile by name, path or inlined JSON."""
    if profile in _BUILTIN:
        return "default"
    return "unconfined" if profile == "unconfined" else "custom"


@dataclass(frozen=True, slots=True)
class EngineDefaults:
    """What the engine does where the container does not say, as GET /info tells.

    `seccomp` is default, unconfined, custom or unavailable. `no_new_privileges` is None where the
    engine is too old to tell. `cgroup_version` is "" where it does not say. `upstream` says whether
    the engine is Docker's own build, None where it does not tell; `kernel` is the version of its
    host's kernel, `cpus` how many that has, 0 where it does not say.
    """

    known: bool = False
    seccomp: str = "unavailable"
    apparmor: bool = False
    selinux: bool = False
    remap: bool = False
    rootless: bool = False
    no_new_privileges: bool | None = None
    cgroup_version: str = ""
    runtime: str = ""
    data_root: str = ""
    version: str = ""
    upstream: bool | None = None
    architecture: str = ""
    kernel: tuple[int, int] | None = None
    cpus: int = 0
    options: tuple[str, ...] = field(default_factory=tuple)


def read_defaults(info: dict[str, Any], version: dict[str, Any] | None = None) -> EngineDefaults:
    """Return the engine's defaults; `name=seccomp,profile=default` is one security option.

    `version` is the answer of GET /version, which tells who built the engine.
    """
    listed = info.get("SecurityOptions")
    options = [o for o in listed if isinstance(o, str)] if isinstance(listed, list) else []
    named: dict[str, dict[str, str]] = {}
    for option in options:
        pairs = dict(word.partition("=")[::2] for word in option.split(","))
        # NOTE: engines before 1.13 list bare names.
        named[pairs.pop("name", option)] = pairs
    seccomp = "unavailable"
    if "seccomp" in named:
        seccomp = seccomp_word(named["seccomp"].get("profile", ""))
    return EngineDefaults(
        known=isinstance(listed, list),
        seccomp=seccomp,
        apparmor="apparmor" in named,
        selinux="selinux" in named,
        remap="userns" in named,
        rootless="rootless" in named or info.get("Rootless") is True,
        no_new_privileges=True if "no-new-privileges" in named else None,
        cgroup_version=_text(info, "CgroupVersion"),
        runtime=_text(info, "DefaultRuntime"),
        data_root=_text(info, "DockerRootDir"),
        version=_text(info, "ServerVersion"),
        upstream=_upstream(version),
        architecture=_text(info, "Architecture"),
        kernel=_kernel(_text(info, "KernelVersion")),
        cpus=cpus if isinstance(cpus := info.get("NCPU"), int) else 0,
        options=tuple(named),
    )


def _upstream(version: dict[str, Any] | None) -> bool | None:
    """Say whether Docker itself built the engine: its builds name their platform, others do not."""
    platform = (version or {}).get("Platform")
    name = platform.get("Name") if isinstance(platform, dict) else None
    return name.startswith("Docker Engine") if isinstance(name, str) else None


def _kernel(release: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else None


def _text(info: dict[str, Any], key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""
