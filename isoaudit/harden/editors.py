"""Which kinds of file can be edited, and what edits them: one line each."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from isoaudit.harden.edits import Effect
from isoaudit.model import Location, Target
from isoaudit.rules.fixes import Edit

_EDITORS = {
    "compose": "isoaudit.harden.yaml_text:YamlFile",
    "kubernetes": "isoaudit.harden.yaml_text:YamlFile",
    "libvirt_xml": "isoaudit.harden.xml_text:XmlFile",
    "docker_run": "isoaudit.harden.run_text:RunFile",
    "quadlet": "isoaudit.harden.unit_text:QuadletFile",
}

EDITABLE = tuple(_EDITORS)

_WORDS_OF = {"docker_run": "compose", "quadlet": "compose"}
"""Kinds of file whose edits follow from those of another one."""


class Editor(Protocol):
    """A file's text, edited in memory."""

    def effect(self, target: Target, edit: Edit, evidence: Location | None) -> Effect | None:
        """Return what an edit would do, None if nothing here could be changed by it."""
        ...

    def apply(self, target: Target, edit: Edit, evidence: Location | None) -> None:
        """Make an edit."""
        ...

    def text(self) -> str:
        """Return the file as it is after the edits."""
        ...


def open_editor(dialect: str, text: str, shown: str) -> Editor:
    """Open a file for editing; raises DocumentError if it cannot be read for that."""
    module, _, name = _EDITORS[dialect].partition(":")
    opener: Any = getattr(import_module(module), name)
    editor: Editor = opener(text, shown)
    return editor


def dialect_of_edits(dialect: str) -> str:
    """Return the kind of file in whose words a check's fix is looked up."""
    return _WORDS_OF.get(dialect, dialect)
