"""By which rules compose merges what: a table of the keys that are not merged like any other.

Source: the Compose specification, chapter merge, and docker compose where that one is silent. By
default mappings are merged key by key, lists are appended, and of single values the later counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.ports import port_key
from isoaudit.probes.compose.values import Word, split_volume, word

Key = Callable[[Node], Hashable | None]
"""What an entry of a list is known by; None if that is not known, so that it is like no other."""


class Way(Enum):
    """How two values of one key are merged."""

    USUAL = "by what they are"
    REPLACE = "the later alone"
    LIST = "as lists, mappings turned into NAME=VALUE"
    KEYS = "as mappings, lists turned into keys"
    BUILD = "as mappings, a word being the context"
    LOGGING = "as mappings of the same driver"
    LIMIT = "as two mappings, else the later alone"


class Rule(NamedTuple):
    """How one key is merged: the way, by what entries of its list are one, and the keys below."""

    way: Way = Way.USUAL
    unique: Key | None = None
    below: Mapping[str, Rule] = MappingProxyType({})

    def at(self, key: str) -> Rule:
        """Return the rule of a key below this one."""
        return self.below.get(key) or self.below.get("*") or USUAL


USUAL = Rule()


def _known(said: Word) -> str | None:
    return said.text if said.known else None


def _whole(node: Node) -> str | None:
    return _known(word(node)) if node.is_scalar else None


def _name(node: Node) -> str | None:
    if not node.is_scalar:
        return None
    said = word(node)
    return _known(said.part(said.text.partition("=")[0]))


def _destination(node: Node) -> str | None:
    said = word(node)
    return _known(said.part(said.text.partition(":")[0]))


def _path(node: Node) -> str | None:
    said = _field(node, "path") if node.is_map else word(node)
    return _known(said) if said is not None else None


def _field(node: Node, *names: str) -> Word | None:
    for name in names:
        found = node.get(name)
        if found is not None:
            return word(found)
    return None


def _volume(node: Node) -> str | None:
    if node.is_map:
        said = _field(node, "target")
        return _known(said) if said is not None else None
    said = word(node)
    return _known(said.part(split_volume(said.text)[1]))


def _device(node: Node) -> str | None:
    if node.is_map:
        said = _field(node, "target", "source")
        return _known(said) if said is not None else None
    said = word(node)
    pieces = said.text.split(":")
    return _known(said.part(pieces[min(1, len(pieces) - 1)]))


def _mounted(folder: str) -> Key:
    def key(node: Node) -> str | None:
        target = _field(node, "target") if node.is_map else None
        source = _field(node, "source") if node.is_map else word(node)
        said = target or source
        return posixpath.join(folder, said.text) if said is not None and said.known else None

    return key


_LISTED = Rule(Way.LIST, _name)
_NAMED = Rule(unique=_name)
_REPLACED = Rule(Way.REPLACE)
_HOSTS = Rule(Way.LIST, _whole)

_BUILD = Rule(Way.BUILD, below={
    "additional_contexts": _LISTED, "args": _LISTED, "extra_hosts": _HOSTS, "labels": _LISTED,
    "platforms": _NAMED, "tags": _NAMED,
})  # fmt: skip
_NETWORK = Rule(below={"aliases": _NAMED, "link_local_ips": _NAMED})

SERVICE = Rule(below={
    "annotations": _LISTED,
    "build": _BUILD,
    "cap_add": _NAMED,
    "cap_drop": _NAMED,
    "command": _REPLACED,
    "configs": Rule(unique=_mounted("/")),
    "depends_on": Rule(Way.KEYS),
    "deploy": Rule(below={"labels": _LISTED}),
    "devices": Rule(unique=_device),
    "dns": _LISTED,
    "dns_opt": _LISTED,
    "dns_search": _LISTED,
    "entrypoint": _REPLACED,
    "env_file": Rule(Way.LIST, _path),
    "environment": _LISTED,
    "expose": Rule(unique=_whole),
    "extra_hosts": _HOSTS,
    "healthcheck": Rule(below={"test": _REPLACED}),
    "label_file": _LISTED,
    "labels": _LISTED,
    "links": _NAMED,
    "logging": Rule(Way.LOGGING),
    "models": Rule(Way.KEYS),
    "networks": Rule(Way.KEYS, below={"*": _NETWORK}),
    "ports": Rule(unique=port_key),
    "profiles": _NAMED,
    "secrets": Rule(unique=_mounted("/run/secrets")),
    "sysctls": _LISTED,
    "tmpfs": Rule(Way.LIST, _destination),
    "ulimits": Rule(below={"*": Rule(Way.LIMIT)}),
    "volumes": Rule(unique=_volume),
})  # fmt: skip

_LABELLED = Rule(below={"*": Rule(below={"labels": _LISTED})})

PROJECT = Rule(below={
    "configs": _LABELLED,
    "networks": _LABELLED,
    "secrets": _LABELLED,
    "services": Rule(below={"*": SERVICE}),
    "volumes": _LABELLED,
})  # fmt: skip
