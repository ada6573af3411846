"""What makes bugs of the kernel's memory handling harder to use, set at boot or when it was built.

Sources: kernel.org admin-guide/kernel-parameters, the Kconfig help of each option. The last of
several equal parameters counts; without one the kernel does what it was built to do.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host.identity import architecture
from isoaudit.probes.host.kernel import boot_words, parameter
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_ON = frozenset({"1", "y", "yes", "on", "true"})
_SIGNATURES = "/sys/module/module/parameters/sig_enforce"


class _Switch(NamedTuple):
    """A protection: its boot parameter, the option it needs, and the one that switches it on."""

    fact: str
    word: str
    needs: str
    default: str


_SWITCHES = (
    _Switch("init_on_alloc", "init_on_alloc", "", "INIT_ON_ALLOC_DEFAULT_ON"),
    _Switch("page_shuffle", "page_alloc.shuffle", "SHUFFLE_PAGE_ALLOCATOR", ""),
    _Switch("stack_offset_random", "randomize_kstack_offset", "RANDOMIZE_KSTACK_OFFSET",
            "RANDOMIZE_KSTACK_OFFSET_DEFAULT"),
)  # fmt: skip


def note_hardening(sheet: Sheet) -> None:
    """Note the protections of memory, the vsyscall page, and whether modules must be signed."""
    try:
        words = boot_words(sheet)
    except Unreadable as error:
        for name in (*(one.fact for one in _SWITCHES), "slab_merge", "vsyscall"):
            sheet.lacks(f"host.kernel.{name}", error)
    else:
        for switch in _SWITCHES:
            _note_switch(sheet, switch, words)
        _note_slab_merge(sheet, words)
        _note_vsyscall(sheet, words)
    _note_signatures(sheet)


def _note_switch(sheet: Sheet, switch: _Switch, words: list[str]) -> None:
    """Note a protection: off if not built, as a boot parameter says, else by default."""
    fact, said = f"host.kernel.{switch.fact}", parameter(words, switch.word)
    config = sheet.config()
    if isinstance(config, Unreadable):
        if said is not None and said.lower() not in _ON:
            sheet.kernel.fact(fact, False, f"/proc/cmdline {switch.word}={said}")
        elif said is not None and not switch.needs:
            sheet.kernel.fact(fact, True, f"/proc/cmdline {switch.word}={said}")
        else:
            sheet.lacks(fact, config)
        return
    if switch.needs and config.get(switch.needs) != "y":
        sheet.built(fact, lambda _: (False, f"no CONFIG_{switch.needs}"))
    elif said is not None:
        sheet.kernel.fact(fact, said.lower() in _ON, f"/proc/cmdline {switch.word}={said}")
    else:
        on = config.get(switch.default) == "y"
        why = f"CONFIG_{switch.default}=y" if on else "off by default"
        sheet.built(fact, lambda _: (on, f"{why}, and no {switch.word} at boot"))


def _note_slab_merge(sheet: Sheet, words: list[str]) -> None:
    """Note whether objects of one size share pages, whatever they are for."""
    fact = "host.kernel.slab_merge"
    for word in reversed(words):
        if word in {"slab_nomerge", "slub_nomerge", "slab_merge", "slub_merge"}:
            sheet.kernel.fact(fact, not word.endswith("nomerge"), f"/proc/cmdline {word}")
            return
    sheet.built(
        fact,
        lambda config: (
            config.get("SLAB_MERGE_DEFAULT") == "y",
            f"CONFIG_SLAB_MERGE_DEFAULT={config.get('SLAB_MERGE_DEFAULT', 'n')}",
        ),
    )


def _note_vsyscall(sheet: Sheet, words: list[str]) -> None:
    """Note how the page at a fixed address behaves that only x86-64 has."""
    fact, said = "host.kernel.vsyscall", parameter(words, "vsyscall")
    try:
        machine, source = architecture(sheet)
    except Unreadable as error:
        sheet.lacks(fact, error)
        return
    if machine != "x86_64":
        sheet.kernel.fact(fact, "none", f"{source}: {machine} has no such page")
    elif said in {"none", "xonly", "emulate"}:
        sheet.kernel.fact(fact, said, f"/proc/cmdline vsyscall={said}")
    elif said is not None:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"/proc/cmdline vsyscall={said[:40]}")
    else:
        sheet.built(
            fact,
            lambda config: next(
                (
                    (mode, f"CONFIG_LEGACY_VSYSCALL_{mode.upper()}=y")
                    for mode in ("none", "xonly", "emulate", "native")
                    if config.get(f"LEGACY_VSYSCALL_{mode.upper()}") == "y"
                ),
                ("none", "no CONFIG_LEGACY_VSYSCALL_*"),
            ),
        )


def _note_signatures(sheet: Sheet) -> None:
    """Note whether the kernel refuses unsigned modules; lockdown, a fact of its own, does too."""
    fact = "host.kernel.module_signatures"
    if sheet.known("host.feature.modules") is False:
        sheet.kernel.fact(fact, True, "/proc/modules absent: no module can be loaded")
    elif sheet.known("host.feature.modules") is None:
        sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, "/proc/modules cannot be looked at")
    else:
        sheet.switch(fact, _SIGNATURES)
