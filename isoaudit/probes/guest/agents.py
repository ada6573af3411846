"""What runs in a guest at the wish of the host or the operator, and what the host may ask of it.

Sources: qemu-ga(8) and qemu-ga-ref(7) (block-rpcs, allow-rpcs; blacklist before QEMU 8.1), the
process names of the other agents as their packages have them (comm holds 15 characters).
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.guest.answers import MORE_RIGHTS, Block, Pages
from isoaudit.probes.guest.notes import Guest, record
from isoaudit.transports.base import Unreadable

_CONTROL, _DESKTOP, _SETUP = "control", "desktop", "provisioning"
_AGENTS = {
    "qemu-ga": ("qemu-guest-agent", _CONTROL),
    "vmtoolsd": ("open-vm-tools", _CONTROL),
    "VGAuthService": ("open-vm-tools VGAuth", _CONTROL),
    "VBoxService": ("VirtualBox service", _CONTROL),
    "prltoolsd": ("Parallels tools", _CONTROL),
    "hv_kvp_daemon": ("Hyper-V key-value exchange", _CONTROL),
    "hv_fcopy_daemon": ("Hyper-V file copy", _CONTROL),
    "hv_fcopy_uio_da": ("Hyper-V file copy", _CONTROL),
    "xe-daemon": ("Xen guest utilities", _CONTROL),
    "kata-agent": ("Kata agent", _CONTROL),
    "ovirt-guest-age": ("oVirt guest agent", _CONTROL),
    "waagent": ("Azure agent", _CONTROL),
    "WALinuxAgent": ("Azure agent", _CONTROL),
    "amazon-ssm-agen": ("AWS SSM agent", _CONTROL),
    "google_guest_ag": ("Google guest agent", _CONTROL),
    "cloud-init": ("cloud-init", _SETUP),
    "spice-vdagentd": ("SPICE agent", _DESKTOP),
    "spice-vdagent": ("SPICE agent of a session", _DESKTOP),
    "VBoxClient": ("VirtualBox client", _DESKTOP),
    "VBoxDRMClient": ("VirtualBox client", _DESKTOP),
    "vmware-user": ("VMware user tools", _DESKTOP),
    "prlcc": ("Parallels control center", _DESKTOP),
    "prlshprint": ("Parallels printing", _DESKTOP),
}
_STRONG = (
    "guest-exec",
    "guest-exec-status",
    "guest-file-open",
    "guest-file-read",
    "guest-file-write",
    "guest-set-user-password",
    "guest-ssh-add-authorized-keys",
    "guest-ssh-remove-authorized-keys",
)
"""Commands of QEMU's agent by which a host takes over the guest or reads out its files."""

_BLOCK = re.compile(r"(?:--block-rpcs|--blacklist|-b)(?:=|$)|-b(?=\w)")
_ALLOW = re.compile(r"(?:--allow-rpcs|-a)(?:=|$)|-a(?=\w)")
_CONFIG = "/etc/qemu/qemu-ga.conf"


def process_names(seen: Pages) -> tuple[set[str], Unreadable | None]:
    """Return the names of the processes that can be seen, and why others may be hidden.

    Raises Unreadable if none was shown.
    """
    names = set(seen.listed("names"))
    if not names:
        raise Unreadable(Reason.PARSE_ERROR, "the guest showed no process at all")
    if seen.is_there("/proc/1/comm") and seen.file("/proc/1/comm").word == "ok":
        return names, None
    return names, Unreadable(
        Reason.PERMISSION_DENIED, "/proc hides the processes of others (hidepid)", MORE_RIGHTS
    )


def command_lines(seen: Pages, *names: str) -> list[Block]:
    """Return the processes of these names with their words; raises Unreadable if there are more."""
    if seen.marked("more"):
        raise Unreadable(Reason.LIMIT, "more processes run in the guest than are looked at")
    return [block for block in seen.marked("run") if block.rest in names]


def note_agents(guest: Guest) -> None:
    """Note the agents that run, and which strong commands QEMU's agent takes from the host."""
    paths = ("guest_agent", "guest.agent.active", "guest.agent.open_commands")
    with guest.missing_if_unreadable(*paths):
        seen = guest.pages("processes")
        names, hidden = process_names(seen)
        found = [(name, *_AGENTS[name]) for name in sorted(names) if name in _AGENTS]
        guest.part(
            "guest_agent",
            [
                record("guest_agent", f"process {process}", name=name, purpose=purpose)
                for process, name, purpose in found
            ],
            hidden,
        )
        if "qemu-ga" in names:
            guest.notes.fact(paths[1], True, "process qemu-ga")
            with guest.missing_if_unreadable(paths[2]):
                _note_commands(guest, seen)
        elif hidden is not None:
            guest.lacks(paths[1:], hidden)
        else:
            guest.notes.fact(paths[1], False, "no process qemu-ga")
            guest.notes.fact(paths[2], [], "no process qemu-ga")


def _note_commands(guest: Guest, seen: Pages) -> None:
    """Note the strong commands that are neither blocked nor left out of a list of allowed ones."""
    runs = [block.lines for block in command_lines(seen, "qemu-ga")]
    if not runs or not any(runs[0]):
        raise Unreadable(Reason.PERMISSION_DENIED, "the agent's command line is not shown",
                         MORE_RIGHTS)  # fmt: skip
    words = [word for word in runs[0] if word]
    path = _option(words, re.compile(r"(?:--config|-c)(?:=|$)")) or _CONFIG
    if path != _CONFIG:
        raise Unreadable(Reason.NOT_SUPPORTED, f"its configuration {path[:120]} was not asked for")
    settings = _settings(guest)
    blocked = _names(_option(words, _BLOCK), settings.get("block-rpcs"), settings.get("blacklist"))
    allowed = _names(_option(words, _ALLOW), settings.get("allow-rpcs"))
    left = [one for one in _STRONG if one not in blocked and (not allowed or one in allowed)]
    guest.notes.fact("guest.agent.open_commands", left, f"qemu-ga's command line and {_CONFIG}")


def _option(words: list[str], look: re.Pattern[str]) -> str:
    """Return an option's value, `--name=value`, `-n value` or `-nvalue`; "" without it."""
    for index, word in enumerate(words):
        if found := look.match(word):
            rest = word[found.end() :]
            return rest or (words[index + 1] if index + 1 < len(words) else "")
    return ""


def _settings(guest: Guest) -> dict[str, str]:
    """Return the agent's configuration, none where there is no file; raises Unreadable."""
    try:
        text = guest.pages("agent").file(_CONFIG).text()
    except Unreadable as error:
        if error.absent:
            return {}
        raise
    pairs = [line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#")]
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _names(*lists: str | None) -> set[str]:
    return {name.strip() for one in lists for name in re.split(r"[,;]", one or "") if name.strip()}
