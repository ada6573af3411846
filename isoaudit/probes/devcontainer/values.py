"""Values of a devcontainer.json as words of a command line, variables replaced where known.

Source: containers.dev, "Dev Container metadata reference", variables. What the machine of whoever
opens the project decides is not known; the project's own folder is the one that the file lies in.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from isoaudit.documents.variables import waiting_for
from isoaudit.documents.yaml import Node
from isoaudit.probes.run_line.words import RunWord

_VARIABLE = re.compile(r"\$\{([^{}]{0,200})\}")
_HOME = re.compile(r"\$\{(?:localEnv|env):HOME\}\$\{(?:localEnv|env):USERPROFILE\}")
_A_NAME = "(the project's name)"
FOLDER = ".devcontainer"


class Places(NamedTuple):
    """Where the project's folder is, from the file's own, and where it is in the container."""

    outside: str
    inside: str = f"/workspaces/{_A_NAME}"


def workspace(folder: str) -> str:
    """Return the way from a file's folder to that of its project."""
    names = folder.split("/")
    if names[-1] == FOLDER:
        return ".."
    return "../.." if names[-2:-1] == [FOLDER] else "."


def text_of(node: Node, places: Places) -> str:
    """Return a single value in the form of `RunWord.text`; raises DocumentError for another."""
    # A NUL, which JSON can hold, would be taken for what is not known.
    return _replaced(node.text().replace("\0", ""), places)


def word(option: str, node: Node, places: Places, before: str = "") -> RunWord:
    """Return `--option=value` with the place of the value."""
    return RunWord(f"--{option}={before}{text_of(node, places)}", node.location)


def _replaced(text: str, places: Places) -> str:
    text = _HOME.sub("${localEnv:HOME}", text)
    pieces: list[str] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        pieces += [_literal(text[at : match.start()]), _known(match[1], places)]
        at = match.end()
    return "".join([*pieces, _literal(text[at:])])


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _known(name: str, places: Places) -> str:
    kind, _, rest = name.partition(":")
    variable, colon, default = rest.partition(":")
    known = {
        "localWorkspaceFolder": places.outside,
        "localWorkspaceFolderBasename": _A_NAME,
        "containerWorkspaceFolder": places.inside,
        "containerWorkspaceFolderBasename": posixpath.basename(places.inside),
        "devcontainerId": "(an id)",
    }
    if kind in known and not rest:
        return _literal(known[kind])
    if kind in {"localEnv", "env"}:
        if variable == "HOME":
            return "~"
        if colon:
            return _literal(default)
        return waiting_for(f"{variable[:60]} of whoever opens the project")
    return waiting_for(f"{name[:60]}")
