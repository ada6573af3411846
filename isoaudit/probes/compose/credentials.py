"""Who the main process of a compose service runs as: user, groups and capabilities.

Sources: the Compose specification, chapter services; moby's daemon for what it makes of them.
"""

from __future__ import annotations

from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service
from isoaudit.probes.compose.values import Word
from isoaudit.probes.defaults import (
    ALL,
    ALL_CAPABILITIES,
    GIVES_OTHER_USERS,
    effective_set,
    in_kernel_order,
    normalise_capability,
)
from isoaudit.regex import regex

_BOUNDING = "process.capabilities.bounding"
_IN_FORCE = ("process.capabilities.effective", "process.capabilities.permitted")
_UID = regex(r"\+?[0-9]{1,10}")
_ROOT = frozenset({"root", "0"})
_PRIVILEGED = "privileged"


def note_credentials(service: Service, privileged: Word | None) -> None:
    """Note user, groups and capabilities; `privileged` is the word that may say so, if any."""
    _note_groups(service)
    _note_asked(service)
    user = service.word("user")
    process = service.process
    uid = _note_uid(service, user)
    if uid is not None and uid > 0 and user is not None:
        process.say("process.root_permitted", False, user.node)
        _note_in_force(service, user)
        _note_capabilities(service, privileged, (_BOUNDING,))
        return
    if user is None:
        process.default(
            "process.root_permitted", True, f"no {service.key('user')}: the image decides"
        )
    else:
        process.say("process.root_permitted", True, user.node, "not proven to be another user")
    if user is None or uid == 0:
        _note_capabilities(service, privileged, (*_IN_FORCE, _BOUNDING))
        return
    for path in _IN_FORCE:
        process.unknown(path, "depends on who the user is", _number(service))
    _note_capabilities(service, privileged, (_BOUNDING,))


def _note_uid(service: Service, user: Word | None) -> int | None:
    """Note the user id and return it, or None if the file does not tell."""
    process = service.process
    if user is None:
        detail = f"no {service.key('user')}: the image decides"
        process.unknown("process.uid", detail, _number(service))
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
    process.unknown("process.uid", "the image says which user that name is", _number(service))
    return None


def _number(service: Service) -> str:
    """Say how to tell who the user is."""
    return f"Set `{service.key('user')}` to a number."


def _note_capabilities(service: Service, privileged: Word | None, paths: tuple[str, ...]) -> None:
    add, drop = service.words("cap_add"), service.words("cap_drop")
    unknown = next((said for said in (privileged, *add, *drop) if said and not said.known), None)
    process, default = service.process, service.origin.capabilities
    for path in paths:
        if privileged is not None and privileged.known:
            process.say(path, ALL_CAPABILITIES, privileged.node, _PRIVILEGED)
        elif unknown is not None:
            process.unknown(path, unknown.open, FOLLOW)
        elif service.inherits:
            process.unknown(path, service.inherits, FOLLOW)
        elif not add and not drop:
            remark = f"no {service.key('cap_add')} or {service.key('cap_drop')}: {ENGINE_DEFAULT}"
            process.default(path, default, remark)
        else:
            held = effective_set(default, [s.text for s in add], [s.text for s in drop])
            process.say(path, held, (add or drop)[0].node, f"{ENGINE_DEFAULT}, changed")


def _note_in_force(service: Service, user: Word) -> None:
    """Note what a user other than root is given: by podman what is added by name, else nothing."""
    added, process = service.words("cap_add"), service.process
    if not added or service.origin.engine not in GIVES_OTHER_USERS:
        for path in _IN_FORCE:
            process.say(path, (), user.node, "the engine gives a user other than root none")
        return
    unknown = next((said for said in added if not said.known), None)
    for path in _IN_FORCE:
        if unknown is not None:
            process.unknown(path, unknown.open, FOLLOW)
        else:
            held = effective_set((), [said.text for said in added], ())
            process.say(path, held, added[0].node, "the engine gives another user what is added")


def _note_groups(service: Service) -> None:
    """Note that the process is in the host's group root; of no other number a file can tell."""
    path, user = "process.host_groups", service.word("user")
    own = [user.part(user.text.partition(":")[2].strip())] if user else []
    mode = service.word("userns_mode")
    if mode is None or mode.text == "host":
        for said in (*own, *service.words("group_add")):
            if said.known and said.text in _ROOT:
                service.process.say(path, ("root",), said.node, "gid 0")
                return
    service.process.beyond(path, "whose gids they are is in the host's /etc/group")


def _note_asked(service: Service) -> None:
    """Note the capabilities asked for by name, and those asked to be left out."""
    for path, key in (
        ("container.capabilities.added", "cap_add"),
        ("container.capabilities.dropped", "cap_drop"),
    ):
        words = service.words(key)
        unknown = next((said for said in words if not said.known), None)
        if unknown is not None:
            service.facts.unknown(path, unknown.open, FOLLOW)
        elif service.inherits:
            service.facts.unknown(path, service.inherits, FOLLOW)
        elif not words:
            service.facts.default(path, (), f"no {service.key(key)}: {ENGINE_DEFAULT}")
        elif key == "cap_drop":
            service.facts.say(path, tuple(said.text for said in words), words[0].node)
        else:
            named = {normalise_capability(said.text) for said in words}
            listed = (ALL,) * (ALL in named) + in_kernel_order(named - {ALL})
            service.facts.say(path, listed, words[0].node)
