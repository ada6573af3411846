"""The SSH server of a guest: what it lets in, and what it lets through.

Sources: sshd_config(5), sshd(8), dropbear(8); OpenSSH's list of what it left behind (legacy
options) for algorithms.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.guest.agents import command_lines, process_names
from isoaudit.probes.guest.answers import MORE_RIGHTS, Pages
from isoaudit.probes.guest.notes import Guest
from isoaudit.probes.guest.sshd_config import Settings, read_settings
from isoaudit.transports.base import Unreadable

_FACTS = (
    "root_login",
    "password_login",
    "keyboard_interactive",
    "empty_passwords",
    "agent_forwarding",
    "tcp_forwarding",
    "x11_forwarding",
    "tunnels",
    "gateway_ports",
    "algorithms",
)
_PATHS = tuple(f"guest.sshd.{name}" for name in _FACTS)
_YES_NO = {
    "password_login": ("passwordauthentication", "yes"),
    "keyboard_interactive": ("kbdinteractiveauthentication", "yes"),
    "empty_passwords": ("permitemptypasswords", "no"),
    "agent_forwarding": ("allowagentforwarding", "yes"),
    "tcp_forwarding": ("allowtcpforwarding", "yes"),
    "x11_forwarding": ("x11forwarding", "no"),
    "tunnels": ("permittunnel", "no"),
    "gateway_ports": ("gatewayports", "no"),
}
_FORWARDING = frozenset({"agent_forwarding", "tcp_forwarding", "x11_forwarding", "tunnels"})
_LISTS = ("ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms")
_DROPBEAR_TAKES = frozenset("bdrpPWKIcTG")
"""Options of dropbear that take a value."""


def note_ssh_server(guest: Guest) -> None:
    """Note which SSH server runs, and its settings."""
    with guest.missing_if_unreadable("guest.ssh.server", *_PATHS):
        runs = guest.pages("processes")
        names, hidden = process_names(runs)
        if "dropbear" in names and "sshd" not in names:
            guest.notes.fact("guest.ssh.server", "dropbear", "process dropbear")
            with guest.missing_if_unreadable(*_PATHS):
                _note_dropbear(guest, runs)
        elif "sshd" in names:
            guest.notes.fact("guest.ssh.server", "openssh", "process sshd")
            with guest.missing_if_unreadable(*_PATHS):
                _note_openssh(guest, runs)
        elif hidden is not None:
            raise hidden
        else:
            guest.notes.fact("guest.ssh.server", "none", "neither a process sshd nor dropbear")
            guest.lacks(
                _PATHS, Unreadable(Reason.NOT_SUPPORTED, "no SSH server that is known runs")
            )


def _note_openssh(guest: Guest, runs: Pages) -> None:
    """Note what sshd was set to; a listener with options of its own is not concluded on."""
    for block in command_lines(runs, "sshd"):
        words = " ".join(block.lines).split()
        if any(word.startswith(("-o", "-f")) for word in words):
            raise Unreadable(Reason.NOT_SUPPORTED, "sshd runs with -o or -f: other settings count",
                             "Run sshd -T in the guest with the same options.")  # fmt: skip
    settings = read_settings(guest.pages("sshd"))
    with guest.missing_if_unreadable("guest.sshd.root_login"):
        value, source = settings.value("permitrootlogin", "prohibit-password")
        guest.notes.fact("guest.sshd.root_login", value[:40], source)
    for name, (keyword, default) in _YES_NO.items():
        path = f"guest.sshd.{name}"
        with guest.missing_if_unreadable(path):
            if name in _FORWARDING:
                off, where = settings.value("disableforwarding", "no")
                if off == "yes":
                    guest.notes.fact(path, False, f"{where}: DisableForwarding yes")
                    continue
            value, source = settings.value(keyword, default)
            guest.notes.fact(path, value != "no", f"{source}: {keyword} {value[:40]}")
    _note_algorithms(guest, settings)


def _note_algorithms(guest: Guest, settings: Settings) -> None:
    """Note every algorithm that is taken; relative lists and defaults hang on the version."""
    path = "guest.sshd.algorithms"
    with guest.missing_if_unreadable(path):
        taken: list[str] = []
        for keyword in _LISTS:
            value, _ = settings.value(keyword, None)
            if value[:1] in {"+", "-", "^"}:
                raise Unreadable(
                    Reason.NOT_DECLARED, f"{keyword} changes this version's default", MORE_RIGHTS
                )
            taken += value.split(",")
        source = "sshd -T" if settings.effective else "sshd_config"
        guest.notes.fact(path, sorted({one[:80] for one in taken if one})[:200], source)


def _note_dropbear(guest: Guest, runs: Pages) -> None:
    """Note what dropbear's options say; what it was built with is not to be seen."""
    lines = [block.lines for block in command_lines(runs, "dropbear")]
    lines = [words for words in lines if any(words)]
    if not lines:
        raise Unreadable(Reason.PERMISSION_DENIED, "dropbear's command line is not shown",
                         MORE_RIGHTS)  # fmt: skip
    # NOTE: several daemons may run: what one of them lets in, is let in.
    letters = set.intersection(*[_letters(words) for words in lines])
    any_letters = set.union(*[_letters(words) for words in lines])
    source = "dropbear's command line"
    root = "no" if "w" in letters else "prohibit-password" if letters & {"g", "s"} else "yes"
    guest.notes.fact("guest.sshd.root_login", root, source)
    guest.notes.fact("guest.sshd.password_login", "s" not in letters, source)
    guest.notes.fact("guest.sshd.keyboard_interactive", "s" not in letters, source)
    guest.notes.fact(
        "guest.sshd.empty_passwords", "B" in any_letters and "s" not in letters, source
    )
    guest.notes.fact("guest.sshd.tcp_forwarding", not {"j", "k"} <= letters, source)
    guest.notes.fact("guest.sshd.gateway_ports", "a" in any_letters, source)
    guest.notes.fact("guest.sshd.tunnels", False, "dropbear has none")
    for name in ("agent_forwarding", "x11_forwarding", "algorithms"):
        guest.unknown(f"guest.sshd.{name}", "dropbear decides that when it is built, and no option "
                      "of its shows it")  # fmt: skip


def _letters(words: list[str]) -> set[str]:
    """Return the option letters of a command line; a value ends the word it stands in."""
    letters: set[str] = set()
    rest = iter(words[1:])
    for word in rest:
        if not word.startswith("-"):
            continue
        for index, letter in enumerate(word[1:], 1):
            letters.add(letter)
            if letter in _DROPBEAR_TAKES:
                if index == len(word) - 1:
                    next(rest, None)
                break
    return letters
