"""What the commands of a RUN do that bears on isolation: install, elevate, mark, trust."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from isoaudit.probes.dockerfile.shell import MARK, Command

_INTERPRETER = re.compile(r"(?:(?:ba|da|a|z|k)?sh|python[0-9.]*|perl|ruby|node|php|source|\.|eval)")
_FETCH = frozenset({"curl", "wget", "fetch", "aria2c", "http"})
_INSTALL = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), frozenset({"install", "build-dep"})),
    **dict.fromkeys(("yum", "dnf", "dnf5", "microdnf", "tdnf"),
                    frozenset({"install", "localinstall", "groupinstall"})),
    "apk": frozenset({"add"}),
    "zypper": frozenset({"install", "in"}),
    "pacman": frozenset({"-S", "-Sy", "-Syu"}),
}  # fmt: skip
_TRUSTING = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"),
                    re.compile(r"--allow-unauthenticated|--force-yes|--allow-insecure-repositories"
                               r"|.*(?:AllowUnauthenticated|AllowInsecureRepositories)=.*")),
    **dict.fromkeys(("yum", "dnf", "dnf5", "microdnf", "tdnf", "yum-config-manager"),
                    re.compile(r"--nogpgcheck|--no-gpgchecks|--setopt=.*gpgcheck=(?:0|false|no)")),
    "zypper": re.compile(r"--no-gpg-checks|--allow-unsigned-rpm|--gpg-auto-import-keys"),
    "apk": re.compile(r"--allow-untrusted"),
    "rpm": re.compile(r"--nosignature|--nodigest|--noverify"),
    "pip": re.compile(r"--trusted-host(?:=.*)?"),
    "curl": re.compile(r"--insecure|-[a-zA-Z]*k[a-zA-Z]*"),
    "wget": re.compile(r"--no-check-certificate"),
    "npm": re.compile(r"--strict-ssl=false|--no-strict-ssl"),
    "git": re.compile(r"http\.sslVerify=(?:false|0)", re.IGNORECASE),
}  # fmt: skip
_VARIABLES = {"GIT_SSL_NO_VERIFY": {"1", "true"}, "NODE_TLS_REJECT_UNAUTHORIZED": {"0"},
              "PYTHONHTTPSVERIFY": {"0"}}  # fmt: skip
_VERIFIES = re.compile(r"(?:sha[0-9]*sum|shasum|gpgv?|gpg2|cosign|minisign|signify)")
_PLAIN_URL = re.compile(r"http://(?!localhost[:/]|127\.|\[::1\])[^\s]+")
_OCTAL = re.compile(r"0?[4567][0-7]{3}")
_SYMBOLIC = re.compile(r"(?:[ugoa]*[ua][ugoa]*)?[+=][rwxXt]*s[rwxXst]*")
_LONGEST_WORD = 80
_PIP = re.compile(r"pip[0-9.]*")
_WRITES_SUDOERS = re.compile(r"/etc/(?:sudoers|doas)|NOPASSWD")
STEP_DOWN = frozenset({"gosu", "su-exec", "setpriv", "s6-setuidgid", "chpst", "setuidgid"})
"""Programs by which an entrypoint that begins as root goes on as another user."""


def packages(found: Iterable[Command]) -> list[str]:
    """Return what package managers install by name; a variable's name stays with its dollar."""
    names: list[str] = []
    for command in found:
        verbs = _INSTALL.get(command.program)
        at = next((i for i, w in enumerate(command.words) if verbs and w in verbs), None)
        if at is None:
            continue
        words = (word for word in command.words[at + 1 :] if not word.startswith(("-", ".")))
        names += [_package(word[:200]) for word in words if word]
    return list(dict.fromkeys(names))


def _package(word: str) -> str:
    """Return a package's name without version, architecture or release."""
    if "://" in word:
        return word.partition("?")[0].rpartition("/")[2]
    return re.split(r"[=:~<>@/]", word, maxsplit=1)[0] or word


def elevates(found: Iterable[Command], script: str) -> list[str]:
    """Return how sudo or doas are used, installed or granted."""
    ways: list[str] = []
    several = list(found)
    for command in several:
        if command.elevated or command.program in {"sudo", "doas"}:
            ways.append(f"{command.elevated or command.program} runs")
        if command.program in {"usermod", "adduser", "gpasswd", "addgroup"} and (
            {"sudo", "wheel"} & {name for word in command.words for name in word.split(",")}
        ):
            ways.append("a user joins sudo's group")
    ways += [f"{one} is installed" for one in packages(several) if one in {"sudo", "doas"}]
    if _WRITES_SUDOERS.search(script):
        ways.append("sudo's rules are written")
    return list(dict.fromkeys(ways))


def set_id(found: Iterable[Command]) -> list[str]:
    """Return how files get the set-user-ID bit or capabilities.

    The set-group-ID bit is left out: it is mostly given to folders, where it means another thing.
    """
    ways: list[str] = []
    for command in found:
        if command.program == "setcap" and not {"-r", "-v"} & set(command.words):
            ways.append("setcap")
        if command.program in {"chmod", "install"}:
            ways += [f"{command.program} {mode}" for mode in _modes(command) if sets_id(mode)]
    return list(dict.fromkeys(ways))


def sets_id(mode: str) -> bool:
    """Say whether a mode as chmod takes it sets the set-user-ID bit."""
    if len(mode) > _LONGEST_WORD:
        return False
    if _OCTAL.fullmatch(mode):
        return int(mode[-4]) & 4 == 4
    return any(_SYMBOLIC.fullmatch(clause) for clause in mode.split(","))


def _modes(command: Command) -> Iterator[str]:
    if command.program == "chmod":
        yield from [w for w in command.words if not w.startswith("--")][:3]
        return
    for word, following in zip(command.words, [*command.words[1:], ""], strict=False):
        if word in {"-m", "--mode"}:
            yield following
        elif word.startswith(("--mode=", "-m")):
            yield word.partition("=")[2] or word[2:]


def unverified(found: Iterable[Command], script: str) -> list[str]:
    """Return what is run or installed without proof of where it is from."""
    several = list(found)
    ways: list[str] = []
    verified = any(_VERIFIES.fullmatch(command.program) for command in several)
    for command in several:
        ways += _piped(command)
        pattern = _TRUSTING.get("pip" if _PIP.fullmatch(command.program) else command.program)
        if pattern is not None:
            short = (word for word in command.words if len(word) <= _LONGEST_WORD)
            ways += [word for word in short if pattern.fullmatch(word)]
        ways += [f"{n}={v}" for n, v in _set(command) if v in _VARIABLES.get(n, ())]
        if command.program in _FETCH and not verified and any(map(_PLAIN_URL.match, command.words)):
            ways.append(f"{command.program} http://")
    if re.search(r"\[[^\]\n]{0,200}trusted=yes", script):
        ways.append("[trusted=yes]")
    return list(dict.fromkeys(ways))


def _set(command: Command) -> Iterator[tuple[str, str]]:
    yield from command.assignments
    if command.program == "export":
        yield from ((n, v) for n, _, v in (word.partition("=") for word in command.words))


def _piped(command: Command) -> Iterator[str]:
    """Yield where an interpreter is fed what was just fetched, by a pipe or a substitution."""
    if not _INTERPRETER.fullmatch(command.program):
        return
    before, steps = command.fed_by, 0
    while before is not None and steps < 5:
        if before.program in _FETCH and not _takes_script(command):
            yield f"{before.program} | {command.program}"
        before, steps = before.fed_by, steps + 1
    for inner in command.within:
        if inner.program in _FETCH and any(MARK in word for word in command.words):
            yield f"{command.program} $({inner.program})"


def _takes_script(command: Command) -> bool:
    """Say whether an interpreter is told its program otherwise, so that a pipe is only data."""
    return (
        any(
            word in {"-c", "-e", "-m"} or (word and not word.startswith("-"))
            for word in command.words
        )
        and "-s" not in command.words
    )
