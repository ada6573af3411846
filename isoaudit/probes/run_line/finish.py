"""What options amount to together, once all of them are known.

Sources: docs.docker.com (docker container run), podman-run(1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from isoaudit.documents import made
from isoaudit.documents.variables import waiting_for
from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.origin import PODMAN
from isoaudit.probes.defaults import NETWORK_MODES, READ_ONLY_TMPFS
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.draft import Draft, mapping_of
from isoaudit.probes.run_line.words import RunWord

_INITS = re.compile(r"(?:/(?:usr/)?(?:local/)?s?bin/init|(?:/[^\n]*/)?systemd)")
_BY_DEFAULT = frozenset({"", "default", "private"})
_LEADING = ("container:", "ns:")
_NO = frozenset({"false", "0", "f"})
_FROM_HOST = re.compile(r"[0-9]+:@?([0-9]+)(?::[0-9]+)?")


def finish(draft: Draft, engine: str, command: Sequence[RunWord]) -> Node:
    """Put into a draft what its options come to together; return the document around it."""
    around = _networks(draft, engine)
    if draft.maps:
        _user_namespace(draft)
    if engine == PODMAN:
        _read_only_tmpfs(draft)
        _systemd(draft, command)
    return made.mapping(around, draft.where)


def _networks(draft: Draft, engine: str) -> dict[str, tuple[Node, Node]]:
    """Set the network mode, or the networks that are joined; all of these were made elsewhere."""
    named = [_network_name(word, engine) for word in draft.networks]
    named = [word for word in named if word.text not in _BY_DEFAULT]
    modes = NETWORK_MODES.get(engine, {})
    decisive = [w for w in named if not w.known or w.text in modes or w.text.startswith(_LEADING)]
    unknown = [word for word in decisive if not word.known]
    if decisive and (unknown or len(named) == 1):
        draft.put(("network_mode",), (unknown or decisive)[0])
        return {}
    if not named:
        return {}
    for word in named:
        draft.add(("networks",), word)
    external = {
        word.text: mapping_of({"external": word._replace(text="true")}, word.location)
        for word in named
    }
    networks = mapping_of(external, named[0].location)
    return {"networks": (made.scalar("networks", networks.location), networks)}


def _network_name(word: RunWord, engine: str) -> RunWord:
    """Return a network without the options it is joined with."""
    if engine != PODMAN:
        for field in fields(word):
            key, _, value = field.text.partition("=")
            if key == "name":
                return word._replace(text=value)
        return word
    if word.text.startswith(_LEADING):
        return word
    return word._replace(text=word.text.partition(":")[0]) if word.known else word


def _user_namespace(draft: Draft) -> None:
    """Set what maps of ids come to: a user namespace of its own, but what if root is in it?"""
    if draft.get("userns_mode") is not None:
        return
    first = draft.maps[0]
    for word in draft.maps:
        match = _FROM_HOST.fullmatch(word.text)
        if match is None or int(match[1][:18]) == 0:
            first = word._replace(text=waiting_for("which ids of the host the maps begin at"))
            break
    else:
        first = first._replace(text="private")
    draft.put(("userns_mode",), first)


def _read_only_tmpfs(draft: Draft) -> None:
    """Add the folders that podman leaves writable when the root file system is read-only."""
    said, asked = draft.get("read_only"), draft.read_only_tmpfs
    if said is None or said.text().lower() in _NO:
        return
    if asked is not None and asked.known and asked.text.lower() in _NO:
        return
    taken = {node.text().partition(":")[0] for node in draft.listed("tmpfs")}
    for folder in READ_ONLY_TMPFS:
        if folder not in taken:
            draft.add_node(("tmpfs",), made.scalar(f"{folder}:exec", said.location))


def _systemd(draft: Draft, command: Sequence[RunWord]) -> None:
    """Open the cgroups of a container that podman prepares for an init."""
    said = draft.systemd or RunWord("true", draft.where)
    starts_init = bool(command) and _INITS.fullmatch(command[0].text) is not None
    if not said.known:
        opened = said
    elif said.text == "always" or (starts_init and said.text.lower() not in _NO):
        opened = said._replace(text="true")
    else:
        return
    draft.add(("security_opt",), opened._replace(text=f"writable-cgroups={opened.text}"))
