"""The privileges of a compose service: capabilities, user, security options.

Sources: the Compose specification, chapter services; moby's daemon for what it makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import UNSET, Word, truth
from isoaudit.probes.declared import Sheet
from isoaudit.probes.defaults import (
    ALL_CAPABILITIES,
    DOCKER_CAPABILITIES,
    DOCKER_MASKED_PATHS,
    DOCKER_READONLY_PATHS,
    effective_set,
)

_BOUNDING = "process.capabilities.bounding"
_IN_FORCE = ("process.capabilities.effective", "process.capabilities.permitted")
_MASKED, _READONLY = "container.masked_paths", "container.readonly_paths"
_UID = re.compile(r"\+?[0-9]{1,10}")
_PRIVILEGED = "privileged"
_HIDING = ("systempaths", "mask", "unmask", "")


@dataclass(frozen=True, slots=True)
class Option:
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
    options = list(_options(service))
    _note_user_and_capabilities(service, privileged)
    _note_no_new_privileges(service, options)
    _note_seccomp(service, options, privileged)
    _note_apparmor(service, options, privileged)
    _note_selinux(service, options, privileged)
    _note_hidden_paths(service, options, privileged)


def _options(service: Service) -> Iterator[Option]:
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


def _note_user_and_capabilities(service: Service, privileged: Word | None) -> None:
    user = service.word("user")
    process = service.process
    uid = _note_uid(process, user)
    if uid is not None and uid > 0 and user is not None:
        process.say("process.root_permitted", False, user.node)
        for path in _IN_FORCE:
            process.say(path, (), user.node, "the engine gives a user other than root none")
        _note_capabilities(service, privileged, (_BOUNDING,))
        return
    if user is None:
        process.default("process.root_permitted", True, "no user: the image decides")
    else:
        process.say("process.root_permitted", True, user.node, "not proven to be another user")
    if user is None or uid == 0:
        _note_capabilities(service, privileged, (*_IN_FORCE, _BOUNDING))
        return
    for path in _IN_FORCE:
        process.unknown(path, "depends on who the user is", "Set `user` to a number.")
    _note_capabilities(service, privileged, (_BOUNDING,))


def _note_uid(process: Sheet, user: Word | None) -> int | None:
    """Note the user id and return it, or None if the file does not tell."""
    if user is None:
        process.unknown("process.uid", "no user: the image decides", "Set `user` to a number.")
        return None
    name = user.part(user.text.partition(":")[0].strip())
    if not name.known:
        process.unknown("process.uid", name.open, FOLLOW)
        return None
    if _UID.fullmatch(name.text):
        process.say("process.uid", int(name.text), user.node)
        return int(name.text)
    if name.text == "root":
        process.say("process.uid", 0, user.node)
        return 0
    process.unknown(
        "process.uid", "the image says which user that name is", "Set `user` to a number."
    )
    return None


def _note_capabilities(service: Service, privileged: Word | None, paths: tuple[str, ...]) -> None:
    add, drop = service.words("cap_add"), service.words("cap_drop")
    unknown = next((said for said in (privileged, *add, *drop) if said and not said.known), None)
    process = service.process
    for path in paths:
        if privileged is not None and privileged.known:
            process.say(path, ALL_CAPABILITIES, privileged.node, _PRIVILEGED)
        elif unknown is not None:
            process.unknown(path, unknown.open, FOLLOW)
        elif service.inherits:
            process.unknown(path, service.inherits, FOLLOW)
        elif not add and not drop:
            remark = f"no cap_add or cap_drop: {ENGINE_DEFAULT}"
            process.default(path, DOCKER_CAPABILITIES, remark)
        else:
            held = effective_set(DOCKER_CAPABILITIES, [s.text for s in add], [s.text for s in drop])
            process.say(path, held, (add or drop)[0].node, "cap_add and cap_drop on the default")


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
    masked, readonly = list(DOCKER_MASKED_PATHS), list(DOCKER_READONLY_PATHS)
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
