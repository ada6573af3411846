"""Writes the files of a compose project and reads it as a scan does."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from declared_facts import Seen, seen

from isoaudit.documents.beside import Beside
from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.files import project_documents
from isoaudit.probes.compose.probe import ComposeProbe
from isoaudit.probes.compose.project import build


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files by their names below a folder that is a repository."""
    (folder / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def documents(folder: Path, main: str = "compose.yaml", *, asked: bool = True) -> list[Node]:
    """Return the documents of the project that a file is."""
    path = folder / main
    return project_documents(path.read_text(), main, Beside(path, main, asked=asked))


def probe(folder: Path, main: str = "compose.yaml", *, asked: bool = True) -> ComposeProbe:
    """Return the probe of the project that a file is."""
    return ComposeProbe(documents(folder, main, asked=asked), main)


def names(folder: Path, main: str = "compose.yaml", *, asked: bool = True) -> list[str]:
    """Return the services that are found."""
    return [target.name for target in probe(folder, main, asked=asked).find()]


def read(folder: Path, service: str = "web", main: str = "compose.yaml") -> Seen:
    """Return what the probe sees of one service."""
    opened = probe(folder, main)
    (target,) = (target for target in opened.find() if target.name == service)
    return seen(opened.collect(target))


def model(folder: Path, main: str = "compose.yaml") -> Node:
    """Return the document that all files of a project come to."""
    project = build(documents(folder, main))
    assert project.document is not None
    assert not project.broken
    return project.document


def merged(folder: Path, base: str, over: str) -> object:
    """Return what a service comes to, as plain values, of which two files say something."""
    files = {"compose.yaml": _service(base), "compose.override.yaml": _service(over)}
    node = model(write(folder, files)).get("services", "web")
    return node.value() if node is not None else None


def _service(keys: str) -> str:
    return f"services:\n  web: {keys}\n"
