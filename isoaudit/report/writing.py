"""Writes text to a stream whatever its encoding can hold."""

from __future__ import annotations

from typing import TextIO


def write_text(stream: TextIO, text: str) -> None:
    """Write text; what the stream's encoding lacks is written as an escape."""
    if not text.isascii():
        encoding = getattr(stream, "encoding", None) or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)
