"""Makes text from a target harmless: nothing it says can move a cursor or turn a line around."""

from __future__ import annotations

# Marks and letters that draw nothing, though Python counts them as printable: combining grapheme
# joiner, Hangul and Khmer fillers, Mongolian and general variation selectors.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def clean(text: str) -> str:
    r"""Return text with everything invisible shown as \xNN, \uNNNN or \UNNNNNNNN.

    Invisible is what Unicode calls control, format (direction, zero width, tags), surrogate,
    private, unassigned or a separator other than the space; line breaks are among them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _harmless(one) else _escaped(one) for one in text)


def clean_block(text: str) -> str:
    """Return text with everything but its line breaks cleaned."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _harmless(one: str) -> bool:
    return one.isprintable() and one not in _INVISIBLE


def _escaped(one: str) -> str:
    code = ord(one)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
