"""Capability masks of /proc/PID/status by their names (capabilities(7), proc(5))."""

from __future__ import annotations

from functools import lru_cache

from isoaudit.probes.defaults import ALL_CAPABILITIES


@lru_cache(1024)
def decode_capabilities(mask: str) -> tuple[str, ...] | None:
    """Return the names of a hexadecimal mask, bits newer than this list as CAP_41; None if broken.

    The kernel clears bits it does not know, so a full mask of an older kernel has fewer names.
    """
    try:
        bits = int(mask, 16)
    except ValueError:
        return None
    named = [name for bit, name in enumerate(ALL_CAPABILITIES) if bits >> bit & 1]
    newer = range(len(ALL_CAPABILITIES), bits.bit_length())
    return (*named, *(f"CAP_{bit}" for bit in newer if bits >> bit & 1))
