"""The lifecycle hooks of a compose service: commands that the engine runs in it as exec sessions.

Source: the Compose specification, `post_start` and `pre_stop`, with `user` and `privileged` each.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service
from isoaudit.probes.compose.values import Word, truth, word

_KEYS = ("post_start", "pre_stop")
_ROOT = frozenset({"root", "0"})


def note_hooks(service: Service) -> None:
    """Note whether a hook runs privileged, and whether one runs as root where the service does not.

    One that does decides.
    """
    hooks = list(_hooks(service))
    _note_privileged(service, hooks)
    _note_root(service, hooks)


def _hooks(service: Service) -> Iterator[Node]:
    for key in _KEYS:
        found = service.get(key)
        yield from found.elements() if found is not None else []


def _words(hooks: list[Node], key: str) -> Iterator[Word]:
    for hook in hooks:
        node = hook.get(key)
        if node is not None:
            yield word(node)


def _note_privileged(service: Service, hooks: list[Node]) -> None:
    path = "container.lifecycle.privileged"
    unknown: Word | None = None
    for said in _words(hooks, "privileged"):
        if said.depends:
            unknown = said
        elif truth(said):
            service.facts.say(path, True, said.node)
            return
    if unknown is not None:
        service.facts.unknown(path, unknown.open, FOLLOW)
    else:
        service.facts.default(path, False, f"no privileged hook: {ENGINE_DEFAULT}")


def _note_root(service: Service, hooks: list[Node]) -> None:
    path, own = "container.lifecycle.root", service.word("user")
    unknown = ""
    for said in _words(hooks, "user"):
        verdict = _gains_root(said, own)
        if verdict is True:
            service.facts.say(path, True, said.node, "the service runs as another user")
            return
        if verdict is None:
            unknown = (
                said.open if said.depends else "which of the two users is root, the image says"
            )
    if unknown:
        service.facts.unknown(path, unknown, "Set `user` of service and hook to numbers.")
    else:
        service.facts.default(path, False, "no hook that changes to root")


def _gains_root(said: Word, own: Word | None) -> bool | None:
    """Say whether a hook's user is root and the service's is not; None if that is not known."""
    hook, service = _name(said), _name(own) if own is not None else None
    if hook is not None and (hook in ("", service) or _is_other(hook)):
        return False
    if service in _ROOT:
        return False
    if hook in _ROOT and service is not None and _is_other(service):
        return True
    return None


def _name(said: Word) -> str | None:
    """Return a user without its group, None if a variable decides."""
    name = said.part(said.text.partition(":")[0].strip())
    return name.text if name.known else None


def _is_other(name: str) -> bool:
    return name.isascii() and name.isdecimal() and int(name) != 0
