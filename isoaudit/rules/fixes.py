"""What a check's file says of the change that ends its findings: `fix`, in words a file can take.

It is read from the file when it is asked for: judging needs none of it, and starts faster without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.documents import limits, yaml
from isoaudit.resources import data_dir
from isoaudit.rules.check import Check

SET, ADD, REMOVE, DELETE, CUT = "set", "add", "remove", "delete", "cut"


class Edit(NamedTuple):
    """One change of a declaring file.

    `operation` is `set` (a value), `add` (an element of a list), `remove` (elements of a list),
    `delete` (a key) or `cut` (the list element, key or element of XML that the finding points at).
    `path` is dotted and starts at what declares the target; `value` is None for the last two.
    """

    operation: str
    path: str
    value: Any = None


class Fix(NamedTuple):
    """How the findings of one check are ended, by kind of file, and what that may break.

    `unless` names keys beside which the change would not be valid.
    """

    check: str
    edits: Mapping[str, tuple[Edit, ...]]
    may_break: str = ""
    unless: tuple[str, ...] = ()


def load_fixes(checks: Iterable[Check]) -> dict[str, Fix]:
    """Return the fixes that some checks' files hold, by check id; most checks have none.

    Raises DocumentError if a file is gone or broken since it was loaded.
    """
    fixes: dict[str, Fix] = {}
    for check in checks:
        data = _read(check)
        if data:
            edits = {
                dialect: tuple(_edit(one) for one in several)
                for dialect, several in data.items()
                if dialect not in {"may_break", "unless"}
            }
            may_break, unless = data.get("may_break", "").strip(), tuple(data.get("unless", ()))
            fixes[check.id] = Fix(check.id, edits, may_break, unless)
    return fixes


def _read(check: Check) -> dict[str, Any] | None:
    path = Path(check.file)
    if path.parts[:1] == ("checks",) and not path.is_absolute():
        # NOTE: the shown name of a built-in check; the folder lies elsewhere in a wheel.
        path = data_dir("checks").parent / path
    text = limits.read_text(path, check.file)
    if "\nfix:" not in text:
        return None
    node = yaml.load(text, check.file).get("fix")
    data: dict[str, Any] = node.value() if node is not None else {}
    return data


def _edit(data: Mapping[str, Any]) -> Edit:
    (operation, what), *_ = data.items()
    if operation in {DELETE, CUT}:
        return Edit(operation, str(what))
    ((path, value),) = what.items()
    return Edit(operation, path, value)
