"""The privileges of a compose service: its security options, and what they leave in place.

Sources: the Compose specification, chapter services; moby's daemon for what it makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.probes.compose.credentials import note_credentials
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import UNSET, Word, truth
from isoaudit.probes.defaults import DOCKER_READONLY_PATHS

_MASKED, _READONLY = "container.masked_paths", "container.readonly_paths"
_HIDING = ("systempaths", "mask", "unmask", "")


class Option(NamedTuple):
    """One entry of `security_opt`, split at whichever of `=` and `:` comes first.

    `key` is "" where a variable stands for it: such an entry may be any option.
    """

    key: str
    value: Word


def note_security(service: Service) -> None:
    """Note what the main process may do, and which protections are asked for."""
    privileged = service.word("privileged")
    if privileged is None:
        service.facts.default("container.privileged", False, f"not privileged: {ENGINE_DEFAULT}")
    else:
        note(service.facts, "container.privileged", truth(privileged), privileged)
        if privileged.known and not truth(privileged):
            privileged = None
    options = list(security_options(service))
    note_credentials(service, privileged)
    _note_no_new_privileges(service, options)
    _note_seccomp(service, options, privileged)
    _note_apparmor(service, options, privileged)
    _note_selinux(service, options, privileged)
    _note_hidden_paths(service, options, privileged)


def security_options(service: Service) -> Iterator[Option]:
    """Yield the entries of `security_opt` that are not blank."""
    for said in service.words("security_opt"):
        key, _, value = said.text.replace("=", ":", 1).partition(":")
        value = said.text[len(key) + 1 :]
        if UNSET in key:
            yield Option("", said)
        elif key.strip():
            yield Option(key.strip().lower(), said.part(value.strip()))


def _last(options: list[Option], key: str) -> Word | None:
    """Return the value of the last option with a key, or of one whose key is not known."""
    found = [option.value for option in options if option.key in (key, "")]
    return found[-1] if found else None


def _note_no_new_privileges(service: Service, options: list[Option]) -> None:
    path = "process.no_new_privileges"
    said = _last(options, "no-new-privileges")
    if said is None:
        service.process.default(path, False, f"no no-new-privileges: {ENGINE_DEFAULT}")
    else:
        note(service.process, path, not said.text or truth(said), said)


def _note_seccomp(service: Service, options: list[Option], privileged: Word | None) -> None:
    profile_path, mode_path = "container.seccomp.profile", "process.seccomp.mode"
    said = _last(options, "seccomp")
    if said is None and privileged is None:
        remark = f"no seccomp option: {ENGINE_DEFAULT}"
        service.facts.default(profile_path, "default", remark)
        service.process.default(mode_path, "filter", remark)
        return
    if said is None:
        _both(service, (profile_path, "unconfined"), (mode_path, "disabled"), privileged)
        return
    profile = {"unconfined": "unconfined", "builtin": "default"}.get(said.text, "custom")
    mode = "disabled" if profile == "unconfined" else "filter"
    _both(service, (profile_path, profile), (mode_path, mode), said)


def _note_apparmor(service: Service, options: list[Option], privileged: Word | None) -> None:
    profile_path, confined_path = "container.apparmor.profile", "process.apparmor.confined"
    said = _last(options, "apparmor")
    if said is None and privileged is None:
        service.facts.default(profile_path, "default", f"no apparmor option: {ENGINE_DEFAULT}")
        service.process.unknown(
            confined_path,
            "no apparmor option: the engine confines it only on a host with AppArmor",
            "Name the profile: `apparmor:docker-default`; or scan the running container.",
        )
    elif said is None:
        _both(service, (profile_path, "unconfined"), (confined_path, False), privileged)
    else:
        profile = "default" if said.text == "docker-default" else said.text
        confined = said.text != "unconfined"
        _both(service, (profile_path, profile), (confined_path, confined), said)


def _both(
    service: Service, fact: tuple[str, str], process_fact: tuple[str, str | bool], said: Word | None
) -> None:
    """Note a fact of the target and one of its process that one word gives."""
    if said is not None:
        note(service.facts, fact[0], fact[1], said)
        note(service.process, process_fact[0], process_fact[1], said)


def _note_selinux(service: Service, options: list[Option], privileged: Word | None) -> None:
    facts = service.facts
    labels = [option.value for option in options if option.key in ("label", "")]
    open_end = next((label for label in labels if not label.known), None)
    if open_end is not None:
        for path in ("disabled", "type", "options"):
            facts.unknown(f"container.selinux.{path}", open_end.open, FOLLOW)
        return
    if labels:
        words = [label.text.replace("=", ":") for label in labels]
        kinds = [text.removeprefix("type:") for text in words if text.startswith("type:")]
        kind = kinds[-1] if kinds else ""
        where = labels[0].node
        facts.say("container.selinux.disabled", "disable" in words or kind == "spc_t", where)
        facts.say("container.selinux.type", kind, where)
        facts.say("container.selinux.options", tuple(w for w in words if ":" in w), where)
        return
    remark = f"no label option: {ENGINE_DEFAULT}"
    facts.default("container.selinux.type", "", remark)
    facts.default("container.selinux.options", (), remark)
    cause = _unlabelled_by(service, privileged)
    if cause is None:
        facts.default("container.selinux.disabled", False, remark)
    else:
        note(facts, "container.selinux.disabled", True, cause, "no label beside it")


def _unlabelled_by(service: Service, privileged: Word | None) -> Word | None:
    """Return the setting because of which the engine leaves the SELinux label out."""
    if privileged is not None:
        return privileged
    modes = (service.word("pid"), service.word("ipc"))
    return next((mode for mode in modes if mode and (not mode.known or mode.text == "host")), None)


def _note_hidden_paths(service: Service, options: list[Option], privileged: Word | None) -> None:
    facts = service.facts
    masked, readonly = list(service.origin.masked_paths), list(DOCKER_READONLY_PATHS)
    decisive = privileged
    if privileged is not None:
        masked, readonly = [], []
    for option in options:
        text = option.value.text
        if option.key not in _HIDING:
            continue
        if not option.value.known:
            decisive = option.value
        elif option.key == "systempaths" and text == "unconfined":
            masked, readonly, decisive = [], [], option.value
        elif option.key == "unmask":
            gone = set(text.split(":"))
            everything = text.upper() == "ALL"
            masked = [path for path in masked if not everything and path not in gone]
            readonly = [path for path in readonly if not everything and path not in gone]
            decisive = option.value
        elif option.key == "mask":
            masked, decisive = [*masked, *text.split(":")], option.value
    for path, value in ((_MASKED, tuple(masked)), (_READONLY, tuple(readonly))):
        if decisive is not None:
            note(facts, path, value, decisive)
        else:
            facts.default(path, value, ENGINE_DEFAULT)
