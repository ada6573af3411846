"""What confines the process of an OCI bundle: filters, LSM profiles, and hidden kernel paths.

Sources: the OCI runtime specification (config, process; config-linux, seccomp, maskedPaths,
readonlyPaths, devices). A profile stands in the file itself, whoever it was taken from.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.declared import Placed
from isoaudit.probes.defaults import ALL_CAPABILITIES, normalise_capability
from isoaudit.probes.kernel.filters import Around, profile_bounds
from isoaudit.probes.oci.bundle import Bundle, text, words
from isoaudit.probes.oci.device_rules import allows_all
from isoaudit.seccomp.abi import Interfaces, interfaces
from isoaudit.seccomp.actions import USER_NOTIF, action_of, word_of
from isoaudit.seccomp.profile import Profile, ProfileError, read_profile
from isoaudit.seccomp.resolve import covered

_PROFILE = "container.seccomp"
_HERE = "process.seccomp.exploits_reachable_here"
_MODE = "process.seccomp.mode"
_OWN = ("default_action", "flags", "supervised", "interfaces")
_NATIVE = {"SCMP_ARCH_X86_64": "x86_64", "SCMP_ARCH_AARCH64": "aarch64"}
_SINCE_2014 = frozenset(ALL_CAPABILITIES[:38])
"""The capabilities that every kernel in use has: later ones are not in an older engine's list."""

_APPARMOR, _CONFINED = "container.apparmor.profile", "process.apparmor.confined"
_SELINUX = "container.selinux"
_UNLABELLED = "no selinuxLabel: on a host with SELinux it runs as the runtime does"


def note_confinement(bundle: Bundle) -> None:
    """Note the seccomp filter, the labels, and the paths that are hidden or kept from writing."""
    _note_seccomp(bundle)
    _note_apparmor(bundle)
    _note_selinux(bundle)
    for path, key in (
        ("container.masked_paths", "maskedPaths"),
        ("container.readonly_paths", "readonlyPaths"),
    ):
        listed = bundle.get("linux", key)
        if listed is None:
            bundle.facts.default(path, (), f"no {key}: none")
        else:
            bundle.facts.say(path, words(listed), listed)
    _note_privileged(bundle)


def _note_privileged(bundle: Bundle) -> None:
    """Note whether every protection that an engine's `privileged` switches off is off.

    The word itself does not stand in the file: it is told by what it comes to.
    """
    held = frozenset(_capabilities(bundle))
    opened = allows_all(bundle)
    unfiltered = bundle.get("linux", "seccomp") is None
    bare = not words(bundle.get("linux", "maskedPaths"))
    off = bool(opened) and unfiltered and bare and held >= _SINCE_2014
    remark = "every capability and device, no filter, no hidden path" if off else "not all are off"
    bundle.facts.say("container.privileged", off, opened if off and opened else bundle.root, remark)


def _capabilities(bundle: Bundle) -> tuple[str, ...]:
    listed = words(bundle.get("process", "capabilities", "bounding"))
    return tuple(normalise_capability(name) for name in listed)


def _note_seccomp(bundle: Bundle) -> None:
    node = bundle.get("linux", "seccomp")
    if node is None:
        remark = "no linux.seccomp: no filter"
        bundle.facts.default(f"{_PROFILE}.profile", "unconfined", remark)
        bundle.process.default(_MODE, "disabled", remark)
        bundle.process.unknown("process.seccomp.allows", "no filter: all that the kernel has")
        return
    bundle.facts.say(f"{_PROFILE}.profile", "custom", node, "it stands in the file")
    bundle.process.say(_MODE, "filter", node)
    try:
        profile = read_profile(node.value())
    except ProfileError as error:
        for name in _OWN:
            bundle.facts.unknown(f"{_PROFILE}.{name}", error.cause, "Correct linux.seccomp.")
        bundle.process.unknown("process.seccomp.allows", error.cause, "Correct linux.seccomp.")
        return
    _note_profile(bundle, node, profile)


def _note_profile(bundle: Bundle, node: Node, profile: Profile) -> None:
    facts = bundle.facts
    facts.say(f"{_PROFILE}.default_action", word_of(profile.default), node)
    facts.say(f"{_PROFILE}.flags", profile.flags, node)
    asked = any(action_of(rule.answer) == USER_NOTIF for rule in profile.rules)
    supervised = asked or bool(profile.listener) or action_of(profile.default) == USER_NOTIF
    facts.say(f"{_PROFILE}.supervised", supervised, node)
    machine = _machine(profile)
    if machine is None:
        detail = "linux.seccomp.architectures does not say for which machine"
        facts.unknown(f"{_PROFILE}.interfaces", detail)
        bundle.process.unknown("process.seccomp.allows", detail)
        return
    facts.say(f"{_PROFILE}.interfaces", tuple(sorted(covered(profile, machine.native))), node)
    held = frozenset(_capabilities(bundle))
    found = dict(profile_bounds(profile, Around(machine, None, held), None))
    for path, value in found.items():
        if path == _HERE:
            continue  # which kernel that will be, no file knows
        bundle.process.say(path, value, node, f"a filter for {machine.native.name}")
    bundle.process.beyond("process.seccomp.allows", "which interfaces the kernel runs decides")


def _machine(profile: Profile) -> Interfaces | None:
    """Return the machine that a profile was resolved for, None if it is for several or any."""
    named = {_NATIVE[name] for name in profile.architectures if name in _NATIVE}
    return interfaces(named.pop()) if len(named) == 1 else None


def _note_apparmor(bundle: Bundle) -> None:
    said = bundle.get("process", "apparmorProfile")
    name = text(said) if said is not None else ""
    if said is None or not name:
        remark = "no apparmorProfile: as the runtime is"
        bundle.facts.default(_APPARMOR, "unconfined", remark)
        bundle.process.default(_CONFINED, False, remark)
        return
    bundle.facts.say(_APPARMOR, "default" if name == "docker-default" else name, said)
    bundle.process.say(_CONFINED, name != "unconfined", said)


def _note_selinux(bundle: Bundle) -> None:
    said = bundle.get("process", "selinuxLabel")
    label = text(said) if said is not None else ""
    if said is None or not label:
        bundle.facts.unknown(f"{_SELINUX}.disabled", _UNLABELLED, "Set process.selinuxLabel.")
        bundle.facts.default(f"{_SELINUX}.type", "", "no selinuxLabel")
        bundle.facts.default(f"{_SELINUX}.options", (), "no selinuxLabel")
        return
    fields = label.split(":", 3)
    options = zip(("user", "role", "type", "level"), fields, strict=False)
    kind = fields[2] if len(fields) > 2 else ""
    _say_label(bundle, said, kind, tuple(f"{name}:{value}" for name, value in options))


def _say_label(bundle: Bundle, said: Placed, kind: str, options: tuple[str, ...]) -> None:
    bundle.facts.say(f"{_SELINUX}.disabled", kind in {"spc_t", "unconfined_t"}, said)
    bundle.facts.say(f"{_SELINUX}.type", kind, said)
    bundle.facts.say(f"{_SELINUX}.options", options, said)
