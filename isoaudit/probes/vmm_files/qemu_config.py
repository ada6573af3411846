"""Reads the files that QEMU's -readconfig takes: groups of options in the form of an INI file.

Source: qemu(1) on -readconfig, util/qemu-config.c and QEMU's docs/config/*.cfg.
"""

from __future__ import annotations

import re

from isoaudit.errors import DocumentError
from isoaudit.probes.vmm.argv import Options

_GROUP = re.compile(r'\[([a-z][a-z0-9_-]*)(?:\s+"([^"]*)")?\]')
_SETTING = re.compile(r'([A-Za-z0-9_.-]+)\s*=\s*"([^"]*)"')
_FIRST = re.compile(
    r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*\[(?:device|drive|netdev|chardev|machine|memory|accel|mon"
    r'|smp-opts|object|fsdev|name)(?:[ \t]+"[^"\n]*")?\][ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*'
    r'[ \t]*[A-Za-z0-9_.-]+[ \t]*=[ \t]*"'
)
_NAMES = {"smp-opts": "smp", "memory": "m"}
_MOST_GROUPS = 10_000


def is_configuration(text: str) -> bool:
    """Say whether a text begins with a group of QEMU's options."""
    return _FIRST.match(text[:65_536]) is not None


def read_configuration(text: str, file: str) -> Options:
    """Return the groups as options of the command line; raises DocumentError."""
    found: list[tuple[str, list[str]]] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if group := _GROUP.fullmatch(line):
            name = _NAMES.get(group[1], group[1])
            found.append((name, [f"id={_quoted(group[2])}"] if group[2] else []))
        elif (setting := _SETTING.fullmatch(line)) and found:
            found[-1][1].append(f"{setting[1]}={_quoted(setting[2])}")
        else:
            raise DocumentError(f"{file}:{number}: no group or setting of QEMU",
                                "Correct the file and scan again.")  # fmt: skip
        if len(found) > _MOST_GROUPS:
            raise DocumentError(f"{file}:{number}: more than {_MOST_GROUPS} groups, not read")
    return [(name, ",".join(items)) for name, items in found]


def _quoted(value: str) -> str:
    return value.replace(",", ",,")
