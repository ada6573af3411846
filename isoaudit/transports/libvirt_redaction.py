"""Takes secrets out of domain XML: passwords, arguments, environment, free text.

libvirt writes this XML itself: attributes in single quotes, one element per line. Only what stands
between quotes or tags is replaced, so that lines and structure stay as they are.
"""

from __future__ import annotations

import re
from html import escape, unescape

from isoaudit.facts.redaction import PLAIN, SECRET, looks_secret, redact_text, redact_words

_METADATA = re.compile(r"<metadata>.*</metadata>", re.DOTALL)
_PASSWORD = re.compile(r"\b(passwd=)(?:'([^']*)'|\"([^\"]*)\")")
_ARGUMENT = re.compile(r"(<qemu:arg\s+value=)(?:'([^']*)'|\"([^\"]*)\")")
_VARIABLE = re.compile(
    r"(<qemu:env\s+name='([^']*)'\s+value=)'([^']*)'|(<initenv name='([^']*)'>)([^<]*)(?=<)"
)
_PROPERTY = re.compile(r"(<qemu:property\s+name='([^']*)'[^>]*?\bvalue=)'([^']*)'")
_FREE_TEXT = re.compile(
    r"(<(entry|description|initarg)\b[^>]*(?<!/)>)([^<]+)(?=</)|(<(cmdline)>)([^<]*)(?=</)"
)
_WITH_TEXT = ("<entry", "<description", "<initarg", "<cmdline")
_PAYLOAD = re.compile(r"\b((?:string|value|data|password)\"?[=:]\s*\"?)(?!\[redacted).+", re.DOTALL)
_CARRIER = re.compile(r"\bsecret\b|(?:^|,)string=|\btype=11\b|\"password\"")
_SWITCH = re.compile(r"\bpassword=(on|off)\b(?=,|$)")


def redact_xml(text: str) -> str:
    """Return domain XML with every secret, and every text that may hold one, replaced."""
    text = _METADATA.sub("<metadata/>", text)
    # Most domains have nothing of a kind, which a search for its name tells sooner than a pattern.
    if "passwd=" in text:
        text = _PASSWORD.sub(_password, text)
    if "<qemu:" in text:
        text = _PROPERTY.sub(_property, _arguments(text))
    if "<qemu:env" in text or "<initenv" in text:
        text = _VARIABLE.sub(_variable, text)
    if any(name in text for name in _WITH_TEXT):
        text = _FREE_TEXT.sub(_free_text, text)
    return redact_text(text)


def redact_arguments(words: list[str]) -> list[str]:
    """Return QEMU arguments without secrets: `secret` objects, fw_cfg and SMBIOS strings too.

    `password=on` asks for a password and is none: it is evidence, and stays.
    """
    guarded = [_SWITCH.sub("password\0\\1", word) for word in words]
    shown = [word.replace("password\0", "password=") for word in redact_words(guarded)]
    return [_PAYLOAD.sub(rf"\1{SECRET}", w) if _CARRIER.search(w) else w for w in shown]


def _password(match: re.Match[str]) -> str:
    value = match[2] or match[3] or ""
    return f"{match[1]}'{SECRET if value.strip('*') else value}'"


def _arguments(text: str) -> str:
    """Redact all arguments together: a secret may follow the option that announces it."""
    words = [unescape(m[2] or m[3] or "") for m in _ARGUMENT.finditer(text)]
    shown = iter(redact_arguments(words))
    return _ARGUMENT.sub(lambda match: f"{match[1]}'{escape(next(shown))}'", text)


def _property(match: re.Match[str]) -> str:
    shown = SECRET if looks_secret(match[2], match[3]) else match[3]
    return f"{match[1]}'{shown}'"


def _variable(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}'{SECRET if looks_secret(match[2], match[3]) else PLAIN}'"
    return f"{match[4]}{SECRET if looks_secret(match[5], match[6]) else PLAIN}"


def _free_text(match: re.Match[str]) -> str:
    if match[5] == "cmdline":
        words = redact_words(unescape(match[6]).split(" "))
        return f"{match[4]}{escape(' '.join(words))}"
    return f"{match[1]}{PLAIN}"
