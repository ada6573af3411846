"""The rooms and what they may import: docs/design.md's table, held to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "isoaudit"

ALLOWED = {
    "errors": set(),
    "regex": set(),
    "model": {"errors"},
    "documents": {"errors", "model"},
    "facts": {"errors", "model"},
    "resources": {"errors", "model"},
    "seccomp": {"errors", "model", "resources"},
    "bundle": {"errors", "model", "documents"},
    "transports": {"errors", "model", "facts"},
    "targets": {"errors", "model", "documents", "transports"},
    "probes": {"errors", "model", "documents", "facts", "seccomp", "transports"},
    "rules": {"errors", "model", "documents", "facts", "resources"},
    "harden": {"errors", "model", "documents", "rules"},
    "assess": {"errors", "model", "documents", "facts", "resources", "seccomp", "rules"},
    "advise": {"errors", "model", "documents", "facts", "resources", "seccomp", "rules", "assess"},
    "report": {"errors", "model", "resources", "seccomp"},
    "audit": {"errors", "model", "documents", "facts", "resources", "bundle", "transports",
              "targets", "probes", "rules", "harden", "assess", "advise", "report"},
    "cli": {"errors", "model", "documents", "facts", "resources", "bundle", "targets", "probes",
            "rules", "harden", "assess", "advise", "report", "audit"},
}  # fmt: skip

HEAVY = {"docker", "paramiko", "libvirt", "jsonschema", "jinja2", "tabulate", "rich",
         "cel_expr_python", "requests", "ruamel"}  # fmt: skip

FILES = sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    """Imports go one way; a new arrow needs a new row in the design."""
    room = _room(path)
    if room in {"__init__", "__main__"}:
        return
    words = (name.split(".") for name in _imports(ast.parse(path.read_text())))
    rooms = {name[1] for name in words if name[0] == "isoaudit" and len(name) > 1}

    assert set() == rooms - ALLOWED[room] - {room, "regex"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    """What takes long to import is imported inside the function that needs it."""
    tree = ast.parse(path.read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name.split(".")[0] for node in top for name in _imports(node)}

    assert set() == names & HEAVY


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_short(path: Path) -> None:
    """No file outgrows 500 lines, tables of data aside."""
    if "vocabulary" in path.parts:
        return

    assert len(path.read_text().splitlines()) <= 500
