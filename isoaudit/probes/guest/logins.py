"""Who gets into a guest without a password, and with which rights isoaudit itself was there.

Sources: agetty(8), inittab(5), shadow(5), kernel-parameters (init=), systemd's
kernel-command-line(7), sudo(8).
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.guest.agents import command_lines
from isoaudit.probes.guest.answers import Pages
from isoaudit.probes.guest.notes import Guest, integer
from isoaudit.transports.base import Unreadable

_OVERRIDES = re.compile(
    r"(?:rd)?init=.*(?:sh|busybox)$|single$|[sS1]$|emergency$|rescue$|rd\.break(?:=.*)?$"
    r"|systemd\.debug[-_]shell(?:=(?:1|on|yes|true|tty.*))?$"
    r"|systemd\.unit=(?:rescue|emergency)(?:\.target)?$|systemd\.setenv=SYSTEMD_SULOGIN_FORCE=1$"
)


def note_logins(guest: Guest) -> None:
    """Note the account that was used, ways in without a password, and what sudo grants it."""
    with guest.missing_if_unreadable("guest.account.uid", "guest.account.name"):
        lines = guest.pages("account").blocks[0].lines
        if len(lines) < 2:
            raise Unreadable(Reason.PARSE_ERROR, "the guest did not tell the account")
        guest.notes.fact("guest.account.uid", integer(lines[0]), "id -u")
        guest.notes.fact("guest.account.name", lines[1][:64], "id -un")
    _note_console(guest)
    with guest.missing_if_unreadable("guest.console.boot_overrides"):
        words = guest.pages("kernel").file("/proc/cmdline").text().split()
        words = words[: words.index("--")] if "--" in words else words
        found = [word[:120] for word in words if _OVERRIDES.match(word)]
        guest.notes.fact("guest.console.boot_overrides", found, "/proc/cmdline")
    with guest.missing_if_unreadable("guest.account.sudo"):
        _note_sudo(guest)


def _note_console(guest: Guest) -> None:
    paths = ("guest.console.autologin", "guest.accounts.without_password",
             "guest.accounts.root_password")  # fmt: skip
    with guest.missing_if_unreadable(*paths):
        seen = guest.pages("logins")
        with guest.missing_if_unreadable(paths[0]):
            if seen.file("/etc/inittab").word in {"closed", "hidden"}:
                seen.file("/etc/inittab").text()
            found = [*seen.listed("autologin"), *_gettys(guest)]
            guest.notes.fact(paths[0], sorted(set(found))[:64], "getty units, inittab, processes")
        with guest.missing_if_unreadable(*paths[1:]):
            _note_passwords(guest, seen)


def _gettys(guest: Guest) -> list[str]:
    """Return the consoles on which a running getty asks for nothing; raises Unreadable."""
    found: list[str] = []
    for run in command_lines(guest.pages("processes"), "agetty", "getty", "mingetty"):
        words = run.lines
        if (
            {"-a", "--autologin"} & set(words)
            or any(word.startswith("--autologin=") for word in words)
            or ("-n" in words and any(word.endswith("sh") for word in words[1:]))
        ):
            found.append(f"process {run.rest}")
    return found


def _note_passwords(guest: Guest, seen: Pages) -> None:
    """Note accounts without a password; what only /etc/shadow tells needs root."""
    for path in ("/etc/passwd", "/etc/shadow"):
        page = seen.file(path)
        if page.word in {"closed", "hidden"} or (path == "/etc/passwd" and page.word != "ok"):
            page.text()
    there = "/etc/shadow" if seen.is_there("/etc/shadow") else "/etc/passwd"
    empty = sorted({block.rest[:64] for block in seen.marked("empty")})
    guest.notes.fact("guest.accounts.without_password", empty[:64], there)
    states = [block.rest for block in seen.marked("root")]
    state = states[-1] if states else "" if there == "/etc/shadow" else "locked"
    if state not in {"empty", "locked", "set"}:
        raise Unreadable(Reason.NOT_SUPPORTED, f"{there} in the guest has no line for root")
    guest.notes.fact("guest.accounts.root_password", state, there)


def _note_sudo(guest: Guest) -> None:
    """Note what sudo grants without a password: all, limited (a list of commands), or none."""
    fact = "guest.account.sudo"
    if "sudo" not in guest.answers:
        raise Unreadable(Reason.NOT_REQUESTED, "sudo may write a line into the guest's log",
                         "Add --deep.")  # fmt: skip
    seen = guest.pages("sudo")
    if seen.is_there("sudo") is False:
        guest.notes.fact(fact, "none", "no sudo in the guest")
    elif seen.marked("refused"):
        guest.notes.fact(fact, "none", "sudo -n -l asks for a password, or refuses")
    else:
        text = seen.file("sudo").text()
        free = re.findall(r"NOPASSWD: *(.*)", text)
        whole = any(re.search(r"(?:^|[\s:,])ALL(?:$|[\s,])", rest) for rest in free)
        guest.notes.fact(fact, "all" if whole else "limited" if free else "none", "sudo -n -l")
