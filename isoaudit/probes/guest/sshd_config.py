"""What a guest's OpenSSH server was set to, from `sshd -T` or its files.

Sources: sshd_config(5) (the first value counts, Match blocks override it, Include), sshd(8).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field

from isoaudit.model import Reason
from isoaudit.probes.guest.answers import Pages
from isoaudit.probes.guest.places import SSHD_FILES
from isoaudit.transports.base import Unreadable

_MAIN = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
_SAME = {"challengeresponseauthentication": "kbdinteractiveauthentication"}
_DEEPEST, _MOST_FILES = 16, 256

LOOSEST = {
    "permitrootlogin": ("no", "forced-commands-only", "prohibit-password", "yes"),
    "gatewayports": ("no", "clientspecified", "yes"),
    "permittunnel": ("no", "ethernet", "point-to-point", "yes"),
    "disableforwarding": ("yes", "no"),
    "allowtcpforwarding": ("no", "remote", "local", "yes"),
}
"""What keywords with more than two values may say, tightest first; others say no or yes."""

_WORDS = {"without-password": "prohibit-password", "all": "yes", "true": "yes", "false": "no"}


@dataclass(slots=True)
class Settings:
    """Values by keyword, from where each came, and what Match blocks say of it.

    `doubt` says why there may be more settings than these; `files` counts those read.
    """

    values: dict[str, tuple[str, str]] = field(default_factory=dict)
    matched: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    doubt: Unreadable | None = None
    effective: bool = False
    files: int = 0

    def value(self, keyword: str, default: str | None) -> tuple[str, str]:
        """Return a keyword's value and its source; raises Unreadable.

        A Match block that loosens it leaves it unknown: for whom it holds is not worked out here.
        """
        said, source = self.values.get(keyword, (default, "OpenSSH's default"))
        if said is None:
            raise Unreadable(
                Reason.NOT_DECLARED, f"{keyword} is left to this version's default",
                "Connect as root or with sudo, which shows what sshd -T says.",
            )  # fmt: skip
        if self.doubt is not None and not (self.effective and is_loosest(keyword, said)):
            raise self.doubt  # sshd -T leaves out what Match blocks say
        for other, where in self.matched.get(keyword, []):
            if looser(keyword, other, said):
                raise Unreadable(
                    Reason.NOT_SUPPORTED, f"a Match block sets {keyword} {other[:40]} ({where})",
                    "See for whom: sshd -T -C user=NAME,addr=ADDRESS",
                )  # fmt: skip
        return said, source


def looser(keyword: str, one: str, other: str) -> bool:
    """Say whether a value lets more in than another does; of words not known, that it may."""
    order = LOOSEST.get(keyword, ("no", "yes"))
    if one not in order or other not in order:
        return one != other
    return order.index(one) > order.index(other)


def is_loosest(keyword: str, value: str) -> bool:
    """Say whether no value lets in more than this one does."""
    return value == LOOSEST.get(keyword, ("no", "yes"))[-1]


def read_settings(seen: Pages) -> Settings:
    """Return the settings; raises Unreadable if the main file cannot be read and -T was not run."""
    settings = Settings()
    told = seen.files.get("sshd-T")
    try:
        _read_file(seen, _main(seen), settings, 0)
    except Unreadable as error:
        if told is None or not told.lines:
            raise
        settings.doubt = None if error.absent else settings.doubt or error
    if told is not None and told.lines:
        settings.effective = True
        for line in told.lines:
            keyword, value = _setting(line)
            settings.values[keyword] = (value, "sshd -T")
    return settings


def _main(seen: Pages) -> str:
    """Return the file sshd starts with; raises Unreadable if that cannot be told."""
    for path in _MAIN:
        page = seen.file(path)
        if page.word != "absent":
            page.text()
            return path
    raise Unreadable(Reason.NOT_SUPPORTED, "no sshd_config in the guest", absent=True)


def _read_file(seen: Pages, path: str, settings: Settings, depth: int) -> None:
    """Take over the settings of a file and of those it includes, in the order of reading."""
    settings.files += 1
    if depth > _DEEPEST or settings.files > _MOST_FILES:
        raise Unreadable(Reason.LIMIT, f"{path} is included too deep, or among too many")
    inside_match = ""
    for number, raw in enumerate(seen.file(path).text().splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keyword, value = _setting(line)
        where = f"{path}:{number}"
        if keyword == "match":
            inside_match = "" if value == "all" else where
        elif keyword == "include":
            _include(seen, value, settings, depth, where)
        elif inside_match:
            settings.matched.setdefault(keyword, []).append((value, inside_match))
        else:
            settings.values.setdefault(keyword, (value, where))


def is_asked(word: str) -> bool:
    """Say whether all that a word of an Include names was asked for."""
    return _full(word) in SSHD_FILES


def _full(word: str) -> str:
    bare = word.strip('"')
    return bare if bare.startswith("/") else f"/etc/ssh/{bare}"


def _include(seen: Pages, patterns: str, settings: Settings, depth: int, where: str) -> None:
    """Read what an Include names; of what was not asked for, leave the rest in doubt."""
    for word in patterns.split():
        full = _full(word)
        if not is_asked(word) and full not in seen.files:
            settings.doubt = Unreadable(
                Reason.NOT_SUPPORTED, f"{where} includes {full[:120]}, which was not asked for",
                "Connect as root or with sudo, which shows what sshd -T says.",
            )  # fmt: skip
            continue
        for path in sorted(seen.files):
            page = seen.files[path]
            if not fnmatch.fnmatchcase(path, full) or page.word == "absent":
                continue
            try:
                _read_file(seen, path, settings, depth + 1)
            except Unreadable as error:
                settings.doubt = settings.doubt or error


def _setting(line: str) -> tuple[str, str]:
    """Return keyword and value of a line, the value's words as the newest sshd spells them."""
    words = (
        line.replace("=", " ", 1).split(None, 1)
        if "=" in line.split(" ", maxsplit=1)[0]
        else line.split(None, 1)
    )
    keyword = words[0].lower() if words else ""
    value = words[1].split(" #")[0].strip().strip('"') if len(words) > 1 else ""
    if keyword == "include":
        return keyword, value
    lowered = value.lower()
    return _SAME.get(keyword, keyword), _WORDS.get(lowered, lowered)
