"""Keeps secrets out: what leaves a transport has passed through here first.

A value is never kept; whether it looked like a secret is. The patterns are those of well-known
token formats and of the variable names people give to secrets.
"""

from __future__ import annotations

import re

from isoaudit.regex import regex

SECRET = "[redacted:secret]"  # noqa: S105 - what stands in its place
PLAIN = "[redacted]"

_SECRET_NAME = regex(
    r"(?:^|[_\-.])(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key"
    r"|credentials?|auth|cookie|salt|dsn|connection_?string)(?:$|[_\-.0-9])"
    r"|(?:password|passwd|passphrase|secret|token|credential)s?$"
    r"|(?<!by)(?<!com)pass$"
    r"|(?:api|secret|private|access|encryption|signing|master|account|ssh|ssl|tls|jwt)[_\-]?key$",
    re.IGNORECASE,
)
_REFERENCE_NAME = regex(
    r"(?:_|-)(?:FILE|PATH|DIR|URL|NAME|ID|TTL|TYPE|HEADER|MODE|LENGTH|SIZE|METHOD|PROVIDER|BACKEND"
    r"|STORE|ALGORITHM|EXPIRY|TIMEOUT|ISSUER|HOST|PORT)$",
    re.IGNORECASE,
)
_SECRET_VALUE = regex(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_[A-Za-z0-9_]{30,}"
    r"|glpat-[A-Za-z0-9_\-]{20,}"
    r"|xox[abprs]-[A-Za-z0-9\-]{10,}"
    r"|sk-[A-Za-z0-9_\-]{20,}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|(?:npm|hf)_[A-Za-z0-9]{30,}"
    r"|AIza[0-9A-Za-z_\-]{35}"
    r"|eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]*)?"
    r"|(?:Bearer|Basic) +[A-Za-z0-9+/._~\-]{8,}=*"
    r")"
    r"|://[^/\s:@%]*%(?!40|3[Aa])[^/\s@]+@"  # iscsi://user%password@host, qemu(1)
    r"|://[^/\s:@]*:(?:[^/\s]+|(?!\d{1,5}/)[^\s\"'<>,]{1,256})@(?!sha\d+:)"
)
_MARKS = (
    "://", "-----BEGIN", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "xox", "sk-", "k_live_", "k_test_", "npm_", "hf_", "AIza", "eyJ", "Bearer ", "Basic ",
)  # fmt: skip
"""One of these stands in whatever `_SECRET_VALUE` finds; looking for them first is far cheaper."""

_REFERENCE = regex(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?\?[^}]*|:?[-+])?\})|/run/secrets/.*")
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})
_OPTION = regex(r"^(--?[A-Za-z][\w.\-]*)[=:](.+)$", re.DOTALL)
_ASSIGNMENT = regex(r"^([A-Za-z_][\w.\-]*)=(.*)$", re.DOTALL)
# Looks back so that a name is tried from its beginning only: strangers may write very long ones.
_EMBEDDED = regex(r"(?<![\w.\-])[\w.\-]+=[^,;&\s]+")
_MEMBER = regex(r'"([^"\\]+)"(\s*:\s*)"((?:[^"\\]|\\.)*)"')
_BLANKS = regex(r"(\s+)")


def looks_secret(name: str, value: str) -> bool:
    """Say whether a name and value together look like a secret.

    An empty value, a reference to a file, a variable still to be filled in and a switch
    (`AUTH_ENABLED=true`) are none; a variable with a default is what its default is.
    """
    if not value or _REFERENCE.fullmatch(value) or value.lower() in _SWITCHES:
        return False
    if _SECRET_VALUE.search(value):
        return True
    return _names_secret(name)


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

    Covers `--password=x`, `--password x`, `PASSWORD=x`, `a,password=x,b`, `{"password": "x"}`, all
    of them inside the one word of `sh -c` too, and known token formats.
    """
    redacted: list[str] = []
    hide_next = False
    for word in words:
        if hide_next and not word.startswith("-"):
            redacted.append(word if _REFERENCE.fullmatch(word) else SECRET)
            hide_next = False
            continue
        hide_next = word.startswith("-") and "=" not in word and _names_secret(word.lstrip("-"))
        redacted.append(_redact_word(word))
    return redacted


def redact_text(text: str) -> str:
    """Return free text with known token formats replaced."""
    if not any(mark in text for mark in _MARKS):
        return text
    return _SECRET_VALUE.sub(SECRET, text)


def _names_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _REFERENCE_NAME.search(name)


def _redact_word(word: str) -> str:
    for pattern in (_OPTION, _ASSIGNMENT):
        match = pattern.match(word)
        if match and looks_secret(match[1].lstrip("-"), match[2]):
            return f"{match[1]}={SECRET}"
    text = redact_text(word)
    parts = _BLANKS.split(text)
    if len(parts) > 1:
        parts[::2] = redact_words(parts[::2])
        text = "".join(parts)
    return _MEMBER.sub(_hide_member, _EMBEDDED.sub(_hide_embedded, text))


def _hide_embedded(match: re.Match[str]) -> str:
    """Hide what follows the first name of a secret in `a=b=c`: `env=PASSWORD=x` holds one."""
    words = match[0].split("=")
    for index, name in enumerate(words[:-1]):
        # `key` alone names no secret elsewhere, but does among the options of a command.
        if _names_secret(name) or name.lower().endswith("key"):
            value = "=".join(words[index + 1 :])
            shown = value if _REFERENCE.fullmatch(value) else SECRET
            return "=".join([*words[: index + 1], shown])
    return match[0]


def _hide_member(match: re.Match[str]) -> str:
    name, colon, value = match[1], match[2], match[3]
    return f'"{name}"{colon}"{SECRET}"' if looks_secret(name, value) else match[0]
