"""Reads libvirt's configuration files: `key = value` with strings, numbers and lists.

Source: libvirt's docs on its configuration format (the same for libvirtd.conf and qemu.conf): a
value is a number, a string in single, double or triple double quotes without escapes, or a list of
strings in brackets over any number of lines; `#` starts a comment.
"""

from __future__ import annotations

import re

Setting = int | str | list[str]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)|(?P<line>\n)|(?P<punctuation>[=\[\],])"""
    r"""|"{3}(?P<long>.*?)"{3}|"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'"""
    r"""|(?P<number>[-+]?\d+)|(?P<name>[A-Za-z][\w.\-]*)""",
    re.DOTALL,
)
_STRINGS = ("long", "double", "single")


def parse(text: str) -> dict[str, Setting]:
    """Return the settings of a file; the first of several with one name stands, as in libvirt.

    Raises ValueError, with the line, for what is not in that format; never with what stands there,
    for it may be a password.
    """
    settings: dict[str, Setting] = {}
    tokens = _tokens(text)
    place = 0
    while place < len(tokens):
        kind, name, line = tokens[place]
        if kind == "line":
            place += 1
            continue
        if kind != "name" or tokens[place + 1 : place + 2] != [("punctuation", "=", line)]:
            raise ValueError(f"line {line}: name = value is expected")
        value, place = _value(tokens, place + 2, line)
        settings.setdefault(name, value)
    return settings


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"line {line}: what stands there is no setting")
        kind = match.lastgroup
        if kind != "space":
            found.append(("string" if kind in _STRINGS else kind, match[kind], line))
        line += match[0].count("\n")
        place = match.end()
    return found


def _value(tokens: list[tuple[str, str, int]], place: int, line: int) -> tuple[Setting, int]:
    if place >= len(tokens):
        raise ValueError(f"line {line}: a value is missing")
    kind, text, line = tokens[place]
    if kind == "string":
        return text, place + 1
    if kind == "number":
        return int(text), place + 1
    if text != "[":
        raise ValueError(f"line {line}: a string, a number or a list is expected")
    elements: list[str] = []
    for after, (kind, text, _) in enumerate(tokens[place + 1 :], place + 2):
        if kind == "string":
            elements.append(text)
        elif text == "]" and kind == "punctuation":
            return elements, after
        elif text != "," and kind != "line":
            break
    raise ValueError(f"line {line}: a list is not closed")
