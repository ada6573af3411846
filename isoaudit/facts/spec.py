"""The shape of a vocabulary entry: one fact path with its type, meaning and properties."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from isoaudit.model import Kind

CONTAINER = (Kind.CONTAINER,)
VM = (Kind.VM,)
HOST = (Kind.HOST,)
NAMESPACE = (Kind.NAMESPACE,)

COMPOSE = "compose"
KUBERNETES = "kubernetes"
LIBVIRT_XML = "libvirt_xml"
DOCKERFILE = "dockerfile"
DEVCONTAINER = "devcontainer"
CONTAINER_FILES = (COMPOSE, KUBERNETES)
VM_FILES = (LIBVIRT_XML,)


class FactType(StrEnum):
    """The types a fact may have, spelt as conditions spell them."""

    BOOL = "bool"
    INT = "int"
    STRING = "string"
    LIST = "list(string)"


BOOL, INT, STRING, LIST = FactType


class FactSpec(NamedTuple):
    """One path of the vocabulary.

    `dialects` names the kinds of file that can say it. `identifying` marks the fields of a record
    that tell it from its siblings across runs (never a pid, a line or a time). `sensitive` marks
    what passes through redaction before anything else sees it.
    """

    path: str
    type: FactType
    meaning: str
    kinds: tuple[Kind, ...]
    dialects: tuple[str, ...] = ()
    unit: str = ""
    identifying: bool = False
    sensitive: bool = False


class PartSpec(NamedTuple):
    """A part: what comes in numbers, as records whose fields start with the part's name."""

    name: str
    meaning: str
    kinds: tuple[Kind, ...]
    dialects: tuple[str, ...] = ()
