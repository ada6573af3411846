"""Seccomp as an engine was asked for it: profiles of a container's own, and the shipped default.

Docker keeps the JSON of `--security-opt seccomp=FILE` in the container's settings; podman keeps the
path, which names a file of the client's.
Sources: moby daemon/daemon_unix.go (parseSecurityOpt), Docker Engine API (ContainerInspect, Info).
"""

from __future__ import annotations

import json
from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, unreliable
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions, seccomp_word
from isoaudit.probes.kernel.filters import Around, Engine, note_profile, note_shipped
from isoaudit.seccomp.abi import interfaces
from isoaudit.seccomp.actions import USER_NOTIF, action_of, word_of
from isoaudit.seccomp.profile import Profile, ProfileError, read_profile
from isoaudit.seccomp.resolve import covered

LONGEST = 1_048_576
"""Longest profile that is read, in characters; docker's own has some 15,000."""

_PATHS = tuple(
    f"container.seccomp.{name}" for name in ("default_action", "flags", "supervised", "interfaces")
)


def note_custom_profile(
    notes: Notes, host: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note what a profile of the container's own says; nothing where it has none."""
    profile = custom_profile(options)
    source = f"{host.source('SecurityOpt')} seccomp"
    if profile is None:
        return
    if isinstance(profile, str):
        for path in _PATHS:
            unreliable(notes, path, f"{source}: {profile}")
        return
    notes.fact("container.seccomp.default_action", word_of(profile.default), source)
    notes.fact("container.seccomp.flags", profile.flags, source)
    asked = any(action_of(rule.answer) == USER_NOTIF for rule in profile.rules)
    supervised = asked or bool(profile.listener) or action_of(profile.default) == USER_NOTIF
    notes.fact("container.seccomp.supervised", supervised, source)
    machine = interfaces(defaults.architecture)
    if machine is None:
        detail = "the architecture of the engine's host is not known, or has no tables here"
        notes.missing("container.seccomp.interfaces", Reason.NOT_SUPPORTED, detail)
        return
    names = sorted(covered(profile, machine.native))
    notes.fact("container.seccomp.interfaces", names, source)


def note_asked_filter(
    notes: Notes,
    options: SecurityOptions,
    defaults: EngineDefaults,
    capabilities: tuple[str, ...],
    engine: str,
) -> None:
    """Note what the filter that was asked for opens and closes, as far as that is certain.

    `capabilities` are those the container is created with. For a process in mode `filter`.
    """
    held = frozenset(capabilities)
    around = Around(interfaces(defaults.architecture), None, held)
    profile = custom_profile(options)
    if isinstance(profile, Profile):
        note_profile(notes, profile, around, defaults.kernel, "HostConfig.SecurityOpt seccomp")
    elif profile is None and defaults.seccomp == "default" and engine == "docker":
        # NOTE: podman's default is a file, /etc/containers/seccomp.json before the packaged one.
        version = Engine("docker", defaults.version, defaults.upstream, held, defaults.kernel)
        note_shipped(notes, version, around)


def custom_profile(options: SecurityOptions) -> Profile | str | None:
    """Return a container's own profile, in words why it cannot be read, or None for none."""
    text = options.seccomp
    if not text or seccomp_word(text) != "custom":
        return None
    if not text.lstrip().startswith("{"):
        return "names a file, which was not read"
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    try:
        data: Any = json.loads(text)
        return read_profile(data)
    except ProfileError as error:
        return error.cause
    except (ValueError, RecursionError):
        return "no JSON"
