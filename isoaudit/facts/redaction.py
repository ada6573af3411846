"""Keeps secrets out: what leaves a transport has passed through here first.

A value is never kept; whether it looked like a secret is. The patterns are those of well-known
token formats and of the variable names people give to secrets.
"""

from __future__ import annotations

import re

SECRET = "[redacted:secret]"  # noqa: S105 - what stands in its place
PLAIN = "[redacted]"

_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key"
    r"|credentials?|auth|cookie|salt|dsn|connection_?string)(?:$|[_\-.0-9])"
    r"|(?:password|passwd|secret|token|apikey|credential)s?$",
    re.IGNORECASE,
)
_REFERENCE_NAME = re.compile(
    r"(?:_|-)(?:FILE|PATH|DIR|URL|NAME|ID|TTL|TYPE|HEADER)$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{30,}"
    r"|\bglpat-[A-Za-z0-9_\-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9\-]{10,}"
    r"|\bsk-[A-Za-z0-9_\-]{20,}"
    r"|\bAIza[0-9A-Za-z_\-]{35}\b"
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\."
    r"|://[^/\s:@]+:[^/\s:@]+@"
)
_OPTION = re.compile(r"^(--?[A-Za-z][\w.\-]*)[=:](.+)$", re.DOTALL)
_ASSIGNMENT = re.compile(r"^([A-Za-z_][\w.\-]*)=(.*)$", re.DOTALL)
_EMBEDDED = re.compile(r"((?:password|passwd|secret|token|key)(?:-secret)?=)[^,\s]+", re.IGNORECASE)


def looks_secret(name: str, value: str) -> bool:
    """Say whether a name and value together look like a secret.

    An empty value, a reference to a file and a variable still to be filled in are none.
    """
    if not value or value.startswith(("${", "/run/secrets/")):
        return False
    if _SECRET_VALUE.search(value):
        return True
    return bool(_SECRET_NAME.search(name)) and not _REFERENCE_NAME.search(name)


def redact_environment(entries: list[str]) -> list[str]:
    """Return `NAME=value` entries with every value replaced by SECRET or PLAIN."""
    return [redact_assignment(entry) for entry in entries]


def redact_assignment(entry: str) -> str:
    """Return one `NAME=value` entry with its value replaced; a bare name stays."""
    name, equals, value = entry.partition("=")
    if not equals:
        return name
    return f"{name}={SECRET if looks_secret(name, value) else PLAIN}"


def redact_words(words: list[str]) -> list[str]:
    """Return the words of a command line with whatever looks like a secret replaced.

    Covers `--password=x`, `--password x`, `PASSWORD=x`, `a,password=x,b` and known token formats.
    """
    redacted: list[str] = []
    hide_next = False
    for word in words:
        if hide_next and not word.startswith("-"):
            redacted.append(SECRET)
            hide_next = False
            continue
        hide_next = (
            word.startswith("-") and "=" not in word and bool(_SECRET_NAME.search(word.lstrip("-")))
        )
        redacted.append(_redact_word(word))
    return redacted


def redact_text(text: str) -> str:
    """Return free text with known token formats replaced."""
    return _SECRET_VALUE.sub(SECRET, text)


def _redact_word(word: str) -> str:
    for pattern in (_OPTION, _ASSIGNMENT):
        match = pattern.match(word)
        if match and looks_secret(match[1].lstrip("-"), match[2]):
            return f"{match[1]}={SECRET}"
    return redact_text(_EMBEDDED.sub(rf"\1{SECRET}", word))
